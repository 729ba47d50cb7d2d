"""JSON as partners send it: numbers keep their digits, what is no record is held, what is no list is refused."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.landing.reading.deliveries import receive
from worker_services.contracts import load_contract
from worker_services.landing.reading import UnreadableDelivery, encoding, read_supplement
from worker_services.partners.registry import FileSource, load_partners

API = load_partners()["job_fair_system"].feeds["job_fairs"]
FAIRS = load_contract("job_fairs")
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


def lines(*rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def file(kind: str, **options):
    source = FileSource(kind="file", path="x_{first}", format=kind, **options)
    return API.model_copy(update={"source": source})


def fairs(data: bytes, feed=API):
    return receive(data, feed, FAIRS)


def test_records_are_read_as_text_and_numbers_keep_their_digits():
    received = fairs(lines(FAIR, {**FAIR, "fairCode": 123456789012345678901234, "state": None}))
    first, second = received.mapped
    assert (first["fair_id"], first["fair_name"], first["updated_at"]) == ("F1", "金秋\u2028招聘会", "1748908800000")
    assert (second["fair_id"], second["record_status"]) == ("123456789012345678901234", None)
    assert received.summary.unmapped == ["extra"]
    assert json.loads(received.wholes[0]) == FAIR


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8), st.integers(1, 60), st.booleans())
def test_any_text_comes_through(titles, block, escaped):
    rows = [{**FAIR, "title": title.replace("\ud800", "")} for title in titles]
    raw = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows).encode("utf-8", "ignore")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK_BYTES", 200 + block)
        received = fairs(raw, file("ndjson", encoding="utf-8"))
    assert [row["fair_name"] for row in received.mapped] == [row["title"] for row in rows]
    assert received.ragged == []


@pytest.mark.parametrize(
    "damaged",
    [
        '{"fairCode":"F2","title":"招聘',
        "null",
        '["F2"]',
        '{"fairCode":"F2","fairCode":"F3"}',
        json.dumps({**FAIR, "fairCode": "F2"} | {"heldOn": "x"}).replace("heldOn", "heldOm"),
        '{"fairCode":"F2","title":"\\ud800"}',
    ],
)
def test_what_is_no_sound_record_is_held_whole(damaged):
    received = fairs(lines(FAIR) + b"\r\n" + damaged.encode() + b"\n" + lines(FAIR))
    assert (received.numbers, received.lines) == ([1, 3], [1, 4])
    assert received.ragged == [(2, 3, 0, damaged)]
    assert received.mapped[1]["fair_id"] is None


def test_a_required_field_that_no_record_has_is_refused_and_its_successor_suggested():
    with pytest.raises(UnreadableDelivery, match=r"absent: heldOn.*may now be called 'heldDate'"):
        fairs(lines({("heldDate" if key == "heldOn" else key): value for key, value in FAIR.items()}))


def test_an_optional_field_that_no_record_has_is_told():
    assert fairs(lines({key: FAIR[key] for key in FAIR if key != "state"})).summary.absent == ["record_status"]


@pytest.mark.parametrize("feed", [API, file("ndjson")])
def test_no_records_are_no_rows(feed):
    assert fairs(b"", feed).summary.received == 0


def test_a_page_of_html_is_no_delivery():
    with pytest.raises(UnreadableDelivery, match="no JSON records"):
        fairs(b"<html>\n<body>error</body>\n</html>\n")


def test_fields_of_nested_objects_go_by_their_path():
    columns = API.columns | {"fair_name": ("detail.name",), "organisation_code": ("a.b", "district")}
    feed = API.model_copy(update={"columns": columns})
    row = {key: value for key, value in FAIR.items() if key != "title"} | {"detail": {"name": "春"}, "a.b": "朝阳区"}
    received = fairs(lines(row), feed)
    assert received.mapped[0]["fair_name"] == "春"
    assert received.mapped[0]["organisation_code"] == "朝阳区"
    assert received.summary.absent == []


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_document_is_a_list_at_a_path(name):
    document = {"code": 0, "data": {"rows": [FAIR, {**FAIR, "fairCode": 123456789012345678901234}]}}
    received = fairs(json.dumps(document, ensure_ascii=False).encode(name), file("json", records="data.rows"))
    assert [row["fair_id"] for row in received.mapped] == ["F1", "123456789012345678901234"]
    assert (received.numbers, received.lines) == ([1, 2], [1, 2])
    assert fairs(json.dumps([FAIR], indent=2).encode(), file("json")).mapped == received.mapped[:1]


def test_decimals_of_a_document_keep_their_digits_and_a_doubled_field_is_held():
    first = json.dumps(FAIR).replace('"F1"', "1.10")
    second = json.dumps(FAIR).replace('"F1"', '"F2", "fairCode": "F3"')
    received = fairs(f"[{first}, {second}, 7]".encode(), file("json"))
    assert received.mapped[0]["fair_id"] == "1.10"
    assert [number for number, *_ in received.ragged] == [2, 3]


@pytest.mark.parametrize(
    "raw", ['{"data": {"rows": [', '{"data": []}', '{"data": {"rows": {}}}', "", "x", '{"rows": []}']
)
def test_a_document_without_its_list_is_refused(raw):
    with pytest.raises(UnreadableDelivery):
        fairs(raw.encode(), file("json", records="data.rows"))


def test_an_empty_list_is_a_day_without_records():
    assert fairs(b'{"data": {"rows": []}}', file("json", records="data.rows")).summary.received == 0


@given(st.integers(0, 300))
def test_a_document_cut_off_anywhere_is_refused(length):
    raw = json.dumps([FAIR] * 3).encode()
    with pytest.raises(UnreadableDelivery):
        fairs(raw[: min(length, len(raw) - 1)], file("json"))


def test_a_supplement_states_where_its_rows_came_from():
    row = {"_row_number": 7, "_place": "六月", "_line": 9, "fairCode": "F1", "title": "春"}
    delivered = read_supplement(io.BytesIO(lines(row)), API, FAIRS)
    (received,) = delivered.batches.read_all().to_pylist()
    assert (received["_row_number"], received["_place"], received["_line"], received["_cells"]) == (7, "六月", 9, None)
    assert json.loads(received["_whole"])["title"] == "春"
    assert delivered.summary.received == 1
