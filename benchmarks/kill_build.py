"""Kill the nightly build of the warehouse at random moments, its audit and publishing included. Readers must see the
build before or the new one, whole; the next night must succeed and say the same as one that nobody disturbed.

    python benchmarks/kill_build.py --points 50

Every point is a process killed with SIGKILL somewhere between the first step of `warehouse build` and the last of
`warehouse publish`; then the night runs again. Compared: every row of the weekly mart, the ledger, and what is left
in the folder of builds. Exit code 1 on any difference. Also printed: what a build needs of the disk.
"""

import hashlib
import importlib
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click
import duckdb
import pyrage
from pydantic import SecretStr

import simulators
from worker_services import connections
from worker_services.audit import ledger
from worker_services.intervals import Interval, utc_now
from worker_services.landing import ingest
from worker_services.partners.registry import load_partners
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import build
from worker_services.warehouse.publish import current, publish, read_record

MIB = 2**20


def in_child(work: Callable[[], object]) -> int:
    """Start in a forked process; returns its id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(1)


def finish(child: int) -> None:
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise SystemExit(f"a night ended with status {status}")


def land(settings: Settings, secrets: Secrets) -> None:
    for text in simulators.DEMO_INTERVALS:
        for partner_id, partner in load_partners().items():
            for feed in partner.feeds:
                connection = connections.from_environment(partner.connection)
                ingest.ingest(settings, partner_id, feed, Interval.parse(text), connection, secrets)


def night(settings: Settings) -> None:
    made = build(settings, utc_now())
    audit(settings, made.build_id)
    publish(settings, made.build_id)


def something_new(settings: Settings) -> None:
    """Change an input that no figure depends on: the mark of demonstration data comes or goes."""
    mark = settings.data_root / "DEMO"
    if mark.exists():
        mark.unlink()
    else:
        mark.touch()


def figures(settings: Settings) -> tuple[str, str]:
    """The published build, and a digest of its weekly mart. Raises when it cannot be read whole."""
    published = current(settings)
    if published is None:
        raise SystemExit("nothing is published any more")
    with duckdb.connect(str(published.path), read_only=True) as database:
        rows = database.execute("select * from marts.rpt_metric_weekly order by all").fetchall()
        named = database.execute("select build_id from marts.rpt_build").fetchall()
    if not rows or named != [(published.build_id,)]:
        raise SystemExit(f"{published.path.name} says that it is {named} and has {len(rows)} rows")
    return published.build_id, hashlib.sha256(repr(rows).encode()).hexdigest()


def leftovers(settings: Settings) -> list[str]:
    pairs = {path.stem for path in settings.builds.glob("*.json")} & {
        path.stem for path in settings.builds.glob("*.duckdb")
    }
    strangers = [path.name for path in settings.builds.iterdir() if path.stem not in pairs]
    strangers += [path.name for path in settings.warehouse.glob(".*.tmp")]
    return strangers + [path.name for path in (settings.warehouse / "dbt").glob("warehouse.duckdb*")]


def most_on_disk(settings: Settings, work: Callable[[], object]) -> int:
    """Run; returns the most bytes that the file in the making and what it laid out of memory took together."""
    done, most = threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.02):
            sizes = []
            for path in (settings.warehouse / "dbt").rglob("warehouse.duckdb*"):
                try:
                    sizes.append(path.stat().st_size if path.is_file() else 0)
                except FileNotFoundError:
                    continue
            most[0] = max(most[0], sum(sizes))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        work()
    finally:
        done.set()
        watching.join()
    return most[0]


@click.command()
@click.option("--points", default=50, show_default=True)
@click.option("--seed", default=20251122, show_default=True)
def main(points: int, seed: int) -> None:
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    for module in ("dbt.cli.main", "great_expectations"):
        importlib.import_module(module)  # once, and not in every night
    rng = random.Random(seed)
    secrets = Secrets(
        worker_key_secret=SecretStr("key of the benchmark"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(PROJECT_ROOT, Path(folder) / "data", Path(folder) / "reports")
        settings.data_root.mkdir()
        with simulators.running() as partners:
            os.environ.update(partners.connections)
            finish(in_child(lambda: land(settings, secrets)))
        finish(in_child(lambda: night(settings)))
        something_new(settings)
        started = time.monotonic()
        most = most_on_disk(settings, lambda: finish(in_child(lambda: night(settings))))
        length = time.monotonic() - started
        standing, expected = figures(settings)
        record = read_record(settings, standing)
        print(
            f"an undisturbed night takes {length:.1f} s; {record['landed_bytes'] / MIB:.1f} MiB landed make a build of "
            f"{record['build_bytes'] / MIB:.1f} MiB, which took at most {most / MIB:.1f} MiB while it was made"
        )
        killed = unfinished = stood = wrong = 0
        for point in range(1, points + 1):
            something_new(settings)
            child = in_child(lambda: night(settings))
            time.sleep(rng.uniform(0, length))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            unfinished += bool(leftovers(settings))
            seen, said = figures(settings)
            stood += seen == standing
            finish(in_child(lambda: night(settings)))
            standing, says = figures(settings)
            left = leftovers(settings)
            swaps = ("warehouse.publish", "warehouse.rollback")
            in_ledger = [entry for entry in ledger.entries(settings) if entry.action in swaps][-1].details["to"]
            if {said, says} != {expected} or left or in_ledger != standing:
                wrong += 1
                print(f"point {point}: figures {said[:8]} then {says[:8]}, left {left}, the ledger ends at {in_ledger}")
            if point % 10 == 0 or point == points:
                print(
                    f"{point} points: {killed} killed in the night, {unfinished} of them with something half made; "
                    f"readers saw the build before {stood} times; {wrong} nights differ from the undisturbed one",
                    flush=True,
                )
    raise SystemExit(1 if wrong or not killed else 0)


if __name__ == "__main__":
    main()
