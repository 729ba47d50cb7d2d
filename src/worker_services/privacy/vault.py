"""Raw bytes at rest: encrypted with age (X25519), named by their SHA-256, never in the clear on disk.

Deliveries stream through: what a connector writes is sealed on its way to the disk, and opened again on its way out.
"""

import hashlib
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage

from worker_services.files import sync
from worker_services.secrets import Secrets

BUFFER_BYTES = 1 << 20


class VaultDamaged(Exception):
    """A sealed file is not there, was changed, or no identity opens it."""


class Incoming:
    """A delivery on its way into the vault: a sink that hashes and counts what it is given.

    Once it is there, `is_new` says whether the vault did not have these bytes before.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._hash = hashlib.sha256()
        self.size = 0
        self.is_new = True

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        self._pipe.write(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def receive(vault: Path, secrets: Secrets) -> Iterator[Incoming]:
    """Yield a sink; what was written to it is in the vault once the block ends, and nowhere if it fails.

    The same bytes are kept once, for as long as their latest delivery asks. Raises OSError when the disk is full.
    """
    vault.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=vault, prefix=".incoming-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb", BUFFER_BYTES) as file, sealing(file, secrets) as incoming:
            yield incoming
        sync(temporary)
        path = path_of(vault, incoming.sha256)
        if path.exists():
            incoming.is_new = False
            os.utime(path)
            return
        path.parent.mkdir(exist_ok=True)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def sealing(file: BinaryIO, secrets: Secrets) -> Iterator[Incoming]:
    """Yield a sink; what is written to it stands sealed in `file` once the block ends. Raises OSError (disk full)."""
    source, sink = os.pipe()
    worker = _Worker(lambda: _seal_stream(source, file, secrets))
    pipe = os.fdopen(sink, "wb", BUFFER_BYTES)
    incoming = Incoming(pipe)
    try:
        yield incoming
        pipe.close()
    except BrokenPipeError:  # the other end gave up: its reason is the one to tell
        worker.finish()
        raise
    finally:
        _close(pipe)
        worker.join()
    worker.finish()


@contextmanager
def reading(vault: Path, sha256: str, secrets: Secrets) -> Iterator[BinaryIO]:
    """Yield the clear bytes as a forward-only stream. Raises VaultDamaged, from the stream also while it is read."""
    path = path_of(vault, sha256)
    if not path.exists():
        raise VaultDamaged(f"{sha256} is not in the vault: it was removed, or its time of retention is over")
    with opening(path, secrets) as stream:
        yield stream


@contextmanager
def opening(path: Path, secrets: Secrets) -> Iterator[BinaryIO]:
    """Yield the clear bytes of a sealed file. Raises VaultDamaged, from the stream also while it is read."""
    source, sink = os.pipe()
    with path.open("rb") as file:
        worker = _Worker(lambda: _open_stream(file, sink, secrets))
        with io.BufferedReader(_PipeEnd(source, worker), BUFFER_BYTES) as stream:
            yield stream


def store(vault: Path, data: bytes, secrets: Secrets) -> Incoming:
    """Keep some bytes; returns what became of them."""
    with receive(vault, secrets) as incoming:
        incoming.write(data)
    return incoming


def seal(data: bytes, secrets: Secrets) -> bytes:
    """Encrypt so that only a vault identity opens it."""
    return bytes(pyrage.encrypt(data, [_identities(secrets)[0].to_public()]))


def unseal(sealed: bytes, secrets: Secrets) -> bytes:
    """Open what `seal` made, under this identity or one before it. Raises VaultDamaged."""
    try:
        return bytes(pyrage.decrypt(sealed, _identities(secrets)))
    except pyrage.DecryptError as error:
        raise VaultDamaged("no vault identity opens this, or it was changed") from error


def path_of(vault: Path, sha256: str) -> Path:
    return vault / sha256[:2] / f"{sha256}.age"


def recipient(secrets: Secrets) -> str:
    """Whom the vault seals for: the public side of its identity, which tells nothing of it."""
    return str(_identities(secrets)[0].to_public())


def expired(roots: Iterable[Path], retention_days: int) -> list[Path]:
    """What was sealed more than `retention_days` ago, in the vault or beside it."""
    oldest = time.time() - retention_days * 86_400
    sealed = sorted(path for root in roots for path in root.rglob("*.age"))
    return [path for path in sealed if path.stat().st_mtime < oldest]


def _seal_stream(source: int, file: BinaryIO, secrets: Secrets) -> None:
    with os.fdopen(source, "rb", BUFFER_BYTES) as pipe:
        try:
            pyrage.encrypt_io(pipe, file, [_identities(secrets)[0].to_public()])
            file.flush()
        except pyrage.EncryptError as error:
            raise OSError(f"the vault takes no more: {error}") from error


def _open_stream(file: BinaryIO, sink: int, secrets: Secrets) -> None:
    with os.fdopen(sink, "wb", BUFFER_BYTES) as pipe:
        try:
            pyrage.decrypt_io(file, pipe, _identities(secrets))
        except BrokenPipeError:
            raise  # the reader has seen enough
        except (pyrage.DecryptError, OSError) as error:
            raise VaultDamaged(f"{Path(file.name).stem}: no vault identity opens this, or it was changed") from error


class _Worker(threading.Thread):
    """A thread whose failure is raised where its work is awaited."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def finish(self) -> None:
        self.join()
        if self._error:
            raise self._error


class _PipeEnd(io.RawIOBase):
    """The reading end of a pipe. Its end is the end of the data only if the thread that fills it came to one."""

    def __init__(self, descriptor: int, filling: _Worker) -> None:
        self._descriptor = descriptor
        self._filling = filling

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = os.read(self._descriptor, len(buffer))
        if not data:
            self._filling.finish()
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
            self._filling.join()
        super().close()


def _close(pipe: BinaryIO) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return


def _identities(secrets: Secrets) -> "list[pyrage.x25519.Identity]":
    """The identity that seals, then those before it, which still open what they sealed."""
    stated = (secrets.vault_identity, *secrets.previous_vault_identities)
    return [pyrage.x25519.Identity.from_str(identity.get_secret_value()) for identity in stated]
