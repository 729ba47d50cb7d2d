"""Airflow imports this file in each of its processes, before anything else of the project."""

import importlib
import sys

HEAVY = (
    "pandas",
    "duckdb",
    "pyarrow.parquet",
    "asyncssh",
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "weasyprint",
)

# Tasks are forked from the scheduler: what it has imported, none of them imports again.
if "scheduler" in sys.argv[1:2]:
    for name in HEAVY:
        importlib.import_module(name)
