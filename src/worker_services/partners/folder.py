"""One file from a local or mounted folder."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from worker_services.connections import Connection
from worker_services.partners.checksum import LONGEST_BYTES, declared_sha256
from worker_services.partners.delivery import (
    DeliveryFault,
    Receipt,
    Sink,
    changed_while_read,
    not_delivered,
    reading_refused,
    unreachable,
)

CHUNK_BYTES = 1024 * 1024


def fetch(connection: Connection, path: str, has_checksum_file: bool, sink: Sink) -> Receipt:
    """Read one file below the connection's `path` into `sink`. Raises DeliveryFault.

    The file is taken only if its size and time of change are the same before and after.
    """
    with _opened(connection, path) as file:
        before = _stand(file)
        left = os.fstat(file.fileno()).st_size  # no more: a file that grows would never end
        while left and (chunk := _read(connection, path, file, min(left, CHUNK_BYTES))):
            sink.write(chunk)
            left -= len(chunk)
        digest = _checksum(connection, f"{path}.sha256") if has_checksum_file else None
    if fingerprint(connection, path) != before:
        raise changed_while_read(where(connection), path)
    return Receipt(source=f"folder:{path}", declared_sha256=digest, fingerprint=before)


def fingerprint(connection: Connection, path: str) -> str:
    """Size and time of change of a file, which differ when it is replaced. Raises DeliveryFault."""
    with _opened(connection, path) as file:
        return _stand(file)


def where(connection: Connection) -> str:
    return f"folder {connection.extra.get('path', '')}"


def _stand(file: BinaryIO) -> str:
    found = os.fstat(file.fileno())
    return f"{found.st_size}:{found.st_mtime_ns}"


def _checksum(connection: Connection, path: str) -> str:
    with _opened(connection, path) as file:
        return declared_sha256(file.read(LONGEST_BYTES), where(connection), path)


def _read(connection: Connection, path: str, file: BinaryIO, size: int) -> bytes:
    with _faults_of_a_file(connection, path):
        return file.read(size)


def _opened(connection: Connection, path: str) -> BinaryIO:
    """Open a regular file that lies below the root, links followed. Raises DeliveryFault."""
    with _faults_of_a_file(connection, path):
        root = _root(connection)
        found = (root / path.lstrip("/")).resolve()
        if not found.is_relative_to(root):
            raise _outside(connection, path)
        # Neither a link put in its place since, nor a pipe that nobody writes to.
        descriptor = os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise not_delivered(where(connection), path)
        return os.fdopen(descriptor, "rb", buffering=0)


def _root(connection: Connection) -> Path:
    """The folder of the connection. Raises DeliveryFault when there is none: a mount that is away, most likely."""
    text = str(connection.extra.get("path") or "")
    if not Path(text).is_absolute():
        raise DeliveryFault(
            f'连接 {connection.conn_id} 未指定文件夹。请在其附加参数中写明绝对路径，如 {{"path": "/srv/inbox"}}。',
            f"connection {connection.conn_id} names no folder; write an absolute path into its extra,"
            ' for example {"path": "/srv/inbox"}',
            retryable=False,
        )
    if not Path(text).is_dir():
        raise unreachable(where(connection), "not a folder")
    return Path(text).resolve()


@contextmanager
def _faults_of_a_file(connection: Connection, path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise not_delivered(where(connection), path) from error
    except PermissionError as error:
        raise reading_refused(where(connection), path) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise unreachable(where(connection), type(error).__name__) from error


def _outside(connection: Connection, path: str) -> DeliveryFault:
    return DeliveryFault(
        f"{path} 不在连接 {connection.conn_id} 约定的文件夹之内，已拒绝读取。请核对合作单位配置和文件夹中的链接。",
        f"{path} lies outside the folder of connection {connection.conn_id} and was not read;"
        " check the partner file, and links in the folder",
        retryable=False,
    )
