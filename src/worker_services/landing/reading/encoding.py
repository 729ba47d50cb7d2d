"""Bytes to UTF-8, decided once: GB 18030-2022, never the private-use area; a bad byte stays visible as U+FFFD."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import numpy as np

from worker_services.landing.reading.delivered import Readable, UnreadableDelivery

BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 20
_LIKELY = 0.5  # share of everyday characters from which a text reads like one
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_GB18030_MARK = b"\x84\x31\x95\x33"
_SEPARATORS = (b"\n", b"\r", b",", b";", b"\t", b" ")  # bytes that are part of no longer character in either

# Python's codec keeps the mapping of GB 18030-2000, which parks these characters in the private-use area.
# GB 18030-2022 (and 2005 for A8BC) gives each its own code point.
_GB18030_2022 = str.maketrans(
    {
        "\ue7c7": "\u1e3f",
        **{
            chr(private): chr(assigned)
            for private, assigned in zip(
                (0xE78D, 0xE78E, 0xE78F, 0xE790, 0xE791, 0xE792, 0xE793, 0xE794, 0xE795, 0xE796),
                (0xFE10, 0xFE12, 0xFE11, 0xFE13, 0xFE14, 0xFE15, 0xFE16, 0xFE17, 0xFE18, 0xFE19),
                strict=True,
            )
        },
        **{
            chr(private): chr(assigned)
            for private, assigned in zip(
                (0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864),
                range(0x9FB4, 0x9FBC),
                strict=True,
            )
        },
        **{
            chr(private): chr(assigned)
            for private, assigned in zip(
                (0xE816, 0xE817, 0xE818, 0xE831, 0xE83B, 0xE855),
                (0x20087, 0x20089, 0x200CC, 0x215D7, 0x2298F, 0x241FE),
                strict=True,
            )
        },
    }
)
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


def utf8_blocks(raw: Readable, declared: str) -> Iterator[bytes]:
    """The stream as blocks of valid UTF-8 of about 1 MiB, without a byte order mark.

    `declared` is 'auto', 'utf-8', 'utf-16' or 'gb18030'; a byte order mark overrules it. With 'auto', what follows the
    first character that is not ASCII decides, up to 1 MiB of it: nothing before it depends on the answer. Bytes that
    the encoding does not have become U+FFFD, which the row rules refuse; so do passages of a GB 18030 file that are
    evidently UTF-8. Raises UnreadableDelivery when the encoding cannot be told.
    """
    head = _take(raw, BLOCK_BYTES)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            yield from _decoded(raw, head[len(mark) :], encoding)
            return
    if head.startswith(_GB18030_MARK):
        yield from _decoded(raw, head[len(_GB18030_MARK) :], "gb18030")
        return
    if declared == "utf-16" or (declared == "auto" and _has_wide_characters(head)):
        yield from _decoded(raw, head, _byte_order(head))
        return
    while declared == "auto" and head and head.isascii():
        yield head
        head = _take(raw, BLOCK_BYTES)
    if declared == "auto" and head:
        start = next(re.finditer(rb"[\x80-\xff]", head)).start()
        head += _take(raw, max(0, _SAMPLE_BYTES - (len(head) - start)))
        declared = _likely_encoding(head[start : start + _SAMPLE_BYTES])
    yield from _decoded(raw, head, declared)


def decode(raw: bytes, encoding: str) -> str:
    """Decode whole characters by 'gb18030' or 'utf-8'; what the encoding does not have becomes U+FFFD."""
    if encoding == "gb18030":
        raw = _without_utf8(raw)
    text = raw.decode(encoding, errors="replace")
    return text.translate(_GB18030_2022) if encoding == "gb18030" and _PRIVATE_USE.search(text) else text


def _decoded(raw: Readable, head: bytes, encoding: str) -> Iterator[bytes]:
    if encoding.startswith("utf-16"):
        yield from _decoded_utf16(raw, head, encoding)
        return
    while head:
        block = _take(raw, BLOCK_BYTES)
        end = max(head.rfind(separator) for separator in _SEPARATORS) + 1 if block else len(head)
        end = end or len(head)
        yield _as_utf8(head[:end], encoding)
        head = head[end:] + block


def _as_utf8(piece: bytes, encoding: str) -> bytes:
    if piece.isascii():
        return piece
    if encoding == "utf-8":
        try:
            piece.decode()
            return piece
        except UnicodeDecodeError:
            pass
    return decode(piece, encoding).encode()


def _decoded_utf16(raw: Readable, head: bytes, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    while head:
        yield decoder.decode(head).encode()
        head = _take(raw, BLOCK_BYTES)
    yield decoder.decode(b"", final=True).encode()


def _take(raw: Readable, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0 and (piece := raw.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _has_wide_characters(head: bytes) -> bool:
    """UTF-16 without a byte order mark: separators and digits have a zero byte, all on one side."""
    zeros = sorted((head[0::2].count(0), head[1::2].count(0)))
    return zeros[1] * 10 > len(head) and zeros[0] * 10 < zeros[1]


def _byte_order(head: bytes) -> str:
    return "utf-16-be" if head[0::2].count(0) > head[1::2].count(0) else "utf-16-le"


def _likely_encoding(sample: bytes) -> str:
    utf8, utf8_errors = _everyday_share(sample, "utf-8")
    gb18030, gb18030_errors = _everyday_share(sample, "gb18030")
    if utf8_errors and gb18030_errors and max(utf8, gb18030) < _LIKELY:
        raise _unknown_encoding()
    if not utf8_errors and not gb18030_errors and not utf8 >= _LIKELY > gb18030:
        raise _unknown_encoding()
    if bool(utf8_errors) != bool(gb18030_errors) and abs(utf8 - gb18030) < _LIKELY:
        return "gb18030" if utf8_errors else "utf-8"
    return "utf-8" if utf8 > gb18030 else "gb18030"


def _everyday_share(sample: bytes, encoding: str) -> tuple[float, bool]:
    """Share of everyday characters among those that are not ASCII, and whether there are bytes it does not have."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    counts = Counter(decoder.decode(sample))
    wide = {character: count for character, count in counts.items() if ord(character) > 0x7F}
    everyday = sum(count for character, count in wide.items() if character in _everyday_characters())
    return everyday / max(1, sum(wide.values())), "\ufffd" in wide


@cache
def _everyday_characters() -> frozenset[str]:
    """GB 2312: its symbols and its 3,755 characters of the first level, by frequency of use."""
    return _gb2312(range(0xA1, 0xD8))


@cache
def _known_characters() -> frozenset[str]:
    return _gb2312(range(0xA1, 0xF8))


def _gb2312(leads: range) -> frozenset[str]:
    codes = (bytes((lead, trail)) for lead in leads for trail in range(0xA1, 0xFF))
    return frozenset("".join(code.decode("gb2312", errors="ignore") for code in codes))


def _without_utf8(text: bytes) -> bytes:
    """GB 18030 text in which each word that is evidently UTF-8 has become a bad byte."""
    data = np.frombuffer(text, np.uint8)
    is_wide = np.concatenate([[False], data >= 0x80, [False]])
    starts, ends = np.flatnonzero(~is_wide[:-1] & is_wide[1:]), np.flatnonzero(is_wide[:-1] & ~is_wide[1:])
    leads, seconds, lasts = data[starts], data[np.minimum(starts + 1, len(data) - 1)], data[ends - 1]
    # Few words in GB 18030 begin and end as one in UTF-8 does; those are looked at.
    is_suspect = (leads >= 0xC2) & (leads < 0xF0) & (seconds >= 0x80) & (seconds < 0xC0) & (lasts < 0xC0)
    pieces, done = [], 0
    for start, end in zip(starts[is_suspect].tolist(), ends[is_suspect].tolist(), strict=True):
        if _is_foreign(text, start, end):
            pieces += [text[done:start], b"\xff"]
            done = end
    return b"".join([*pieces, text[done:]])


def _is_foreign(text: bytes, start: int, end: int) -> bool:
    """Whether a word in GB 18030 text is UTF-8: everyday characters by that reading, others among them by this one."""
    known = _known_characters()
    if not known.issuperset(text[start:end].decode("utf-8", errors="replace")):
        return False
    last = end + (end - start) % 2  # an odd byte at the end would take the next one with it
    return not known.issuperset(text[start:last].decode("gb18030", errors="replace"))


def _unknown_encoding() -> UnreadableDelivery:
    return UnreadableDelivery(
        "无法可靠判断文件的字符编码。请数据组在合作单位配置中写明 encoding（utf-8、utf-16 或 gb18030），"
        "或请合作单位以带 BOM 的 UTF-8 重新导出。",
        "the encoding of the file cannot be told for certain; declare it in the partner's file "
        "(encoding: utf-8, utf-16 or gb18030), or ask for UTF-8 with a byte order mark",
    )
