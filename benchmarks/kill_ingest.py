"""Kill the worker of an ingest night at random moments. Once the night has run again, its landing must equal, row for
row, that of a night nobody disturbed.

    python benchmarks/kill_ingest.py --points 100

Every point is a data root of its own and a worker killed with SIGKILL somewhere in its night; then the night runs
again. Compared: batches and their rows, quarantine with the sealed rows, outcomes, the vault. Exit code 1 on any
difference.
"""

import importlib
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import duckdb
import pyrage
from pydantic import SecretStr

import simulators
from worker_services import connections
from worker_services.intervals import Interval
from worker_services.landing import batches, ingest, outcomes
from worker_services.partners.registry import load_partners
from worker_services.privacy import vault
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings

NIGHT = Interval.parse(simulators.DEMO_INTERVALS[-1])
PAIRS = [  # one of each protocol and each form of delivery
    ("maternity_hospital", "health_services"),  # CSV by SFTP
    ("orthopaedic_hospital", "health_services"),  # a workbook
    ("counselling_hotline", "counselling_sessions"),  # a ZIP
    ("eye_hospital", "health_services"),  # a JSON API
    ("jiahe_hospital", "health_services"),  # FHIR bulk export
    ("mediation_center", "mediation_events"),  # PostgreSQL
    ("contract_register", "labour_contracts"),  # MariaDB
    ("hardship_system", "hardship_register"),  # a snapshot
    ("leadership_office", "publicity_items"),  # a folder
]


def in_child(work: Callable[[], Any]) -> tuple[int, int]:
    """Run in a forked process; returns its id and the end of a pipe that will hold its answer as JSON."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    os.close(reader)
    try:
        with os.fdopen(writer, "w") as pipe:
            json.dump(work(), pipe)
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(1)


def answer(child: int, reader: int) -> Any:
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"a worker ended with status {status}")
    return json.loads(text)


def run_night(settings: Settings, secrets: Secrets) -> None:
    for partner, feed in PAIRS:
        connection = connections.from_environment(load_partners()[partner].connection)
        ingest.ingest_night(settings, partner, feed, NIGHT, connection, secrets)


def landed(settings: Settings, secrets: Secrets) -> dict[str, Any]:
    """Everything a night leaves, without the moments at which it was written."""
    found: dict[str, Any] = {}
    for partner, feed in PAIRS:
        for item in batches.of_feed(settings, partner, feed):
            path = batches.parquet_path(settings, item)
            rows = duckdb.sql(f"select * exclude (_landed_at) from read_parquet('{path}') order by _row_number")
            found[item.batch_id] = [item.rows_received, item.rows_accepted, item.rows_quarantined, str(rows.fetchall())]
        outcome = outcomes.latest(settings, partner, feed, NIGHT)
        found[f"{partner} {feed}"] = outcome and [outcome.outcome, outcome.batch_id, outcome.message_zh]
    for path in sorted(settings.quarantine.rglob("*.parquet")):
        reasons = duckdb.sql(f"select * exclude (landed_at) from read_parquet('{path}') order by all")
        found[path.stem] = [found.get(path.stem), str(reasons.fetchall())]
    for path in sorted(settings.quarantine.rglob("*.rows.age")):
        found[path.name] = vault.unseal(path.read_bytes(), secrets).decode()
    for path in sorted(settings.vault.rglob("*.age")):
        with vault.reading(settings.vault, path.stem, secrets) as stream:
            found[path.name] = len(stream.read())
    return found


@click.command()
@click.option("--points", default=100, show_default=True)
@click.option("--seed", default=20251122, show_default=True)
def main(points: int, seed: int) -> None:
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    importlib.import_module("worker_services.quality.duckdb_datasource")  # once, and not in every worker
    rng = random.Random(seed)
    secrets = Secrets(
        worker_key_secret=SecretStr("key of the benchmark"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )
    with simulators.running() as partners, tempfile.TemporaryDirectory() as folder:
        os.environ.update(partners.connections)

        def make(name: str) -> Settings:
            settings = Settings(PROJECT_ROOT, Path(folder) / name, Path(folder) / "reports")
            settings.data_root.mkdir()
            return settings

        undisturbed = make("undisturbed")
        started = time.monotonic()
        answer(*in_child(lambda: run_night(undisturbed, secrets)))
        length = time.monotonic() - started
        expected = answer(*in_child(lambda: landed(undisturbed, secrets)))
        print(f"a night of {len(PAIRS)} batches takes {length:.1f} s and leaves {len(expected)} things to compare")
        killed, different, unfinished = 0, 0, 0
        for point in range(1, points + 1):
            settings = make(f"point-{point}")
            child, reader = in_child(lambda settings=settings: run_night(settings, secrets))
            time.sleep(rng.uniform(0, length))
            os.kill(child, signal.SIGKILL)
            os.close(reader)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            unfinished += any(settings.data_root.rglob("*.tmp"))
            answer(*in_child(lambda settings=settings: run_night(settings, secrets)))
            found = answer(*in_child(lambda settings=settings: landed(settings, secrets)))
            wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            different += bool(wrong)
            if wrong:
                print(f"point {point}: {', '.join(wrong)}")
            shutil.rmtree(settings.data_root)
            if point % 10 == 0 or point == points:
                print(
                    f"{point} points: {killed} killed in the night, {unfinished} of them in the middle of a file; "
                    f"{different} nights differ from the undisturbed one",
                    flush=True,
                )
    raise SystemExit(1 if different or not killed else 0)


if __name__ == "__main__":
    main()
