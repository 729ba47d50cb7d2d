"""Ways to change what the ledger answers for behind its back: what somebody with the disk could do, one by one."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tests.audit.whole_house import WholeHouse
from worker_services.audit import ledger, protected
from worker_services.audit.signing import signer

Tamper = Callable[[WholeHouse, random.Random], str]
STRANGER = signer(SecretStr("0d" * 32))
"""A key of somebody who may write on the disk, and has not got ours."""


def flip_a_byte(house: WholeHouse, rng: random.Random) -> str:
    path, data = _content(house, rng)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return path.name


def cut_a_file(house: WholeHouse, rng: random.Random) -> str:
    path, data = _content(house, rng)
    path.write_bytes(data[: rng.randrange(len(data))])
    return path.name


def lengthen_a_file(house: WholeHouse, rng: random.Random) -> str:
    path, data = _content(house, rng)
    path.write_bytes(data + b"\n")
    return path.name


def delete_a_file(house: WholeHouse, rng: random.Random) -> str:
    path, _ = _content(house, rng, without=protected_copies)
    path.unlink()
    return path.name


def swap_two_files(house: WholeHouse, rng: random.Random) -> str:
    (one, first), (other, second) = _content(house, rng), _content(house, rng)
    while first == second:
        other, second = _content(house, rng)
    one.write_bytes(second)
    other.write_bytes(first)
    return f"{one.name} and {other.name}"


def add_a_file(house: WholeHouse, rng: random.Random) -> str:
    path, data = _content(house, rng, without=protected_copies)
    added = path.with_name(f"{path.stem}-2{path.suffix}")
    added.write_bytes(data)
    return added.name


def bring_back_an_expired_file(house: WholeHouse, rng: random.Random) -> str:
    expired = [name for entry in ledger.entries(house.settings) for name in entry.details.get("deleted", [])]
    path = house.settings.data_root / rng.choice(expired).removeprefix("data/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"restored")
    return path.name


def edit_an_entry(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        entry = rng.choice(_rows(database))
        _edit(entry, rng)
        _replace(database, [entry])
    return f"entry {entry['seq']}"


def edit_an_entry_and_its_hash(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        entry = rng.choice(_rows(database))
        _edit(entry, rng)
        entry["hash"] = _hash(entry)
        _replace(database, [entry])
    return f"entry {entry['seq']}"


def edit_an_entry_and_all_hashes(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        at = rng.randrange(len(rows))
        _edit(rows[at], rng)
        _rewrite(database, rows)
    return f"entry {at + 1}"


def remove_an_entry(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        gone = rng.choice(rows[:-1])
        database.execute("delete from ledger_entries where seq = ?", [gone["seq"]])
    return f"entry {gone['seq']}"


def remove_an_entry_and_close_the_gap(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        del rows[rng.randrange(len(rows) - 1)]
        _rewrite(database, rows)
    return "one entry fewer"


def reorder_two_entries(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        at = rng.randrange(len(rows) - 1)
        one, other = rows[at], rows[at + 1]
        one["seq"], other["seq"] = other["seq"], one["seq"]
        _replace(database, rows)
    return f"entries {at + 1} and {at + 2}"


def reorder_two_entries_and_all_hashes(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        at = rng.randrange(len(rows) - 1)
        rows[at], rows[at + 1] = rows[at + 1], rows[at]
        _rewrite(database, rows)
    return f"entries {at + 1} and {at + 2}"


def insert_an_entry(house: WholeHouse, rng: random.Random) -> str:
    """An approval that nobody gave."""
    with _open(house) as database:
        rows = _rows(database)
        at = rng.randrange(1, len(rows))
        forged = rows[at] | {"action": "briefing.approve", "actor": "the chairman", "subject": "2025-W43/city"}
        _rewrite(database, [*rows[:at], forged, *rows[at:]])
    return f"entry {at + 1}"


def append_an_entry_with_another_key(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        last = _rows(database)[-1]
        forged = last | {"seq": last["seq"] + 1, "previous_hash": last["hash"], "action": "briefing.approve"}
        forged["public_key"] = STRANGER.public_key
        _sign(forged)
        _replace(database, [forged])
    return f"entry {forged['seq']}"


def replace_a_signature(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        one, other = rng.sample(_rows(database), 2)
        one["signature"] = rng.choice([other["signature"], STRANGER.sign(one["hash"]), "", "not base64"])
        _replace(database, [one])
    return f"entry {one['seq']}"


def replace_a_key(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        entry = rng.choice(_rows(database))
        entry["public_key"] = STRANGER.public_key
        _sign(entry)
        _replace(database, [entry])
    return f"entry {entry['seq']}"


def write_the_ledger_anew_with_another_key(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        rows = _rows(database)
        _edit(rng.choice(rows), rng)
        for row in rows:
            row["public_key"] = STRANGER.public_key
        _rewrite(database, rows, sign=True)
    for path in (house.settings.data_root / "ledger" / "heads").glob("*.json"):
        path.unlink()
    return f"{len(rows)} entries"


def cut_the_tail(house: WholeHouse, rng: random.Random) -> str:
    with _open(house) as database:
        cut = rng.randrange(1, len(_rows(database)))
        database.execute("delete from ledger_entries where seq > (select max(seq) from ledger_entries) - ?", [cut])
    return f"{cut} entries"


def cut_the_tail_with_all_it_names(house: WholeHouse, rng: random.Random) -> str:
    """Nothing in the house says any more that there was something: only who keeps the head outside knows."""
    with _open(house) as database:
        rows = _rows(database)
        cut = rng.randrange(2, len(rows))  # the very last entry only says that its head was kept
        database.execute("delete from ledger_entries where seq > (select max(seq) from ledger_entries) - ?", [cut])
    present = protected.present(house.settings)
    for row in rows[-cut:]:
        for name in json.loads(row["details"]).get("files", {}):
            if name in present:
                present[name].unlink(missing_ok=True)
    return f"{cut} entries"


def put_back_an_older_ledger(house: WholeHouse, rng: random.Random) -> str:
    shutil.copyfile(house.older, ledger.path(house.settings))
    return "the ledger of the day before"


def delete_the_ledger(house: WholeHouse, rng: random.Random) -> str:
    ledger.path(house.settings).unlink()
    return "all of it"


KINDS: tuple[Tamper, ...] = (
    flip_a_byte,
    cut_a_file,
    lengthen_a_file,
    delete_a_file,
    swap_two_files,
    add_a_file,
    bring_back_an_expired_file,
    edit_an_entry,
    edit_an_entry_and_its_hash,
    edit_an_entry_and_all_hashes,
    remove_an_entry,
    remove_an_entry_and_close_the_gap,
    reorder_two_entries,
    reorder_two_entries_and_all_hashes,
    insert_an_entry,
    append_an_entry_with_another_key,
    replace_a_signature,
    replace_a_key,
    write_the_ledger_anew_with_another_key,
    cut_the_tail,
    cut_the_tail_with_all_it_names,
    put_back_an_older_ledger,
    delete_the_ledger,
)


def protected_copies(name: str) -> bool:
    """What may be deleted at any time, since it is a copy."""
    return name.startswith("data/compacted/")


def _content(
    house: WholeHouse, rng: random.Random, without: Callable[[str], bool] = lambda _: False
) -> tuple[Path, bytearray]:
    """A file that the ledger answers for, drawn by its kind first, and its bytes."""
    kinds: dict[str, list[Path]] = {}
    for name, path in sorted(protected.present(house.settings).items()):
        if path.stat().st_size and not without(name):
            kinds.setdefault("/".join(name.split("/")[:2]) + path.suffix, []).append(path)
    path = rng.choice(kinds[rng.choice(sorted(kinds))])
    return path, bytearray(path.read_bytes())


@contextmanager
def _open(house: WholeHouse) -> Iterator[sqlite3.Connection]:
    """The ledger without its triggers, as whoever owns the disk can have it."""
    with closing(sqlite3.connect(ledger.path(house.settings))) as database, database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {name}")
        yield database


def _rows(database: sqlite3.Connection) -> list[dict[str, Any]]:
    found = database.execute(f"select {', '.join(ledger.COLUMNS)} from ledger_entries order by seq")
    return [dict(zip(ledger.COLUMNS, row, strict=True)) for row in found]


def _edit(entry: dict[str, Any], rng: random.Random) -> None:
    column = rng.choice(("time", "actor", "action", "subject", "details"))
    entry[column] = json.dumps({"nothing": "happened"}) if column == "details" else entry[column] + "x"


def _hash(entry: dict[str, Any]) -> str:
    return ledger.row_hash(tuple(entry[name] for name in ledger.COLUMNS))


def _sign(entry: dict[str, Any]) -> None:
    entry["hash"] = _hash(entry)
    entry["signature"] = STRANGER.sign(entry["hash"])


def _rewrite(database: sqlite3.Connection, rows: list[dict[str, Any]], *, sign: bool = False) -> None:
    """Number and bind the entries anew, in the order given."""
    previous = ledger.GENESIS
    for number, row in enumerate(rows, start=1):
        row["seq"], row["previous_hash"] = number, previous
        row["hash"] = _hash(row)
        if sign:
            _sign(row)
        previous = row["hash"]
    database.execute("delete from ledger_entries")
    _replace(database, rows)


def _replace(database: sqlite3.Connection, rows: list[dict[str, Any]]) -> None:
    numbers = [(row["seq"],) for row in rows]
    database.executemany("delete from ledger_entries where seq = ?", numbers)
    marks = ", ".join("?" for _ in ledger.COLUMNS)
    database.executemany(
        f"insert into ledger_entries values ({marks})", [tuple(row[name] for name in ledger.COLUMNS) for row in rows]
    )
