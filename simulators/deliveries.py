"""Deliveries in the form in which each partner hands them over: CSV bytes, JSON records, database rows.

A `Fault` switched on for a feed alters its deliveries as a whole; the dirt of single rows comes from the world.
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from simulators import actions_workbook
from simulators.counselling_archive import archive
from simulators.dirt_kinds.common import BAD_BYTE, RAGGED_LESS, RAGGED_MORE
from simulators.orthopaedic_workbook import workbook
from simulators.vocabulary import DATE_COLUMNS, FIELDS, SHEETS
from simulators.world import Interval, World
from simulators.writing import Cell, write_columns
from simulators.year import as_day

ENCODINGS = {"maternity_hospital": "gb18030", "hardship_system": "gb18030"}
DELIMITERS = {"hardship_system": ";"}
HEADINGS = {"health_services": "职工健康服务明细表", "health_screenings": "重点人群筛查明细表"}
TITLE = "{hospital}{heading}（{first}至{last}）【演示数据】"
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
        fields[column] += "_new" if fields[column].isascii() else "（新）"
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


def file_bytes(world: World, partner: str, feed: str, interval: Interval, alteration: Alteration) -> bytes:
    """The interval's file of one feed of a partner that hands over files."""
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
    if (partner, feed) in SHEETS:
        raw = _in_parts(partner, feed, interval, names, rows, columns, lines)
        return raw[: len(raw) * 3 // 4] if alteration.truncated else raw
    if (partner, feed) in _NO_TABLES:
        raw = _other_form(partner, feed, interval, names, rows, columns)
        return raw[: len(raw) * 3 // 4] if alteration.truncated else raw
    is_hospital = partner == "maternity_hospital"
    blank = [""] * (len(names) - 1)
    top, bottom = [], []
    if is_hospital:
        title = _title("浙大妇院吉林医院", feed, interval)
        top, bottom = [[title, *blank]], [["合计", str(len(lines)), *blank[1:]]]
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\r\n", delimiter=DELIMITERS.get(partner, ","))
    table.writerows([*top, list(names.values()), *lines, *bottom])
    text = buffer.getvalue()
    raw = text.encode(ENCODINGS.get(partner, "utf-8-sig")).replace(BAD_BYTE.encode(), b"\xff")
    return raw[: _middle_of_a_row(raw)] if alteration.truncated else raw


def _in_parts(
    partner: str,
    feed: str,
    interval: Interval,
    names: dict[str, str],
    rows: pd.DataFrame,
    columns: dict[str, list[Cell]],
    lines: list[list[str]],
) -> bytes:
    """A workbook of several sheets, or an archive of several files."""
    column, parts = SHEETS[partner, feed]
    places = {part: np.flatnonzero((rows[column] == code).to_numpy()).tolist() for code, part in parts.items()}
    if partner == "counselling_hotline":
        members = {part: [lines[place] for place in found] for part, found in places.items()}
        return archive(list(names.values()), members)
    forms = rows["_form"].tolist()
    sheets = {
        part: [(forms[place], [columns[name][place] for name in names]) for place in found]
        for part, found in places.items()
    }
    return workbook(_title("长春骨伤医院", feed, interval), names, sheets)


_NO_TABLES = {
    ("hardship_system", "hardship_register"),
    ("leadership_office", "meeting_actions"),
    ("leadership_office", "publicity_items"),
}


def _other_form(
    partner: str,
    feed: str,
    interval: Interval,
    names: dict[str, str],
    rows: pd.DataFrame,
    columns: dict[str, list[Cell]],
) -> bytes:
    """A JSON object a line, a workbook kept by hand, or one JSON document."""
    cells = list(zip(*(columns[name] for name in names), strict=True))
    first, last = _in_chinese(interval.start), _in_chinese(interval.end - timedelta(days=1))
    if feed == "meeting_actions":
        title = f"职工服务实事项目推进会议定事项（{first}至{last}）【演示数据】"
        lines = list(zip(rows["_form"].tolist(), map(list, cells), strict=True))
        return actions_workbook.workbook(title, names, lines)
    whole = [dict(zip(names.values(), row, strict=True)) for row in cells]
    if feed == "hardship_register":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in whole).encode()
    document = {"title": f"宣传报道（{first}至{last}）【演示数据】", "items": whole}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _title(hospital: str, feed: str, interval: Interval) -> str:
    first, last = _in_chinese(interval.start), _in_chinese(interval.end - timedelta(days=1))
    return TITLE.format(hospital=hospital, heading=HEADINGS[feed], first=first, last=last)


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
