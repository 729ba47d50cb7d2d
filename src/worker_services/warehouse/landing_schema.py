"""The schema `landing` of a build: what had landed by the as-of time, as relations that dbt takes for its sources."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from worker_services.contracts import contract_feeds, load_contract
from worker_services.landing import batches, compaction, corrections, outcomes
from worker_services.landing.batches import Manifest
from worker_services.landing.compaction import Compacted, Sources
from worker_services.landing.outcomes import Outcome
from worker_services.landing.quarantine import SCHEMA as QUARANTINE
from worker_services.partners.registry import load_partners
from worker_services.settings import Settings
from worker_services.sql_literals import no_rows, quoted_list
from worker_services.warehouse import printed
from worker_services.warehouse.base import Base

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
        ("supplements", pa.string()),
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
        ("came_late", pa.bool_()),
    ]
)
PLACE = [
    ("partner", pa.string()),
    ("feed", pa.string()),
    ("interval_start", pa.date32()),
    ("interval_end", pa.date32()),
]
CHECKS_JUDGED = pa.schema([*PLACE, ("dimension_zh", pa.string()), ("checks_judged", pa.int64())])
CHECKS_FAILED = pa.schema(
    [
        *PLACE,
        ("check_id", pa.string()),
        ("what_zh", pa.string()),
        ("dimension_zh", pa.string()),
        ("severity", pa.string()),
    ]
)


@dataclass(frozen=True)
class Known:
    """What was known at a moment: the batch that stood for each interval, and what had become of each expected batch.

    `outcomes` holds, for each, every outcome recorded by then; the last one stands.
    """

    batches: list[Manifest]
    outcomes: list[list[Outcome]]


def known_by(settings: Settings, as_of: datetime) -> Known:
    """What had landed, and what had become of each expected batch, by `as_of`."""
    standing: list[Manifest] = []
    recorded: list[list[Outcome]] = []
    for partner_id, partner in load_partners().items():
        for feed in partner.feeds:
            landed = batches.of_feed(settings, partner_id, feed)
            standing += batches.standing(item for item in landed if item.landed_at <= as_of)
            recorded += outcomes.history(settings, partner_id, feed, as_of)
    return Known(sorted(standing, key=lambda item: item.batch_id), recorded)


def write(
    path: Path, settings: Settings, known: Known, build_id: str, as_of: datetime, base: Base | None = None
) -> None:
    """Create the schema in a new DuckDB file, or in a copy of the build `base` that a build goes on from.

    Then the schema `changed` says what has to be looked at again.
    """
    with duckdb.connect(str(path), config={"python_enable_replacements": False}) as database:
        database.execute("drop schema if exists landing cascade")
        database.execute("drop schema if exists changed cascade")
        database.execute("create schema landing")
        _table(database, "batches", pa.Table.from_pylist(list(_batch_rows(known.batches)), BATCHES))
        linked = [item for item in known.batches if item.has_worker_key_links]
        links = _links_sql(compaction.sources(settings, "links", linked))
        database.execute(f"create table landing.worker_key_links as {links}")
        database.execute("create table landing.dropped_rows (feed varchar, rows bigint)")
        sources: dict[str, Sources] = {}
        for feed in contract_feeds():
            standing = [item for item in known.batches if item.feed == feed]
            sources[feed] = compaction.sources(settings, "rows", standing, feed)
            landed = _feed_sql(feed, sources[feed])
            database.execute(f'create view landing."{feed}" as {corrections.apply_sql(feed, landed)}')
            if corrections.for_feed(feed):
                database.execute(
                    f"insert into landing.dropped_rows select '{feed}', (select count(*) from ({landed}) as landed) "
                    f'- (select count(*) from landing."{feed}")'
                )
        _table(database, "outcomes", pa.Table.from_pylist(list(map(_outcome_row, known.outcomes)), OUTCOMES))
        standing_outcomes = [recorded[-1] for recorded in known.outcomes]
        _table(database, "checks_judged", pa.Table.from_pylist(list(_judged_rows(standing_outcomes)), CHECKS_JUDGED))
        _table(database, "checks_failed", pa.Table.from_pylist(list(_failed_rows(standing_outcomes)), CHECKS_FAILED))
        held = [item for item in known.batches if item.rows_quarantined and not item.supplements]
        reasons = compaction.sources(settings, "reasons", held)
        released = [batches.parquet_path(settings, item) for item in known.batches if item.supplements]
        database.execute(f"create view landing.quarantine_reasons as {_quarantine_sql(reasons, released)}")
        _table(database, "corrections", corrections.table(settings, as_of))
        printed.write(database, settings, as_of)
        _table(database, "partners", pa.Table.from_pylist(list(_partner_rows())))
        database.execute("create table landing.build (build_id varchar, as_of timestamp, is_demo boolean)")
        database.execute(
            "insert into landing.build values (?, ?, ?)", [build_id, as_of.replace(tzinfo=None), settings.is_demo]
        )
        if base:
            _write_changed(database, settings, sources, base)


def _write_changed(
    database: duckdb.DuckDBPyConnection, settings: Settings, sources: dict[str, Sources], base: Base
) -> None:
    """The schema `changed`: the keys of records that may count otherwise than in the base, every landed row of these
    records, and which build the base is."""
    database.execute("create schema changed")
    database.execute("create table changed.base as select ? as build_id", [base.build_id])
    places = [{"batch_id": item.batch_id, "partner": item.partner, "until": item.interval.end} for item in base.changed]
    schema = pa.schema([("batch_id", pa.string()), ("partner", pa.string()), ("until", pa.date32())])
    database.register("places", pa.Table.from_pylist(places, schema))
    for feed in contract_feeds():
        key, columns = _record_key(feed), load_contract(feed).landed_columns
        files = [batches.parquet_path(settings, item) for item in base.changed if item.feed == feed]
        found = (
            f"select distinct {', '.join(key.values())} from read_parquet({quoted_list(files)}, union_by_name = true, "
            "hive_partitioning = false) as rows join places on rows._batch_id = places.batch_id"
            if files
            else no_rows({name: (columns | PLACE_COLUMNS)[name] for name in key})
        )
        database.execute(f'create table changed."{feed}" as {found}')
        landed = _feed_sql(feed, sources[feed], only_changed=True)
        database.execute(
            f'create table changed."{feed}_rows" as select * from ({corrections.apply_sql(feed, landed)}) as landed '
            f'where ({", ".join(key)}) in (select * from changed."{feed}")'
        )
    database.unregister("places")


def _record_key(feed: str) -> dict[str, str]:
    """What tells the records of a feed apart, and the SQL of it; a snapshot is looked at whole."""
    contract = load_contract(feed)
    if contract.delivery == "snapshot":
        return {"_partner": "places.partner as _partner", "_interval_end": "places.until as _interval_end"}
    keys = [contract.column(name).published_name for name in contract.key]
    return {"_partner": "places.partner as _partner"} | {name: f'rows."{name}"' for name in keys}


def compact(settings: Settings, today: date) -> Compacted:
    """Bring the compacted months up to date, and delete what of earlier ones no build that is kept reads any more.

    While a build is being made nothing is deleted: the next compaction does. Raises DamagedBatch.
    """
    done = compaction.compact(settings, today)
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    with suppress(Timeout), FileLock(settings.warehouse / ".build.lock", timeout=0):
        compaction.remove_unused(settings, _read_by_builds(settings))
    return done


def _read_by_builds(settings: Settings) -> set[Path]:
    """Compacted files that the schema `landing` of a build leads to."""
    named = re.compile(re.escape(str(settings.compacted)) + r"/[^']+\.parquet")
    found: set[Path] = set()
    for path in settings.builds.glob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as database:
            views = database.execute("select sql from duckdb_views() where schema_name = 'landing'").fetchall()
        found.update(Path(name) for (sql,) in views for name in named.findall(sql))
    return found


def _feed_sql(feed: str, landed: Sources, *, only_changed: bool = False) -> str:
    """The rows of a feed, or those of them whose keys stand in `changed`, whoever the partner.

    Workers are told apart by 128 bits: their landed pseudonyms, 64 digits of text, take four times the room and time.
    """
    contract = load_contract(feed)
    columns = contract.landed_columns
    workers = {column.published_name for column in contract.columns if column.privacy == "pseudonymise"}
    columns |= dict.fromkeys(workers, "uuid")
    if not landed.files:
        return no_rows(columns | PLACE_COLUMNS)
    values = {name: f'rows."{name}"' for name in columns}
    values |= {name: f'md5(coalesce("{name}_link".current_key, {values[name]}))' for name in workers}
    picked = ", ".join(f'{value}::{columns[name]} as "{name}"' for name, value in values.items())
    links = " ".join(
        f'left join landing.worker_key_links as "{name}_link" on rows."{name}" = "{name}_link".old_key'
        for name in workers
    )
    # A file is asked for keys before it is asked for rows.
    keys = [name for name in _record_key(feed) if only_changed and name not in PLACE_COLUMNS]
    changed = f'semi join changed."{feed}" as changed using ({", ".join(keys)}) ' if keys else ""
    return (
        f"select {picked}, batches.partner as _partner, batches.interval_start as _interval_start, "
        "batches.interval_end as _interval_end "
        f"from read_parquet({quoted_list(landed.files)}, union_by_name = true, hive_partitioning = false) as rows "
        f"{changed}join landing.batches as batches on rows._batch_id = batches.batch_id {links}"
    )


def _links_sql(linked: Sources) -> str:
    """Each key of a secret that was rotated out, and the newest key known of the same worker."""
    if not linked.files:
        return no_rows({"old_key": "varchar", "current_key": "varchar"})
    found = [f"read_parquet({quoted_list(linked.own)}, hive_partitioning = false)"] if linked.own else []
    if linked.parts:
        found.append(
            f"read_parquet({quoted_list(linked.parts)}, hive_partitioning = false) "
            "where _batch_id in (select batch_id from landing.batches)"
        )
    return f"""
        with recursive links as (
            {" union ".join(f"select old_key, new_key from {each}" for each in found)}
        ),
        chains as (
            select old_key, new_key as current_key from links
            union
            select chains.old_key, links.new_key as current_key
            from chains inner join links on chains.current_key = links.old_key
        )
        select old_key, current_key from chains where current_key not in (select old_key from links)
    """


def _quarantine_sql(reasons: Sources, released: list[Path]) -> str:
    """Reasons of the rows that are still held; those that came out of quarantine are left out."""
    left_out = ("place", "line_number", "value_shape", "message_zh", "message_en", "landed_at")
    columns = [name for name in QUARANTINE.names if name not in left_out]
    if not reasons.files:
        sql_types = {"row_number": "bigint", "interval_start": "date", "interval_end": "date"}
        return no_rows({name: sql_types.get(name, "varchar") for name in columns})
    held = (
        f"select {', '.join(columns)} from read_parquet({quoted_list(reasons.files)}, hive_partitioning = false) "
        "where batch_id in (select batch_id from landing.batches)"
    )
    if not released:
        return held
    return (
        f"select held.* from ({held}) as held anti join ("
        "select batches.supplements as batch_id, rows._row_number as row_number "
        f"from read_parquet({quoted_list(released)}, union_by_name = true, hive_partitioning = false) as rows "
        "join landing.batches as batches on rows._batch_id = batches.batch_id"
        ") as released on held.batch_id = released.batch_id and held.row_number = released.row_number"
    )


def _table(database: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    database.register("arrow_rows", rows)
    database.execute(f"create table landing.{name} as select * from arrow_rows")
    database.unregister("arrow_rows")


def _batch_rows(standing: list[Manifest]) -> Iterable[dict[str, Any]]:
    """Rows that come out of quarantine were received once before: they only move from quarantined to accepted."""
    landed = {item.batch_id for item in standing}
    for item in standing:
        fields = {name: getattr(item, name, None) for name in BATCHES.names}
        if item.supplements:
            is_known = item.supplements in landed
            fields["rows_received"] = 0 if is_known else item.rows_accepted
            fields["rows_quarantined"] = -item.rows_accepted if is_known else 0
        yield fields | {
            "interval_start": item.interval.start,
            "interval_end": item.interval.end,
            "landed_at": item.landed_at.replace(tzinfo=None),
        }


def _outcome_row(recorded: list[Outcome]) -> dict[str, Any]:
    item = recorded[-1]
    fields = {name: getattr(item, name, None) for name in OUTCOMES.names}
    return (
        fields
        | _place(item)
        | {
            "recorded_at": item.recorded_at and item.recorded_at.replace(tzinfo=None),
            "came_late": item.is_landed and not all(earlier.is_landed for earlier in recorded),
        }
    )


def _judged_rows(standing: list[Outcome]) -> Iterable[dict[str, Any]]:
    for item in standing:
        for dimension, checks in item.judged.items():
            yield _place(item) | {"dimension_zh": dimension, "checks_judged": checks}


def _failed_rows(standing: list[Outcome]) -> Iterable[dict[str, Any]]:
    for item in standing:
        for check in item.failed_checks:
            fields = {"check_id": check.check_id, "what_zh": check.what_zh, "severity": check.severity}
            yield _place(item) | fields | {"dimension_zh": check.dimension}


def _place(item: Outcome) -> dict[str, Any]:
    return {
        "partner": item.partner,
        "feed": item.feed,
        "interval_start": item.interval.start,
        "interval_end": item.interval.end,
    }


def _partner_rows() -> Iterable[dict[str, Any]]:
    for partner_id, partner in load_partners().items():
        for feed in partner.feeds:
            yield {
                "partner_id": partner_id,
                "name_zh": partner.name,
                "short_name_zh": partner.short_name or partner.name,
                "name_en": partner.name_en,
                "partner_type": partner.type,
                "domain": partner.domain,
                "display_order": partner.order,
                "feed": feed,
                "feed_name_zh": load_contract(feed).label,
                "feed_name_en": load_contract(feed).label_en,
            }
