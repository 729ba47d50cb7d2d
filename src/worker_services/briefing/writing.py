"""A PDF written with less work: pydyf makes each object's bytes twice, for the file and for its identifier.

This replaces pydyf's compression, so it holds for the version that requirements.txt pins; the bytes are checked by the
tests of the same issue made twice, and by what reads the finished PDF.
"""

import zlib
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import pydyf  # type: ignore[import-untyped]


class Written(pydyf.Object):  # type: ignore[misc]
    """The bytes of an object that will not change any more."""

    data = b""
    compressible = False

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.number, self.generation, self.compressible = source.number, source.generation, source.compressible
        self.data = source.data


def write_once(pdf: Any) -> None:
    """Make the bytes of each object of a finished PDF; it can be written afterwards, but not changed."""
    pdf.objects[1:] = [Written(item) for item in pdf.objects[1:]]


@lru_cache(maxsize=1)
def _compressed(content: bytes) -> bytes:
    """At zlib's usual level: pydyf asks for its highest, three times the time for files that are 1.5% smaller."""
    return zlib.compress(content)


pydyf.zlib = SimpleNamespace(
    compress=zlib.compress, compressobj=lambda level: SimpleNamespace(compress=_compressed, flush=lambda: b"")
)
