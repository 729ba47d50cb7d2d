"""Delimited files as people send them: nothing shifts, nothing is torn, and what cannot be told apart is held."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.landing.reading.deliveries import HEADERS, HOSPITAL, ROW, WITHOUT_TOTAL, receive, table, with_source
from worker_services.landing.reading import UnreadableDelivery, delimited, encoding


def test_title_and_total_rows_are_no_data():
    received = receive(table([ROW, ROW]))
    assert received.rows == [ROW, ROW]
    assert (received.numbers, received.lines) == ([1, 2], [3, 4])
    assert (received.summary.received, received.summary.declared_total) == (2, 2)
    assert json.loads(received.wholes[0]) == dict(zip(HEADERS, ROW, strict=True))


def test_headers_are_found_however_they_are_spaced():
    headers = [f" {name[:2]}\u3000{name[2:]}\x00\n" for name in HEADERS]
    assert receive(table([ROW], headers=headers)).rows == [ROW]


def test_columns_may_stand_in_any_order_and_more_may_come():
    headers, row = [*HEADERS[::-1], "备注"], [*ROW[::-1], "无"]
    received = receive(table([row], headers=headers, total=None, title=None), WITHOUT_TOTAL)
    assert received.rows == [ROW]
    assert received.summary.unmapped == ["备注"]


CELL = st.text(st.characters(exclude_categories=("Cs", "Co", "Cc")), max_size=12) | st.sampled_from(
    [
        'a "quoted" cell',
        "\x00",
        "a,b",
        "two\nlines",
        "two\r\nlines",
        "  ",
        "１２",
        "=1+1",
        "'",
        '"',
        '"a',
        'a"',
        "a|b;c\td",
    ]
)
ROWS = st.lists(st.lists(CELL, min_size=11, max_size=11), max_size=6)


@given(
    ROWS,
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["gb18030", "utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.integers(300, 900),
)
def test_what_a_partner_writes_is_what_is_read(rows, newline, delimiter, encoding_name, quoting, block):
    """Any cells at all, cut into blocks anywhere: none is shifted, torn or changed."""
    kept = [[f"R{number}", *row[1:]] for number, row in enumerate(rows)]
    quoting = csv.QUOTE_ALL if newline == "\r" else quoting  # Python would leave other line ends in a cell as they are
    raw = table(kept, newline=newline, delimiter=delimiter, encoding=encoding_name, quoting=quoting)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK_BYTES", block)
        patch.setattr(encoding, "_SAMPLE_BYTES", 1000)
        patch.setattr(delimited, "HEAD_BYTES", 700)
        declared = "auto" if encoding_name in ("utf-8-sig", "utf-16") else encoding_name
        received = receive(raw, with_source(encoding=declared))
    assert received.rows == kept
    assert received.ragged == []
    assert received.lines == list(range(3, 3 + len(kept)))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.integers(300, 500))
def test_a_row_with_too_few_or_too_many_cells_is_held_whole_and_shifts_nothing(widths, block):
    widths += [11] * len(widths)  # were most rows of another width, the header would be doubted
    rows = [[f"R{number}", *["x"] * (width - 1)] if width else [] for number, width in enumerate(widths, start=1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK_BYTES", block)
        patch.setattr(encoding, "_SAMPLE_BYTES", 1000)
        patch.setattr(delimited, "HEAD_BYTES", 700)
        received = receive(table(rows, total=None), WITHOUT_TOTAL)
    data = [(row, line) for line, row in enumerate(rows, start=3) if row]
    assert received.rows == [row for row, _ in data if len(row) == 11]
    assert received.lines == [line for row, line in data if len(row) == 11]
    assert received.numbers == [number for number, (row, _) in enumerate(data, start=1) if len(row) == 11]
    assert received.ragged == [
        (number, line, len(row), ",".join(row)) for number, (row, line) in enumerate(data, start=1) if len(row) != 11
    ]
    assert received.summary.received == len(data)


def test_blank_rows_totals_headers_titles_and_notes_are_no_data_wherever_they_stand():
    blank, note = [""] * 11, ["制表人：测试", *[""] * 10]
    rows = [
        ROW,
        blank,
        ["小计", "1", *[""] * 9],
        ["明细表（演示数据）", *[""] * 10],
        HEADERS,
        ROW,
        [" ", *[""] * 9, "\u3000"],
        ["", "合 计：", "2", *[""] * 8],
        ROW,
        ["总计", "3"],
        note,
        ["第 1 页 共 1 页"],
    ]
    received = receive(table(rows, total=None), HOSPITAL)
    assert received.rows == [ROW, ROW, ROW]
    assert (received.numbers, received.lines) == ([1, 2, 3], [3, 8, 11])
    assert received.ragged == []
    assert received.summary.declared_total == 3


def test_a_category_may_stand_in_the_label_of_a_subtotal_and_a_name_in_data_is_none():
    subtotal = ["体重管理小计", "", "", "", "", "", "", "", "", "2", ""]
    named = ["FC1", "总计", *ROW[2:]]
    assert receive(table([named, named, subtotal], total=2)).rows == [named, named]


def test_a_header_in_another_order_in_the_middle_is_refused():
    with pytest.raises(UnreadableDelivery, match="another order"):
        receive(table([ROW, HEADERS[::-1], ROW[::-1]], total=None), WITHOUT_TOTAL)


LOST_QUOTES = {
    "never closed": ('"甲', "乙"),
    "closed twice": ('"甲"乙"', "乙"),
    "never opened, with a delimiter": ('甲,乙"', "乙"),
    "in the middle of a quoted cell": ('"甲"乙', "乙"),
}


@pytest.mark.parametrize("damaged", [cell for cell, _ in LOST_QUOTES.values()], ids=list(LOST_QUOTES))
@pytest.mark.parametrize("others", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_a_lost_quote_costs_its_own_row_and_no_other(damaged, others):
    rows = [["K0", *ROW[1:]], ["K1", "DAMAGED", *ROW[2:]], *([f"K{n}", 'a "b"', *ROW[2:]] for n in range(2, 40))]
    raw = table(rows, total=None, encoding="utf-8", quoting=others).decode()
    cell = '"DAMAGED"' if others == csv.QUOTE_ALL else "DAMAGED"
    received = receive(raw.replace(cell, damaged).encode(), WITHOUT_TOTAL)
    assert received.rows == [row for row in rows if row[0] != "K1"]
    assert received.lines == [3, *range(5, 43)]
    assert [(number, line) for number, line, _, _ in received.ragged] == [(2, 4)]


def test_rows_between_two_stray_quotes_are_no_cell():
    """By RFC 4180 this is one sound row, whose second cell holds the rest of a row and the beginning of the next."""
    rows = [["K0", *ROW[1:]], ["K1", '"甲', *ROW[2:]], ["K2", '乙"', *ROW[2:]], ["K3", *ROW[1:]]]
    raw = "\n".join([",".join(HEADERS), *(",".join(row) for row in rows), ""]).encode()
    received = receive(raw, WITHOUT_TOTAL)
    assert [row[0] for row in received.rows] == ["K0", "K3"]
    assert [cells for _, _, cells, _ in received.ragged] == [0]
    assert "乙" in received.ragged[0][3]


def test_a_header_that_lost_a_delimiter_fits_only_rows_that_lost_one_too():
    """Those would be read one column off."""
    raw = table([ROW] * 9, total=None, encoding="utf-8").decode().replace("满意度,记录状态", "满意度记录状态")
    raw = raw.replace("测试,2201", "测试2201", 1)
    with pytest.raises(UnreadableDelivery, match="header has 10 columns, but 8 rows"):
        receive(raw.encode(), WITHOUT_TOTAL)


def test_a_quote_within_a_plain_cell_is_a_character():
    row = ["K1", '5" 屏', *ROW[2:]]
    raw = "\n".join([",".join(HEADERS), ",".join(row), ""]).encode()
    assert receive(raw, WITHOUT_TOTAL).rows == [row]


def test_a_cell_of_several_lines_is_one_cell_and_one_line():
    row = ["K1", "一\r\n二\n三,四", *ROW[2:]]
    received = receive(table([row, ROW]))
    assert received.rows == [row, ROW]
    assert received.lines == [3, 4]


def test_newlines_may_be_mixed():
    lines = [",".join(HEADERS), *[",".join(ROW)] * 3]
    raw = f"{lines[0]}\r{lines[1]}\r\n{lines[2]}\n{lines[3]}".encode()
    received = receive(raw, WITHOUT_TOTAL)
    assert received.rows == [ROW] * 3
    assert received.lines == [2, 3, 4]


def test_a_quote_that_is_not_closed_for_long_never_was_one(monkeypatch):
    monkeypatch.setattr(delimited, "ROW_BYTES", 2000)
    monkeypatch.setattr(delimited, "HEAD_BYTES", 1000)
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(encoding, "_SAMPLE_BYTES", 1000)
    rows = [["K0", '"甲', *ROW[2:]], *([f"K{n}", *ROW[1:]] for n in range(1, 200))]
    raw = "\n".join([",".join(HEADERS), *(",".join(row) for row in rows), ""]).encode()
    received = receive(raw, WITHOUT_TOTAL)
    assert received.rows == rows[1:]
    assert [(number, line) for number, line, _, _ in received.ragged] == [(1, 2)]


def test_a_line_without_end_is_refused():
    with pytest.raises(UnreadableDelivery, match="line is longer"):
        receive(table([ROW]) + b"x" * (5 << 20), WITHOUT_TOTAL)


@given(st.data())
def test_a_file_cut_off_anywhere_is_refused(data):
    whole = table([ROW] * 5)
    length = data.draw(st.integers(0, len(whole) - 20))
    with pytest.raises(UnreadableDelivery):
        receive(whole[:length])


def test_a_wrong_total_is_refused_and_remembered():
    with pytest.raises(UnreadableDelivery) as refused:
        receive(table([ROW], total=2))
    assert "载明 2 行，实际读到 1 行" in refused.value.message_zh


@pytest.mark.parametrize("raw", [b"", b"\r\n \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(raw):
    with pytest.raises(UnreadableDelivery, match="empty"):
        receive(raw)


def test_a_day_without_records_is_a_header_and_a_total():
    received = receive(table([]))
    assert received.summary.received == 0
    assert received.summary.absent == []


def test_a_renamed_header_says_which_and_what_stands_there_now():
    headers = ["身份证号码" if name == "身份证号" else name for name in HEADERS] + ["备注"]
    with pytest.raises(UnreadableDelivery) as refused:
        receive(table([[*ROW, ""]], headers=headers))
    assert "缺少约定的列：身份证号" in refused.value.message_zh
    assert "“身份证号”可能已更名为“身份证号码”（columns.worker_id" in refused.value.message_zh
    assert ROW[2] not in refused.value.message_zh + str(refused.value)


def test_a_number_that_poses_as_a_header_is_not_repeated():
    headers = ["220102199003071234" if name == "身份证号" else name for name in HEADERS]
    with pytest.raises(UnreadableDelivery) as refused:
        receive(table([ROW], headers=headers))
    assert "未登记的列：…" in refused.value.message_zh
    assert "220102199003071234" not in refused.value.message_zh + str(refused.value)


def test_an_optional_column_may_be_absent_and_is_told():
    at = HEADERS.index("满意度")
    received = receive(table([ROW[:at] + ROW[at + 1 :]], headers=HEADERS[:at] + HEADERS[at + 1 :]))
    assert received.summary.absent == ["satisfaction_score"]
    assert received.mapped[0]["satisfaction_score"] is None
    assert received.mapped[0]["record_status"] == "有效"
    assert "满意度" not in json.loads(received.wholes[0])


def test_a_header_that_stands_twice_is_refused():
    with pytest.raises(UnreadableDelivery, match="twice: 服务日期"):
        receive(table([[*ROW, "2025-06-04"]], headers=[*HEADERS, "服务日期"]))


def test_of_several_names_the_first_that_is_there_counts():
    columns = HOSPITAL.columns | {"worker_id": ("证件号码", "身份证号")}
    feed = HOSPITAL.model_copy(update={"columns": columns})
    assert receive(table([ROW]), feed).rows == [ROW]
    both = receive(table([[*ROW, "X"]], headers=[*HEADERS, "证件号码"]), feed)
    assert both.mapped[0]["worker_id"] == "X"


def test_a_declared_delimiter_is_believed():
    with pytest.raises(UnreadableDelivery, match="no header"):
        receive(table([ROW]), with_source(delimiter=";"))
    assert receive(table([ROW], delimiter=";"), with_source(delimiter=";")).rows == [ROW]
