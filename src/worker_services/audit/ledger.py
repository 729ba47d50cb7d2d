"""The ledger: an append-only record of what was done, each entry bound to the one before it by its hash, and signed.

It is a SQLite file, or a table in PostgreSQL where the connection `ledger_db` is set. The signature of an entry is
written with it in one transaction; since its hash covers everything before it, the last entry is the signed head.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from worker_services import connections
from worker_services.audit.signing import Signer, is_signed, signer
from worker_services.connections import Connection
from worker_services.intervals import utc_now
from worker_services.secrets import ledger_keys_from_environment
from worker_services.settings import Settings

GENESIS = "0" * 64
BUSY_SECONDS = 60
ROTATE = "ledger.rotate"
"""An entry signed by the old key that names the new one; from then on that one signs."""

DATABASE = "ledger_db"
COLUMNS = (
    "seq",
    "time",
    "actor",
    "action",
    "subject",
    "details",
    "previous_hash",
    "public_key",
    "hash",
    "signature",
)
_TABLE = """
create table ledger_entries (
    seq integer primary key,
    time text not null,
    actor text not null,
    action text not null,
    subject text not null,
    details text not null,
    previous_hash text not null unique,
    public_key text not null,
    hash text not null unique,
    signature text not null
)"""
_INDEX = "create index ledger_entries_of_subject on ledger_entries (subject, action)"
_ENTRIES = f"select {', '.join(COLUMNS)} from ledger_entries"
_ADVISORY_LOCK = 7_301_985  # any number, the same for all writers


class LedgerUnusable(Exception):
    """The ledger cannot be read or written, or its key is not there; says why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """One thing done: who (`actor`), what (`action`, such as quarantine.release), to what (`subject`, such as a batch).

    `time` is UTC, ISO 8601. `details` holds no personal data. `seq` counts from 1. `public_key` is the key that
    `signature` is to be checked by; `hash` covers it, and every other field but the signature.
    """

    seq: int
    time: str
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    previous_hash: str
    public_key: str
    hash: str
    signature: str


@dataclass(frozen=True)
class _Engine:
    """What differs between databases. `exists` gives a row if the table is there, `begin` lets one writer in."""

    connect: Callable[[], Any]
    placeholder: str
    exists: str
    begin: tuple[str, ...]
    create: tuple[str, ...]


def append(settings: Settings, actor: str, action: str, subject: str, details: dict[str, Any] | None = None) -> Entry:
    """Add an entry; it is on disk, with its signature, when this returns. Processes that write at once wait for each
    other. Raises LedgerUnusable.
    """
    with _writing(settings) as write:
        return write(actor, action, subject, details or {})


def append_once(settings: Settings, actor: str, action: str, subject: str, details: dict[str, Any]) -> Entry:
    """The entry that says just this of the subject, added where there is none. Raises LedgerUnusable."""

    def said() -> Entry | None:
        return next((entry for entry in about(settings, action, subject) if entry.details == details), None)

    if entry := said():
        return entry
    with _writing(settings) as write:
        return said() or write(actor, action, subject, details)


def entries(settings: Settings) -> list[Entry]:
    """Every entry, the oldest first. Raises LedgerUnusable."""
    return [as_entry(row) for row in rows(settings)]


def about(settings: Settings, action: str, subject: str) -> list[Entry]:
    """The entries of one action about one subject, the oldest first. Raises LedgerUnusable."""
    return [as_entry(row) for row in _read(settings, "where subject = ? and action = ? order by seq", subject, action)]


def head(settings: Settings) -> Entry | None:
    """The last entry: what it binds and signs is the whole ledger. Raises LedgerUnusable."""
    return next((as_entry(row) for row in _read(settings, "order by seq desc limit 1")), None)


def rows(settings: Settings, after: int = 0) -> list[tuple[Any, ...]]:
    """Entries with a number above `after` as they are stored, in the order of COLUMNS. Raises LedgerUnusable."""
    return _read(settings, "where seq > ? order by seq", after)


def as_entry(row: tuple[Any, ...]) -> Entry:
    """What `rows` gives, as an entry."""
    fields = dict(zip(COLUMNS, row, strict=True))
    return Entry(**fields | {"details": json.loads(fields["details"])})


def entry_hash(fields: dict[str, Any]) -> str:
    """SHA-256 of an entry's fields other than hash and signature, as canonical JSON (keys sorted, no spaces, UTF-8)."""
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def row_hash(row: tuple[Any, ...]) -> str:
    """The same of an entry as it is stored, whose details are canonical already."""
    seq, time, actor, action, subject, details, previous_hash, public_key, *_ = row
    actor, action, subject, time = map(canonical, (actor, action, subject, time))
    text = (
        f'{{"action":{action},"actor":{actor},"details":{details},"previous_hash":"{previous_hash}",'
        f'"public_key":"{public_key}","seq":{seq},"subject":{subject},"time":{time}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def require_key(settings: Settings) -> None:
    """Find out whether entries can be signed before anything is done that needs one. Raises LedgerUnusable."""
    if not settings.copy_of:
        _signers(settings)


def path(settings: Settings) -> Path:
    """The file, where the ledger is one."""
    return (settings.copy_of or settings).data_root / "ledger" / "ledger.sqlite3"


def database(settings: Settings) -> Connection | None:
    """The connection to the ledger's database; None where it is a file."""
    settings = settings.copy_of or settings
    if settings.ledger_database:
        return settings.ledger_database
    try:
        return connections.from_environment(DATABASE)
    except LookupError:
        return None


def _read(settings: Settings, condition: str, *values: object) -> list[tuple[Any, ...]]:
    if database(settings) is None and not path(settings).exists():
        return []
    with _open(settings) as (ledger, engine):
        if not ledger.execute(engine.exists).fetchone():
            return []
        statement = f"{_ENTRIES} {condition}".replace("?", engine.placeholder)
        return list(ledger.execute(statement, values).fetchall())


@contextmanager
def _writing(settings: Settings) -> Iterator[Callable[[str, str, str, dict[str, Any]], Entry]]:
    """Let this process be the one that writes: what it adds is there, all of it, once the block ends.

    In a copy of a house nothing is added, and what would have been has neither number nor signature.
    """
    if settings.copy_of:
        now = utc_now().isoformat()
        yield lambda actor, action, subject, details: Entry(0, now, actor, action, subject, details, "", "", "", "")
        return
    current, *previous = _signers(settings)
    with _open(settings) as (ledger, engine):
        for statement in engine.begin:
            ledger.execute(statement)
        if not ledger.execute(engine.exists).fetchone():
            for statement in engine.create:
                ledger.execute(statement)
        insert = f"insert into ledger_entries values ({', '.join('?' for _ in COLUMNS)})"

        def add(signs: Signer, actor: str, action: str, subject: str, details: dict[str, Any]) -> Entry:
            last = ledger.execute(f"{_ENTRIES} order by seq desc limit 1").fetchone()
            before = as_entry(last) if last else None
            if before and signs.public_key != _signs_after(before):
                if action == ROTATE:
                    raise LedgerUnusable(
                        "the ledger was signed with another key than any that is held: put the one before the current "
                        "ledger_signing_key into previous_ledger_signing_keys (docs/operations.md)"
                    )
                following = next((one for one in previous if one.public_key == _signs_after(before)), signs)
                add(following, actor, ROTATE, "ledger", {"public_key": signs.public_key})
                return add(signs, actor, action, subject, details)
            fields: dict[str, Any] = {
                "seq": before.seq + 1 if before else 1,
                "time": utc_now().isoformat(),
                "actor": actor,
                "action": action,
                "subject": subject,
                "details": details,
                "previous_hash": before.hash if before else GENESIS,
                "public_key": signs.public_key,
            }
            digest = entry_hash(fields)
            entry = Entry(**fields, hash=digest, signature=signs.sign(digest))
            row = asdict(entry) | {"details": canonical(details)}
            ledger.execute(insert.replace("?", engine.placeholder), tuple(row.values()))
            return entry

        yield lambda actor, action, subject, details: add(current, actor, action, subject, details)
        ledger.execute("commit")


def public_keys(settings: Settings) -> list[str]:
    """The public side of the keys that are held, the one that signs now first. Raises LedgerUnusable."""
    return [one.public_key for one in _signers(settings)]


def is_genuine(settings: Settings, entry: Entry) -> bool:
    """Whether an entry is what one of the keys that are held has signed, and follows the entry before it.

    Raises LedgerUnusable.
    """
    fields = {name: value for name, value in asdict(entry).items() if name not in ("hash", "signature")}
    before = rows(settings, entry.seq - 2)[:1] if entry.seq > 1 else []
    return (
        entry_hash(fields) == entry.hash
        and (as_entry(before[0]).hash if before else GENESIS) == entry.previous_hash
        and entry.public_key in public_keys(settings)
        and is_signed(entry.hash, entry.signature, entry.public_key)
    )


def sign(settings: Settings, text: str) -> tuple[str, str]:
    """Sign a text as the ledger's entries are. Returns the signature and its public key. Raises LedgerUnusable."""
    current = _signers(settings)[0]
    return current.sign(text), current.public_key


def _signs_after(entry: Entry) -> str:
    """The public key of whoever signs the next entry."""
    return str(entry.details["public_key"]) if entry.action == ROTATE else entry.public_key


def _signers(settings: Settings) -> list[Signer]:
    """The key that signs, then those before it."""
    try:
        keys = settings.ledger_keys or ledger_keys_from_environment()
        return [signer(secret) for secret in (keys.signing_key, *keys.previous_signing_keys)]
    except (LookupError, ValueError) as error:
        raise LedgerUnusable(f"entries of the ledger cannot be signed: {error}") from error


@contextmanager
def _open(settings: Settings) -> Iterator[tuple[Any, _Engine]]:
    connection = database(settings)
    engine = _postgres(connection) if connection else _sqlite(path(settings))
    try:
        with closing(engine.connect()) as ledger:
            yield ledger, engine
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg"):
            raise
        where = f"the database of connection '{DATABASE}'" if connection else str(path(settings))
        raise LedgerUnusable(f"the ledger in {where} cannot be read or written: {error}") from error


def _sqlite(file: Path) -> _Engine:
    def connect() -> sqlite3.Connection:
        file.parent.mkdir(parents=True, exist_ok=True)
        ledger = sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
        ledger.execute("pragma synchronous = full")
        return ledger

    refuse = "begin select raise(abort, 'the ledger is append-only'); end"
    return _Engine(
        connect=connect,
        placeholder="?",
        exists="select 1 from sqlite_master where name = 'ledger_entries'",
        begin=("begin immediate",),
        create=(
            f"{_TABLE} strict",
            _INDEX,
            f"create trigger ledger_entries_stay before delete on ledger_entries {refuse}",
            f"create trigger ledger_entries_stand before update on ledger_entries {refuse}",
        ),
    )


def _postgres(connection: Connection) -> _Engine:
    def connect() -> Any:
        import psycopg

        return psycopg.connect(
            host=connection.host,
            port=connection.port or 5432,
            user=connection.login,
            password=connection.password.get_secret_value(),
            dbname=connection.schema_,
            autocommit=True,  # transactions are begun by word, as in SQLite
            connect_timeout=BUSY_SECONDS,
        )

    return _Engine(
        connect=connect,
        placeholder="%s",
        exists="select 1 where to_regclass('ledger_entries') is not null",
        begin=("begin", f"select pg_advisory_xact_lock({_ADVISORY_LOCK})"),
        create=(
            _TABLE,
            _INDEX,
            "create function ledger_is_append_only() returns trigger language plpgsql as "
            "$$ begin raise exception 'the ledger is append-only'; end $$",
            "create trigger ledger_entries_stand before update or delete or truncate on ledger_entries "
            "for each statement execute function ledger_is_append_only()",
            "revoke update, delete, truncate on ledger_entries from public, current_user",
        ),
    )
