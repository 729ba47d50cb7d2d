"""The `rpt_` marts of one published build, read once, for one week."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from worker_services.briefing.errors import NoPublishedBuild, WeekNotCovered
from worker_services.intervals import Week
from worker_services.settings import Settings
from worker_services.warehouse.publish import current

Row = dict[str, Any]
UNIONS = ("county", "industry", "direct")
"""Scope types of the unions below the city."""
MetricKey = tuple[str, str, str, str]


@dataclass(frozen=True)
class Marts:
    """Rows as DuckDB gives them (Decimal, date, None).

    `metrics` are all that are published, `catalogue` the headline ones, both in the order of display. `weekly` is keyed
    metric, scope type, scope code, week; `metric_feeds` gives the metrics that a feed counts into. `uneven` compares
    the county-level unions, `uneven_last` and `fault_last` are those in the last places, the very last one first.
    """

    build_id: str
    as_of: datetime
    is_demo: bool
    week: Week
    metrics: dict[str, Row]
    catalogue: dict[str, Row]
    weekly: dict[MetricKey, Row]
    organisations: list[Row]
    metric_feeds: dict[str, list[str]]
    freshness: list[Row]
    quality: list[Row]
    reasons: list[Row]
    categories: list[Row]
    uneven: list[Row]
    uneven_last: list[Row]
    faults: list[Row]
    fault_last: list[Row]


def build_path(settings: Settings, build_id: str | None = None) -> Path:
    """The file of a build, by default of the published one. Raises NoPublishedBuild."""
    if build_id is None:
        published = current(settings)
        if published is None:
            raise NoPublishedBuild(
                "no warehouse build has been published yet; run 'worker-services warehouse build', "
                "'audit' and 'publish' first"
            )
        build_id = published.build_id
    path = settings.builds / f"{build_id}.duckdb"
    if not path.exists():
        raise NoPublishedBuild(f"build '{build_id}' is not kept any more: {path} is not there")
    return path


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build, opened read-only."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def read_marts(path: Path, week: Week) -> Marts:
    """Read what the briefing of `week` needs. Raises WeekNotCovered."""
    with reading(path) as connection:
        build = _rows(connection, "select * from marts.rpt_build")[0]
        first = connection.execute("select min(week_id) from marts.rpt_metric_weekly").fetchone()
        last, first_week = build["week_id"], first[0] if first else None
        if last is None or first_week is None or not first_week <= str(week) <= last:
            covered = f"complete weeks {first_week} to {last}" if last and first_week else "no complete week"
            raise WeekNotCovered(
                f"build {build['build_id']} covers {covered}, not {week}; "
                "ask for another week, or ingest the missing nights and publish a new build"
            )
        here = f"where week_id = '{week}'"  # a literal: query parameters make DuckDB import pandas
        weekly = _rows(
            connection,
            f"select * from marts.rpt_metric_weekly where week_id <= '{week}' "
            f"and (scope_type = 'city' or week_id = '{week}') order by scope_order, scope_code, metric_id, week_id",
        )
        metrics = {
            row["metric_id"]: row
            for row in _rows(connection, "select * from marts.rpt_metric_catalogue order by display_order, metric_id")
        }
        return Marts(
            build_id=build["build_id"],
            as_of=build["as_of"],
            is_demo=build["is_demo"],
            week=week,
            metrics=metrics,
            catalogue={metric: row for metric, row in metrics.items() if row["is_headline"]},
            weekly={(r["metric_id"], r["scope_type"], r["scope_code"], r["week_id"]): r for r in weekly},
            organisations=list({r["scope_code"]: r for r in weekly if r["scope_type"] in UNIONS}.values()),
            metric_feeds=dict(
                connection.execute(
                    "select feed, list(metric_id order by metric_id) from marts.rpt_metric_feeds group by feed"
                ).fetchall()
            ),
            freshness=_rows(connection, "select * from marts.rpt_partner_freshness order by domain, partner_id, feed"),
            quality=_rows(
                connection,
                f"select * from marts.rpt_quality_feed_weekly {here} order by partner_id, feed",
            ),
            reasons=_rows(
                connection,
                f"select * from marts.rpt_quality_reasons {here} "
                "order by rows desc, partner_id, feed, column_name, rule",
            ),
            categories=_rows(
                connection,
                f"select * from marts.rpt_service_categories {here} order by service_category_order, partner_id",
            ),
            uneven=_rows(
                connection,
                f"select * from marts.rpt_uneven_progress {here} and scope_type = 'county' order by league_id",
            ),
            uneven_last=_rows(
                connection,
                f"select * from marts.rpt_uneven_progress_units {here} and scope_type = 'county' "
                "order by league_id, rank_from_last, scope_code",
            ),
            faults=_rows(connection, f"select * from marts.rpt_fault_weekly {here} order by metric_id"),
            fault_last=_rows(
                connection,
                f"select * from marts.rpt_fault_units {here} and scope_type = 'county' "
                "order by metric_id, rank_from_last, scope_code",
            ),
        )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
