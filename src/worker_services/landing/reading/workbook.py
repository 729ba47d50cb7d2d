"""Excel workbooks, as people fill them in: titles above the header, merged cells, subtotals, several sheets.

The format bounds a sheet (1,048,576 rows; .xls 65,536), and so does CELLS_A_SHEET; the parser holds the file and one
sheet at a time. What that costs is measured by benchmarks/readers.py.
"""

import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import python_calamine as calamine

from worker_services.contracts import Contract
from worker_services.landing.reading.delivered import Delivered, Readable, UnreadableDelivery
from worker_services.landing.reading.headers import PREAMBLE_ROWS, Header, find_header, no_header
from worker_services.landing.reading.tables import Block, Part, deliver
from worker_services.partners.registry import Feed, FileSource

WORKBOOK_BYTES = 256 << 20
UNPACKED_BYTES = 4 << 30
CELLS_A_SHEET = 32_000_000
"""Of the rectangle that a sheet spans, empty cells included; 26 columns to the last row of the format are within it."""

_ROWS_A_BLOCK = 10_000
_SCAN_BYTES = 4 << 20
_DIGITS_KEPT = 15  # of a number; Excel makes the rest zeros
_LOST = "\ufffd"  # stands for what the workbook itself has lost; the row rules refuse it
_WIDE_REFERENCE = re.compile(rb' r="[A-Z]{2}')
_REFERENCE = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')
_ERROR_CELL = re.compile(rb'<c(?=[^>]* t="e")[^>]* r="([A-Z]{1,3})([0-9]{1,7})"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

_BROKEN = (calamine.CalamineError, zipfile.BadZipFile, zlib.error, ElementTree.ParseError, RuntimeError)

Position = tuple[int, int]  # row and column, from 0


def read(places: Iterator[tuple[str, Readable]], feed: Feed, contract: Contract, source: FileSource) -> Delivered:
    """Read workbooks one behind the other. Raises UnreadableDelivery."""
    parts = chain.from_iterable(_parts(place, raw, feed, source) for place, raw in places)
    return deliver(parts, feed, contract, source.has_total_row)


def _parts(place: str, raw: Readable, feed: Feed, source: FileSource) -> Iterator[Part]:
    data = _whole(raw)
    try:
        errors = _error_cells(data)
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = _sheet_names(workbook, source)
        for name in names:
            sheet = workbook.get_sheet_by_name(name)
            leading = _leading_rows(sheet)
            header = find_header(leading, feed, merged=True)
            if header:
                label = "/".join(filter(None, (place, name if len(names) > 1 else "")))
                yield Part(label, header, _blocks(_rows(sheet, errors.get(name, set())), header))
            elif source.sheets or any(sum(map(bool, row)) * 2 >= len(feed.columns) for row in leading):
                raise no_header(feed, name)
    except calamine.PasswordError:
        raise UnreadableDelivery(
            "工作簿设有打开密码，无法读取。请合作单位取消密码后重新交付。",
            "the workbook is protected by a password; ask for one without",
        ) from None
    except (*_BROKEN, KeyError, ValueError, OSError, EOFError) as error:
        raise UnreadableDelivery(
            "文件不是完整的 Excel 工作簿，疑为传输中断，或以其他格式冒用了扩展名。请合作单位用 Excel 另存后重新交付。",
            f"this is no whole Excel workbook ({type(error).__name__}): it was cut off, or is another format by that "
            "name; ask the partner to save it anew from Excel",
        ) from None


def _whole(raw: Readable) -> bytes:
    data = io.BytesIO()
    while piece := raw.read(1 << 20):
        data.write(piece)
        if data.tell() > WORKBOOK_BYTES:
            raise _too_large(f"{WORKBOOK_BYTES >> 20} MiB")
    if not data.tell():
        raise UnreadableDelivery(
            "文件为空（0 字节）。请合作单位重新导出并交付；当日确无业务时，应交付只有表头的工作簿。",
            "the file is empty; ask the partner to export it again (a day without records has a header row alone)",
        )
    return data.getvalue()


def _sheet_names(workbook: calamine.CalamineWorkbook, source: FileSource) -> list[str]:
    """The sheets that the partner's file names, or every visible one."""
    missing = [name for name in source.sheets if name not in workbook.sheet_names]
    if missing:
        raise UnreadableDelivery(
            f"工作簿中没有约定的工作表：{'、'.join(missing)}。请合作单位按约定模板重新交付，或由数据组更新 sheets。",
            f"agreed sheets are absent: {', '.join(missing)}; ask for a delivery by the template, or update 'sheets'",
        )
    return list(source.sheets) or [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible
    ]


def _leading_rows(sheet: calamine.CalamineSheet) -> list[list[str]]:
    """The first rows as they look: a merged cell says the same in all the cells it covers."""
    rows = [list(map(_text, row)) for row in islice(sheet.iter_rows(), PREAMBLE_ROWS + 1)]
    offset = sheet.start[1] if sheet.start else 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for row in rows[top : bottom + 1]:
            row[left - offset : right - offset + 1] = [rows[top][left - offset]] * (right - left + 1)
    return rows


def _rows(sheet: calamine.CalamineSheet, errors: set[Position]) -> Iterator[list[Any]]:
    """Rows of cells; a value merged over several rows counts for each of them, an error is no empty cell."""
    offset = sheet.start[1] if sheet.start else 0
    _, last_row = (0, sheet.end[0]) if sheet.end else (0, -1)
    merged: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        if bottom > top and left >= offset:
            for number in range(top, min(bottom, last_row) + 1):
                merged[number].append((left - offset, top))
    broken: dict[int, list[int]] = defaultdict(list)
    for number, column in errors:
        broken[number].append(column - offset)
    above: dict[int, Any] = {}
    for number, row in enumerate(sheet.iter_rows()):
        for column in broken.get(number, ()):
            row[column] = _LOST
        for column, top in merged.get(number, ()):
            if number == top:
                above[column] = row[column]
            row[column] = above[column]
        yield row


def _blocks(rows: Iterator[list[Any]], header: Header) -> Iterator[Block]:
    line = header.end
    data = islice(rows, header.end, None)
    while some := list(islice(data, _ROWS_A_BLOCK)):
        columns = [
            pa.array([cell if type(cell) is str else _text(cell) for cell in column], pa.string())
            for column in zip(*some, strict=True)
        ]
        yield Block(columns, np.arange(line + 1, line + 1 + len(some)), [])
        line += len(some)


def _text(cell: Any) -> str:
    """A cell as text: ISO dates, numbers without the noise of floating point. A number of which the workbook has kept
    15 digits only is marked as lost, so that no row with it is accepted."""
    match cell:
        case str():
            return cell
        case bool():
            return str(cell).upper()
        case int() | float():
            text = f"{cell:.{_DIGITS_KEPT}g}"
            if abs(cell) >= 10**_DIGITS_KEPT:
                return _LOST + text
            return f"{cell:.{_DIGITS_KEPT}f}".rstrip("0").rstrip(".") if "e" in text else text
        case datetime():
            half = timedelta(milliseconds=500 if cell.year < date.max.year else 0)
            second = (cell + half).replace(microsecond=0)
            return second.date().isoformat() if second.time() == time() else second.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _error_cells(data: bytes) -> dict[str, set[Position]]:
    """Cells that hold an error such as #N/A, by sheet: the parser gives them as empty. For .xls none are found.

    Raises UnreadableDelivery for a sheet that spans more cells than memory is meant for.
    """
    if not data.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > UNPACKED_BYTES:
            raise _too_large(f"{UNPACKED_BYTES >> 30} GiB unpacked")
        paths = _sheet_paths(archive)
        for name in set(archive.namelist()) - set(paths.values()):
            for _ in _pieces(archive, name):  # compares checksums, as the parser does not
                pass
        return {name: _scan_sheet(archive, path) for name, path in paths.items()}


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    if "xl/workbook.xml" not in archive.namelist():
        return {}
    targets = {
        relation.get("Id"): (relation.get("Target") or "")
        for relation in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    }
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat bounds entities itself
    if any(item.get("date1904") in ("1", "true") for item in workbook.iter() if item.tag.endswith("}workbookPr")):
        raise UnreadableDelivery(
            "工作簿使用 1904 日期系统，日期序列值会相差 4 年。请合作单位在 Excel 选项中改用 1900 日期系统后重新交付。",
            "the workbook counts days from 1904; ask the partner to switch to the 1900 date system and save it anew",
        )
    paths = {
        str(sheet.get("name")): targets[sheet.get(_RELATION)]
        for sheet in workbook.iter()
        if sheet.tag.endswith("}sheet") and sheet.get(_RELATION) in targets
    }
    return {
        name: path.removeprefix("/") if path.startswith("/") else f"xl/{path}"
        for name, path in paths.items()
        if "worksheets/" in path
    }


def _scan_sheet(archive: zipfile.ZipFile, path: str) -> set[Position]:
    errors: set[Position] = set()
    is_wide = False
    for text in _pieces(archive, path):
        is_wide = is_wide or bool(_WIDE_REFERENCE.search(text))
        if b't="e"' in text:
            errors |= {_position(*match) for match in _ERROR_CELL.findall(text)}
    if is_wide:
        columns, last_row = set(), 0
        for text in _pieces(archive, path):
            references = _REFERENCE.findall(text)
            columns |= {letters for letters, _ in references}
            last_row = max([last_row, *(int(row) for _, row in references)])
        last_column = max(_position(letters, b"1")[1] for letters in columns) + 1
        if last_column * last_row > CELLS_A_SHEET:
            raise _too_large(f"{last_row} x {last_column} cells")
    return errors


def _pieces(archive: zipfile.ZipFile, path: str) -> Iterator[bytes]:
    rest = b""
    with archive.open(path) as file:
        while piece := file.read(_SCAN_BYTES):
            text = rest + piece
            cut = max(text.rfind(b"<c "), 0)  # whole tags only
            yield text[:cut]
            rest = text[cut:]
    yield rest


def _position(letters: bytes, row: bytes) -> Position:
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return int(row) - 1, column - 1


def _too_large(what: str) -> UnreadableDelivery:
    return UnreadableDelivery(
        f"工作簿过大（{what}）。请合作单位删去表格以外的空白区域，或改以 CSV 交付。",
        f"the workbook is too large ({what}); ask for it without the empty areas around the table, or as CSV",
    )
