"""Pieces of DuckDB's SQL, for the places where a statement takes no parameter."""

from collections.abc import Iterable
from pathlib import Path


def quoted(value: str | Path) -> str:
    """A string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted_list(values: Iterable[str | Path]) -> str:
    """A list of string literals."""
    return "[" + ", ".join(map(quoted, values)) + "]"


def parquet_relation(*paths: Path) -> str:
    """A select over Parquet files: the columns that they hold, without those of their folders' names."""
    return f"select * from read_parquet({quoted_list(paths)}, union_by_name = true, hive_partitioning = false)"


def no_rows(columns: dict[str, str]) -> str:
    """A select of columns (name and SQL type) that gives no row."""
    return "select " + ", ".join(f'null::{sql_type} as "{name}"' for name, sql_type in columns.items()) + " where false"
