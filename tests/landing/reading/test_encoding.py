import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.landing.reading.deliveries import Trickle
from worker_services.landing.reading import UnreadableDelivery, encoding
from worker_services.landing.reading.encoding import decode, utf8_blocks

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


def streamed(raw: bytes, declared: str = "auto", most: int = 1 << 20) -> str:
    return b"".join(utf8_blocks(Trickle(raw, most), declared)).decode()


PROSE = "编号,姓名,服务日期\r\nFC001,张三丰,2025年6月3日\r\nFC002,李四,“体重管理”服务；南关区\r\n"


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=50))
def test_text_survives_a_partner_that_writes_gb18030(text):
    """What Python writes it also reads, except for the code points that the standard moved."""
    assert decode(text.encode("gb18030"), "gb18030") == text


def test_four_byte_characters():
    assert decode("𠮷野家 㛃".encode("gb18030"), "gb18030") == "𠮷野家 㛃"


def test_a_bad_byte_stays_visible_and_eats_no_separator():
    assert decode(b"\xb3\xa4\x81,\xb4\xba", "gb18030") == "长\ufffd,春"
    assert decode(b"ok,\xff,\xe6\x98\xa5", "utf-8") == "ok,\ufffd,春"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("most", [1, 7, 1 << 20])
def test_the_encoding_is_found_out(encoding, most):
    assert streamed(PROSE.encode(encoding), most=most) == PROSE


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_mark_overrules_what_was_declared(mark):
    text = PROSE.encode("utf-16-le" if mark[0] == 0xFF else "utf-16-be")
    assert streamed(mark + text, "gb18030") == PROSE
    assert streamed(b"\xef\xbb\xbf" + PROSE.encode(), "gb18030") == PROSE


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=80), st.integers(1, 9))
def test_no_character_is_torn_between_blocks(text, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "BLOCK_BYTES", 400)  # longer than the longest word
        for name in ("utf-8", "gb18030", "utf-16"):
            whole = PROSE * 5 + text + "\n" + PROSE * 5
            assert streamed(whole.encode(name), name, most) == whole


def test_what_is_plain_for_a_long_time_does_not_decide():
    """The first character beyond ASCII may come late; until then nothing hangs on the encoding."""
    plain = "id,name\n" * 400_000
    for name in ("utf-8", "gb18030"):
        assert streamed((plain + PROSE).encode(name)) == plain + PROSE


def test_one_bad_byte_does_not_turn_a_file_into_another_encoding():
    raw = bytearray((PROSE * 20).encode())
    raw[raw.index("三".encode()) + 1] ^= 0x40
    text = streamed(bytes(raw))
    assert "\ufffd" in text
    assert text.count("体重管理") == 20


@pytest.mark.parametrize("word", ["路", "José", "±"])
def test_where_both_encodings_fit_the_partners_file_must_say(word):
    raw = f"a,b\n1,{word}\n".encode("gb18030" if word == "路" else "utf-8")
    with pytest.raises(UnreadableDelivery, match="declare it"):
        streamed(raw)
    assert word in streamed(raw, "gb18030" if word == "路" else "utf-8")


def test_noise_is_no_text():
    with pytest.raises(UnreadableDelivery):
        streamed(bytes(range(128, 256)) * 9)


def test_a_passage_of_utf8_in_a_gb18030_file_is_marked_bad():
    """Two exports joined by hand: by the other encoding's reading each word is a legal, wrong one."""
    raw = PROSE.encode("gb18030") * 3 + "FC003,王五六,长春市南关区,张三\n".encode()
    text = streamed(raw)
    assert text.startswith(PROSE * 3)
    assert text.endswith("FC003,\ufffd,\ufffd,\ufffd\n")


@given(st.lists(st.sampled_from("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨玥喆堃"), min_size=1, max_size=4).map("".join))
def test_names_in_gb18030_are_not_taken_for_utf8(name):
    assert decode(f",{name},".encode("gb18030"), "gb18030") == f",{name},"
