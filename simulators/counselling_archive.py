"""The counselling hotline's ZIP archives: one file a channel in UTF-16 with tabs, and a file of notes."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

NOTES = "说明.md"
_NOTE = "# 心理咨询热线导出说明\n\n每个渠道一个文件，UTF-16，制表符分隔。均为演示数据。\n"
_CREATED = (2025, 1, 1, 0, 0, 0)  # the same rows give the same bytes


def archive(names: Sequence[str], members: Mapping[str, Sequence[list[str]]]) -> bytes:
    """The bytes of the archive; `members`: file name -> rows, each file below a header of `names`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for member, rows in members.items():
            text = io.StringIO(newline="")
            csv.writer(text, delimiter="\t", lineterminator="\n").writerows([names, *rows])
            _add(packed, member, b"\xff\xfe" + text.getvalue().encode("utf-16-le"))
        _add(packed, NOTES, _NOTE.encode())
    return buffer.getvalue()


def _add(packed: zipfile.ZipFile, name: str, raw: bytes) -> None:
    packed.writestr(zipfile.ZipInfo(name, _CREATED), raw, zipfile.ZIP_DEFLATED)
