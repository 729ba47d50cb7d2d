"""MetricFlow asked for a metric through the semantic layer; what it answers is not suppressed and goes no further.

.venv/bin/python -m tests.warehouse.ask METRIC --by metric_time__week_id --by service_category__service_category_name_zh
"""

from functools import cache
from pathlib import Path

import click
import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.errors.error_classes import InvalidQueryException
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from worker_services.settings import Settings
from worker_services.warehouse.publish import current


class Renderer:
    """As much of a SQL client as MetricFlow needs to write SQL, which DuckDB then runs on the build's own file."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@cache
def engine(target: Path) -> MetricFlowEngine:
    """By the semantic manifest in dbt's target folder."""
    manifest = (target / "semantic_manifest.json").read_text(encoding="utf-8")
    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest_json_string=manifest))
    return MetricFlowEngine(lookup, Renderer())  # type: ignore[arg-type]


def question(target: Path, metric: str, group_by: list[str]) -> str:
    """SQL of a metric by what it is grouped by: these columns in this order, then the figure."""
    request = MetricFlowQueryRequest.create(metric_names=[metric], group_by_names=group_by)
    sql = engine(target).explain(request).sql_statement.sql
    return f"select {', '.join([*group_by, metric])} from ({sql}) as asked order by all"


@click.command()
@click.argument("metric")
@click.option("--by", "group_by", multiple=True, default=("metric_time__week_id",), show_default=True)
def main(metric: str, group_by: tuple[str, ...]) -> None:
    """Ask the published build for a metric of dbt_project/models/metrics."""
    settings = Settings.load()
    published = current(settings)
    if published is None:
        raise click.ClickException("no build is published yet")
    with duckdb.connect() as database:
        # dbt's SQL calls every build by the name of the file it was made in.
        database.execute(f"attach '{published.path}' as warehouse (read_only)")
        try:
            found = database.sql(question(settings.warehouse / "dbt" / "target", metric, list(group_by)))
        except InvalidQueryException as error:
            raise click.ClickException(str(error)) from error
        click.echo(str(found))


if __name__ == "__main__":
    main()
