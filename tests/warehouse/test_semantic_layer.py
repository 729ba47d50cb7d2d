"""The mart against the semantic layer it is made from: MetricFlow asks the same questions in SQL of its own."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from tests.warehouse.fixed_landing import Build
from worker_services.metrics import catalogue


class Renderer:
    """As much of a SQL client as MetricFlow needs to write SQL, which DuckDB then runs on the build's own file."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@cache
def engine(target: Path) -> MetricFlowEngine:
    manifest = (target / "semantic_manifest.json").read_text(encoding="utf-8")
    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest_json_string=manifest))
    return MetricFlowEngine(lookup, Renderer())  # type: ignore[arg-type]


def asked(build: Build, metric: str, group_by: list[str]) -> dict[tuple[Any, ...], Any]:
    """What MetricFlow makes of a metric, by week (a date) and what else it is grouped by."""
    request = MetricFlowQueryRequest.create(metric_names=[metric], group_by_names=["metric_time__week", *group_by])
    rows = build.query(engine(build.path.parent / "target").explain(request).sql_statement.sql)
    return {(week.date() if week else None, *keys): value for week, *keys, value in rows}


def same(found: Any, expected: Decimal | None) -> bool:
    """MetricFlow has no row, or no value, where nothing was counted: there the mart has zero, or is empty as well."""
    if found is None or expected is None:
        return not found and not expected
    return abs(Decimal(str(found)) - expected) < Decimal("0.000001")


@pytest.mark.parametrize("metric", catalogue())
def test_metricflow_counts_the_same_week_by_week(fixed: Build, metric: str) -> None:
    weekly = fixed.query(
        "select scope_set, scope_code, week_start, value from intermediate.int_metric_weekly "
        "where metric_id = $1 and scope_set in ('city', 'union')",
        [metric],
    )
    city, unions = asked(fixed, metric, []), asked(fixed, metric, ["organisation"])
    assert any(city.values())
    assert unions
    wrong = [
        (scope, code, week, value)
        for scope, code, week, value in weekly
        if not same(city.get((week,)) if scope == "city" else unions.get((week, code)), value)
    ]
    assert wrong == []


def test_every_measure_counts_into_a_metric_and_every_fact_is_listed(fixed: Build) -> None:
    measures = {name for (name,) in fixed.query("select distinct measure_id from intermediate.int_measures")}
    used = {
        name
        for (name,) in fixed.query(
            "select measure_id from intermediate.int_metric_components "
            "union select persons_measure_id from intermediate.int_measure_guards"
        )
    }
    assert measures == used
    facts = {model["node_relation"]["alias"] for model in fixed.manifest["semantic_models"].values()}
    totals = fixed.manifest["nodes"]["model.worker_services.int_measure_totals"]
    assert facts <= {name.rpartition(".")[2] for name in totals["depends_on"]["nodes"]}
