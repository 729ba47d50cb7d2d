"""Canonical rows as a partner writes them: its own codes, date forms, spaces and widths. Nothing here is a fault."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from simulators.vocabulary import CODES, DATE_COLUMNS, FIELDS, KEYS, MOMENT_COLUMNS, NUMBER_COLUMNS, ORGANISATIONS

_FULL_WIDTH = str.maketrans("0123456789-/X,.", "０１２３４５６７８９－／Ｘ，．")
_SHORT_NAMES = {o.name_zh: o.short_zh for o in ORGANISATIONS}

Cell = str | int | None


def write_columns(partner: str, feed: str, rows: pd.DataFrame) -> dict[str, list[Cell]]:
    """The partner's cells by canonical column, in the order of the rows."""
    columns: dict[str, list[Cell]] = {}
    for column in FIELDS[partner, feed]:
        if column == "updated_at":
            columns[column] = _moments(partner, rows["_reported_at"])
        elif column in MOMENT_COLUMNS:
            columns[column] = _moments(partner, rows[column])
        elif column in DATE_COLUMNS:
            days = np.datetime_as_string(rows[column].to_numpy().astype("datetime64[D]")).tolist()
            columns[column] = [None if day == "NaT" else day for day in days]
        elif column in NUMBER_COLUMNS:
            columns[column] = [None if pd.isna(value) else int(value) for value in rows[column].tolist()]
        else:
            codes = CODES[partner].get(column)
            texts = [value if isinstance(value, str) else None for value in rows[column].tolist()]
            columns[column] = [codes[text] if text else None for text in texts] if codes else list(texts)
    if partner in _KEPT_BY_HAND:
        _by_hand(columns, KEYS[feed], rows["_form"].to_numpy(), _KEPT_BY_HAND[partner])
    if feed == "relief_payments":
        _in_yuan(columns, rows["_form"].to_numpy())
    return columns


def _moments(partner: str, moments: pd.Series) -> list[Cell]:
    texts: list[str] = np.datetime_as_string(moments.to_numpy().astype("datetime64[s]")).tolist()
    if partner == "eye_hospital":
        return [f"{text}+08:00" for text in texts]
    if partner == "job_fair_system":
        return list(texts)
    return [text.replace("T", " ") for text in texts]


def _by_hand(
    columns: dict[str, list[Cell]], key: tuple[str, ...], forms: np.ndarray, dates: tuple[Callable[[str], str], ...]
) -> None:
    """A file kept by people: dates in four forms, short names, full-width digits and stray spaces here and there."""
    spaced = [name for name in columns if name not in key]
    day = next(name for name in columns if name in DATE_COLUMNS)
    widened = [name for name in (day, "satisfaction_score", "worker_id", "phone") if name in columns]
    for row, form in enumerate(forms.tolist()):
        _rewrite(columns, day, row, dates[form % 4])
        if form >> 2 & 1:
            _rewrite(columns, "organisation_code", row, lambda name: _SHORT_NAMES[name] if "产业" not in name else name)
        if form >> 3 & 1 and "service_category" in columns:
            _rewrite(columns, "service_category", row, lambda name: name.replace("(", "（").replace(")", "）"))
        if form >> 4 & 3 == 3:
            _rewrite(columns, "worker_id", row, str.lower)
        if form >> 6 & 63 == 7:
            _rewrite(columns, widened[(form >> 12 & 3) % len(widened)], row, lambda text: text.translate(_FULL_WIDTH))
        if form >> 22 & 31 == 9:
            name = spaced[(form >> 27) % len(spaced)]
            _rewrite(columns, name, row, _STRAY_SPACES[form % 4])


def _in_yuan(columns: dict[str, list[Cell]], forms: np.ndarray) -> None:
    """Sums as cashiers write them, most with separators and cents, a few in full-width digits; such dates as well."""
    for row, form in enumerate(forms.tolist()):
        amount = columns["amount_yuan"][row]
        columns["amount_yuan"][row] = (f"{amount:,}.00", f"{amount:,}.00", f"{amount:,}", f"{amount}.00")[form % 4]
        _rewrite(columns, "paid_on", row, (str, str, _slashes, _chinese)[form >> 2 & 3])
        if form >> 6 & 31 == 7:
            wide = ("amount_yuan", "paid_on")[form >> 11 & 1]
            _rewrite(columns, wide, row, lambda text: text.translate(_FULL_WIDTH))


def _rewrite(columns: dict[str, list[Cell]], name: str, row: int, change: Callable[[str], str]) -> None:
    cell = columns[name][row]
    if cell is not None:
        columns[name][row] = change(str(cell))


def _slashes(day: str) -> str:
    year, month, date = day.split("-")
    return f"{year}/{int(month)}/{int(date)}"


def _chinese(day: str) -> str:
    year, month, date = day.split("-")
    return f"{year}年{int(month)}月{int(date)}日"


_STRAY_SPACES: tuple[Callable[[str], str], ...] = (
    lambda text: f" {text}",
    lambda text: f"{text} ",
    lambda text: f"\u3000{text}",
    lambda text: f"{text}\t",
)
_KEPT_BY_HAND: dict[str, tuple[Callable[[str], str], ...]] = {
    "maternity_hospital": (str, _slashes, lambda day: day.replace("-", ""), _chinese),
    "orthopaedic_hospital": (str, str, _slashes, _chinese),  # the first two become dates and serials in the workbook
}
