"""What one batch looks like in figures, kept beside the results of its checks: what later batches are measured against.

A profile holds numbers of rows and medians, never a row. It is written when the batch has been checked and says which
checks it failed, so that nothing is learned from what was found to be wrong.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from worker_services import engines
from worker_services.contracts import Column, Contract
from worker_services.files import write_bytes
from worker_services.intervals import Interval
from worker_services.landing import batches
from worker_services.settings import Settings, partition
from worker_services.sql_literals import parquet_relation, quoted_list

SUFFIX = ".profile.ndjson"
EARLIER_NIGHTS = 7
"""How far back the rows of earlier batches are looked at again."""
EMPTY = ""
"""How a cell without a value is counted among the codes of its column."""

_COLUMNS = {
    "batch_id": "varchar",
    "interval_start": "date",
    "interval_end": "date",
    "rows": "bigint",
    "filled": "map(varchar, bigint)",
    "codes": "map(varchar, map(varchar, bigint))",
    "medians": "map(varchar, double)",
    "failed": "varchar[]",
}


@dataclass(frozen=True)
class Profile:
    """Rows of a batch: all of them, those with a value by optional column, those of each code by coded column.

    `medians`: of the numbers in its columns. `failed`: ids of the checks that it did not pass.
    """

    batch_id: str
    interval: Interval
    rows: int
    filled: dict[str, int]
    codes: dict[str, dict[str, int]]
    medians: dict[str, float]
    failed: frozenset[str] = frozenset()

    @property
    def days(self) -> int:
        return (self.interval.end - self.interval.start).days


def measure(contract: Contract, parquet: Path, batch_id: str, interval: Interval) -> Profile:
    """The profile of one landing file, in one pass of the engine. Raises duckdb.Error."""
    optional, coded, numbers = optional_columns(contract), coded_columns(contract), number_columns(contract)
    picked = [
        "count(*)",
        *(f'count("{name}")' for name in optional),
        *(f"histogram(coalesce(\"{name}\", '{EMPTY}'))" for name in coded),
        *(f'median("{name}")::double' for name in numbers),
    ]
    with engines.bounded() as (_, config), duckdb.connect(config=config) as connection:
        (row,) = connection.execute(f"select {', '.join(picked)} from ({parquet_relation(parquet)})").fetchall()
    values = iter(row[1:])
    return Profile(
        batch_id=batch_id,
        interval=interval,
        rows=row[0],
        filled={name: next(values) for name in optional},
        codes={name: next(values) or {} for name in coded},
        medians={name: value for name in numbers if (value := next(values)) is not None},
    )


def optional_columns(contract: Contract) -> list[str]:
    """Landed columns that may be empty."""
    return [column.published_name for column in _kept(contract) if not column.required]


def coded_columns(contract: Contract) -> list[str]:
    """Landed columns that hold codes of a list."""
    coded = [column.published_name for column in _kept(contract) if column.code_list]
    return coded + [name for column in contract.columns for name in column.derived]


def number_columns(contract: Contract) -> list[str]:
    """Landed columns that hold numbers."""
    return [column.published_name for column in _kept(contract) if column.logical_type in ("integer", "number")]


def write(folder: Path, profile: Profile) -> None:
    """Write a profile as one line of JSON; the same profile gives the same bytes."""
    fields = asdict(profile) | {"failed": sorted(profile.failed)}
    del fields["interval"]
    fields["interval_start"] = profile.interval.start.isoformat()
    fields["interval_end"] = profile.interval.end.isoformat()
    line = json.dumps(fields, ensure_ascii=False, sort_keys=True)
    write_bytes(folder / f"{profile.batch_id}{SUFFIX}", f"{line}\n".encode())


def history(settings: Settings, feed: str, partner: str, since: date, before: date) -> list[Profile]:
    """Profiles of the batches that stand and whose interval ends in [since, before), by interval.

    A batch that was refused or replaced is not among them. All are read by one query, however many there are.
    """
    paths = []
    for folder in sorted((settings.quality / f"feed={feed}" / f"partner={partner}").glob("date=*")):
        day = date.fromisoformat(folder.name.removeprefix("date="))
        if since <= day < before:
            landed = partition(settings.landing, feed, partner, day)
            paths += [path for path in folder.glob(f"*{SUFFIX}") if (landed / _manifest(path)).exists()]
    if not paths:
        return []
    columns = ", ".join(f"{name}: '{sql_type}'" for name, sql_type in _COLUMNS.items())
    query = (
        f"select {', '.join(_COLUMNS)} from read_json({quoted_list(paths)}, format = 'newline_delimited', "
        f"columns = {{{columns}}}) order by interval_end, interval_start, batch_id"
    )
    with duckdb.connect() as connection:
        rows = connection.execute(query).fetchall()
    found: dict[Interval, list[Profile]] = {}
    for batch_id, start, end, count, filled, codes, medians, failed in rows:
        interval = Interval(start, end)
        profile = Profile(batch_id, interval, count, filled, codes, medians, frozenset(failed))
        found.setdefault(interval, []).append(profile)
    return [_standing(settings, feed, partner, of_interval) for of_interval in found.values()]


def earlier_files(settings: Settings, contract: Contract, partner: str, interval: Interval) -> list[Path]:
    """Landing files of the batches that stand of the nights before; of a feed that comes whole, the last one alone."""
    found: list[Path] = []
    for number in range(1, EARLIER_NIGHTS + 1):
        folder = partition(settings.landing, contract.feed, partner, interval.start - timedelta(days=number))
        manifests = [item for path in folder.glob("*.json") if (item := batches.read(path)).supplements is None]
        latest = {item.interval: item for item in sorted(manifests, key=lambda item: item.landed_at)}
        found += [batches.parquet_path(settings, item) for item in latest.values()]
        if found and contract.delivery == "snapshot":
            break
    return found


def _kept(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if column.privacy == "keep"]


def _manifest(path: Path) -> str:
    return f"{path.name.removesuffix(SUFFIX)}.json"


def _standing(settings: Settings, feed: str, partner: str, profiles: list[Profile]) -> Profile:
    if len(profiles) == 1:
        return profiles[0]
    last = batches.of_interval(settings, partner, feed, profiles[0].interval)[-1]
    return next((item for item in profiles if item.batch_id == last.batch_id), profiles[-1])
