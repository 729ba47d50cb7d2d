"""The auditors' site: every night, score, issue, act and exception is on it, in both editions."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pikepdf
import pypdfium2
import pytest
from click.testing import CliRunner
from lxml import html
from quality_data import BUILD_ID

from tests.verapdf import validate
from worker_services.audit import heads, ledger
from worker_services.intervals import Interval
from worker_services.landing import outcomes
from worker_services.metrics import catalogue, counted_from
from worker_services.quality.catalogue import collect
from worker_services.quality.cli import quality
from worker_services.quality.site import acts
from worker_services.quality.site.make import make, make_after_findings
from worker_services.settings import Settings

CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
OUTSIDE = re.compile(r"""https?://|url\(|@import|(?:src|href)\s*=\s*["']?//""", re.I)
NIGHT = "2025-10-25"


def page(settings: Settings, path: str) -> html.HtmlElement:
    return html.fromstring((settings.reports_root / "quality" / path).read_text(encoding="utf-8"))


def section(document: html.HtmlElement, name: str) -> str:
    (found,) = document.xpath(f"//section[@aria-labelledby='{name}']")
    return " ".join(found.text_content().split())


def pages(settings: Settings) -> dict[str, html.HtmlElement]:
    """Every page of the site but Great Expectations' own, by its path."""
    root = settings.reports_root / "quality"
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*.html") if "data_docs" not in path.parts}
    assert len(found) > 15
    return {name: html.fromstring(path.read_text(encoding="utf-8")) for name, path in found.items()}


def test_home_lists_the_night_in_the_numbers_of_its_report(whole_site: Settings) -> None:
    home, night = page(whole_site, "index.html"), page(whole_site, f"{NIGHT}/index.html")
    (row,) = home.xpath("//section[@aria-labelledby='nights']//tbody/tr")
    cells = [" ".join(cell.text_content().split()) for cell in row]
    told = json.loads((whole_site.reports_root / "quality" / NIGHT / "night.json").read_text(encoding="utf-8"))
    outcomes = [cell.text_content() for cell in night.xpath("//section[@aria-labelledby='arrivals']//tbody/tr/td[3]")]
    assert cells[:5] == [NIGHT, f"{told['landed']} / {len(outcomes)}", str(outcomes.count("部分隔离")), "1", "1"]
    assert f"{told['rows_received']:,}" in section(night, "balance")
    assert cells[6] == str(told["rows_quarantined"])
    assert cells[7] == f"严重 {told['critical']} 提示 {told['warning']} 共检查 {told['checks']} 项"
    assert told["checks"] == len(
        night.xpath("//section[@aria-labelledby='checks' or @aria-labelledby='marts']//tr[@data-row]")
    )


def test_home_lists_scores_issues_and_the_state_of_the_ledger(whole_site: Settings) -> None:
    home = page(whole_site, "index.html")
    assert "2025-W4387.7较差−2.3" in section(home, "scorecards")
    assert "2025-W42" not in section(home, "scorecards")  # it has a score, and no scorecard
    issues = section(home, "issues")
    assert "第21期2025-W421 种全部全市" in issues
    assert "王审核" in issues
    entries = acts.known(whole_site)
    kept = next(entry for entry in entries if entry.action == "ledger.head")
    state = section(home, "state")
    assert entries[-1].hash in state
    assert f"核验无误，第 {kept.subject} 号的签名已另行留存" in state


def test_findings_of_a_later_verification_are_shown(night: Settings) -> None:
    heads.enter_findings(night, ["file_changed", "file_missing", "file_changed"])
    make(night)
    assert "发现问题 3 处" in section(page(night, "index.html"), "state")


def test_findings_are_shown_at_once_unless_it_is_the_site_that_was_changed(night: Settings) -> None:
    home = night.reports_root / "quality" / "index.html"
    before = home.read_bytes()
    heads.enter_findings(night, ["file_changed"])
    assert make_after_findings(night, ["data/landing/x.parquet", "reports/quality/figures.html"]) is None
    assert home.read_bytes() == before
    assert make_after_findings(night, ["data/landing/x.parquet"]) == home
    assert "发现问题 1 处" in section(page(night, "index.html"), "state")


def test_home_says_what_has_landed_since_the_night_was_archived(night: Settings) -> None:
    told = json.loads((night.reports_root / "quality" / NIGHT / "night.json").read_text(encoding="utf-8"))
    lacking = [tuple(each) for each in told["not_landed"]]
    assert len(lacking) == told["expected"] - told["landed"] > 1
    interval = Interval.parse(f"{NIGHT}/2025-10-26")
    missing = next(
        outcome
        for partner, feed in lacking
        if (outcome := outcomes.latest(night, partner, feed, interval)) and outcome.outcome == "missing"
    )
    make(night)
    assert "其后补到" not in section(page(night, "index.html"), "nights")
    outcomes.record(night, replace(missing, outcome="landed", batch_id="late"))
    make(night)
    assert f"{told['landed']} / {told['expected']}其后补到 1" in section(page(night, "index.html"), "nights")


def test_the_ledger_page_says_who_decided_what_and_why(whole_site: Settings) -> None:
    rows = page(whole_site, "ledger/index.html").xpath("//section[@aria-labelledby='acts']//tbody/tr")
    shown = {int(row.xpath("string(td[1])")): row for row in rows}
    for entry in acts.known(whole_site):
        if entry.action.startswith(("quarantine.", "briefing.approve", "briefing.send", "secret.", "warehouse.")):
            row = shown.pop(entry.seq)
            text = row.text_content()
            for part in (entry.actor, entry.action, entry.subject, entry.details.get("reason", ""), entry.hash[:16]):
                assert part in text
            assert row.get("data-actor") == entry.actor
            assert row.get("data-day") == row.xpath("string(td[2]/text())")
    assert not shown
    assert [row.get("data-kind") for row in rows][:2] == ["回退", "隔离处置"]


def test_a_month_has_every_entry_but_those_about_these_pages(whole_site: Settings) -> None:
    (path,) = (whole_site.reports_root / "quality" / "ledger").glob("????-??.html")
    rows = page(whole_site, f"ledger/{path.name}").xpath("//tbody/tr")
    numbers = [int(row.xpath("string(td[1])")) for row in rows]
    everything = ledger.entries(whole_site)
    assert everything[-1].action == "quality.site"
    assert sorted(numbers) == [entry.seq for entry in everything[:-1]]
    assert "someone.elses" in rows[-9].text_content() + "".join(row.text_content() for row in rows)


def test_corrections_name_who_and_the_figures_they_touch(whole_site: Settings) -> None:
    document = page(whole_site, "ledger/index.html")
    rows = document.xpath("//section[@aria-labelledby='corrections']//tbody/tr")
    found = {row.get("data-kind"): row for row in rows}
    assert set(found) == {"隔离行放行", "隔离行更正", "隔离行不予采用", "单位重新报送"}
    corrected = found["隔离行更正"].text_content()
    assert "李管理" in corrected
    assert "医院更正" in corrected
    for metric_id in counted_from("health_services"):
        assert catalogue()[metric_id].name_zh in corrected
    assert "由 60 行变为 61 行" in found["单位重新报送"].text_content()


def test_exceptions_in_force_are_told_from_what_is_settled(whole_site: Settings) -> None:
    document = page(whole_site, "exceptions.html")
    held = section(document, "held")
    assert "长春爱尔眼科医院 · 职工健康服务明细9 行，分属 1 个批次" in held  # twelve, less three that were turned down
    assert "健康服务券2 行，分属 1 个批次" in held  # of the delivery that replaced the first
    waived = section(document, "waived")
    assert "医院来函说明" in waived
    assert "李管理" in waived
    assert "2025-W42/city已核实" in section(document, "approved")
    assert "不公布" in section(document, "suppressed")
    assert "目前没有。" in section(document, "confirmed")
    assert "目前没有。" in section(document, "corrections")
    text = (whole_site.project_root / "dbt_project" / "dbt-bouncer.yml").read_text(encoding="utf-8")
    models = {name.replace("\\.sql", "") for name in re.findall(r"- \^models/\S+/(\w+\\\.sql)", text)}
    conventions = document.xpath("//section[@aria-labelledby='conventions']//tbody/tr")
    assert models <= {row.xpath("string(th)").split(" · ")[0] for row in conventions}
    assert all(row.xpath("string(td[1])").strip() for row in conventions), "an exception without a reason"


def test_an_issue_that_was_declined_after_all_is_no_exception(night: Settings) -> None:
    ledger.append(night, "王审核", "briefing.decline", "2025-W42/city", {"reason": "有误", "fingerprint": "0f3a"})
    make(night)
    assert "目前没有。" in section(page(night, "exceptions.html"), "approved")


def test_every_link_leads_somewhere(whole_site: Settings) -> None:
    root = whole_site.reports_root / "quality"
    documents = pages(whole_site)
    for name, document in documents.items():
        for link in {*document.xpath("//a/@href | //link/@href")}:
            path, _, fragment = unquote(link).partition("#")
            target = (root / name).parent / path if path else root / name
            assert target.is_file(), f"{name}: {link}"
            if fragment:
                aimed = documents[target.resolve().relative_to(root.resolve()).as_posix()]
                assert aimed.xpath(f"//*[@id='{fragment}']"), f"{name}: {link}"


def test_both_editions_have_the_same_pages_and_lead_to_each_other(whole_site: Settings) -> None:
    documents = pages(whole_site)
    chinese = {name for name in documents if not name.startswith("en/")}
    assert {f"en/{name}" for name in chinese} == documents.keys() - chinese
    for name, document in documents.items():
        tag, other = ("en", "zh-CN") if name.startswith("en/") else ("zh-CN", "en")
        assert document.getroottree().getroot().get("lang") == tag
        (switch,) = document.xpath("//a[@class='edition']")
        assert (switch.get("hreflang"), switch.get("lang")) == (other, other)
        twin = name.removeprefix("en/") if tag == "en" else f"en/{name}"
        assert (Path(name).parent / switch.get("href")).as_posix().endswith(Path(twin).name)
        assert document.xpath("string(//link[@rel='alternate']/@hreflang)") == other


def test_words_in_chinese_are_marked_on_english_pages(whole_site: Settings) -> None:
    marked = 0
    for name, document in pages(whole_site).items():
        if name.startswith("en/"):
            for element in document.xpath("//*[@lang='zh-CN'] | //script | //style"):
                marked += element.tag == "span"
                element.drop_tree()
            texts = [*document.itertext(), *(value for each in document.iter() for value in each.attrib.values())]
            strangers = [text for text in texts if CHINESE.search(text.replace("＊", ""))]
            # Names of the small build and of who acted, which have no English.
            assert all(re.search("王审核|李管理", text) for text in strangers), f"{name}: {strangers[:3]}"
    assert marked > 100


def test_the_search_finds_pages_figures_and_checks(whole_site: Settings) -> None:
    root = whole_site.reports_root / "quality"
    for edition in ("", "en/"):
        text = (root / f"{edition}search.js").read_text(encoding="utf-8")
        found = json.loads(text.removeprefix("window.siteIndex = ").removesuffix(";\n"))
        paths = {path for _, _, path in found}
        assert {f"{NIGHT}/index.html", "ledger/index.html", "scorecards/2025-W43/eye_hospital.html"} <= paths
        assert not [path for path in paths if path.startswith("en/") or "data_docs" in path]
        assert {f"figures.html#{metric_id}" for metric_id in catalogue()} <= paths
        assert {f"catalogue.html#{check.check_id}" for check in collect(whole_site, None)} <= paths
        assert len(found) == len(paths)
        assert all((root / edition / path.split("#")[0]).is_file() for path in paths)


def test_nothing_is_loaded_from_outside(whole_site: Settings) -> None:
    files = [
        path for path in (whole_site.reports_root / "quality").rglob("*") if path.suffix in (".html", ".css", ".js")
    ]
    assert {path.suffix for path in files} == {".html", ".css", ".js"}
    for path in files:
        assert not OUTSIDE.search(path.read_text(encoding="utf-8")), path


def test_made_again_it_is_the_same_and_nothing_is_entered(night: Settings) -> None:
    root, entries = night.reports_root / "quality", len(ledger.entries(night))
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    make(night)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert len(ledger.entries(night)) == entries


def test_every_file_of_the_site_is_entered(whole_site: Settings) -> None:
    entered = {name for entry in ledger.entries(whole_site) for name in entry.details.get("files", {})}
    root = whole_site.reports_root
    assert {f"reports/{path.relative_to(root)}" for path in (root / "quality").rglob("*") if path.is_file()} <= entered


def test_before_anything_came_every_page_says_so(settings: Settings) -> None:
    make(settings)
    home = page(settings, "index.html")
    assert len(home.xpath("//p[@class='empty']")) == 4
    assert "演示数据" not in home.text_content()
    assert "还没有人作出决定" in section(page(settings, "ledger/index.html"), "acts")
    assert "目前没有。" in section(page(settings, "exceptions.html"), "held")
    assert "Nothing is published yet" in page(settings, "en/figures.html").text_content()


@pytest.mark.parametrize(("path", "said"), [("", "演示数据"), ("en/", "Demonstration data")])
def test_the_report_on_paper_is_short_and_says_what_the_page_says(whole_site: Settings, path: str, said: str) -> None:
    document = pypdfium2.PdfDocument(whole_site.reports_root / "quality" / f"{path}{NIGHT}" / "report.pdf")
    text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    assert len(document) <= 4
    solid = re.sub(r"\s", "", text)
    assert said.replace(" ", "") in solid
    assert BUILD_ID in solid
    assert "87.7" in solid
    published = next(entry for entry in acts.known(whole_site) if entry.action == "warehouse.publish")
    assert published.hash in solid
    assert published.public_key in solid
    night = page(whole_site, f"{path}{NIGHT}/index.html")
    for check in night.xpath("//section[@aria-labelledby='problems']//tbody/tr/td[3]/strong"):
        assert re.sub(r"\s", "", check.text_content()) in solid


def test_the_report_on_paper_is_pdf_a_in_both_languages(whole_site: Settings, tmp_path: Path) -> None:
    printed = [whole_site.reports_root / "quality" / path / NIGHT / "report.pdf" for path in ("", "en")]
    with pikepdf.open(printed[0]) as opened:
        del opened.Root["/StructTreeRoot"]
        opened.save(tmp_path / "untagged.pdf")
    *good, broken = validate(*printed, tmp_path / "untagged.pdf")
    assert [(each["is_compliant"], each["broken"]) for each in good] == [(True, {})] * 2
    assert all(each["checks"] > 5_000 for each in good)
    assert not broken["is_compliant"]


def test_the_command_writes_the_site(night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(night.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(night.reports_root))
    (night.reports_root / "quality" / "index.html").unlink()
    result = CliRunner().invoke(quality, ["site", "--json"])
    assert result.exit_code == 0, result.output
    assert Path(json.loads(result.output)["site"]).is_file()
