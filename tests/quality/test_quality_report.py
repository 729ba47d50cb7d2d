"""The report and the pages behind it: complete, Chinese, deterministic, and readable without a network."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import html
from quality_data import BUILD_ID, write_everything, write_night

from worker_services.contracts import contract_feeds, load_contract
from worker_services.partners.registry import load_partners
from worker_services.quality import report
from worker_services.quality.cli import audit
from worker_services.quality.suites import validate_build
from worker_services.settings import PROJECT_ROOT, Settings

DAY = date(2025, 10, 25)
OUTSIDE = re.compile(r"""(?:src|href|action|data)\s*=\s*["']?(?:https?:)?//|url\(|@import|<script|https?://""", re.I)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("night")
    settings = Settings(PROJECT_ROOT, root / "data", root / "reports")
    write_everything(settings)
    (settings.data_root / "DEMO").touch()
    report.render(settings, DAY)
    return settings


@pytest.fixture(scope="module")
def page(night: Settings) -> html.HtmlElement:
    return html.fromstring((night.reports_root / "quality/2025-10-25/index.html").read_text(encoding="utf-8"))


def section(page: html.HtmlElement, name: str) -> str:
    (found,) = page.xpath(f"//section[@aria-labelledby='{name}']")
    return " ".join(found.text_content().split())


def test_head_names_build_time_and_demo(page: html.HtmlElement) -> None:
    head = page.find(".//header").text_content()
    assert BUILD_ID in head
    assert "2025-10-26 03:00" in head  # 19:00 UTC
    assert "2025-10-25（周六，2025-W43）" in head
    assert "演示数据" in head


def test_every_expected_batch_has_its_outcome(page: html.HtmlElement) -> None:
    rows = page.xpath("//section[@aria-labelledby='arrivals']//tbody/tr")
    assert len(rows) == sum(len(partner.feeds) for partner in load_partners().values())
    outcome = {
        (row.xpath("string(td[1]/text())"), row.xpath("string(td[2])")): row.xpath("string(td[3])") for row in rows
    }
    assert outcome[("长春爱尔眼科医院", load_contract("health_services").label)] == "部分隔离"
    assert outcome[("职业技能培训基地", load_contract("training_sessions").label)] == "整批退回"
    assert outcome[("劳动争议调解中心", load_contract("mediation_events").label)] == "未送达"
    assert outcome[("招聘会管理系统", load_contract("job_fairs").label)] == "没有结果"
    assert outcome[("招聘会管理系统", load_contract("job_postings").label)] == "已入库"


def test_held_rows_are_counted_by_column_and_rule(page: html.HtmlElement) -> None:
    text = section(page, "held")
    assert "长春工会小程序健康服务券发放日期日期晚于数据期间时效性2" in text
    assert "长春爱尔眼科医院职工健康服务明细整行列数与表头不符准确性1" in text
    assert "9999-99-99" not in text


def test_problems_stand_the_worst_first_with_their_figures(page: html.HtmlElement) -> None:
    rows = page.xpath("//section[@aria-labelledby='problems']//tbody/tr")
    assert [row.xpath("string(td[1])") for row in rows] == ["严重", "提示", "提示"]
    assert "计划人数不为空" in rows[0].text_content()
    assert "60 处不符合" in rows[0].text_content()
    assert rows[0].xpath("string(td[4])") == "举办技能培训班"


def test_rows_are_reconciled(page: html.HtmlElement) -> None:
    text = section(page, "balance")
    feeds = [feed for partner in load_partners().values() for feed in partner.feeds]
    landed, held = 60 * (len(feeds) - 3), 3 * sum(feed in ("health_services", "vouchers") for feed in feeds)
    assert f"合计{landed + held:,}{landed:,}{held}相符" in text
    assert "不符" not in text


def test_freshness_trend_orphans_and_cross_source(page: html.HtmlElement) -> None:
    assert "调解案件办理日志2025-10-242025-10-25迟到2025-10-26 02:30未送达" in section(page, "freshness")
    assert "95.2%" in section(page, "trend")
    assert len(page.xpath("//section[@aria-labelledby='trend']//thead/tr/th")) == 9
    assert "求职登记440" in section(page, "orphans")
    assert "长春爱尔眼科医院20019043395.0%" in section(page, "cross")


def test_a_batch_that_does_not_add_up_is_shown() -> None:
    arrival = report.Arrival("p", "", "f", "", "", "", "landed", "", "good", "", "b", 10, 8, 1)
    assert arrival.is_balanced is False


def test_links_lead_somewhere(night: Settings, page: html.HtmlElement) -> None:
    folder = night.reports_root / "quality/2025-10-25"
    links = {link.get("href") for link in page.iter("a")}
    assert any(link.startswith("data_docs/") for link in links)
    for link in links:
        if link.startswith("#"):
            assert page.get_element_by_id(link[1:]) is not None
        else:
            assert (folder / link).is_file()
    for detail in folder.glob("data_docs/*.html"):
        inner = html.fromstring(detail.read_text(encoding="utf-8"))
        for link in inner.xpath("//a/@href | //link/@href"):
            assert link.startswith("#") or (detail.parent / link).resolve().is_file()


def test_data_docs_hold_every_batch_and_mart(night: Settings) -> None:
    folder = night.reports_root / "quality/2025-10-25/data_docs"
    names = {path.stem for path in folder.glob("*.html")}
    assert "training_base-training_sessions-20251025-20251026-0123456789ab" in names
    assert f"{BUILD_ID}-rpt_metric_weekly" in names
    text = (folder / f"{BUILD_ID}-rpt_partner_freshness.html").read_text(encoding="utf-8")
    assert "各单位数据都按时到达" in text
    assert "✘" in text


def test_nothing_is_loaded_from_outside(night: Settings) -> None:
    files = [path for path in (night.reports_root / "quality").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".html", ".css"}
    for path in files:
        assert not OUTSIDE.search(path.read_text(encoding="utf-8")), path


def test_the_same_inputs_give_the_same_bytes(night: Settings) -> None:
    folder = night.reports_root / "quality/2025-10-25"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report.render(night, DAY)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_pages_of_an_earlier_rendering_do_not_stay(night: Settings) -> None:
    stale = night.reports_root / "quality/2025-10-25/data_docs/stale.html"
    stale.touch()
    report.render(night, DAY)
    assert not stale.exists()


def test_before_anything_came_the_report_says_so(settings: Settings) -> None:
    page = html.fromstring(report.render(settings, DAY).read_text(encoding="utf-8"))
    assert page.text_content().count("没有结果") > sum(len(partner.feeds) for partner in load_partners().values())
    assert "尚未发布" in page.find(".//header").text_content()
    assert "演示数据" not in page.text_content()
    assert len(page.xpath("//p[@class='empty']")) == 9


def test_a_rejected_batch_shows_why_its_rows_were_held(settings: Settings) -> None:
    write_night(settings)
    (manifest,) = settings.landing.glob("feed=vouchers/*/*/*.json")
    manifest.unlink()
    (outcome,) = settings.outcomes.glob("feed=vouchers/*/*/*.json")
    fields = json.loads(outcome.read_text(encoding="utf-8")) | {"outcome": "rejected", "batch_id": None}
    outcome.write_text(json.dumps(fields), encoding="utf-8")
    page = html.fromstring(report.render(settings, DAY).read_text(encoding="utf-8"))
    assert "健康服务券发放日期" in section(page, "held")
    assert "健康服务券" not in section(page, "balance")


def test_cli_lists_every_check() -> None:
    result = CliRunner().invoke(audit, ["checks", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {row["suite"] for row in rows} == {*contract_feeds(), "marts"}
    assert {"check_id", "what", "why", "dimension", "severity", "figures", "owner", "expected"} <= rows[0].keys()
    one = CliRunner().invoke(audit, ["checks", "--suite", "marts"])
    assert one.exit_code == 0
    assert "marts" in one.output


def test_cli_writes_the_report(night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(night.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(night.reports_root))
    result = CliRunner().invoke(audit, ["report", "--date", "2025-10-25", "--json"])
    assert result.exit_code == 0, result.output
    assert Path(json.loads(result.output)["report"]).is_file()


def test_results_of_a_build_that_is_not_published_stay_out(night: Settings, tmp_path: Path) -> None:
    other = tmp_path / "build_other.duckdb"
    other.write_bytes((night.builds / f"{BUILD_ID}.duckdb").read_bytes())
    validate_build(night, other)
    report.render(night, DAY)
    assert not list((night.reports_root / "quality/2025-10-25/data_docs").glob("build_other*"))
