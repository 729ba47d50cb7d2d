"""The `rpt_` marts of one published build, read once, for one week."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from worker_services.briefing.config import Edition
from worker_services.briefing.errors import BriefingError, NoPublishedBuild, WeekNotCovered
from worker_services.briefing.language import Code
from worker_services.intervals import Week
from worker_services.settings import Settings
from worker_services.warehouse.publish import current

Row = dict[str, Any]
UNIONS = ("county", "industry", "direct")
"""Scope types of the unions below the city."""
CITY = ("city", "220100")
MetricKey = tuple[str, str, str, str]
WEEKLY_COLUMNS = (
    "metric_id",
    "scope_type",
    "scope_code",
    "scope_name_zh",
    "scope_name_en",
    "scope_short_name_zh",
    "scope_short_name_en",
    "scope_order",
    "week_id",
    "value",
    "change",
    "cumulative_value",
    "target",
    "completion_rate",
    "expected_share",
    "pace_gap",
    "status_code",
    "status_zh",
    "status_en",
    "rank",
    "previous_rank",
    "ranked_units",
    "forecast",
    "forecast_low",
    "forecast_high",
    "is_suppressed",
)


@dataclass(frozen=True)
class Marts:
    """Rows as DuckDB gives them (Decimal, date, None), of one edition.

    `language` and `scope` are the edition's own. `metrics` are all that are published, `catalogue` those that the
    edition shows, both in the order of display. `weekly` is keyed metric, scope type, scope code, week: the week's rows
    of the edition's own scope, of the city and of all whom the city's edition names. `weeks` are those of the year up
    to this one; `history` has what is drawn of them, by metric and week, as floats, for the edition's own scope.
    `metric_feeds` gives the metrics that a feed counts into. `grades` are the scores of the data of the city and all
    partners, or of the edition's own, each with the cause that took most from it, all None where nothing was lost.
    `days` are those of the week and of the one before it.
    `uneven` compares the county-level unions; `uneven_last` and `fault_last` are the county-level unions and partners
    in the last places, the very last one first. `actions` were decided at the promotion meetings. `printed` is what
    the issue of the week before said, `restated` what has changed of it since.
    """

    build_id: str
    as_of: datetime
    is_demo: bool
    week: Week
    language: Code
    scope: tuple[str, str]
    metrics: dict[str, Row]
    catalogue: dict[str, Row]
    weekly: dict[MetricKey, Row]
    weeks: list[str]
    history: dict[tuple[str, str], Row]
    organisations: list[Row]
    metric_feeds: dict[str, list[str]]
    freshness: list[Row]
    quality: list[Row]
    reasons: list[Row]
    grades: list[Row]
    days: list[Row]
    categories: list[Row]
    uneven: list[Row]
    uneven_last: list[Row]
    faults: list[Row]
    fault_last: list[Row]
    actions: list[Row]
    printed: list[Row]
    restated: list[Row]
    restatement_batches: list[Row]

    @property
    def is_city(self) -> bool:
        return self.scope == CITY


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


def read_marts(path: Path, week: Week, edition_id: str, edition: Edition) -> Marts:
    """Read what an edition of the briefing of `week` needs. Raises WeekNotCovered, BriefingError."""
    with reading(path) as connection:
        connection.execute("set threads = 1")  # for answers this small, two take twice the processor time of one
        build = read_rows(connection, "select * from marts.rpt_build")[0]
        first = connection.execute("select min(week_id) from marts.rpt_metric_weekly").fetchone()
        last, first_week = build["week_id"], first[0] if first else None
        if last is None or first_week is None or not first_week <= str(week) <= last:
            covered = f"complete weeks {first_week} to {last}" if last and first_week else "no complete week"
            raise WeekNotCovered(
                f"build {build['build_id']} covers {covered}, not {week}; "
                "ask for another week, or ingest the missing nights and publish a new build"
            )
        scope = _scope(connection, edition_id, edition)
        is_city = scope == CITY
        here = f"where week_id = '{week}'"  # a literal: query parameters make DuckDB import pandas
        own = f"scope_type = '{scope[0]}' and scope_code = '{scope[1]}'"
        named = f"scope_type in {(*UNIONS, 'partner')}" if is_city else own
        weekly = read_rows(
            connection,
            f"select {', '.join(WEEKLY_COLUMNS)} from marts.rpt_metric_weekly "
            f"{here} and (scope_type = 'city' or {named}) order by scope_order, scope_code, metric_id",
        )
        history = read_rows(
            connection,
            "select metric_id, week_id, value::double as value, cumulative_value::double as cumulative_value, "
            "expected_share::double as expected_share from marts.rpt_metric_weekly "
            f"where week_id between '{week.year}-W01' and '{week}' and {own} order by week_id",
        )
        metrics = {
            row["metric_id"]: row
            for row in read_rows(
                connection, "select * from marts.rpt_metric_catalogue order by display_order, metric_id"
            )
        }
        by_key = {(r["metric_id"], r["scope_type"], r["scope_code"], r["week_id"]): r for r in weekly}
        delivered = "true" if scope[0] != "partner" else f"partner_id = '{scope[1]}'"
        own_grade = f"scope_type = 'partner' and {delivered}"
        last_units = f"{here} and scope_type in ('county', 'partner') and ({named})"
        before = f"where issue_week = '{week.previous()}' and edition = '{edition_id}'"
        restated = read_rows(
            connection,
            f"select * from marts.rpt_restated_figures {before} order by metric_id, scope_type, scope_code, figure",
        )
        return Marts(
            build_id=build["build_id"],
            as_of=build["as_of"],
            is_demo=build["is_demo"],
            week=week,
            language=edition.language,
            scope=scope,
            metrics=metrics,
            catalogue={metric: row for metric, row in metrics.items() if _shows(row, by_key, scope, week)},
            weekly=by_key,
            weeks=list(dict.fromkeys(row["week_id"] for row in history)),
            history={(row["metric_id"], row["week_id"]): row for row in history},
            organisations=list({r["scope_code"]: r for r in weekly if r["scope_type"] in UNIONS}.values()),
            metric_feeds=dict(
                connection.execute(
                    "select feed, list(metric_id order by metric_id) from marts.rpt_metric_feeds group by feed"
                ).fetchall()
            ),
            freshness=read_rows(
                connection,
                f"select * from marts.rpt_partner_freshness where {delivered} order by domain, partner_id, feed",
            ),
            quality=read_rows(
                connection,
                f"select * from marts.rpt_quality_feed_weekly {here} and {delivered} order by partner_id, feed",
            ),
            reasons=read_rows(
                connection,
                f"select * from marts.rpt_quality_reasons {here} and {delivered} "
                "order by rows desc, partner_id, feed, column_name, rule",
            ),
            grades=read_rows(connection, _grades_sql(here, "scope_type <> 'feed'" if is_city else own_grade))
            if scope[0] in ("city", "partner")
            else [],
            days=read_rows(
                connection,
                f"select * from marts.rpt_days where week_id in ('{week.previous()}', '{week}') order by date_day",
            ),
            categories=read_rows(
                connection,
                f"select * from marts.rpt_service_categories {here} and {delivered} "
                "order by service_category_order, partner_id",
            )
            if scope[0] in ("city", "partner")
            else [],
            uneven=read_rows(
                connection,
                f"select * from marts.rpt_uneven_progress {here} and scope_type = 'county' order by league_id",
            )
            if is_city
            else [],
            uneven_last=read_rows(
                connection,
                f"select * from marts.rpt_uneven_progress_units {last_units} "
                "order by league_id, rank_from_last, scope_code",
            ),
            faults=read_rows(connection, f"select * from marts.rpt_fault_weekly {here} order by metric_id")
            if is_city
            else [],
            fault_last=read_rows(
                connection,
                f"select * from marts.rpt_fault_units {last_units} order by metric_id, rank_from_last, scope_code",
            ),
            actions=read_rows(
                connection,
                f"select * from marts.rpt_meeting_actions {here}"
                + ("" if is_city else f" and organisation_code = '{scope[1]}'")
                + " order by meeting_date desc, due_on, action_id",
            ),
            printed=read_rows(connection, f"select * from marts.rpt_printed_figures {before}"),
            restated=restated,
            restatement_batches=read_rows(
                connection,
                "select distinct printed_build_id, metric_id, week_id, change, partner_id, feed "
                "from marts.rpt_restatement_batches order by all",
            )
            if restated
            else [],
        )


def _grades_sql(here: str, whose: str) -> str:
    return f"""
        with dearest as (
            select scope_type, partner_id, characteristic_code, characteristic_zh, characteristic_en, deduction,
                deduction_zh, deduction_en, cause_zh, cause_en, overall_points_lost
            from marts.rpt_quality_points_lost {here}
                and scope_type in ('city', 'partner')
            qualify row_number() over (
                partition by scope_type, partner_id
                order by overall_points_lost desc, characteristic_code, deduction, cause
            ) = 1
        )
        select scores.scope_type, scores.partner_id, scores.week_id, scores.score, scores.grade_zh, scores.grade_en,
            scores.change, dearest.* exclude (scope_type, partner_id)
        from marts.rpt_quality_scorecard as scores left join dearest using (scope_type, partner_id)
        {here} and scores.characteristic_code = 'overall' and {whose}
    """


def _scope(connection: duckdb.DuckDBPyConnection, edition_id: str, edition: Edition) -> tuple[str, str]:
    """Type and code of the scope that an edition is for, as the marts have it. Raises BriefingError."""
    if edition.scope_code is None:
        return CITY
    types = ("partner",) if edition.kind == "partner" else UNIONS
    found = connection.execute(
        "select distinct scope_type from marts.rpt_metric_weekly "
        f"where scope_code = '{edition.scope_code}' and scope_type in {(*types, '')}"
    ).fetchone()
    if found is None:
        raise BriefingError(
            f"edition '{edition_id}': no {edition.kind} '{edition.scope_code}' is in the marts; "
            "mend its scope_code in config/briefing.yaml"
        )
    return found[0], edition.scope_code


def _shows(metric: Row, weekly: dict[MetricKey, Row], scope: tuple[str, str], week: Week) -> bool:
    """The city shows the headline metrics; others the headlines and faults in which they have a part this year."""
    row = weekly.get((metric["metric_id"], *scope, str(week)))
    if scope == CITY:
        return bool(metric["is_headline"])
    if row is None or not (metric["is_headline"] or metric["fault"]):
        return False
    return bool(row["cumulative_value"] or row["is_suppressed"] or row["target"] is not None)


def read_rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    """The rows of a query, each by the names of its columns."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
