"""Workbooks as people fill them in, written by two libraries."""

import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.landing.reading.deliveries import HEADERS, ROW, receive, with_source
from worker_services.landing.reading import UnreadableDelivery, workbook

SHEETS = with_source(format="xlsx", has_total_row=False)
SHEETS_WITH_TOTAL = with_source(format="xlsx", has_total_row=True)


def written(*sheets, hide=(), merge=(), **options) -> bytes:
    """A workbook of (name, rows); `merge` are (sheet, first row, first column, last row, last column, text)."""
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True, "default_date_format": "yyyy/m/d h:mm", **options})
    made = {}
    for name, rows in sheets:
        made[name] = sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell == "=ERROR":
                    sheet.write_formula(number, column, "=NA()", None, "#N/A")
                elif cell is not None and cell != "":
                    sheet.write(number, column, cell)
    for name in hide:
        made[name].hide()
    for name, *cells, text in merge:
        made[name].merge_range(*cells, text)
    book.close()
    return data.getvalue()


def changed(**cells) -> list:
    """ROW with other cells, by position: c4=..."""
    row = list(ROW)
    for name, cell in cells.items():
        row[int(name[1:])] = cell
    return row


def test_titles_subtotals_totals_and_notes_are_no_data():
    rows = [
        ["长春骨伤医院服务明细"],
        [],
        HEADERS,
        ROW,
        ["体重管理", "小计", "", "", "", "", "", "", "", 1],
        [],
        ROW,
        ["合计", 2],
        ["制表人：测试", "", "", "审核：测试"],
    ]
    received = receive(written(("明细", rows)), SHEETS_WITH_TOTAL)
    assert received.rows == [ROW, ROW]
    assert (received.numbers, received.lines) == ([1, 2], [4, 7])
    assert received.summary.declared_total == 2
    assert {row["_place"] for row in received.stream} == {""}


def test_a_merged_header_of_two_rows():
    upper = ["流水号", "受检人", "", "", "服务", "", "所属工会", "其他", "", "", ""]
    lower = ["", *HEADERS[1:6], "", *HEADERS[7:]]
    merge = [
        ("a", 0, 0, 0, 10, "标题"),
        ("a", 1, 0, 2, 0, "流水号"),
        ("a", 1, 1, 1, 3, "受检人"),
        ("a", 1, 4, 1, 5, "服务"),
        ("a", 1, 6, 2, 6, "所属工会"),
        ("a", 1, 7, 1, 10, "其他"),
    ]
    received = receive(written(("a", [[], upper, lower, ROW]), merge=merge), SHEETS)
    assert received.rows == [ROW]
    assert received.lines == [4]
    assert received.summary.unmapped == []


def test_the_same_name_under_two_upper_names_is_told_apart():
    headers = [*HEADERS, "复诊日期", "复诊日期"]
    upper = [*HEADERS, "首次", "末次"]
    merge = [("a", 0, n, 1, n, name) for n, name in enumerate(HEADERS)]
    feed = SHEETS.model_copy(update={"columns": SHEETS.columns | {"updated_at": ("末次复诊日期",)}})
    received = receive(written(("a", [upper, headers, [*ROW, "1", "2"]]), merge=merge), feed)
    assert received.mapped[0]["updated_at"] == "2"


def test_cells_become_text_without_what_storage_adds():
    cells = {
        20250603000001: "20250603000001",
        45811: "45811",
        0.1 + 0.2: "0.3",
        1234.5: "1234.5",
        -7: "-7",
        0.00001234: "0.00001234",
        True: "TRUE",
        date(2025, 6, 3): "2025-06-03",
        datetime(2025, 6, 3, 10, 11, 12): "2025-06-03 10:11:12",
        "１２": "１２",
    }
    rows = [HEADERS, *(changed(c1=cell) for cell in cells)]
    received = receive(written(("a", rows)), SHEETS)
    assert [row["worker_name"] for row in received.mapped] == list(cells.values())


def test_what_the_workbook_has_lost_is_marked_for_the_rules():
    """An ID typed as a number has lost its last digits; an error is not an empty cell."""
    rows = [HEADERS, changed(c2=220102199003071234), changed(c9="=ERROR"), ROW]
    first, second, third = receive(written(("a", rows)), SHEETS).mapped
    assert first["worker_id"].startswith("\ufffd")
    assert second["satisfaction_score"] == "\ufffd"
    assert list(third.values()) == ROW


def test_every_visible_sheet_with_the_header_is_read_in_its_own_order_of_columns():
    turned = [HEADERS[::-1], ROW[::-1], changed(c0="B2")[::-1]]
    data = written(
        ("甲", [HEADERS, changed(c0="A1")]),
        ("说明", [["本表由系统导出"], ["口径见附件"]]),
        ("乙", turned),
        ("旧", [HEADERS, changed(c0="X")]),
        hide=["旧"],
    )
    received = receive(data, SHEETS)
    assert [row["service_id"] for row in received.mapped] == ["A1", ROW[0], "B2"]
    assert [list(row.values())[1:] for row in received.mapped] == [ROW[1:]] * 3
    assert [(row["_place"], row["_row_number"], row["_line"]) for row in received.stream] == [
        ("甲", 1, 2),
        ("乙", 2, 2),
        ("乙", 3, 3),
    ]
    assert json.loads(received.wholes[2]) == dict(zip(HEADERS, changed(c0="B2"), strict=True))
    named = with_source(format="xlsx", has_total_row=False, sheets=("旧",))
    assert [row["service_id"] for row in receive(data, named).mapped] == ["X"]


def test_an_optional_column_may_come_in_a_later_sheet_only():
    at = HEADERS.index("满意度")
    without = [HEADERS[:at] + HEADERS[at + 1 :], ROW[:at] + ROW[at + 1 :]]
    received = receive(written(("甲", without), ("乙", [HEADERS, ROW])), SHEETS)
    assert [row["satisfaction_score"] for row in received.mapped] == [None, "5"]
    assert received.summary.absent == []


def test_totals_of_sheets_are_each_checked():
    one, two = [HEADERS, ROW, ["合计", 1]], [HEADERS, ROW, ROW, ["合计", 2]]
    assert receive(written(("甲", one), ("乙", two)), SHEETS_WITH_TOTAL).summary.declared_total == 3
    with pytest.raises(UnreadableDelivery, match="declares"):
        receive(written(("甲", one), ("乙", [*two[:2], *two[3:]])), SHEETS_WITH_TOTAL)


def test_a_table_without_its_header_is_refused_and_not_passed_over():
    with pytest.raises(UnreadableDelivery, match="乙: no header"):
        receive(written(("甲", [HEADERS, ROW]), ("乙", [ROW, ROW])), SHEETS)
    with pytest.raises(UnreadableDelivery, match="agreed sheets are absent: 丙"):
        receive(written(("甲", [HEADERS, ROW])), with_source(format="xlsx", sheets=("丙",)))


def test_a_value_merged_over_rows_counts_for_each_of_them():
    rows = [HEADERS, changed(c6=""), changed(c6=""), ROW]
    received = receive(written(("a", rows), merge=[("a", 1, 6, 2, 6, "朝阳区")]), SHEETS)
    assert [row["organisation_code"] for row in received.mapped] == ["朝阳区", "朝阳区", "南关区"]


def test_a_workbook_written_by_another_library_reads_the_same():
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [[], ["", *HEADERS], ["", *changed(c4=datetime(2025, 6, 3))]]:
        sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    received = receive(data.getvalue(), SHEETS)
    assert received.rows == [ROW]
    assert received.lines == [3]


@pytest.mark.parametrize("cut", [0, 1, 100, 2000, -1, -30])
def test_a_workbook_cut_off_is_refused(cut):
    data = written(("a", [HEADERS, *[ROW] * 50]))
    with pytest.raises(UnreadableDelivery):
        receive(data[:cut], SHEETS)


@pytest.mark.parametrize("data", [b"<html><table></table></html>", ",".join(HEADERS).encode()])
def test_another_format_by_that_name_is_refused(data):
    with pytest.raises(UnreadableDelivery, match="whole Excel workbook"):
        receive(data, SHEETS)


def test_days_counted_from_1904_are_refused():
    with pytest.raises(UnreadableDelivery, match="1904"):
        receive(written(("a", [HEADERS, ROW]), date_1904=True), SHEETS)


def test_a_sheet_spanned_far_beyond_its_table_is_refused_before_it_takes_the_memory():
    data = written(("a", [HEADERS, ROW]))
    moved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(moved, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b' r="K2"', b' r="XFD1048576"'))
    with pytest.raises(UnreadableDelivery, match="too large"):
        receive(moved.getvalue(), SHEETS)


def test_a_workbook_beyond_its_limit_is_refused(monkeypatch):
    monkeypatch.setattr(workbook, "WORKBOOK_BYTES", 4000)
    with pytest.raises(UnreadableDelivery, match="too large"):
        receive(written(("a", [HEADERS, *[changed(c0=f"R{n}") for n in range(500)]])), SHEETS)


@pytest.mark.parametrize(
    ("last", "is_read"),
    [
        ([["小计", 1], ["合计", 3]], True),  # a total of each sheet, and of all below the last
        ([["小计", 1]], True),
        ([["小计", 2]], False),
        ([["小计", 1], ["合计", 4]], False),
        ([["合计", 2]], False),
    ],
)
def test_each_sheet_may_have_its_total_and_the_last_that_of_all(last, is_read):
    first, second = [HEADERS, ROW, ROW, ["小计", 2]], [HEADERS, ROW, *last]
    data = written(("甲", first), ("乙", second))
    if is_read:
        assert len(receive(data, SHEETS_WITH_TOTAL).rows) == 3
    else:
        with pytest.raises(UnreadableDelivery, match="total row declares"):
            receive(data, SHEETS_WITH_TOTAL)


def test_the_old_binary_format_is_read_too():
    """samples/services.xls, by xlwt 1.3.0: a title, the header, two rows (one date is a real one) and 合计 2."""
    feed = with_source(format="xls", has_total_row=True)
    received = receive((Path(__file__).parent / "samples" / "services.xls").read_bytes(), feed)
    second = ["FC2025060300002", *ROW[1:]]
    assert [[cell or "" for cell in row] for row in received.rows] == [ROW, second]
    assert received.lines == [4, 5]
    assert received.summary.declared_total == 2
    with pytest.raises(UnreadableDelivery, match="no whole Excel workbook"):
        receive((Path(__file__).parent / "samples" / "services.xls").read_bytes()[:3000], feed)
