from collections.abc import Callable
from pathlib import Path

import pytest
from quality_data import NIGHT, write_batch, write_warehouse

from worker_services.quality.checks import BatchContext
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project_root=PROJECT_ROOT, data_root=tmp_path / "data", reports_root=tmp_path / "reports")


@pytest.fixture
def context() -> BatchContext:
    return BatchContext("eye_hospital-health_services-b1", "eye_hospital", NIGHT)


@pytest.fixture
def batch(tmp_path: Path) -> Callable[..., Path]:
    """Makes a landing file of valid rows; a change maps a column to another SQL expression of the row number i."""

    def make(feed: str, rows: int = 60, **changes: str) -> Path:
        return write_batch(tmp_path / f"{feed}.parquet", feed, rows, changes)

    return make


@pytest.fixture
def warehouse(settings: Settings) -> Callable[..., Path]:
    """Makes and publishes a small build; statements then bend it into the case that a test wants."""

    def make(*statements: str) -> Path:
        return write_warehouse(settings, statements)

    return make
