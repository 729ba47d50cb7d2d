import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import stamina

from worker_services.briefing.render import render
from worker_services.files import write_json
from worker_services.settings import PROJECT_ROOT, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "briefing"))  # the marts' fixture builder

from rpt_marts import BUILD_ID, WEEK, build_marts

# What the gate reads besides the marts that the briefing prints.
GATE_TABLES = [
    "create schema if not exists landing",
    "create table landing.corrections (id varchar, feed varchar, is_needed boolean)",
    """create or replace table marts.rpt_restated_figures (issue_week varchar, edition varchar, metric_id varchar,
    scope_type varchar, scope_code varchar, week_id varchar, figure varchar, printed_text varchar,
    printed_value decimal(28, 10), current_value decimal(28, 10), difference decimal(28, 10), is_suppressed boolean,
    printed_build_id varchar)""",
]


def publish_fixture(settings: Settings, *statements: str) -> None:
    """The demo week's marts as the published, audited build of a house; the statements bend them."""
    build_marts(settings.builds / f"{BUILD_ID}.duckdb", afterwards=[*GATE_TABLES, *statements])
    record = {"build_id": BUILD_ID, "batches": ["batch-1", "batch-2"], "audit": {"passed": True}}
    write_json(settings.builds / f"{BUILD_ID}.json", record)
    write_json(
        settings.warehouse / "current.json",
        {
            "build_id": BUILD_ID,
            "path": f"builds/{BUILD_ID}.duckdb",
            "as_of": "2025-10-26T18:30:00+00:00",
            "published_at": "2025-10-26T21:00:00+00:00",
            "input_fingerprint": "0",
            "previous": [],
        },
    )


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A house with one rendered issue of the demo week. Read only."""
    folder = tmp_path_factory.mktemp("mailing")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    publish_fixture(settings)
    render(settings, WEEK, "city", BUILD_ID)
    return settings


@pytest.fixture
def house(rendered: Settings, tmp_path: Path) -> Settings:
    """The same, to write into."""
    shutil.copytree(rendered.data_root, tmp_path / "data")
    shutil.copytree(rendered.reports_root, tmp_path / "reports")
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


@pytest.fixture
def bend(house: Settings) -> Callable[[str], None]:
    """Changes what the issue's build holds besides what the issue prints of it."""

    def change(statement: str) -> None:
        with duckdb.connect(str(house.builds / f"{BUILD_ID}.duckdb")) as database:
            database.execute(statement)

    return change


@pytest.fixture(autouse=True)
def without_pauses() -> None:
    """Attempts follow each other at once."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield
