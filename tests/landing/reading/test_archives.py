"""ZIP archives of deliveries, as packers here write them."""

import io
import zipfile

import pytest

from tests.landing.reading.deliveries import HEADERS, ROW, receive, table, with_source
from tests.landing.reading.test_workbook import written
from worker_services.landing.reading import UnreadableDelivery, archives

ZIPPED = with_source(archive="zip", has_total_row=False, encoding="auto")


def packed(*members: tuple[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def test_members_are_read_in_the_order_of_the_archive():
    rows = [["A1", *ROW[1:]], ["B1", *ROW[1:]], ["B2", *ROW[1:]]]
    data = packed(
        ("六月/", b""),
        ("六月/乙.csv", table(rows[1:], total=None)),
        ("__MACOSX/._乙.csv", b"\x00\x05"),
        ("甲.csv", table(rows[:1], total=None, encoding="utf-16", delimiter="\t")),
    )
    received = receive(data, ZIPPED)
    assert [row["service_id"] for row in received.mapped] == ["B1", "B2", "A1"]
    assert [(row["_place"], row["_row_number"], row["_line"]) for row in received.stream] == [
        ("六月/乙.csv", 1, 3),
        ("六月/乙.csv", 2, 4),
        ("甲.csv", 3, 3),
    ]


def test_only_the_members_that_match_are_read():
    data = packed(("说明.txt", "口径".encode()), ("a.csv", table([ROW], total=None)))
    feed = with_source(archive="zip", has_total_row=False, member="*.csv")
    assert receive(data, feed).rows == [ROW]
    with pytest.raises(UnreadableDelivery, match=r"no member of the archive matches '\*.tsv'"):
        receive(data, with_source(archive="zip", member="*.tsv"))


def test_a_name_may_be_written_in_gbk():
    raw = packed(("XX.csv", table([ROW], total=None))).replace(b"XX.csv", "明".encode("gb18030") + b".csv")
    assert receive(raw, ZIPPED).stream[0]["_place"] == "明.csv"


def test_a_workbook_may_be_packed():
    data = packed(("a.xlsx", written(("甲", [HEADERS, ROW]), ("乙", [HEADERS, ROW]))), method=zipfile.ZIP_STORED)
    received = receive(data, with_source(archive="zip", format="xlsx", has_total_row=False))
    assert [row["_place"] for row in received.stream] == ["a.xlsx/甲", "a.xlsx/乙"]


def test_each_file_has_its_total():
    data = packed(("a.csv", table([ROW])), ("b.csv", table([ROW, ROW])))
    assert receive(data, with_source(archive="zip")).summary.declared_total == 3
    with pytest.raises(UnreadableDelivery):
        receive(packed(("a.csv", table([ROW])), ("b.csv", table([ROW, ROW], total=1))), with_source(archive="zip"))


def test_an_archive_cut_off_or_damaged_is_refused():
    data = packed(("a.csv", table([[f"R{n}", *ROW[1:]] for n in range(500)], total=None)))
    for cut in (0, 3, 40, len(data) // 2, len(data) - 300):
        with pytest.raises(UnreadableDelivery):
            receive(data[:cut], ZIPPED)
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    with pytest.raises(UnreadableDelivery, match="damaged"):
        receive(bytes(damaged), ZIPPED)


def test_an_archive_cut_off_between_two_members_is_refused():
    members = [("a.csv", table([ROW], total=None)), ("b.csv", table([ROW], total=None))]
    data = packed(*members)
    with pytest.raises(UnreadableDelivery, match="damaged"):
        receive(data[: data.index(b"PK\x03\x04", 4)], ZIPPED)


def test_a_bomb_is_stopped(monkeypatch):
    monkeypatch.setattr(archives, "_HEAD_START", 1 << 20)
    rows = table([ROW], total=None) + b"\r\n" * (10 << 20)
    with pytest.raises(UnreadableDelivery, match="grows more than"):
        receive(packed(("a.csv", rows)), ZIPPED)
