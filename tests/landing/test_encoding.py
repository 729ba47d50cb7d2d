import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_services.landing.encoding import decode

# GB 18030-2022: code points that Python, iconv and DuckDB do not agree on.
MAPPING_2022 = {
    "A8BC": "ḿ",
    "A6D9": "︐",
    "A6DF": "︖",
    "A6EC": "︗",
    "A6F3": "︙",
    "FE59": "龴",
    "FE61": "龵",
    "FEA0": "龻",
}


@pytest.mark.parametrize(("code", "character"), MAPPING_2022.items())
def test_contested_code_points_follow_gb18030_2022(code, character):
    assert decode(bytes.fromhex(code), "gb18030") == character


def test_assigned_two_byte_codes_never_reach_the_private_use_area():
    """Rows A1-A9 and FE hold the only assigned codes that older mappings park there."""
    for code in (
        "A6D9",
        "A6DA",
        "A6DB",
        "A6DC",
        "A6DD",
        "A6DE",
        "A6DF",
        "A6EC",
        "A6ED",
        "A6F3",
        "A8BC",
        "FE51",
        "FE52",
    ):
        (character,) = decode(bytes.fromhex(code), "gb18030")
        assert not 0xE000 <= ord(character) <= 0xF8FF
    for code in ("FE53", "FE59", "FE61", "FE66", "FE67", "FE6C", "FE6D", "FE76", "FE7E", "FE90", "FE91", "FEA0"):
        (character,) = decode(bytes.fromhex(code), "gb18030")
        assert not 0xE000 <= ord(character) <= 0xF8FF


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=50))
def test_text_survives_a_partner_that_writes_gb18030(text):
    """What Python writes it also reads, except for the code points that the standard moved."""
    assert decode(text.encode("gb18030"), "gb18030") == text.removeprefix("\ufeff")


def test_four_byte_characters():
    assert decode("𠮷野家 㛃".encode("gb18030"), "gb18030") == "𠮷野家 㛃"


def test_a_bad_byte_stays_visible_and_eats_no_separator():
    assert decode(b"\xb3\xa4\x81,\xb4\xba", "gb18030") == "长\ufffd,春"
    assert decode(b"ok,\xff,\xe6\x98\xa5", "utf-8") == "ok,\ufffd,春"


def test_byte_order_mark_is_dropped():
    assert decode("\ufeff编号".encode(), "utf-8") == "编号"
