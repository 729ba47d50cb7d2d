"""The pages that lead each printed figure of an issue to its rows, and each column of the marts to partners' feeds."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.world import Interval as Delivered
from tests.audit.conftest import UNION, WEEK, worker_keys_in
from tests.conftest import HISTORY, SATURDAY, SUNDAY, House
from tests.end_to_end import leaks
from tests.site_standards import OF_ISSUES, VIEWS, assert_accessible, assert_valid, browsing, pages_of
from worker_services.audit import ledger
from worker_services.audit.issues import NothingToTrace
from worker_services.briefing.files import BriefingFiles
from worker_services.cli import main
from worker_services.intervals import Week
from worker_services.quality.site.issues import IssuePages, write_issue


class Page(HTMLParser):
    """The links, anchors, rows that can be picked, and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.rows = 0
        self.text = path.read_text("utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = dict(attrs)
        if tag == "a" and stated.get("href"):
            self.links.append(str(stated["href"]))
        if stated.get("id"):
            self.anchors.append(str(stated["id"]))
        self.rows += "data-row" in stated


@pytest.fixture(scope="module")
def house(issued_house: House) -> House:
    return issued_house


@pytest.fixture(scope="module")
def site(house: House, written: IssuePages) -> Path:
    return house.settings.reports_root / "quality"


def page_of(site: Path, metric: str) -> Page:
    (path,) = site.glob(f"issues/{WEEK}/build_*/{metric}.html")
    return Page(path)


def test_every_printed_figure_stands_there_and_leads_on(house: House, written: IssuePages, site: Path) -> None:
    assert (written.editions, written.differing) == (2, 0)
    assert written.traced > 300
    for edition in ("city", UNION):
        page = Page(site / f"issues/{WEEK}/{edition}-1.html")
        record = json.loads(BriefingFiles.at(house.settings, WEEK, edition).figures_json.read_text("utf-8"))
        assert page.rows == len(record["figures"]) > 100
        assert len([link for link in page.links if "#" in link and not link.startswith("#")]) == page.rows


@pytest.mark.parametrize("language", ["", "en/"])
def test_every_link_between_the_pages_leads_to_something(site: Path, language: str) -> None:
    pages = {
        path: Page(path) for folder in ("issues", "lineage") for path in (site / language / folder).rglob("*.html")
    }
    assert len(pages) > 50
    followed = 0
    for path, page in pages.items():
        assert len(set(page.anchors)) == len(page.anchors), path
        for link in page.links:
            target, _, anchor = link.partition("#")
            found = (path.parent / target).resolve() if target else path
            if found in pages and anchor:
                assert anchor in pages[found].anchors, f"{path}: {link}"
                followed += 1
            elif {"issues", "lineage"} & {*found.parts}:
                assert found.exists(), f"{path}: {link}"
    assert followed > 1000


def test_the_page_of_a_metric_shows_each_step_down_to_the_ledger(house: House, site: Path) -> None:
    page = page_of(site, "mediation_success_rate")
    for words in ("调解成功率", "fct_mediation_cases", "stg_mediation_center__mediation_cases", "逐级一致", "调解案件"):
        assert words in page.text
    raw = {path.stem for path in house.settings.vault.rglob("*.age")}
    hashes = set(re.findall(r"<code>([0-9a-f]{64})</code>", page.text))
    assert len(hashes & raw) >= 2
    assert f"worker-services audit trace {WEEK} city mediation_success_rate" in page.text
    assert "不一致" not in page.text


def test_the_pages_name_nobody_and_show_nothing_of_a_hidden_figure(house: House, site: Path) -> None:
    intervals = [Delivered.parse(str(interval)) for interval in (HISTORY, SATURDAY, SUNDAY)]
    people = leaks.names_delivered(house.partners.world, intervals)
    text = "".join(path.read_text("utf-8") for path in (site / "issues").rglob("*.html"))
    assert leaks.people_in(text, people) == set()
    assert worker_keys_in(text, house) == set(), "a page is copied more easily than a command is given"
    assert "不公布" in text


def test_what_does_not_add_up_is_red_and_says_where(copied: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record says another figure than was counted, and a landed file was changed since."""
    (record,) = (copied.settings.data_root / "printed" / str(WEEK)).glob(f"{UNION}-*.json")
    fields = json.loads(record.read_text("utf-8"))
    figure = next(each for each in fields["figures"] if each["figure"] == "value" and each["value"] not in (None, "0"))
    figure["value"] = "987654"
    record.write_text(json.dumps(fields), "utf-8")
    shutil.rmtree(copied.settings.reports_root / "quality", ignore_errors=True)
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(copied.settings.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(copied.settings.reports_root))
    told = CliRunner().invoke(main, ["quality", "issue", str(WEEK), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["differing"] == 2
    site = copied.settings.reports_root / "quality"
    assert "987654 on record" in page_of(site, figure["metric_id"]).text
    assert "its bytes are not those that entry" in Page(site / f"issues/{WEEK}/{UNION}-1.html").text
    assert "不一致 2 处" in Page(site / f"issues/{WEEK}/index.html").text


def test_the_pages_are_entered_in_the_ledger_and_the_same_pages_once(house: House, written: IssuePages) -> None:
    (entry,) = ledger.about(house.settings, "quality.issues", str(WEEK))
    assert f"reports/quality/en/issues/{WEEK}/index.html" in entry.details["files"]
    assert write_issue(house.settings, WEEK) == written
    assert ledger.about(house.settings, "quality.issues", str(WEEK)) == [entry]


def test_a_week_without_an_issue_has_no_pages(house: House) -> None:
    with pytest.raises(NothingToTrace, match="no issue of 2025-W40 went out"):
        write_issue(house.settings, Week.parse("2025-W40"))


def test_the_lineage_of_a_mart_leads_to_partners_columns(site: Path, written: IssuePages) -> None:
    page = Page(site / "lineage" / "rpt_metric_weekly.html")
    assert {"value", "rank", "forecast"} <= {*page.anchors}
    assert "调解过程记录" in page.text or "mediation_events" in page.text
    index = Page(site / "lineage" / "index.html")
    assert len([link for link in index.links if link.startswith("rpt_")]) >= 18


def test_every_kind_of_page_is_valid_and_accessible(site: Path, written: IssuePages, tmp_path: Path) -> None:
    pages = pages_of(site, OF_ISSUES)
    assert_valid(pages, tmp_path)
    with browsing() as browser:
        for width, scheme in VIEWS:
            assert_accessible(browser, pages, width, scheme)
