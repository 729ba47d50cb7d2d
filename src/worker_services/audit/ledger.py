"""The ledger: an append-only record of what was done, each entry bound to the one before it by its hash."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from worker_services.intervals import utc_now
from worker_services.settings import Settings

GENESIS = "0" * 64
BUSY_SECONDS = 60
_CREATE = """
create table if not exists entries (
    seq integer primary key,
    time text not null,
    actor text not null,
    action text not null,
    subject text not null,
    details text not null,
    previous_hash text not null unique,
    hash text not null unique
) strict;
create trigger if not exists entries_stay before delete on entries
begin select raise(abort, 'the ledger is append-only'); end;
create trigger if not exists entries_stand before update on entries
begin select raise(abort, 'the ledger is append-only'); end;
"""


@dataclass(frozen=True)
class Entry:
    """One thing done: who (`actor`), what (`action`, such as quarantine.release), to what (`subject`, such as a batch).

    `time` is UTC, ISO 8601. `details` holds no personal data. `seq` counts from 1.
    """

    seq: int
    time: str
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    previous_hash: str
    hash: str


def append(settings: Settings, actor: str, action: str, subject: str, details: dict[str, Any] | None = None) -> Entry:
    """Add an entry; it is on disk when this returns. Processes that write at once wait for each other."""
    with _open(settings) as ledger:
        ledger.execute("begin immediate")  # the last entry stays the last until this one is in
        seq, previous = ledger.execute("select seq, hash from entries order by seq desc limit 1").fetchone() or (
            0,
            GENESIS,
        )
        fields: dict[str, Any] = {
            "seq": seq + 1,
            "time": utc_now().isoformat(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": details or {},
            "previous_hash": previous,
        }
        entry = Entry(**fields, hash=entry_hash(fields))
        row = asdict(entry) | {"details": _canonical(entry.details)}
        ledger.execute(
            "insert into entries values (:seq, :time, :actor, :action, :subject, :details, :previous_hash, :hash)", row
        )
        ledger.execute("commit")
        return entry


def entries(settings: Settings) -> list[Entry]:
    """Every entry, the oldest first."""
    if not path(settings).exists():
        return []
    with _open(settings) as ledger:
        rows = ledger.execute("select * from entries order by seq").fetchall()
    return [Entry(**dict(row) | {"details": json.loads(row["details"])}) for row in rows]


def first_about(settings: Settings, subject: str) -> Entry | None:
    """The first entry about a subject, such as the publishing of a build."""
    if not path(settings).exists():
        return None
    with _open(settings) as ledger:
        row = ledger.execute("select * from entries where subject = ? order by seq limit 1", [subject]).fetchone()
    return Entry(**dict(row) | {"details": json.loads(row["details"])}) if row else None


def entry_hash(fields: dict[str, Any]) -> str:
    """SHA-256 of an entry's fields other than its hash, as canonical JSON (keys sorted, no spaces, UTF-8)."""
    return hashlib.sha256(_canonical(fields).encode()).hexdigest()


def path(settings: Settings) -> Path:
    return settings.data_root / "ledger" / "ledger.sqlite3"


@contextmanager
def _open(settings: Settings) -> Iterator[sqlite3.Connection]:
    path(settings).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path(settings), timeout=BUSY_SECONDS, isolation_level=None)) as ledger:
        ledger.row_factory = sqlite3.Row
        ledger.execute("pragma synchronous = full")
        ledger.executescript(_CREATE)
        yield ledger


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
