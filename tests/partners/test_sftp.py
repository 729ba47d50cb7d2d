"""The connector against a real SFTP server: each fault of the protocol has its outcome."""

import asyncio
import errno
import gc
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import psutil
import pytest
from pydantic import SecretStr

from simulators import sftp_partners
from simulators.faults import Faults
from tests.partners.memory import growth
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import files, sftp
from worker_services.partners.delivery import DeliveryFault
from worker_services.partners.registry import FileSource

PARTNER = "training_base"
PASSWORD = "agreed password"
NIGHT = Interval.parse("2025-10-25/2025-10-26")
NAME = "report_20251025.csv"
SOURCE = FileSource(kind="file", path="/out/report_{last:%Y%m%d}.csv", format="csv")
CHECKED = SOURCE.model_copy(update={"has_checksum_file": True})
CONTENT = b"".join(b"%09d,row of a report\r\n" % number for number in range(100_000))  # 2.8 MB, no two blocks alike


class Sink:
    """Keeps what comes, and calls `watch` with the number of bytes so far."""

    def __init__(self, watch=lambda received: None):
        self.content, self.largest, self.watch = bytearray(), 0, watch

    def write(self, data: bytes) -> None:
        self.content += data
        self.largest = max(self.largest, len(data))
        self.watch(len(self.content))


@dataclass
class Server:
    """A partner's SFTP server in a thread of its own."""

    root: Path
    faults: Faults
    key: asyncssh.SSHKey
    connection: Connection
    loop: asyncio.AbstractEventLoop
    acceptor: asyncssh.SSHAcceptor

    @property
    def file(self) -> Path:
        return self.root / "out" / NAME

    def open(self) -> None:
        self.acceptor = self._run(listen(self.root, self.key, self.faults, self.connection.port or 0))

    def close(self) -> None:
        async def stop() -> None:
            self.acceptor.close()

        self._run(stop())

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)


def listen(root, key, faults, port=0, client_key=None):
    return sftp_partners.listen(PARTNER, PASSWORD, root, key, faults, port, client_key)


@contextmanager
def serving(root: Path, client_key: asyncssh.SSHKey | None = None) -> Iterator[Server]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    key, faults = asyncssh.generate_private_key("ssh-ed25519"), Faults()
    started = asyncio.run_coroutine_threadsafe(listen(root, key, faults, 0, client_key), loop)
    acceptor = started.result(timeout=60)
    connection = Connection(
        conn_id="report_sftp",
        conn_type="sftp",
        host="127.0.0.1",
        port=acceptor.get_port(),
        login=PARTNER,
        password=SecretStr(PASSWORD),
        extra={"host_key": key.export_public_key().decode().strip()},
    )
    server = Server(root, faults, key, connection, loop, acceptor)
    server.file.parent.mkdir(parents=True)
    server.file.write_bytes(CONTENT)
    yield server
    server.close()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=60)
    assert not thread.is_alive()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "root") as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_forgotten(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No task may fail without anyone asking why."""
    yield
    gc.collect()
    records = [*caplog.get_records("call"), *caplog.get_records("teardown")]
    assert [record.message for record in records if "never retrieved" in record.message] == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that no test needs to sit through."""
    monkeypatch.setattr(sftp, "LONGEST_WAIT_SECONDS", 0.1)


def fault_of(connection: Connection, source: FileSource = SOURCE) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as raised:
        files.fetch(connection, source, NIGHT, Sink())
    return raised.value


def test_a_file_comes_whole_with_its_checksum_and_fingerprint(server: Server) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    server.file.with_name(f"{NAME}.sha256").write_text(f"{digest}  {NAME}\n")
    sink = Sink()
    receipt = files.fetch(server.connection, CHECKED, NIGHT, sink)
    assert sink.content == CONTENT
    assert receipt.declared_sha256 == digest
    assert receipt.source == f"sftp:/out/{NAME}"
    assert receipt.fingerprint == files.fingerprint(server.connection, SOURCE, NIGHT)
    assert sink.largest <= 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, sftp.BLOCK_BYTES - 1, sftp.BLOCK_BYTES, sftp.BLOCK_BYTES + 1])
def test_every_length_comes_whole(server: Server, size: int) -> None:
    server.file.write_bytes(CONTENT[:size])
    sink = Sink()
    files.fetch(server.connection, SOURCE, NIGHT, sink)
    assert sink.content == CONTENT[:size]


def test_a_fingerprint_changes_when_the_file_is_replaced(server: Server) -> None:
    before = files.fingerprint(server.connection, SOURCE, NIGHT)
    assert before == files.fingerprint(server.connection, SOURCE, NIGHT)
    os.utime(server.file, (1, 1))
    assert files.fingerprint(server.connection, SOURCE, NIGHT) != before


def test_short_answers_are_put_together(server: Server) -> None:
    server.file.write_bytes(CONTENT[:100_000])
    server.faults.switch_on(PARTNER, "drip", None, 20_000)  # less than is asked for, yet quick enough
    sink = Sink()
    files.fetch(server.connection, SOURCE, NIGHT, sink)
    assert sink.content == CONTENT[:100_000]


def test_a_connection_cut_in_mid_body_is_resumed_where_it_was(server: Server) -> None:
    server.faults.switch_on(PARTNER, "reset", None, 3)
    sink = Sink()
    files.fetch(server.connection, SOURCE, NIGHT, sink)
    assert sink.content == CONTENT
    assert server.faults.value(PARTNER, "reset") == 0  # all three struck


def test_a_connection_that_is_cut_again_and_again_is_given_up(server: Server) -> None:
    server.faults.switch_on(PARTNER, "reset", None, None)
    fault = fault_of(server.connection)
    assert fault.retryable
    assert "cannot reach SFTP 127.0.0.1" in str(fault)


def test_a_file_replaced_while_the_line_was_down_is_discarded_whole(server: Server) -> None:
    server.faults.switch_on(PARTNER, "reset", None, 1)

    def replace(received: int) -> None:
        os.utime(server.file, (1, 1))

    with pytest.raises(DeliveryFault, match="changed while being read") as raised:
        files.fetch(server.connection, SOURCE, NIGHT, Sink(replace))
    assert raised.value.retryable
    assert "读取过程中发生变化" in raised.value.message_zh


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_is_still_being_written_is_not_taken(server: Server, change: str) -> None:
    def write_on(received: int) -> None:
        if change == "grows":
            with server.file.open("ab") as file:
                file.write(b"one more row\r\n")
        else:
            os.truncate(server.file, len(CONTENT) // 2)

    with pytest.raises(DeliveryFault, match="changed while being read") as raised:
        files.fetch(server.connection, SOURCE, NIGHT, Sink(write_on))
    assert raised.value.retryable


def test_a_slow_drip_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "SLOWEST_BLOCK_SECONDS", 0.3)
    monkeypatch.setattr(sftp, "ATTEMPTS", 2)
    server.faults.switch_on(PARTNER, "drip", None, 10)
    begun = time.monotonic()
    fault = fault_of(server.connection)
    assert fault.retryable
    assert "TimeoutError" in str(fault)
    assert time.monotonic() - begun < 30


def test_a_changed_host_key_has_its_own_message_and_no_password_is_sent(server: Server) -> None:
    server.close()
    server.faults.switch_on(PARTNER, "host_key_changed", None, None)
    server.open()
    fault = fault_of(server.connection)
    assert not fault.retryable
    for message in (fault.message_zh, fault.message_en):
        assert "report_sftp" in message
        assert "SHA256:" in message
        assert "ssh-keygen -lf" in message


def test_a_host_key_of_another_kind_is_a_changed_host_key(server: Server) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    fault = fault_of(server.connection.model_copy(update={"extra": {"host_key": other}}))
    assert not fault.retryable
    assert server.key.get_fingerprint() in str(fault)


def test_without_an_agreed_host_key_an_unknown_server_is_not_trusted(server: Server) -> None:
    fault = fault_of(server.connection.model_copy(update={"extra": {}}))
    assert not fault.retryable
    assert "host key" in str(fault)


def test_the_host_key_may_be_the_base64_part_alone(server: Server) -> None:
    text = server.connection.extra["host_key"].split()[1]
    assert files.fingerprint(server.connection.model_copy(update={"extra": {"host_key": text}}), SOURCE, NIGHT)


def test_an_unreadable_host_key_is_named(server: Server) -> None:
    fault = fault_of(server.connection.model_copy(update={"extra": {"host_key": "ssh-ed25519 nonsense"}}))
    assert not fault.retryable
    assert "host_key of connection report_sftp" in str(fault)


def test_login_by_private_key(tmp_path: Path) -> None:
    ours = asyncssh.generate_private_key("ssh-ed25519")
    with serving(tmp_path / "root", client_key=ours) as server:
        text = ours.export_private_key(passphrase="secret words").decode()

        def with_key(**extra: str) -> Connection:
            both = {**server.connection.extra, **extra}
            return server.connection.model_copy(update={"extra": both, "password": SecretStr("")})

        sink = Sink()
        files.fetch(with_key(private_key=text, private_key_passphrase="secret words"), SOURCE, NIGHT, sink)
        assert sink.content == CONTENT
        fault = fault_of(with_key(private_key=text, private_key_passphrase="wrong"))
        assert not fault.retryable
        assert "private_key" in str(fault)
        stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
        fault = fault_of(with_key(private_key=stranger))
        assert not fault.retryable
        assert "refused the login" in str(fault)
        assert not any("PRIVATE KEY" in message for message in (fault.message_zh, fault.message_en))


def test_a_wrong_password_is_a_refused_login(server: Server) -> None:
    fault = fault_of(server.connection.model_copy(update={"password": SecretStr("wrong")}))
    assert not fault.retryable
    assert "refused the login" in str(fault)


def test_a_file_that_may_not_be_read_has_its_own_message(server: Server) -> None:
    server.faults.switch_on(PARTNER, "permission_denied", None, None)
    fault = fault_of(server.connection)
    assert not fault.retryable
    assert "lacks the permission" in str(fault)
    assert "没有读取权限" in fault.message_zh


@pytest.mark.parametrize("missing", [NAME, f"{NAME}.sha256"])
def test_what_is_not_there_was_not_delivered(server: Server, missing: str) -> None:
    server.file.with_name(f"{NAME}.sha256").write_text("0" * 64)
    server.file.with_name(missing).unlink()
    fault = fault_of(server.connection, CHECKED)
    assert fault.retryable
    assert f"/out/{missing} is not at SFTP" in str(fault)


def test_a_folder_in_the_place_of_the_file_is_no_delivery(server: Server) -> None:
    server.file.unlink()
    server.file.mkdir()
    assert "is not at SFTP" in str(fault_of(server.connection))


@pytest.mark.parametrize("text", ["", "no checksum here", f"{'a' * 64} {'b' * 64}", "a" * 63])
def test_a_checksum_file_without_one_checksum_is_against_the_agreement(server: Server, text: str) -> None:
    server.file.with_name(f"{NAME}.sha256").write_text(text)
    assert "expected one" in str(fault_of(server.connection, CHECKED))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_checksum_file_may_come_from_any_tool(server: Server, encoding: str) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    text = f"SHA256 hash of {NAME}:\r\n{digest.upper()}\r\nCertUtil: completed.\r\n"
    server.file.with_name(f"{NAME}.sha256").write_bytes(text.encode(encoding))
    assert files.fetch(server.connection, CHECKED, NIGHT, Sink()).declared_sha256 == digest


def test_a_server_that_is_down_cannot_be_reached(server: Server) -> None:
    server.close()
    fault = fault_of(server.connection)
    assert fault.retryable
    assert "ConnectionRefusedError" in str(fault)
    server.open()
    assert files.fingerprint(server.connection, SOURCE, NIGHT)


def test_something_that_is_no_ssh_server_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(sftp, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(sftp, "ATTEMPTS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fault = fault_of(server.connection.model_copy(update={"port": silent.getsockname()[1]}))
    assert fault.retryable


def test_a_full_disk_is_our_own_fault_and_is_not_tried_again(server: Server) -> None:
    writes = []

    def fill(received: int) -> None:
        writes.append(received)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised:
        files.fetch(server.connection, SOURCE, NIGHT, Sink(fill))
    assert raised.value.errno == errno.ENOSPC
    assert len(writes) == 1


def test_no_connection_is_left_open_whatever_happened(server: Server) -> None:
    def sockets() -> int:
        ours = psutil.Process().net_connections("tcp")
        return sum(bool(item.raddr) and server.connection.port in (item.laddr.port, item.raddr.port) for item in ours)

    files.fetch(server.connection, SOURCE, NIGHT, Sink())
    fault_of(server.connection.model_copy(update={"password": SecretStr("wrong")}))
    server.faults.switch_on(PARTNER, "permission_denied", None, None)
    fault_of(server.connection)
    deadline = time.monotonic() + 60
    while sockets() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sockets() == 0


def test_memory_stays_flat_whatever_the_size(server: Server) -> None:
    with server.file.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(1024 * 1024))
    received, mebibytes = growth(server.connection, SOURCE, NIGHT)
    assert received == 64 * 1024 * 1024
    assert mebibytes < 16
