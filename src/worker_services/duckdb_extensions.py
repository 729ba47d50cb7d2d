"""DuckDB's extensions come as packages, pinned like any other; nothing is downloaded when they are used."""

from functools import cache
from importlib.resources import files

import duckdb


@cache
def extension(name: str) -> str:
    """Path of an extension, to load it by. Raises ModuleNotFoundError when its package is not installed."""
    package = files(f"duckdb_extension_{name}")
    return str(package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension")
