"""Files out of a folder, and the choice between folder and server by the type of the connection."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import files, folder
from worker_services.partners.delivery import DeliveryFault
from worker_services.partners.registry import FileSource

NIGHT = Interval.parse("2025-10-25/2025-10-26")
SOURCE = FileSource(kind="file", path="/in/report_{last:%Y%m%d}.csv", format="csv")
CONTENT = os.urandom(folder.CHUNK_BYTES * 2 + 5)


class Sink:
    """Keeps what comes, and calls `watch` at every write."""

    def __init__(self, watch=lambda: None):
        self.content, self.largest, self.watch = bytearray(), 0, watch

    def write(self, data: bytes) -> None:
        self.content += data
        self.largest = max(self.largest, len(data))
        self.watch()


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The folder of the connection, with the night's file in it."""
    (tmp_path / "drop" / "in").mkdir(parents=True)
    (tmp_path / "drop" / "in" / "report_20251025.csv").write_bytes(CONTENT)
    return tmp_path / "drop"


def connection_to(root: Path | str, conn_type: str = "fs") -> Connection:
    return Connection(conn_id="report_fs", conn_type=conn_type, extra={"path": str(root)})


def fault_of(connection: Connection, source: FileSource = SOURCE) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as raised:
        files.fetch(connection, source, NIGHT, Sink())
    assert raised.value.message_zh
    return raised.value


def test_a_file_comes_whole_in_chunks_with_its_checksum(drop: Path):
    digest = hashlib.sha256(CONTENT).hexdigest()
    (drop / "in" / "report_20251025.csv.sha256").write_text(f"{digest} *report_20251025.csv\n")
    sink = Sink()
    receipt = files.fetch(connection_to(drop), SOURCE.model_copy(update={"has_checksum_file": True}), NIGHT, sink)
    assert sink.content == CONTENT
    assert sink.largest <= 1024 * 1024
    assert receipt.declared_sha256 == digest
    assert receipt.source == "folder:/in/report_20251025.csv"
    assert receipt.fingerprint == files.fingerprint(connection_to(drop), SOURCE, NIGHT)


def test_a_fingerprint_changes_when_the_file_is_replaced(drop: Path):
    before = files.fingerprint(connection_to(drop), SOURCE, NIGHT)
    assert before == files.fingerprint(connection_to(drop), SOURCE, NIGHT)
    os.utime(drop / "in" / "report_20251025.csv", (1, 1))
    assert files.fingerprint(connection_to(drop), SOURCE, NIGHT) != before


@pytest.mark.parametrize("path", ["../secret_{last}.csv", "/in/../../secret_{last}.csv", "in/link_{last}.csv"])
def test_a_path_that_leaves_the_folder_is_refused(drop: Path, path: str):
    secret = drop.parent / "secret_2025-10-25.csv"
    secret.write_text("not for you")
    (drop / "in" / "link_2025-10-25.csv").symlink_to(secret)
    fault = fault_of(connection_to(drop), SOURCE.model_copy(update={"path": path}))
    assert not fault.retryable
    assert "lies outside the folder of connection report_fs" in str(fault)


def test_a_link_within_the_folder_is_followed(drop: Path):
    (drop / "link_2025-10-25.csv").symlink_to(drop / "in" / "report_20251025.csv")
    sink = Sink()
    files.fetch(connection_to(drop), SOURCE.model_copy(update={"path": "/link_{last}.csv"}), NIGHT, sink)
    assert sink.content == CONTENT


def test_links_in_a_circle_are_a_fault(drop: Path):
    (drop / "one_2025-10-25.csv").symlink_to(drop / "two")
    (drop / "two").symlink_to(drop / "one_2025-10-25.csv")
    assert fault_of(connection_to(drop), SOURCE.model_copy(update={"path": "/one_{last}.csv"}))


@pytest.mark.parametrize("change", ["grows", "is replaced"])
def test_a_file_that_changes_while_being_read_is_not_taken(drop: Path, change: str):
    file = drop / "in" / "report_20251025.csv"

    def disturb() -> None:
        if change == "grows":
            with file.open("ab") as end:
                end.write(b"one more row\n")
        else:
            (drop / "new").write_bytes(CONTENT[::-1])
            (drop / "new").replace(file)

    with pytest.raises(DeliveryFault, match="changed while being read") as raised:
        files.fetch(connection_to(drop), SOURCE, NIGHT, Sink(disturb))
    assert raised.value.retryable


def test_what_is_not_there_was_not_delivered(drop: Path):
    (drop / "in" / "report_20251025.csv").unlink()
    fault = fault_of(connection_to(drop))
    assert fault.retryable
    assert "/in/report_20251025.csv is not at folder" in str(fault)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_no_delivery_and_nobody_waits_for_it(drop: Path, kind: str):
    file = drop / "in" / "report_20251025.csv"
    file.unlink()
    file.mkdir() if kind == "folder" else os.mkfifo(file)
    assert "is not at folder" in str(fault_of(connection_to(drop)))


def test_a_folder_that_is_away_cannot_be_reached(drop: Path):
    fault = fault_of(connection_to(drop.with_name("unmounted")))
    assert fault.retryable
    assert "cannot reach folder" in str(fault)


def test_a_file_that_may_not_be_read_has_its_own_message(drop: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> int:  # to root, whom the tests may run as, no file is closed
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(folder.os, "open", refuse)
    fault = fault_of(connection_to(drop))
    assert not fault.retryable
    assert "lacks the permission" in str(fault)


@pytest.mark.parametrize("root", ["", "relative/folder"])
def test_a_connection_without_an_absolute_folder_is_named(root: str):
    fault = fault_of(connection_to(root))
    assert not fault.retryable
    assert "connection report_fs names no folder" in str(fault)


def test_a_connection_that_holds_no_files_is_named(drop: Path):
    fault = fault_of(connection_to(drop, "postgres"))
    assert not fault.retryable
    assert "connection report_fs is of type postgres" in str(fault)
    with pytest.raises(DeliveryFault, match="which holds no files"):
        files.fingerprint(connection_to(drop, "postgres"), SOURCE, NIGHT)


def test_a_full_disk_is_our_own_fault(drop: Path):
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        files.fetch(connection_to(drop), SOURCE, NIGHT, Sink(fill))
