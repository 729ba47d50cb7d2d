"""The whole door at size: a file in a folder is fetched, sealed, read, judged, pseudonymised and landed.

    python -m benchmarks.door [--rows 1000000 ...]

Each size runs in a process of its own; what is given is its time and the highest memory of the process. One row in a
hundred has an unknown code, one in a thousand contradicts another.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pyrage
from pydantic import SecretStr

from simulators.people import make_employers, make_workers
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.landing import ingest
from worker_services.landing.outcomes import Outcome
from worker_services.partners.registry import FileSource, load_partners
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings

PARTNER, FEED = "maternity_hospital", "health_services"
INTERVAL = Interval.parse("2025-01-01/2025-10-25")
BLOCK = 100_000


def write(path: Path, rows: int) -> None:
    """A file as the hospital sends it, GB 18030, without its title and its total row."""
    rng = np.random.default_rng(1)
    employers = make_employers(rng)
    workers = make_workers(rng, employers)
    header = [names[0] for names in load_partners()[PARTNER].feeds[FEED].columns.values()]
    days = np.datetime_as_string(np.arange("2025-01-01", "2025-10-25", dtype="datetime64[D]"))
    with path.open("w", encoding="gb18030", newline="") as file:
        file.write(",".join(header) + "\r\n")
        for start in range(0, rows, BLOCK):
            numbers = range(start, min(start + BLOCK, rows))
            who = rng.integers(len(workers.citizen_id), size=len(numbers))
            when = days[rng.integers(len(days), size=len(numbers))]
            file.writelines(
                f"FC{number - (number % 1000 == 999):012d},{workers.name[person]},{workers.citizen_id[person]},"
                f"{workers.phone[person]},{day},{'口腔检查' if number % 100 == 7 else '体重管理'},南关区,,,"
                f"{number % 5 + 1},有效\r\n"
                for number, person, day in zip(numbers, who, when, strict=True)
            )


def land(folder: Path) -> Outcome:
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    partners = load_partners()
    source = FileSource(kind="file", path="rows_{first:%Y%m%d}.csv", format="csv", encoding="gb18030")
    feed = partners[PARTNER].feeds[FEED].model_copy(update={"source": source})
    partners[PARTNER] = partners[PARTNER].model_copy(update={"feeds": {FEED: feed}})
    secrets = Secrets(
        worker_key_secret=SecretStr("benchmark"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    connection = Connection(conn_id="benchmark", conn_type="fs", extra={"path": str(folder)})
    return ingest.ingest(settings, PARTNER, FEED, INTERVAL, connection, secrets)


@click.command()
@click.option("--rows", multiple=True, type=int, default=(100_000, 1_000_000), show_default=True)
@click.option("--measure", type=click.Path(path_type=Path), hidden=True)
def main(rows: tuple[int, ...], measure: Path | None) -> None:
    if measure:
        started = time.perf_counter()
        outcome = land(measure)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{seconds:.1f} s, peak {peak:.0f} MB: {outcome.message_en.partition(': ')[2]}")
        return
    for count in rows:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / f"rows_{INTERVAL.start:%Y%m%d}.csv", count)
            command = [sys.executable, "-m", "benchmarks.door", "--measure", folder]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"{count} rows: {told.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
