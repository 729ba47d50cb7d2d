import multiprocessing
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from worker_services.audit import ledger
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


def chain_holds(settings: Settings) -> bool:
    previous = ledger.GENESIS
    for number, entry in enumerate(ledger.entries(settings), start=1):
        fields = asdict(entry)
        if fields.pop("hash") != ledger.entry_hash(fields) or (entry.seq, entry.previous_hash) != (number, previous):
            return False
        previous = entry.hash
    return True


def test_an_entry_is_read_back_as_it_was_written(settings):
    assert ledger.entries(settings) == []
    written = ledger.append(settings, "王数据", "quarantine.reveal", "batch-1", {"rows": [3], "reason": "核对"})
    assert ledger.entries(settings) == [written]
    assert (written.seq, written.previous_hash) == (1, ledger.GENESIS)


def test_each_entry_is_bound_to_the_one_before(settings):
    written = [ledger.append(settings, "ann", "test", f"subject {number}") for number in range(3)]
    assert [entry.previous_hash for entry in written[1:]] == [entry.hash for entry in written[:-1]]
    assert chain_holds(settings)


def test_an_entry_changed_behind_its_back_breaks_the_chain(settings):
    for number in range(3):
        ledger.append(settings, "ann", "test", f"subject {number}")
    with sqlite3.connect(ledger.path(settings)) as file:
        file.execute("drop trigger entries_stand")
        file.execute("update entries set actor = 'bob' where seq = 2")
    assert not chain_holds(settings)


@pytest.mark.parametrize("statement", ["update entries set actor = 'bob'", "delete from entries"])
def test_entries_can_be_neither_changed_nor_taken_out(settings, statement):
    ledger.append(settings, "ann", "test", "subject")
    with sqlite3.connect(ledger.path(settings)) as file, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        file.execute(statement)


def test_writers_at_once_make_one_chain(settings):
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(3, initializer=spawn.Barrier(3).wait) as pool:  # none begins before all can
        calls = [(settings, "ann", "test", f"subject {number}") for number in range(90)]
        pool.starmap(ledger.append, calls, chunksize=30)
    written = ledger.entries(settings)
    assert sorted(entry.subject for entry in written) == sorted(f"subject {number}" for number in range(90))
    assert chain_holds(settings)


def test_a_writer_that_dawdles_keeps_the_others_waiting(settings, monkeypatch):
    def slow() -> datetime:  # called between reading the last entry and writing the next
        time.sleep(0.1)
        return datetime.now(UTC)

    ledger.append(settings, "ann", "test", "first")
    monkeypatch.setattr(ledger, "utc_now", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.append(settings, "ann", "test", f"subject {number}"), range(4)))
    assert len(ledger.entries(settings)) == 5
    assert chain_holds(settings)
