"""Bytes to text, decided once: GB 18030-2022, never the private-use area; a bad byte stays visible as U+FFFD."""

BYTE_ORDER_MARK = "\ufeff"

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


def decode(raw: bytes, encoding: str) -> str:
    """Decode by the partner's declared encoding ('gb18030' or 'utf-8'); a byte order mark is dropped.

    Bytes that the encoding does not have become U+FFFD, which the row checks refuse.
    """
    text = raw.decode(encoding, errors="replace").removeprefix(BYTE_ORDER_MARK)
    return text.translate(_GB18030_2022) if encoding == "gb18030" else text
