"""Small landing files and a small warehouse, made from the contracts."""

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import pytest

from worker_services.contracts import Column, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.quality.checks import BatchContext
from worker_services.settings import PROJECT_ROOT, Settings

NIGHT = Interval(date(2025, 10, 25), date(2025, 10, 26))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project_root=PROJECT_ROOT, data_root=tmp_path / "data", reports_root=tmp_path / "reports")


@pytest.fixture
def context() -> BatchContext:
    return BatchContext(batch_id="eye_hospital-health_services-b1", partner="eye_hospital", interval=NIGHT)


def write_batch(path: Path, feed: str, rows: int, changes: dict[str, str] | None = None) -> Path:
    """A landing file of valid rows; `changes` maps a column to another SQL expression of the row number `i`."""
    contract = load_contract(feed)
    by_name = {column.published_name: column for column in contract.columns}
    expressions = {
        name: (changes or {}).get(name) or _valid(name, sql_type, by_name.get(name))
        for name, sql_type in contract.landed_columns.items()
    }
    columns = ", ".join(f"{expression} as {name}" for name, expression in expressions.items())
    duckdb.sql(f"copy (select {columns} from range({rows}) as numbers (i)) to '{path}' (format parquet)")
    return path


def _valid(name: str, sql_type: str, column: Column | None) -> str:
    lists = {"age_band": "age_bands", "sex": "sexes"}
    code_list = lists.get(name) or (column.code_list if column else None)
    if name == "age_band":
        return "'35-44'"
    if code_list:
        codes = list(dict.fromkeys(load_code_list(code_list).values()))
        return "'valid'" if code_list == "record_statuses" else f"{codes}[1 + i % {len(codes)}]"
    if name == "worker_key":
        return "sha256(i::varchar)"
    if name == "voucher_id":
        return "if(i % 3 = 0 or 'vouchers' is null, 'V' || lpad(i::varchar, 10, '0'), null)"
    if column and column.logical_type == "integer":
        return f"(1 + i % 4)::{sql_type}"
    if sql_type.startswith("decimal"):
        return f"{4000 if name.endswith('min') else 6000}::{sql_type}"
    if sql_type == "date":
        return "date '2026-01-31'" if name == "expires_on" else "date '2025-10-25'"
    if sql_type == "timestamp":
        return "timestamp '2025-10-25 09:30:00'"
    if sql_type == "bigint":
        return "i + 1"
    return f"'{name}-' || i"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
