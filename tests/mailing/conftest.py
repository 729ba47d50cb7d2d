import shutil
import sys
from pathlib import Path

import pytest

from worker_services.briefing.render import render
from worker_services.files import write_json
from worker_services.settings import PROJECT_ROOT, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "briefing"))  # the marts' fixture builder

from rpt_marts import BUILD_ID, WEEK, build_marts


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A house with one rendered issue of the demo week. Read only."""
    folder = tmp_path_factory.mktemp("mailing")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    build_marts(settings.builds / f"{BUILD_ID}.duckdb")
    write_json(settings.builds / f"{BUILD_ID}.json", {"build_id": BUILD_ID, "batches": ["batch-1", "batch-2"]})
    render(settings, WEEK, "city", BUILD_ID)
    return settings


@pytest.fixture
def house(rendered: Settings, tmp_path: Path) -> Settings:
    """The same, to write into."""
    shutil.copytree(rendered.reports_root, tmp_path / "reports")
    return Settings(PROJECT_ROOT, rendered.data_root, tmp_path / "reports")
