"""ZIP archives, unpacked as they stream by: nothing is written, and a bomb is cut off before it bursts.

Members come in the order of the archive. It is part of the bytes, so the same delivery always numbers its rows alike;
the order of names would need the archive whole before its first row.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import stream_unzip

from worker_services.landing.reading.delivered import Readable, UnreadableDelivery

GROWTH = 200  # times the bytes of the archive so far; text as people send it packs 5 to 50 times
_HEAD_START = 64 << 20
_CHUNK_BYTES = 1 << 16
_NO_CONTENT = re.compile(r"(^|/)(__MACOSX/|\.)|/$")  # folders, and what macOS adds


def members(raw: Readable, pattern: str) -> Iterator[tuple[str, Readable]]:
    """Name and content of each member whose name, or path, matches the glob. A content is read before the next member.

    Raises UnreadableDelivery, here or while a content is read.
    """
    ratio = _Growth()
    found = 0
    try:
        for name, _, chunks in stream_unzip.stream_unzip(ratio.packed(raw), chunk_size=_CHUNK_BYTES):
            path = _name(name)
            content = _Content(ratio.unpacked(chunks))
            if not _NO_CONTENT.search(path) and any(fnmatchcase(each, pattern) for each in (path, path.split("/")[-1])):
                found += 1
                yield path, content
            content.skip()
    except stream_unzip.PasswordError:
        raise UnreadableDelivery(
            "压缩包设有密码，无法读取。请合作单位取消密码后重新交付。",
            "the archive is protected by a password; ask for one without",
        ) from None
    except stream_unzip.UnzipError as error:
        raise _broken(error) from None
    if not found:
        raise UnreadableDelivery(
            f"压缩包内没有符合“{pattern}”的文件。请合作单位核对打包内容，或由数据组更新 member。",
            f"no member of the archive matches '{pattern}'; ask the partner what was packed, or update 'member'",
        )


class _Growth:
    """How much an archive has grown in unpacking."""

    def __init__(self) -> None:
        self.taken, self.given = 0, 0

    def packed(self, raw: Readable) -> Iterator[bytes]:
        while chunk := raw.read(_CHUNK_BYTES):
            self.taken += len(chunk)
            yield chunk

    def unpacked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.given += len(chunk)
            if self.given > _HEAD_START + GROWTH * self.taken:
                raise UnreadableDelivery(
                    f"压缩包解压后超过原大小的 {GROWTH} 倍，疑为异常压缩包，已停止读取。请合作单位核对后重新交付。",
                    f"the archive grows more than {GROWTH} times in unpacking; reading was stopped; ask the partner to "
                    "check what was packed",
                )
            yield chunk


class _Content:
    """A member's content as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.rest = b""

    def read(self, size: int, /) -> bytes:
        try:
            self.rest = self.rest or next(self.chunks, b"")
        except stream_unzip.UnzipError as error:
            raise _broken(error) from None
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece

    def skip(self) -> None:
        while self.read(_CHUNK_BYTES):
            pass


def _name(name: bytes) -> str:
    """Packers here write names in UTF-8 or, without saying so, in GBK."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("gb18030", errors="replace")


def _broken(error: Exception) -> UnreadableDelivery:
    return UnreadableDelivery(
        "压缩包不完整或已损坏，或使用了不支持的压缩方式。请合作单位以普通 ZIP 格式重新打包交付。",
        f"the archive is cut off, damaged, or packed in a way we do not read ({type(error).__name__}); "
        "ask for an ordinary ZIP file",
    )
