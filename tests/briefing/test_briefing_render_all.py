"""All editions of an issue at once."""

import shutil
from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.editions import render_all
from worker_services.briefing.errors import BriefingError, NoPublishedBuild, UnknownEdition
from worker_services.cli import main
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def editions(issue, tmp_path) -> Settings:
    """The issue's build in a house with three editions and a folder of its own for the reports."""
    root = tmp_path / "root"
    shutil.copytree(PROJECT_ROOT / "config", root / "config")
    (root / "templates").symlink_to(PROJECT_ROOT / "templates")
    path = root / "config" / "briefing.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["editions"] = dict.fromkeys(("city", "second", "third"), config["editions"]["city"])
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return replace(issue, project_root=root, reports_root=tmp_path / "reports")


def test_one_edition_that_fails_does_not_keep_the_others(editions, issue):
    folder = editions.reports_root / "briefings" / str(WEEK)
    (folder / "second.pdf").mkdir(parents=True)
    with pytest.raises(BriefingError, match=r"1 of 3 editions were not rendered: second: .*Is a directory"):
        render_all(editions, WEEK, build_id=BUILD_ID)
    for kind in ("pdf", "html", "figures.json", "figures.csv"):
        alone = issue.reports_root / "briefings" / str(WEEK) / f"city.{kind}"
        assert (folder / f"city.{kind}").read_bytes() == alone.read_bytes()
        assert (folder / f"third.{kind}").is_file()


def test_what_cannot_be_begun_writes_nothing(editions):
    with pytest.raises(UnknownEdition, match="'fourth'"):
        render_all(editions, WEEK, ["city", "fourth"], BUILD_ID)
    with pytest.raises(NoPublishedBuild, match="not kept any more"):
        render_all(editions, WEEK, build_id="lost")
    assert not editions.reports_root.exists()


def test_the_command_renders_the_editions_asked_for(issue, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(issue.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(tmp_path))
    command = ["briefing", "render", str(WEEK), "--build", BUILD_ID, "--edition"]
    done = CliRunner().invoke(main, [*command, "city", "--json"])
    assert done.exit_code == 0, done.output
    assert '"edition": "city"' in done.output
    assert (tmp_path / "briefings" / str(WEEK) / "city.html").is_file()
    assert "there is no edition 'fourth'" in CliRunner().invoke(main, [*command, "fourth"]).output
