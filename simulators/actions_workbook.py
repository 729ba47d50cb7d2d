"""The leadership office's list of actions: an Excel workbook kept by hand."""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import xlsxwriter

from simulators.vocabulary import DATE_COLUMNS
from simulators.writing import Cell

_CREATED = datetime(2025, 1, 1, tzinfo=UTC)  # the same rows give the same bytes
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_NOTES = ("", "", "", "已电话督办", "见会议纪要", "需协调资金")


def workbook(title: str, names: Mapping[str, str], rows: Sequence[tuple[int, list[Cell]]]) -> bytes:
    """The bytes of a workbook of one sheet; `names`: headers by canonical column; each row comes with its form.

    A merged title, the header, the rows, and a last column of notes that no contract knows. The form of a row settles
    whether its dates are dates to Excel, serial numbers, or text in Chinese.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title, "created": _CREATED})
        sheet = book.add_worksheet("议定事项")
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.merge_range(0, 0, 0, len(names), title, book.add_format({"align": "center", "bold": True}))
        sheet.write_row(1, 0, [*names.values(), "备注"])
        for line, (form, cells) in enumerate(rows, start=2):
            for place, (column, cell) in enumerate(zip(names, cells, strict=True)):
                day = _day(cell) if column in DATE_COLUMNS else None
                if day is None:
                    sheet.write(line, place, cell)
                elif form % 3 == 0:
                    sheet.write_datetime(line, place, day, as_date)
                elif form % 3 == 1:
                    sheet.write_number(line, place, (day - _EXCEL_DAY_ZERO).days)
                else:
                    sheet.write_string(line, place, f"{day.year}年{day.month}月{day.day}日")
            sheet.write_string(line, len(names), _NOTES[(form >> 8) % len(_NOTES)])
    return buffer.getvalue()


def _day(cell: Cell) -> date | None:
    try:
        return date.fromisoformat(str(cell))
    except ValueError:  # no such day, or none at all
        return None
