"""The schema `landing` of a build: what had landed by the as-of time, as relations that dbt takes for its sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from worker_services.contracts import contract_feeds, load_contract
from worker_services.landing import batches, outcomes
from worker_services.landing.batches import Manifest
from worker_services.landing.outcomes import Outcome
from worker_services.landing.quarantine import SCHEMA as QUARANTINE
from worker_services.partners.registry import load_partners
from worker_services.settings import Settings, partition

PLACE_COLUMNS = {"_partner": "varchar", "_interval_start": "date", "_interval_end": "date"}
BATCHES = pa.schema(
    [
        ("batch_id", pa.string()),
        ("partner", pa.string()),
        ("feed", pa.string()),
        ("interval_start", pa.date32()),
        ("interval_end", pa.date32()),
        ("contract_version", pa.string()),
        ("rows_received", pa.int64()),
        ("rows_accepted", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("raw_sha256", pa.string()),
        ("parquet_sha256", pa.string()),
        ("landed_at", pa.timestamp("us")),
    ]
)
OUTCOMES = pa.schema(
    [
        ("partner", pa.string()),
        ("feed", pa.string()),
        ("interval_start", pa.date32()),
        ("interval_end", pa.date32()),
        ("outcome", pa.string()),
        ("message_zh", pa.string()),
        ("message_en", pa.string()),
        ("batch_id", pa.string()),
        ("recorded_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True)
class Known:
    """What was known at a moment: the batch that stood for each interval, and the outcome of each expected batch."""

    batches: list[Manifest]
    outcomes: list[Outcome]


def known_by(settings: Settings, as_of: datetime) -> Known:
    """What had landed, and what had become of each expected batch, by `as_of`."""
    standing: dict[object, Manifest] = {}
    recorded: list[Outcome] = []
    for partner_id, partner in load_partners().items():
        for feed in partner.feeds:
            for manifest in batches.of_feed(settings, partner_id, feed):
                if manifest.landed_at <= as_of:
                    standing[(partner_id, feed, manifest.interval)] = manifest
            recorded += outcomes.nights(settings, partner_id, feed, as_of)
    return Known(sorted(standing.values(), key=lambda item: item.batch_id), recorded)


def write(path: Path, settings: Settings, known: Known, build_id: str, as_of: datetime) -> None:
    """Create the schema in a new DuckDB file."""
    with duckdb.connect(str(path), config={"python_enable_replacements": False}) as database:
        database.execute("create schema landing")
        _table(database, "batches", pa.Table.from_pylist(list(map(_batch_row, known.batches)), BATCHES))
        for feed in contract_feeds():
            files = [_parquet(settings, item) for item in known.batches if item.feed == feed]
            database.execute(f'create view landing."{feed}" as {_feed_sql(feed, files)}')
        _table(database, "outcomes", pa.Table.from_pylist(list(map(_outcome_row, known.outcomes)), OUTCOMES))
        held = [_quarantine(settings, item) for item in known.batches if item.rows_quarantined]
        database.execute(f"create view landing.quarantine_reasons as {_quarantine_sql(held)}")
        _table(database, "partners", pa.Table.from_pylist(list(_partner_rows())))
        database.execute("create table landing.build (build_id varchar, as_of timestamp, is_demo boolean)")
        database.execute(
            "insert into landing.build values (?, ?, ?)", [build_id, as_of.replace(tzinfo=None), settings.is_demo]
        )


def _feed_sql(feed: str, files: list[Path]) -> str:
    columns = load_contract(feed).landed_columns
    if not files:
        return _empty_sql(columns | PLACE_COLUMNS)
    picked = ", ".join(f'rows."{name}"::{sql_type} as "{name}"' for name, sql_type in columns.items())
    return (
        f"select {picked}, batches.partner as _partner, batches.interval_start as _interval_start, "
        "batches.interval_end as _interval_end "
        f"from read_parquet({_list(files)}, union_by_name = true, hive_partitioning = false) as rows "
        "join landing.batches as batches on rows._batch_id = batches.batch_id"
    )


def _quarantine_sql(files: list[Path]) -> str:
    columns = [
        name for name in QUARANTINE.names if name not in ("value_shape", "message_zh", "message_en", "landed_at")
    ]
    if not files:
        sql_types = {"row_number": "bigint", "interval_start": "date", "interval_end": "date"}
        return _empty_sql({name: sql_types.get(name, "varchar") for name in columns})
    return f"select {', '.join(columns)} from read_parquet({_list(files)}, hive_partitioning = false)"


def _empty_sql(columns: dict[str, str]) -> str:
    return "select " + ", ".join(f'null::{sql_type} as "{name}"' for name, sql_type in columns.items()) + " where false"


def _list(files: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in files) + "]"


def _table(database: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    database.register("arrow_rows", rows)
    database.execute(f"create table landing.{name} as select * from arrow_rows")
    database.unregister("arrow_rows")


def _parquet(settings: Settings, item: Manifest) -> Path:
    return batches.folder(settings, item.partner, item.feed, item.interval) / f"{item.batch_id}.parquet"


def _quarantine(settings: Settings, item: Manifest) -> Path:
    folder = partition(settings.quarantine, item.feed, item.partner, item.interval.last_day)
    return folder / f"{item.batch_id}.parquet"


def _batch_row(item: Manifest) -> dict[str, Any]:
    fields = {name: getattr(item, name, None) for name in BATCHES.names}
    return fields | {
        "interval_start": item.interval.start,
        "interval_end": item.interval.end,
        "landed_at": item.landed_at.replace(tzinfo=None),
    }


def _outcome_row(item: Outcome) -> dict[str, Any]:
    fields = {name: getattr(item, name, None) for name in OUTCOMES.names}
    return fields | {
        "interval_start": item.interval.start,
        "interval_end": item.interval.end,
        "recorded_at": item.recorded_at and item.recorded_at.replace(tzinfo=None),
    }


def _partner_rows() -> Iterable[dict[str, str]]:
    for partner_id, partner in load_partners().items():
        for feed in partner.feeds:
            yield {
                "partner_id": partner_id,
                "name_zh": partner.name,
                "domain": partner.domain,
                "feed": feed,
                "feed_name_zh": load_contract(feed).label,
            }
