"""Deliveries in the form in which each partner hands them over: CSV bytes, JSON records, database rows.

A `Fault` switched on for a feed alters its deliveries as a whole; the dirt of single rows comes from the world.
"""

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from simulators.dirt_kinds.common import BAD_BYTE, RAGGED_LESS, RAGGED_MORE
from simulators.vocabulary import DATE_COLUMNS, FIELDS
from simulators.world import Interval, World
from simulators.writing import Cell, write_columns
from simulators.year import as_day

MATERNITY_TITLE = "浙大妇院吉林医院职工健康服务明细表（{first}至{last}）【演示数据】"
_CELL_RULES_APART = {"", "duplicate_row", "duplicate_key", "orphan_key", "ragged_row"}


@dataclass(frozen=True)
class Alteration:
    """What is wrong with a feed's deliveries as a whole (False everywhere: nothing)."""

    truncated: bool = False
    empty: bool = False
    header_changed: bool = False
    replaced: bool = False


def renamed_column(feed_columns: dict[str, str]) -> str:
    """The canonical column that `header_changed` gives another name: the first date, or the event type."""
    return next((column for column in feed_columns if column in DATE_COLUMNS), list(feed_columns)[2])


def header(partner: str, feed: str, alteration: Alteration) -> dict[str, str]:
    """Canonical column -> what the partner calls it at present."""
    fields = dict(FIELDS[partner, feed])
    if alteration.header_changed:
        column = renamed_column(fields)
        fields[column] += "（新）" if partner == "maternity_hospital" else "_new"
    return fields


def columns_of(partner: str, feed: str, rows: pd.DataFrame) -> dict[str, list[Cell]]:
    """The partner's cells by canonical column, the faulty cells of dirty rows written in."""
    columns = write_columns(partner, feed, rows)
    is_faulty = ~rows["_rule"].isin(_CELL_RULES_APART).to_numpy()
    for index in np.flatnonzero(is_faulty).tolist():
        written = rows["_written"].iloc[index]
        columns[rows["_dirt_column"].iloc[index]][index] = None if pd.isna(written) else written
    return columns


def records(
    world: World, partner: str, feed: str, since: np.datetime64, until: np.datetime64, alteration: Alteration
) -> list[dict[str, Cell]]:
    """JSON records of what changed in [since, until)."""
    if alteration.empty:
        return []
    rows = world.changes(partner, feed, since, until)
    names = header(partner, feed, alteration)
    columns = columns_of(partner, feed, rows)
    whole = [
        dict(zip(names.values(), cells, strict=True)) for cells in zip(*(columns[name] for name in names), strict=True)
    ]
    return whole[:-1] if alteration.replaced else whole


def file_name(partner: str, feed: str, interval: Interval) -> str:
    """Path of the interval's file below the partner's SFTP root."""
    last = interval.end - timedelta(days=1)
    if partner == "maternity_hospital":
        return f"outbox/{feed}_{interval.start:%Y%m%d}_{last:%Y%m%d}.csv"
    return f"export/{feed}_{interval.start}_{last}.csv"


def file_bytes(world: World, partner: str, feed: str, interval: Interval, alteration: Alteration) -> bytes:
    """The interval's file of one feed of the maternity hospital or the training base."""
    if alteration.empty:
        return b""
    rows = world.changes(partner, feed, as_day(interval.start), as_day(interval.end))
    if alteration.replaced:
        rows = rows.iloc[:-1]
    names = header(partner, feed, alteration)
    columns = columns_of(partner, feed, rows)
    texts = ([_text(cell) for cell in columns[name]] for name in names)
    lines = [list(cells) for cells in zip(*texts, strict=True)]
    for index in np.flatnonzero((rows["_rule"] == "ragged_row").to_numpy()).tolist():
        form = rows["_written"].iloc[index]
        lines[index] = {RAGGED_MORE: [*lines[index], "备注"], RAGGED_LESS: lines[index][:-2]}[form]
    is_hospital = partner == "maternity_hospital"
    blank = [""] * (len(names) - 1)
    top, bottom = [], []
    if is_hospital:
        last = interval.end - timedelta(days=1)
        title = MATERNITY_TITLE.format(first=_in_chinese(interval.start), last=_in_chinese(last))
        top, bottom = [[title, *blank]], [["合计", str(len(lines)), *blank[1:]]]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows([*top, list(names.values()), *lines, *bottom])
    text = buffer.getvalue()
    raw = text.encode("gb18030" if is_hospital else "utf-8-sig").replace(BAD_BYTE.encode(), b"\xff")
    return raw[: _middle_of_a_row(raw)] if alteration.truncated else raw


def _middle_of_a_row(raw: bytes) -> int:
    """A place some three quarters in, a few bytes behind the start of a row."""
    start = raw.rfind(b"\r\n", 0, len(raw) * 3 // 4) + 2
    return start + (raw.find(b"\r\n", start) - start) // 2


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _in_chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def database_rows(world: World, partner: str, feed: str) -> list[tuple[Cell, ...]]:
    """Every change of the year, oldest first: entry number, then the cells in the order of the fields."""
    columns = columns_of(partner, feed, world.logs[partner, feed])
    numbers = range(1, len(world.logs[partner, feed]) + 1)
    return list(zip(numbers, *(columns[name] for name in FIELDS[partner, feed]), strict=True))
