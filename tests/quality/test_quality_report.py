"""The report and the pages behind it: complete, Chinese, deterministic, and readable without a network."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from lxml import html
from quality_data import BUILD_ID, cause, insert, restated, write_night, write_warehouse

from worker_services.contracts import load_contract
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.quality import report
from worker_services.quality.cli import quality
from worker_services.quality.site.arrivals import Arrival
from worker_services.quality.suites import validate_build
from worker_services.settings import Settings

DAY = date(2025, 10, 25)
DETAILS = ("2025-10-25/data_docs", "en/2025-10-25/data_docs")


@pytest.fixture(autouse=True)
def _nothing_on_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is looked at in test_site.py."""
    monkeypatch.setattr(report, "print_report", lambda *arguments: b"")


@pytest.fixture(scope="module")
def page(whole_site: Settings) -> html.HtmlElement:
    return html.fromstring((whole_site.reports_root / "quality/2025-10-25/index.html").read_text(encoding="utf-8"))


def section(page: html.HtmlElement, name: str) -> str:
    (found,) = page.xpath(f"//section[@aria-labelledby='{name}']")
    return " ".join(found.text_content().split())


def test_head_names_build_time_and_demo(page: html.HtmlElement) -> None:
    head = page.xpath("string(//main/header)")
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
    assert rows[0].xpath("string(td[4])").split("、")[:2] == ["举办技能培训班", "培训名额使用率"]


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
    assert "医院小程序已核对一致两处都有，内容不同仅医院有仅小程序有一致率" in section(page, "cross")
    assert "长春爱尔眼科医院长春工会小程序20019043395.0%" in section(page, "cross")
    assert "差异：医院已核销，小程序未核销 3 条；两处核销日期不同 4 条。" in section(page, "cross")
    assert "招聘会管理系统就业创业服务系统504053280.0%" in section(page, "cross")


def restated_page(settings: Settings, figures: list[dict[str, Any]], batches: list[dict[str, Any]]) -> html.HtmlElement:
    """The report of a build whose printed figures have changed as said, because of the batches named."""
    path = write_warehouse(
        settings, ("delete from marts.rpt_restated_figures", "delete from marts.rpt_restatement_batches")
    )
    with duckdb.connect(str(path)) as database:
        insert(database, "marts.rpt_restated_figures", figures)
        insert(database, "marts.rpt_restatement_batches", batches)
    return html.fromstring(report.render(settings, DAY).read_text(encoding="utf-8"))


def test_restated_figures_stand_by_issue_the_newest_first(page: html.HtmlElement) -> None:
    issues = page.xpath("//section[@aria-labelledby='restated']//details")
    assert [issue.xpath("string(summary)") for issue in issues] == [
        "第21期（2025-W42，全市）：5 个数字有变化",
        "第20期（2025-W41，全市）：1 个数字有变化",
    ]
    assert [issue.get("open") is not None for issue in issues] == [True, False]
    assert [[cell.text_content() for cell in row.findall("td")] for row in issues[0].xpath(".//tr[td]")] == [
        ["本周（人）", "7", "＊", "—"],
        ["本周（件）", "40", "43", "+3"],
        ["比上周（件）", "3", "+6", "+3"],
        ["本周（%）", "80.0%", "78.7%", "−1.3 个百分点"],
        ["本周（%）", "80.0%", "80.0%", "不足 0.1 个百分点"],
    ]
    assert [cell.text_content() for cell in issues[1].xpath(".//tr/td")] == [
        "累计（件）",
        "1,234",
        "1,240",
        "+6",
    ]
    assert "2025-10-20 09:00 刊出，所用构建 build_20251019T190000Z_89abcdef" in section(page, "restated")


def test_restated_figures_name_their_batches(page: html.HtmlElement) -> None:
    groups = page.xpath("//section[@aria-labelledby='restated']//details[1]//tr[@class='group']")
    text = {group.xpath("string(th/strong)") + group.xpath("string(th/text())").strip():
            " ".join(group.text_content().split()) for group in groups}  # fmt: skip
    names = catalogue()
    accepted = text[names["mediation_cases_accepted"].name_zh + "（220100，2025-W42）"]
    label = load_contract("mediation_cases").label
    assert f"新增 劳动争议调解中心「{label}」2025-10-16 mediation_center-mediation_cases-20251016-2" in accepted
    assert accepted.count("劳动争议调解中心") == 4
    replaced = "mediation_center-mediation_cases-20251016-20251017-000000000009"
    assert f"撤换 劳动争议调解中心「{label}」2025-10-16 {replaced}" in accepted
    assert accepted.endswith("另有 2 个批次。共新增 5 个、撤换 1 个。")
    label = load_contract("mediation_events").label
    success_rate = names["mediation_success_rate"].name_zh
    assert f"可能 劳动争议调解中心「{label}」" in text[f"{success_rate}（220100，2025-W42）"]
    assert "可能" not in text[f"{success_rate}（220102，2025-W42）"]
    assert f"新增 劳动争议调解中心「{label}」" in text[f"{success_rate}（220102，2025-W42）"]
    assert "没有对应的批次" in text[names["health_persons"].name_zh + "（220103，2025-W42）"]


def test_restated_figures_are_capped_with_the_rest_counted(settings: Settings) -> None:
    counties = [f"{220200 + number}" for number in range(50)]
    figures = [restated("health_persons", "11", "12", scope_type="county", scope_code=county) for county in counties]
    figures += [restated("mediation_cases_accepted", "70", "80")]
    figures += [
        restated("health_persons", "7", "8", issue_week=f"2025-W{week}", figure=figure)
        for week in range(30, 40)
        for figure in ("value", "cumulative_value")
    ]
    page = restated_page(settings, figures, [])
    issues = page.xpath("//section[@aria-labelledby='restated']//details")
    assert len(issues) == 8
    assert len(issues[0].xpath(".//tr[td]")) == 40
    groups = [group.xpath("string()") for group in issues[0].xpath(".//tr[@class='group']")]
    assert any("（220100，2025-W42）" in group for group in groups)  # the city's, though its metric stands last
    assert "本期另有 11 个数字有变化" in issues[0].text_content()
    assert "另有" not in issues[1].text_content()
    assert "更早的 3 期另有 6 个数字有变化" in section(page, "restated")


def test_issues_after_the_reports_week_stay_out(settings: Settings) -> None:
    page = restated_page(settings, [restated("health_persons", "7", "8", issue_week="2025-W44")], [])
    assert "尚未刊出简报" in section(page, "restated")


def test_when_no_printed_figure_changed_the_report_says_so(settings: Settings) -> None:
    assert "尚未刊出简报，没有可以比对的数字。" in section(restated_page(settings, [], []), "restated")
    folder = settings.data_root / "printed" / "2025-W42"
    folder.mkdir(parents=True)
    for name in ("city-1-20251020T010000Z", "city-2-20251021T010000Z", "city-3-20251027T010000Z"):
        (folder / f"{name}.json").touch()
    page = html.fromstring(report.render(settings, DAY).read_text(encoding="utf-8"))
    assert "已刊出 1 期简报，刊出的数字均无变化。" in section(page, "restated")


def test_what_the_marts_say_is_escaped(settings: Settings) -> None:
    figure = restated("<b>m</b>", "1", "2", printed_text="<i>1</i>", scope_type="x", scope_code="<s>", figure="<u>")
    batch = cause("<b>m</b>", "added", "<script>", "mediation_cases", scope_type="x", scope_code="<s>")
    page = restated_page(settings, [figure | {"batches_added": 1}], [batch])
    (found,) = page.xpath("//section[@aria-labelledby='restated']")
    assert not found.xpath(".//b | .//i | .//s | .//u | .//script")
    for text in ("<b>m</b>", "<i>1</i>", "<s>", "<u>", "<script>"):
        assert text in found.text_content()


def test_the_report_holds_no_personal_data(whole_site: Settings) -> None:
    text = html.fromstring(
        (whole_site.reports_root / "quality/2025-10-25/index.html").read_text(encoding="utf-8")
    ).xpath("string(//main)")
    assert "已刊数字变化" in text
    assert not re.search(r"(?<![0-9a-f])\d{17}[\dX](?![0-9a-f])", text)  # citizen ID numbers
    assert not re.search(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", text)  # mobile numbers
    assert not re.search(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", text)  # worker keys


def test_long_lists_of_metrics_are_folded(settings: Settings) -> None:
    metrics = list(catalogue().values())[:9]
    write_night(settings)
    for path in settings.quality.glob("feed=training_sessions/*/*/*.json"):
        fields = json.loads(path.read_text(encoding="utf-8"))
        for check in fields["checks"]:
            check["figures"] = [metric.metric_id for metric in metrics]
        path.write_text(json.dumps(fields), encoding="utf-8")
    page = html.fromstring(report.render(settings, DAY).read_text(encoding="utf-8"))
    cell = page.xpath("//section[@aria-labelledby='problems']//tbody/tr[1]/td[4]")[0]
    names = [metric.name_zh for metric in metrics]
    assert cell.text == f"{'、'.join(names[:3])}等 9 项"
    assert cell.xpath("string(details/summary)") == "全部"
    assert cell.find("details/summary").tail == "、".join(names)


def test_a_batch_that_does_not_add_up_is_shown() -> None:
    arrival = Arrival("p", "f", "health", None, "landed", None, "b", 10, 8, 1)
    assert arrival.is_balanced is False


def test_great_expectations_pages_lead_back(whole_site: Settings) -> None:
    details = list((whole_site.reports_root / "quality/2025-10-25/data_docs").glob("*.html"))
    assert details
    for detail in details:
        inner = html.fromstring(detail.read_text(encoding="utf-8"))
        for link in inner.xpath("//a/@href | //link/@href"):
            assert link.startswith("#") or (detail.parent / link).resolve().is_file()


def test_data_docs_are_in_both_languages(whole_site: Settings) -> None:
    root = whole_site.reports_root / "quality"
    chinese, english = ({path.name: path for path in (root / each).glob("*.html")} for each in DETAILS)
    assert chinese.keys() == english.keys() != set()
    for name, path in english.items():
        document = html.fromstring(path.read_text(encoding="utf-8"))
        assert document.getroottree().getroot().get("lang") == "en"
        assert not re.search("[\u4e00-\u9fff]", document.text_content()), name
        assert re.search("[\u4e00-\u9fff]", chinese[name].read_text(encoding="utf-8")), name


def test_data_docs_hold_every_batch_and_mart(whole_site: Settings) -> None:
    folder = whole_site.reports_root / "quality/2025-10-25/data_docs"
    names = {path.stem for path in folder.glob("*.html")}
    assert "training_base-training_sessions-20251025-20251026-0123456789ab" in names
    assert f"{BUILD_ID}-rpt_metric_weekly" in names
    text = (folder / f"{BUILD_ID}-rpt_partner_freshness.html").read_text(encoding="utf-8")
    assert "各单位数据都按时到达" in text
    assert "✘" in text


def test_the_same_inputs_give_the_same_bytes(night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # on paper as well
    folder = night.reports_root / "quality"
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
    assert "尚未发布" in page.xpath("string(//main/header)")
    assert "演示数据" not in page.text_content()
    assert len(page.xpath("//p[@class='empty']")) == 10


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


def test_cli_writes_the_report(night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(night.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(night.reports_root))
    result = CliRunner().invoke(quality, ["report", "--date", "2025-10-25", "--json"])
    assert result.exit_code == 0, result.output
    assert Path(json.loads(result.output)["report"]).is_file()


def test_results_of_a_build_that_is_not_published_stay_out(night: Settings, tmp_path: Path) -> None:
    other = tmp_path / "build_other.duckdb"
    other.write_bytes((night.builds / f"{BUILD_ID}.duckdb").read_bytes())
    validate_build(night, other)
    report.render(night, DAY)
    assert not list((night.reports_root / "quality/2025-10-25/data_docs").glob("build_other*"))
