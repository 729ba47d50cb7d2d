"""What the published build's marts say of data quality up to a week: freshness, acceptance, reasons, cross-source."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from worker_services.intervals import Week
from worker_services.quality.site.arrivals import places
from worker_services.seeds import read_seed

TREND_WEEKS = 8


@dataclass(frozen=True)
class CrossSource:
    """One kind of thing that two sources report: the pairs of partners compared, and how often they differ in what.

    `kind` is a row of the seed reconciliation_kinds, `differences` are rows of reconciliation_differences, counted.
    """

    kind: dict[str, str]
    pairs: list[dict[str, Any]]
    differences: list[dict[str, Any]]


@dataclass(frozen=True)
class Figures:
    """What the rpt_ marts of the published build say, up to the report's week."""

    freshness: list[dict[str, Any]]
    weeks: list[str]
    trend: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    cross_source: list[CrossSource]


def read_figures(path: Path, week: Week) -> Figures:
    """Of the published build, whose file is at `path`."""
    with duckdb.connect(str(path), read_only=True) as database:
        freshness = _rows(database, "select * from marts.rpt_partner_freshness")
        weekly = _rows(
            database,
            "select * from marts.rpt_quality_feed_weekly where week_id <= $week",
            week,
        )
        reasons = _rows(
            database,
            """
            select *
            from marts.rpt_quality_reasons
            where week_id = $week
            order by rows desc, partner_id, feed, column_name, rule
            """,
            week,
        )
        compared = _rows(
            database,
            """
            select
                kind,
                partner_id,
                other_partner_id,
                sum(rows_compared) as compared,
                sum(rows_agreed) as agreed,
                sum(rows_differing) as differing,
                sum(rows_partner_only) as partner_only,
                sum(rows_other_only) as other_only
            from marts.rpt_reconciliation_weekly
            where week_id <= $week
            group by kind, kind_order, partner_id, other_partner_id
            order by kind_order, partner_id, other_partner_id
            """,
            week,
        )
        differences = _rows(
            database,
            """
            select kind, difference, sum(differences) as differences
            from marts.rpt_reconciliation_differences
            where week_id <= $week
            group by kind, difference, difference_order
            order by kind, difference_order
            """,
            week,
        )
    order = places()
    weeks = sorted({row["week_id"] for row in weekly})[-TREND_WEEKS:]
    trend = []
    for partner, feed in order:
        rows = {row["week_id"]: row for row in weekly if (row["partner_id"], row["feed"]) == (partner, feed)}
        trend.append(
            {
                "partner": partner,
                "feed": feed,
                "weeks": [rows.get(name) for name in weeks],
                "this_week": rows.get(str(week)),
                "held_orphan": sum(row["rows_held_orphan"] for row in rows.values()),
            }
        )
    kinds = {row["kind"]: row for row in read_seed("reconciliation/reconciliation_kinds")}
    names = {(row["kind"], row["difference"]): row for row in read_seed("reconciliation/reconciliation_differences")}
    return Figures(
        freshness=sorted(freshness, key=lambda row: order.index((row["partner_id"], row["feed"]))),
        weeks=weeks,
        trend=trend,
        reasons=[row | {"partner": row["partner_id"]} for row in reasons],
        cross_source=[
            CrossSource(
                kind=kinds[kind],
                pairs=[row | {"partner": row["partner_id"]} for row in rows],
                differences=[row | names[kind, row["difference"]] for row in differences if row["kind"] == kind],
            )
            for kind, rows in groupby(compared, itemgetter("kind"))
        ],
    )


def _rows(database: duckdb.DuckDBPyConnection, query: str, week: Week | None = None) -> list[dict[str, Any]]:
    parameters = {"week": str(week)} if week else None
    return database.execute(query, parameters).to_arrow_table().to_pylist()  # type: ignore[no-any-return]
