"""Text as literals of DuckDB's SQL, for the places where a statement takes no parameter."""

from collections.abc import Iterable
from pathlib import Path


def quoted(value: str | Path) -> str:
    """A string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted_list(values: Iterable[str | Path]) -> str:
    """A list of string literals."""
    return "[" + ", ".join(map(quoted, values)) + "]"
