"""What the ledger costs: appends a second beside a chain without signatures, in both databases; and a check of it.

    python -m benchmarks.ledger [--entries 500]
    python -m benchmarks.ledger --folder DIR        # a data root of benchmarks.warehouse_scale, of which a copy is best

The chain without signatures is what the ledger was before: the same file, the same transaction, no key. With --folder
each batch of the data root is entered, if none is yet, and then everything is verified.
"""

import hashlib
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
from pydantic import SecretStr

from simulators import database_partner
from worker_services.audit import ledger, protected
from worker_services.audit.verify import verify
from worker_services.connections import Connection
from worker_services.files import sha256
from worker_services.intervals import utc_now
from worker_services.settings import PROJECT_ROOT, Settings

DETAILS = {"outcome": "landed", "files": {f"data/landing/feed=vouchers/{number}": "0" * 64 for number in range(5)}}


def append_unsigned(file: Path) -> None:
    """One entry bound to the one before it, in a connection of its own, as the ledger was written before."""
    with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as database:
        database.execute("pragma synchronous = full")
        database.execute("create table if not exists entries (seq integer primary key, said text, hash text unique)")
        database.execute("begin immediate")
        last = database.execute("select seq, hash from entries order by seq desc limit 1").fetchone() or (
            0,
            ledger.GENESIS,
        )
        said = ledger.canonical({"seq": last[0] + 1, "time": utc_now().isoformat(), "previous": last[1], **DETAILS})
        digest = hashlib.sha256(said.encode()).hexdigest()
        database.execute("insert into entries values (?, ?, ?)", (last[0] + 1, said, digest))
        database.execute("commit")


def rate(work: Callable[[], object], times: int) -> tuple[float, float]:
    """How often a second, and the processor milliseconds of each time."""
    started, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - started), 1000 * (time.process_time() - used) / times


def appends(entries: int) -> None:
    server = database_partner.initialise("of the benchmark")
    try:
        database_partner.start(server)
        database_partner.connect(server, "postgres").close()
        connection = Connection(
            conn_id="ledger_db",
            conn_type="postgres",
            host="127.0.0.1",
            port=server.port,
            login="postgres",
            password=SecretStr("of the benchmark"),
            schema="postgres",
        )
        with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # not in memory: fsync is part of it
            file = Settings(PROJECT_ROOT, Path(name) / "data", Path(name) / "reports")
            database = Settings(PROJECT_ROOT, Path(name) / "data", Path(name) / "reports", ledger_database=connection)
            ways: dict[str, Callable[[], object]] = {
                "chain without signatures, SQLite": lambda: append_unsigned(Path(name) / "unsigned.sqlite3"),
                "signed, SQLite": lambda: ledger.append(file, "ann", "batch.landed", "batch", DETAILS),
                "signed, PostgreSQL (on this machine, without fsync)": lambda: ledger.append(
                    database, "ann", "batch.landed", "batch", DETAILS
                ),
            }
            measured = {way: [0.0, 0.0] for way in ways}
            for _ in range(5):  # in turns: the machine has other work
                for way, work in ways.items():
                    a_second, milliseconds = rate(work, entries // 5)
                    measured[way][0] += a_second / 5
                    measured[way][1] += milliseconds / 5
            before = measured["chain without signatures, SQLite"]
            for way, (a_second, milliseconds) in measured.items():
                print(f"| {way} | {a_second:,.0f} | {milliseconds:.2f} | {a_second / before[0]:.2f} |")
    finally:
        database_partner.remove(server)


def enter_all(settings: Settings) -> None:
    """An entry for each folder of a night, as if its batches had just come."""
    nights: dict[str, dict[str, str]] = {}
    for name, path in protected.present(settings).items():
        nights.setdefault(name.rpartition("/")[0], {})[name] = sha256(path)
    with ledger._writing(settings) as write:
        for folder, files in nights.items():
            write("benchmark", "batch.landed", folder, {"outcome": "landed", "files": files})


@click.command()
@click.option("--entries", default=500, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, exists=True), help="Data root to enter and verify.")
def main(entries: int, folder: Path | None) -> None:
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)
    if folder is None:
        print("| way | appends a second | processor milliseconds each | ratio |\n|---|---|---|---|")
        appends(entries)
        return
    settings = Settings(PROJECT_ROOT, folder.resolve(), folder.resolve() / "reports")
    if ledger.head(settings) is None:
        enter_all(settings)
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    found = verify(settings, ledger.public_keys(settings))
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{found.entries:,} entries, {found.files:,} files, {found.bytes / 1e9:.2f} GB: {seconds:.1f} s, {used:.1f} s "
        f"of processor time, peak {after.ru_maxrss / 1024:.0f} MB; {len(found.findings)} findings"
    )
    raise SystemExit(1 if found.findings else 0)


if __name__ == "__main__":
    main()
