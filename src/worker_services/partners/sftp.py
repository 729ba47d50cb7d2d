"""One file from an SFTP server."""

import asyncio
import base64
import binascii
import stat
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, cast

import asyncssh
import stamina

from worker_services.connections import Connection
from worker_services.partners.checksum import LONGEST_BYTES, declared_sha256
from worker_services.partners.delivery import (
    DeliveryFault,
    Receipt,
    Sink,
    changed_while_read,
    login_refused,
    not_delivered,
    reading_refused,
    unreachable,
)

_Result = TypeVar("_Result")

TIMEOUT_SECONDS = 20.0
ATTEMPTS = 6
LONGEST_WAIT_SECONDS = 10.0
BLOCK_BYTES = 32 * 1024  # every server answers requests of this size; some choke on larger ones
BLOCKS_UNDER_WAY = 16
_ONE_REQUEST = 0  # a read is one request: the library's own split reads leave failed tasks behind
SLOWEST_BLOCK_SECONDS = 32.0
"""A block that takes longer comes at less than 1 KiB/s: nobody waits for the rest."""


class _Stand(NamedTuple):
    size: int
    changed_at: int

    def __str__(self) -> str:
        return f"{self.size}:{self.changed_at}"


class _Lost(Exception):
    """The line or the server went away; the message is the name of the error that said so."""


@dataclass
class _Transfer:
    """One file on its way into a sink: what it was when it was first seen, and how much of it has come."""

    connection: Connection
    path: str
    has_checksum_file: bool
    sink: Sink
    stand: _Stand | None = None
    received: int = 0

    @property
    def where(self) -> str:
        return _where(self.connection)


def fetch(connection: Connection, path: str, has_checksum_file: bool, sink: Sink) -> Receipt:
    """Read one file into `sink`, going on where it was when the connection is lost. Raises DeliveryFault.

    The file is taken only if its size and time of change are the same before, during and after: one that the partner
    still writes, or replaces meanwhile, is not.
    """
    transfer = _Transfer(connection, path, has_checksum_file, sink)
    return asyncio.run(_again_when_lost(connection, lambda: _go_on(transfer)))


def fingerprint(connection: Connection, path: str) -> str:
    """Size and time of change of a file, which differ when it is replaced. Raises DeliveryFault."""
    return str(asyncio.run(_again_when_lost(connection, lambda: _look(connection, path))))


def _where(connection: Connection) -> str:
    return f"SFTP {connection.host}:{connection.port or 22}"


async def _again_when_lost(connection: Connection, work: Callable[[], Awaitable[_Result]]) -> _Result:
    try:
        async for attempt in stamina.retry_context(
            on=_Lost, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=LONGEST_WAIT_SECONDS
        ):
            with attempt:
                return await work()
    except _Lost as error:
        raise unreachable(_where(connection), str(error)) from error
    raise AssertionError("the last attempt returns or raises")


async def _look(connection: Connection, path: str) -> _Stand:
    async with _session(connection) as sftp:
        return await _stand(sftp, path, _where(connection))


async def _go_on(transfer: _Transfer) -> Receipt:
    """Read what has not come yet. Raises _Lost when it is worth another try."""
    path = transfer.path
    async with _session(transfer.connection) as sftp:
        stand = await _stand(sftp, path, transfer.where)
        if transfer.stand not in (None, stand):
            raise changed_while_read(transfer.where, path)
        transfer.stand = stand
        async for block in _blocks(sftp, transfer, stand.size):
            transfer.sink.write(block)  # its own faults are not the partner's: nothing here catches them
            transfer.received += len(block)
        digest = await _checksum(sftp, transfer) if transfer.has_checksum_file else None
        if await _stand(sftp, path, transfer.where) != stand:
            raise changed_while_read(transfer.where, path)
    return Receipt(source=f"sftp:{path}", declared_sha256=digest, fingerprint=str(stand))


async def _stand(sftp: asyncssh.SFTPClient, path: str, at: str) -> _Stand:
    with _faults_of_a_file(at, path):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            found = await sftp.stat(path)
    if found.permissions is not None and not stat.S_ISREG(found.permissions):
        raise not_delivered(at, path)
    return _Stand(found.size or 0, int(found.mtime or 0))


async def _blocks(sftp: asyncssh.SFTPClient, transfer: _Transfer, size: int) -> AsyncIterator[bytes]:
    """The rest of the file in order, some blocks asked for ahead; never more in memory than those."""
    starts = iter(range(transfer.received, size, BLOCK_BYTES))
    under_way: deque[tuple[int, asyncio.Task[bytes]]] = deque()
    with _faults_of_a_file(transfer.where, transfer.path):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            file = await sftp.open(transfer.path, "rb", block_size=_ONE_REQUEST)
    try:
        while True:
            while len(under_way) < BLOCKS_UNDER_WAY and (start := next(starts, None)) is not None:
                length = min(BLOCK_BYTES, size - start)
                under_way.append((length, asyncio.create_task(_block(file, start, length))))
            if not under_way:
                break
            length, task = under_way.popleft()
            with _faults_of_a_file(transfer.where, transfer.path):
                async with asyncio.timeout(SLOWEST_BLOCK_SECONDS):
                    block = await task
            if len(block) != length:
                raise changed_while_read(transfer.where, transfer.path)
            yield block
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
    with _faults_of_a_file(transfer.where, transfer.path):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await file.close()


async def _block(file: asyncssh.SFTPClientFile, start: int, length: int) -> bytes:
    """As many bytes as asked for, or fewer where the file ends; a server may answer any request in part."""
    block = b""
    while len(block) < length:
        part = cast(bytes, await file.read(length - len(block), start + len(block)))
        if not part:
            break
        block += part
    return block


async def _checksum(sftp: asyncssh.SFTPClient, transfer: _Transfer) -> str:
    path = f"{transfer.path}.sha256"
    with _faults_of_a_file(transfer.where, path):
        async with asyncio.timeout(SLOWEST_BLOCK_SECONDS), sftp.open(path, "rb", block_size=_ONE_REQUEST) as file:
            return declared_sha256(await _block(file, 0, LONGEST_BYTES), transfer.where, path)


@contextmanager
def _faults_of_a_file(at: str, path: str) -> Iterator[None]:
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
        raise not_delivered(at, path) from error
    except asyncssh.SFTPPermissionDenied as error:
        raise reading_refused(at, path) from error
    except (asyncssh.Error, OSError) as error:
        raise _Lost(type(error).__name__) from error


@asynccontextmanager
async def _session(connection: Connection) -> AsyncIterator[asyncssh.SFTPClient]:
    client = await _connect(connection)
    try:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                sftp = await client.start_sftp_client()
        except (asyncssh.Error, OSError) as error:
            raise _Lost(type(error).__name__) from error
        yield sftp
    finally:
        client.abort()  # whatever the server still has under way, or does not answer


async def _connect(connection: Connection) -> asyncssh.SSHClientConnection:
    at, port = _where(connection), connection.port or 22
    key = connection.extra.get("private_key")
    trusted = connection.extra.get("host_key")
    try:
        return await asyncssh.connect(
            connection.host,
            port,
            username=connection.login,
            password=connection.password.get_secret_value() or None,
            client_keys=[_private_key(connection, str(key))] if key else None,
            known_hosts=([_host_key(connection, str(trusted))], [], []) if trusted else (),
            config=None,
            agent_path=None,
            connect_timeout=TIMEOUT_SECONDS,
            login_timeout=TIMEOUT_SECONDS,
            keepalive_interval=TIMEOUT_SECONDS,
        )
    except asyncssh.PermissionDenied as error:
        raise login_refused(at, connection.conn_id) from error
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
        offered = await _offered_host_key(connection.host, port)
        if offered is None:
            raise _Lost(type(error).__name__) from error
        raise _unknown_host_key(at, connection.conn_id, offered.get_fingerprint()) from error
    except (asyncssh.Error, OSError) as error:
        raise _Lost(type(error).__name__) from error


async def _offered_host_key(host: str, port: int) -> asyncssh.SSHKey | None:
    with suppress(asyncssh.Error, OSError):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await asyncssh.get_server_host_key(host, port, config=None)
    return None


def _private_key(connection: Connection, text: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(text, connection.extra.get("private_key_passphrase"))
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise _unreadable_key(connection, "private_key / private_key_passphrase") from None


def _host_key(connection: Connection, text: str) -> asyncssh.SSHKey:
    """Read 'ssh-ed25519 AAAA…' or the base64 part alone, as Airflow's SSH connections hold it."""
    try:
        blob = base64.b64decode(text.split()[-1], validate=True)
        kind = blob[4 : 4 + int.from_bytes(blob[:4])].decode("ascii")
        return asyncssh.import_public_key(f"{kind} {base64.b64encode(blob).decode()}")
    except (asyncssh.KeyImportError, binascii.Error, UnicodeDecodeError, IndexError):
        raise _unreadable_key(connection, "host_key") from None


def _unreadable_key(connection: Connection, setting: str) -> DeliveryFault:
    return DeliveryFault(
        f"连接 {connection.conn_id} 的 {setting} 无法读取。请核对密钥内容（及其口令），更正后重新运行。",
        f"{setting} of connection {connection.conn_id} cannot be read; correct the key (and its passphrase), run again",
        retryable=False,
    )


def _unknown_host_key(at: str, conn_id: str, offered: str) -> DeliveryFault:
    return DeliveryFault(
        f"{at} 出示的主机密钥与连接 {conn_id} 中约定的不一致，现为 {offered}，已停止登录、未发送口令。"
        "请致电合作单位，由对方在服务器上执行 ssh-keygen -lf 读出指纹逐字核对："
        f"一致则更新连接 {conn_id} 的 host_key 后重新运行；不一致则可能有人冒充，请勿更新并立即报告。",
        f"the host key of {at} is not the one agreed in connection {conn_id}: it is now {offered}; no password was"
        " sent. Telephone the partner and have the fingerprint read out on the server (ssh-keygen -lf): if it is the"
        f" same, update host_key of connection {conn_id} and run again; if not, someone may stand in between: report"
        " it, and leave the connection as it is",
        retryable=False,
    )
