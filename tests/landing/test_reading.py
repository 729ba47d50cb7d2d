import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_services.contracts import load_contract
from worker_services.landing.reading import UnreadableDelivery, read
from worker_services.partners.delivery import Delivery
from worker_services.partners.registry import load_partners

HOSPITAL = load_partners()["maternity_hospital"].feeds["health_services"]
SERVICES = load_contract("health_services")
FAIRS_API = load_partners()["job_fair_system"].feeds["job_fairs"]
FAIRS = load_contract("job_fairs")
HEADERS = list(HOSPITAL.columns.values())
ROW = [
    "FC2025060300001",
    "测试",
    "220102199003071234",
    "13900000000",
    "2025-06-03",
    "体重管理",
    "南关区",
    "",
    "",
    "5",
    "有效",
]


def deliver(rows, *, title="明细表（演示数据）", headers=HEADERS, total="auto", encoding="gb18030", newline="\r\n"):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=newline)
    if title:
        writer.writerow([title])
    writer.writerow(headers)
    writer.writerows(rows)
    if total == "auto":
        total = len(rows)
    if total is not None:
        writer.writerow(["合计", total, *[""] * (len(headers) - 2)])
    return Delivery(out.getvalue().encode(encoding), "test")


def cells(raw):
    rows = raw.table.select(list(HOSPITAL.columns)).to_pylist()
    return [[row[name] for name in HOSPITAL.columns] for row in rows]


def test_title_and_total_rows_are_no_data():
    raw = read(deliver([ROW, ROW]), HOSPITAL, SERVICES)
    assert cells(raw) == [ROW, ROW]
    assert raw.received == 2
    assert raw.table.column("_row_number").to_pylist() == [1, 2]


def test_headers_are_found_however_they_are_spaced():
    headers = [f" {name[:2]}\u3000{name[2:]}\n" for name in HEADERS]
    assert cells(read(deliver([ROW], headers=headers), HOSPITAL, SERVICES)) == [ROW]


def test_columns_may_stand_in_any_order_and_more_may_come():
    headers, row = [*HEADERS[::-1], "备注"], [*ROW[::-1], "无"]
    raw = read(deliver([row], headers=headers, total=None, title=None), _without_total(HOSPITAL), SERVICES)
    assert cells(raw) == [ROW]
    assert raw.unmapped == ["备注"]


CELL = st.text(st.characters(exclude_categories=("Cs", "Co", "Cc")), max_size=12) | st.sampled_from(
    ['a "quoted" cell', "a,b", "two\nlines", "  ", "１２", "=1+1", "'", '"']
)


@given(st.lists(st.lists(CELL, min_size=11, max_size=11), max_size=6), st.sampled_from(["\r\n", "\n"]))
def test_what_a_partner_writes_is_what_is_read(rows, newline):
    """Any cells at all: none is shifted, cut or changed; blank rows and total rows are no data."""
    kept = [row for row in rows if "".join(row).strip() and row[0].strip() not in ("合计", "小计", "总计", "累计")]
    raw = read(deliver(kept, newline=newline), HOSPITAL, SERVICES)
    assert cells(raw) == kept
    assert raw.ragged == []


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_row_with_too_few_or_too_many_cells_is_held_whole_and_shifts_nothing(widths):
    rows = [[f"R{number}", *["x"] * (width - 1)] for number, width in enumerate(widths, start=1)]
    raw = read(deliver(rows), HOSPITAL, SERVICES)
    good = [row for row in rows if len(row) == 11]
    assert cells(raw) == good
    assert raw.table.column("_row_number").to_pylist() == [int(row[0][1:]) for row in good]
    assert {row.row_number for row in raw.ragged} == {int(row[0][1:]) for row in rows if len(row) != 11}
    assert raw.received == len(rows)


@given(st.data())
def test_a_file_cut_off_anywhere_is_refused(data):
    whole = deliver([ROW] * 5).raw
    length = data.draw(st.integers(0, len(whole) - 20))
    with pytest.raises(UnreadableDelivery):
        read(Delivery(whole[:length], "test"), HOSPITAL, SERVICES)


def test_a_wrong_total_is_refused():
    with pytest.raises(UnreadableDelivery) as refused:
        read(deliver([ROW], total=2), HOSPITAL, SERVICES)
    assert "载明 2 行，实际读到 1 行" in refused.value.message_zh


@pytest.mark.parametrize("raw", [b"", b"\r\n \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(raw):
    with pytest.raises(UnreadableDelivery):
        read(Delivery(raw, "test"), HOSPITAL, SERVICES)


def test_a_day_without_records_is_a_header_and_a_total():
    raw = read(deliver([]), HOSPITAL, SERVICES)
    assert raw.received == 0
    assert set(HOSPITAL.columns) <= set(raw.table.column_names)


def test_a_renamed_header_says_which_and_what_stands_there_now():
    headers = ["证件号" if name == "身份证号" else name for name in HEADERS]
    with pytest.raises(UnreadableDelivery) as refused:
        read(deliver([ROW], headers=headers), HOSPITAL, SERVICES)
    assert "缺少约定的列：身份证号" in refused.value.message_zh
    assert "证件号" in refused.value.message_zh
    assert ROW[2] not in refused.value.message_zh + str(refused.value)


def test_a_number_that_poses_as_a_header_is_not_repeated():
    headers = ["220102199003071234" if name == "身份证号" else name for name in HEADERS]
    with pytest.raises(UnreadableDelivery) as refused:
        read(deliver([ROW], headers=headers), HOSPITAL, SERVICES)
    assert "未登记的列：…" in refused.value.message_zh
    assert "220102199003071234" not in refused.value.message_zh + str(refused.value)


def test_a_header_that_stands_twice_is_refused():
    with pytest.raises(UnreadableDelivery, match="twice: 服务日期"):
        read(deliver([[*ROW, "2025-06-04"]], headers=[*HEADERS, "服务日期"]), HOSPITAL, SERVICES)


def test_a_checksum_that_does_not_fit_is_refused():
    delivery = deliver([ROW])
    with pytest.raises(UnreadableDelivery, match="SHA-256"):
        read(Delivery(delivery.raw, "test", declared_sha256="0" * 64), HOSPITAL, SERVICES)


def records(*rows, declared=None):
    raw = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return Delivery(raw, "test", declared_rows=len(rows) if declared is None else declared)


FAIR = {
    "fairCode": "F1",
    "title": "金秋\u2028招聘会",
    "category": "招聘会",
    "heldOn": "2025-06-03",
    "district": "南关区",
    "state": "normal",
    "modifiedAt": 1748908800000,
    "extra": {"a": [1]},
}


def test_records_are_read_as_text_and_numbers_keep_their_digits():
    raw = read(records(FAIR, {**FAIR, "fairCode": "007", "state": None}), FAIRS_API, FAIRS)
    first, second = raw.table.to_pylist()
    assert (first["fair_id"], first["fair_name"], first["updated_at"]) == ("F1", "金秋\u2028招聘会", "1748908800000")
    assert (second["fair_id"], second["record_status"]) == ("007", None)
    assert raw.unmapped == ["extra"]


def test_fewer_records_than_declared_are_refused():
    with pytest.raises(UnreadableDelivery, match="declares 3 records, 1 were received"):
        read(records(FAIR, declared=3), FAIRS_API, FAIRS)


def test_a_required_field_that_no_record_has_is_refused():
    with pytest.raises(UnreadableDelivery, match="absent from the records: heldOn"):
        read(records({key: value for key, value in FAIR.items() if key != "heldOn"}), FAIRS_API, FAIRS)


def test_no_records_are_no_rows():
    assert read(records(), FAIRS_API, FAIRS).received == 0


def _without_total(feed):
    return feed.model_copy(update={"source": feed.source.model_copy(update={"has_total_row": False})})
