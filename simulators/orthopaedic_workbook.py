"""The orthopaedic hospital's Excel workbooks: made for people to look at, one sheet a category."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from simulators.vocabulary import DATE_COLUMNS
from simulators.writing import Cell

_PERSON = {"worker_name", "worker_id", "phone", "special_group"}
_NOTE = "说明：本表由医院信息科按日导出，均为演示数据。"
_CREATED = datetime(2025, 1, 1, tzinfo=UTC)  # the same rows give the same bytes
_EXCEL_DAY_ZERO = date(1899, 12, 30)


def workbook(title: str, names: Mapping[str, str], sheets: Mapping[str, Sequence[tuple[int, list[Cell]]]]) -> bytes:
    """The bytes of a workbook; `names`: headers by canonical column; `sheets`: name -> rows, each with its form.

    Each sheet has a title, a blank row and a header of two rows, the upper one merged over groups of columns; then the
    rows and a subtotal, in the last sheet the total as well. A hidden sheet of notes comes last. The form of a row
    settles whether its date is a date to Excel, a serial number, or text.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title, "created": _CREATED})
        centred, as_date = book.add_format({"align": "center"}), book.add_format({"num_format": "yyyy/m/d"})
        for sheet_name, rows in sheets.items():
            sheet = book.add_worksheet(sheet_name)
            _write_header(sheet, title, names, centred)
            for line, (form, cells) in enumerate(rows, start=4):
                for place, (column, cell) in enumerate(zip(names, cells, strict=True)):
                    _write_cell(sheet, line, place, column, cell, form, as_date)
            sheet.write_row(4 + len(rows), 0, ["小计", len(rows)])
        sheet.write_row(5 + len(rows), 0, ["合计", sum(map(len, sheets.values()))])
        notes = book.add_worksheet("说明")
        notes.write_column(0, 0, [_NOTE, *(f"{name}：按医院登记填写。" for name in names.values())])
        notes.hide()
    return buffer.getvalue()


def _write_header(sheet: Worksheet, title: str, names: Mapping[str, str], centred: Format) -> None:
    """Number and status stand in a header cell two rows high, the rest below the name of its group."""
    columns, last = list(names), len(names) - 1
    sheet.merge_range(0, 0, 0, last, title, centred)
    people = [place for place, column in enumerate(columns) if column in _PERSON]
    for name, first, end in (("人员信息", people[0], people[-1]), ("服务信息", people[-1] + 1, last - 1)):
        sheet.merge_range(2, first, 2, end, name, centred)
        sheet.write_row(3, first, [names[column] for column in columns[first : end + 1]])
    for place in (0, last):
        sheet.merge_range(2, place, 3, place, names[columns[place]], centred)


def _write_cell(sheet: Worksheet, line: int, place: int, column: str, cell: Cell, form: int, as_date: Format) -> None:
    if isinstance(cell, int):
        sheet.write_number(line, place, cell)
    elif cell is not None:
        day = _day(cell) if column in DATE_COLUMNS and form % 4 < 2 else None
        if day is None:
            sheet.write_string(line, place, cell)
        elif form % 4 == 0:
            sheet.write_datetime(line, place, day, as_date)
        else:
            sheet.write_number(line, place, (day - _EXCEL_DAY_ZERO).days)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # no such day, or not in this form: text it stays
        return None
