"""The second engine: what the dbt target `ducklake` needs, and whether a lake holds what a build file holds.

A lake is a folder: `catalogue.ducklake` knows its tables, `data/` holds their rows as Parquet.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from worker_services.engines import extension

TABLES = """
    select
        schema_name || '.' || table_name,
        list({'name': column_name, 'type': data_type, 'nullable': is_nullable} order by column_index)
    from duckdb_columns()
    where database_name = ? and schema_name in ('seeds', 'staging', 'intermediate', 'marts')
    group by all
"""


class Plugin(BasePlugin):
    """What dbt-duckdb asks for by the name of this module, before it attaches the lake."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        conn.load_extension(extension("ducklake"))


@dataclass(frozen=True)
class Comparison:
    """The tables that a build file and a lake have in common, with their rows, and each thing that differs."""

    rows: dict[str, int]
    differences: list[str]


def compare(build: Path, lake: Path) -> Comparison:
    """All that dbt made: tables, columns in their order, types, and rows (number and hashes) whatever their order."""
    rows: dict[str, int] = {}
    differences = []
    with duckdb.connect(config={"autoload_known_extensions": False}) as database:
        database.load_extension(extension("ducklake"))
        database.execute(f"attach '{build}' as warehouse (read_only)")
        database.execute(f"attach 'ducklake:{lake}/catalogue.ducklake' as lake (read_only)")
        here, there = (dict(database.execute(TABLES, [name]).fetchall()) for name in ("warehouse", "lake"))
        for table in sorted(here.keys() | there.keys()):
            if table not in here or table not in there:
                differences.append(f"{table} is only in the {'lake' if table in there else 'build file'}")
                continue
            (rows[table], sum_here), (rows_there, sum_there) = (
                database.execute(f"select count(*), sum(hash(t)) from {name}.{table} as t").fetchall()[0]
                for name in ("warehouse", "lake")
            )
            if here[table] != there[table]:
                differences.append(f"{table} has columns {here[table]} in the build file, {there[table]} in the lake")
            elif (rows[table], sum_here) != (rows_there, sum_there):
                [(only_here,)] = database.execute(
                    f"select count(*) from (from warehouse.{table} except all from lake.{table})"
                ).fetchall()
                differences.append(f"{table}: {only_here} of {rows[table]} rows are not among the lake's {rows_there}")
    return Comparison(rows, differences)
