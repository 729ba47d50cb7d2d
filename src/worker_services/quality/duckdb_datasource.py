"""Great Expectations pushed down into DuckDB.

Great Expectations (GX) ships no DuckDB engine. Its SQL engine fetches rows after the connection has gone back
to the pool, when duckdb-engine's cursor is already closed, and it knows no regular expressions for DuckDB. The
first two classes below mend both. Importing this module imports GX, which takes seconds: import it inside functions.
"""

import builtins
import contextlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal, cast

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read once, when GX is imported

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from worker_services import engines


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """GX's SQL engine with results read before the connection closes, and regular expressions that search."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # GX picks its regular-expression syntax by the look of the dialect module. DuckDB shares with Dremio
        # REGEXP_MATCHES (find anywhere, as in pandas); the `~` of PostgreSQL is a full match in DuckDB.
        dialect = SimpleNamespace(dialect=sa.engine.default.DefaultDialect, DremioDialect=True)
        self.dialect_module = cast("ModuleType", dialect)

    def execute_query(self, query: Any) -> Any:
        with self.get_connection() as connection:
            result = self._execute_query_with_recovery(connection, query)
            return result.freeze()() if result.returns_rows else result


class UnexpectedRows(QueryMetricProvider):
    """The rows that an `unexpected_rows_query` finds: none here, since GX would fetch every one of them, and results
    hold their number alone, which is a metric of its own."""

    metric_name = "unexpected_rows_query.table"
    value_keys = ("unexpected_rows_query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _none(cls, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        return []


class DuckDBDatasource(SQLDatasource):
    """A GX data source on one DuckDB database; defining it brings `context.data_sources.add_duckdb`."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[DuckDBExecutionEngine]:
        return DuckDBExecutionEngine


@cache
def ephemeral_context() -> EphemeralDataContext:
    """The one in-memory GX context of this process, without progress bars or telemetry."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context


@contextlib.contextmanager
def open_relations(relations: dict[str, str], database: Path | None = None) -> Iterator[dict[str, Batch]]:
    """GX batches over named SELECT statements on one DuckDB database, read-only, or in memory without one.

    The engine keeps its ceiling whatever their size. Raises sqlalchemy.exc.DBAPIError when the database cannot be
    opened. A statement that fails shows in the results of the expectations that use it.
    """
    sources = ephemeral_context().data_sources
    with engines.bounded() as (_, config):
        source = sources.add_duckdb(
            "duckdb",
            connection_string=f"duckdb:///{database or ':memory:'}",
            create_temp_table=False,
            kwargs={"connect_args": {"read_only": database is not None, "config": config}},
        )
        try:
            yield {
                name: source.add_query_asset(name, query=query.replace(":", r"\:"))  # else SQLAlchemy reads :parameters
                .add_batch_definition_whole_table(name)
                .get_batch()
                for name, query in relations.items()
            }
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()
            sources.delete("duckdb")
