"""The ledger in a file and in PostgreSQL: one chain of signed entries, whoever writes, however they end."""

import multiprocessing
import os
import random
import sqlite3
import subprocess
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from tests.conftest import LEDGER_KEY
from tests.warehouse.small_builds import fork, kill
from worker_services.audit import ledger, signing
from worker_services.audit.ledger import LedgerUnusable
from worker_services.audit.verify import verify
from worker_services.secrets import LedgerKeys
from worker_services.settings import PROJECT_ROOT, Settings

NEW_KEY = "7a" * 32
WRITERS, ENTRIES_EACH = 8, 25
KILLS = 12
STATEMENTS = ("update ledger_entries set actor = 'bob'", "delete from ledger_entries")


def whole(settings: Settings) -> bool:
    return verify(settings, ledger.public_keys(settings)).findings == []


def with_keys(settings: Settings, key: str, *previous: str) -> Settings:
    keys = LedgerKeys(signing_key=SecretStr(key), previous_signing_keys=tuple(map(SecretStr, previous)))
    return replace(settings, ledger_keys=keys)


def test_an_entry_is_read_back_as_it_was_written(settings):
    assert ledger.entries(settings) == []
    written = ledger.append(settings, "王数据", "quarantine.reveal", "batch-1", {"rows": [3], "reason": "核对"})
    assert ledger.entries(settings) == [written]
    assert ledger.head(settings) == written
    assert (written.seq, written.previous_hash) == (1, ledger.GENESIS)
    assert ledger.about(settings, "quarantine.reveal", "batch-1") == [written]
    assert ledger.about(settings, "quarantine.reveal", "batch-2") == []


def test_each_entry_is_bound_to_the_one_before_and_signed(settings):
    written = [ledger.append(settings, "ann", "test", f"subject {number}") for number in range(3)]
    assert [entry.previous_hash for entry in written[1:]] == [entry.hash for entry in written[:-1]]
    assert {entry.public_key for entry in written} == set(ledger.public_keys(settings))
    assert whole(settings)


def test_the_hash_of_an_entry_is_the_same_from_its_fields_and_from_its_row(settings):
    entry = ledger.append(settings, '王"数据"\\', "test", "subject\n\u2028", {"说明": 'a "b"', "numbers": [1, 2.5]})
    fields = {name: getattr(entry, name) for name in ledger.COLUMNS if name not in ("hash", "signature")}
    (row,) = ledger.rows(settings)
    assert ledger.entry_hash(fields) == ledger.row_hash(row) == entry.hash


def test_openssl_alone_checks_a_signature(settings, tmp_path):
    entry = ledger.append(settings, "ann", "test", "subject")
    key, signed, signature = (tmp_path / name for name in ("key.pem", "hash", "signature"))
    key.write_text(signing.as_pem(entry.public_key))
    signature.write_bytes(b64decode(entry.signature))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", signed, "-sigfile", signature]
    for text, good in ((entry.hash, True), (entry.hash[::-1], False)):
        signed.write_text(text)
        assert (subprocess.run(command, capture_output=True, check=False).returncode == 0) == good


def test_what_was_said_is_said_once(settings):
    first = ledger.append_once(settings, "ann", "test", "subject", {"n": 1})
    assert ledger.append_once(settings, "bob", "test", "subject", {"n": 1}) == first
    assert ledger.append_once(settings, "bob", "test", "subject", {"n": 2}).seq == 2


@pytest.mark.parametrize("statement", STATEMENTS)
def test_entries_can_be_neither_changed_nor_taken_out(settings, statement):
    ledger.append(settings, "ann", "test", "subject")
    with (
        pytest.raises(LedgerUnusable, match=r"append-only|permission denied"),
        ledger._open(settings) as (database, _),
    ):
        database.execute(statement)


def test_in_postgresql_even_who_takes_the_rights_back_meets_the_trigger(postgres):
    connection = postgres("rights")
    settings = Settings(PROJECT_ROOT, Path("unused"), Path("unused"), ledger_database=connection)
    ledger.append(settings, "ann", "test", "subject")
    with ledger._open(settings) as (database, _):
        database.execute("grant all on ledger_entries to current_user")
        for statement in (*STATEMENTS, "truncate ledger_entries"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                database.execute(statement)


def test_in_postgresql_a_writer_that_does_not_own_the_table_can_only_add(postgres):
    connection = postgres("owned")
    owner = Settings(PROJECT_ROOT, Path("unused"), Path("unused"), ledger_database=connection)
    ledger.append(owner, "ann", "test", "first")
    with ledger._open(owner) as (database, _):
        database.execute("grant select, insert on ledger_entries to mere_writer")
    mere = connection.model_copy(update={"login": "mere_writer"})
    writer = replace(owner, ledger_database=mere)
    ledger.append(writer, "bob", "test", "second")
    assert [entry.subject for entry in ledger.entries(writer)] == ["first", "second"]
    for statement in (*STATEMENTS, "drop trigger ledger_entries_stand on ledger_entries"):
        with (
            pytest.raises(LedgerUnusable, match=r"permission denied|must be owner"),
            ledger._open(writer) as (database, _),
        ):
            database.execute(statement)


def test_writers_at_once_make_one_chain(settings):
    barrier = multiprocessing.get_context("fork").Barrier(WRITERS)  # none begins before all can

    def write(writer: int) -> None:
        barrier.wait()
        for number in range(ENTRIES_EACH):
            ledger.append(settings, "ann", "test", f"{writer}/{number}")

    children = [fork(partial(write, writer)) for writer in range(WRITERS)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * WRITERS
    subjects = [entry.subject for entry in ledger.entries(settings)]
    wanted = [f"{writer}/{number}" for writer in range(WRITERS) for number in range(ENTRIES_EACH)]
    assert sorted(subjects) == sorted(wanted)
    assert whole(settings)


def test_a_writer_that_dawdles_keeps_the_others_waiting(settings, monkeypatch):
    def slow() -> datetime:  # called between reading the last entry and writing the next
        time.sleep(0.1)
        return datetime.now(UTC)

    ledger.append(settings, "ann", "test", "first")
    monkeypatch.setattr(ledger, "utc_now", slow)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.append(settings, "ann", "test", f"subject {number}"), range(4)))
    assert len(ledger.entries(settings)) == 5
    assert whole(settings)


def test_a_writer_killed_at_any_moment_leaves_a_whole_chain(settings, tmp_path):
    """What it was told to be in is in; of what it was at, all or nothing."""
    rng = random.Random(20251127)
    said = tmp_path / "said"

    def work() -> None:
        with said.open("a") as file:
            for number in range(100_000):
                file.write(f"{ledger.append(settings, 'ann', 'test', str(number)).seq}\n")
                file.flush()

    for _ in range(KILLS):
        child = fork(work)
        time.sleep(rng.uniform(0.05, 0.3))
        assert kill(child)
        ledger.append(settings, "bob", "test", "after")
        assert whole(settings)
    known = [int(line) for line in said.read_text().splitlines()]
    numbers = [entry.seq for entry in ledger.entries(settings)]
    assert len(known) == len(set(known)) > KILLS
    assert set(known) <= set(numbers)


def test_a_new_key_is_named_by_the_old_one_and_signs_from_then_on(settings):
    old = ledger.append(settings, "ann", "test", "before")
    rotated = with_keys(settings, NEW_KEY, LEDGER_KEY)
    new = ledger.append(rotated, "ann", "test", "after")
    _, rotation, _ = ledger.entries(settings)
    assert (rotation.action, rotation.public_key, rotation.details) == (
        ledger.ROTATE,
        old.public_key,
        {"public_key": new.public_key},
    )
    assert old.public_key != new.public_key == ledger.public_keys(rotated)[0]
    for trusted in (old.public_key, new.public_key):
        assert verify(settings, [trusted]).findings == []
    ledger.append(with_keys(settings, NEW_KEY), "ann", "test", "the old key may go now")
    with pytest.raises(LedgerUnusable, match="previous_ledger_signing_keys"):
        ledger.append(settings, "ann", "test", "with the key that was rotated out")
    assert len(ledger.entries(settings)) == 4


def test_a_key_that_the_old_one_has_not_named_is_refused(settings):
    ledger.append(settings, "ann", "test", "before")
    with pytest.raises(LedgerUnusable, match="put the one before the current"):
        ledger.append(with_keys(settings, NEW_KEY), "ann", "test", "after")
    assert len(ledger.entries(settings)) == 1


@pytest.mark.parametrize("key", ["", "ab" * 31, "not hexadecimal " * 4])
def test_a_key_that_is_none_is_explained_without_being_shown(settings, monkeypatch, key):
    monkeypatch.setenv("AIRFLOW_VAR_LEDGER_SIGNING_KEY", key)
    with pytest.raises(LedgerUnusable) as error:
        ledger.append(settings, "ann", "test", "subject")
    assert "openssl rand -hex 32" in str(error.value) or "AIRFLOW_VAR_LEDGER_SIGNING_KEY is not set" in str(error.value)
    assert not key or key.strip() not in str(error.value)
    assert ledger.entries(settings) == []


def test_a_database_that_does_not_answer_is_named_without_its_password(postgres):
    gone = postgres("gone").model_copy(update={"port": 1})
    settings = Settings(PROJECT_ROOT, Path("unused"), Path("unused"), ledger_database=gone)
    with pytest.raises(LedgerUnusable, match="connection 'ledger_db'") as error:
        ledger.append(settings, "ann", "test", "subject")
    assert gone.password.get_secret_value() not in str(error.value)


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    settings = Settings(PROJECT_ROOT, tmp_path, tmp_path)
    ledger.path(settings).parent.mkdir()
    ledger.path(settings).write_bytes(os.urandom(8192))
    with pytest.raises(LedgerUnusable, match=r"ledger\.sqlite3 cannot be read or written"):
        ledger.append(settings, "ann", "test", "subject")
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(ledger.path(settings)) as file:
        file.execute("select 1 from sqlite_master").fetchall()
