import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rpt_marts import BUILD_ID, WEEK, build_marts

from worker_services.briefing.render import render
from worker_services.settings import PROJECT_ROOT, Settings

MakeSettings = Callable[..., Settings]


def settings_in(folder: Path, statements: list[str] | None = None, **options: object) -> Settings:
    """Settings of an empty house whose only build holds the fixture's marts, bent by `statements`."""
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    build_marts(settings.builds / f"{BUILD_ID}.duckdb", statements=statements, **options)
    return settings


@pytest.fixture(scope="session")
def issue(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A house with one rendered issue of the demo week. Read only."""
    settings = settings_in(tmp_path_factory.mktemp("issue"))
    render(settings, WEEK, "city", BUILD_ID)
    return settings


@pytest.fixture
def house(tmp_path: Path) -> MakeSettings:
    """Makes a house of one's own: house(statements)."""
    return lambda statements=None, **options: settings_in(tmp_path, statements, **options)


@pytest.fixture
def own_templates(tmp_path: Path) -> Callable[[str, str, str], Settings]:
    """A house whose briefing templates are copies, with one passage of one file replaced."""

    def make(file: str, old: str, new: str) -> Settings:
        root = tmp_path / "root"
        shutil.copytree(PROJECT_ROOT / "templates" / "briefing", root / "templates" / "briefing")
        shutil.copytree(PROJECT_ROOT / "config", root / "config")
        (root / "templates" / "fonts").symlink_to(PROJECT_ROOT / "templates" / "fonts")
        path = root / "templates" / "briefing" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        made = settings_in(tmp_path)
        return Settings(root, made.data_root, made.reports_root)

    return make
