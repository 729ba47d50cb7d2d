"""The catalogue holds every check that can give a result, and nothing else; and people can read it."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from lxml import html

from worker_services.briefing.language import AsRecorded, load_language
from worker_services.contracts import contract_feeds, load_contract
from worker_services.landing import ingest
from worker_services.landing.reading.delivered import DeliveryCheck
from worker_services.landing.rules import broken_rule, rules_of
from worker_services.mailing import gate
from worker_services.metrics import catalogue as metrics
from worker_services.quality.catalogue import DATA_TEAM, STAGES, Entry, collect, parsed_manifest
from worker_services.quality.checks import DIMENSIONS, OWNERS, batch_checks, build_checks
from worker_services.quality.cli import quality
from worker_services.quality.site import catalogue_page
from worker_services.quality.site.layout import DOMAIN, open_site
from worker_services.quality.site.texts import check_text
from worker_services.quality.suites import suites_folder
from worker_services.seeds import read_seed
from worker_services.settings import PROJECT_ROOT, Settings

SETTINGS = Settings(PROJECT_ROOT, PROJECT_ROOT / "data", PROJECT_ROOT / "reports")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return parsed_manifest(SETTINGS)


@pytest.fixture(scope="module")
def entries(manifest: dict[str, Any]) -> list[Entry]:
    return collect(SETTINGS, manifest)


def names(entries: list[Entry], stage: str, prefix: str) -> set[str]:
    return {
        entry.check_id.removeprefix(prefix)
        for entry in entries
        if entry.stage == stage and entry.check_id.startswith(prefix)
    }


def test_each_check_is_told_whole(entries: list[Entry]) -> None:
    ids = [entry.check_id for entry in entries]
    assert len(ids) == len(set(ids))
    for entry in entries:
        assert entry.stage in STAGES
        assert entry.dimension in DIMENSIONS, entry
        assert entry.severity in ("critical", "warning"), entry
        assert entry.owner in OWNERS, entry
        assert set(entry.figures) <= set(metrics()), entry
        assert entry.threshold, entry
        assert entry.subject_zh, entry
        assert re.search("[\u4e00-\u9fff]", entry.what), entry
        assert re.search("[\u4e00-\u9fff]", entry.why), entry
        assert (PROJECT_ROOT / entry.source).is_file(), entry


def test_every_figure_has_checks_before_the_warehouse_and_in_it(entries: list[Entry]) -> None:
    for stage in ("row", "batch", "build"):
        assert {name for entry in entries if entry.stage == stage for name in entry.figures} == set(metrics()), stage


def test_what_a_suite_runs_is_in_it(entries: list[Entry]) -> None:
    folder = suites_folder(SETTINGS)
    run = {check.check_id for feed in contract_feeds() for check in batch_checks(feed, folder)}
    assert {entry.check_id for entry in entries if entry.stage == "batch"} == run
    assert names(entries, "build", "marts.") == {
        check.check_id.removeprefix("marts.") for check in build_checks(folder)
    }


def test_what_dbt_runs_is_in_it(entries: list[Entry], manifest: dict[str, Any]) -> None:
    tests = {node["unique_id"].split(".")[2] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    assert tests
    assert names(entries, "build", "dbt.") == tests


def test_singular_tests_say_what_they_ask_in_chinese(entries: list[Entry]) -> None:
    files = {path.stem for path in (PROJECT_ROOT / "dbt_project/tests/singular").glob("*.sql")}
    assert files
    assert {Path(entry.source).stem for entry in entries if entry.subject == "跨表核对"} == files


def test_what_a_delivery_can_fail_is_in_it(entries: list[Entry]) -> None:
    in_code = set(re.findall(r'_of_delivery\(settings, "(\w+)"', Path(ingest.__file__).read_text(encoding="utf-8")))
    assert in_code
    assert names(entries, "delivery", "delivery.") == in_code | set(get_args(DeliveryCheck))


def test_what_a_briefing_can_fail_is_in_it(entries: list[Entry]) -> None:
    in_code = set(re.findall(r'Reason\("(\w+)"', Path(gate.__file__).read_text(encoding="utf-8")))
    assert in_code
    assert names(entries, "briefing", "briefing.") == in_code


@pytest.mark.parametrize("feed", contract_feeds())
def test_the_rules_of_a_column_are_those_that_its_sql_looks_for(feed: str) -> None:
    for column in load_contract(feed).columns:
        if column.privacy == "drop" and not column.required:
            continue  # landing looks whether it can be read, and for nothing else
        sql = broken_rule(column, "cell", "value", "date '2025-10-25'", "false")
        assert rules_of(column) == list(dict.fromkeys(re.findall(r"then '(\w+)'", sql))), column.name


def test_every_rule_of_quarantine_is_in_it(entries: list[Entry]) -> None:
    found = {entry.check_id.split(".")[2] for entry in entries if entry.stage == "row"}
    assert found == {row["rule"] for row in read_seed("rules/rules")}


def test_owners_of_domain_tests_are_their_stewards(entries: list[Entry]) -> None:
    owners = {entry.subject: entry.owner for entry in entries if entry.check_id.startswith("dbt.")}
    assert owners["fct_relief_payments"] == "hardship-steward"
    assert owners["rpt_build"] == DATA_TEAM
    figures = {name for entry in entries if entry.subject == "fct_relief_payments" for name in entry.figures}
    assert {"relief_money_yuan", "relief_persons"} <= figures


def test_cli_lists_checks_of_a_stage_and_a_subject(
    manifest: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "warehouse" / "dbt" / "target"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(tmp_path))
    result = CliRunner().invoke(quality, ["catalogue", "--stage", "batch", "--subject", "vouchers", "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.output)
    assert {row["subject"] for row in rows} == {"vouchers"}
    assert "vouchers.usual_rows" in {row["check_id"] for row in rows}
    table = CliRunner().invoke(quality, ["catalogue", "--subject", "rpt_build"])
    assert table.exit_code == 0
    assert "构建信息恰好一行" in table.output
    nothing = CliRunner().invoke(quality, ["catalogue", "--subject", "nothing"])
    assert nothing.output.strip() == "There is no such check."


def test_every_check_is_told_whole_in_english(entries: list[Entry]) -> None:
    english = load_language("en", DOMAIN)
    lacking = {
        text
        for entry in entries
        for text in (entry.what, entry.why, entry.threshold)
        if isinstance(check_text(english, text, entry.subject), AsRecorded)
    }
    assert lacking == set(), "run bin/translate and write their English"


def test_a_check_without_english_is_shown_in_chinese_and_counted(entries: list[Entry], settings: Settings) -> None:
    new = dataclasses.replace(entries[0], check_id="delivery.new", what="数据管理员新写的检查")
    chinese, english = catalogue_page.write(open_site(settings), [*entries, new])
    page = html.fromstring(english.read_text(encoding="utf-8"))
    assert page.xpath("//tr[@id='delivery.new']//strong/span[@lang='zh-CN']/text()") == [new.what]
    assert len(page.xpath("//tr[@data-row]//*[@lang='zh-CN']")) == 1
    assert "given in Chinese: 1." in page.text_content()
    assert "尚无英文" not in chinese.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("250 行中 3 行不符合", "3 of 250 rows fail"),
        ("取自 male、female（至少 98% 的记录）", "One of male, female (in at least 98% of the records)"),
        (
            "12 至 34 行（据2025-W30至2025-W43的13个周一，近期水平±4倍离差）",
            "12 to 34 rows (learned from 13 days of the kind “Monday” of 2025-W30 to 2025-W43; "
            "recent level ± 4 robust standard deviations)",
        ),
        (
            "0.31（female 由 40.0% 变为 61.5%，空值 由 0.1% 变为 2.0%）",
            "0.31 (female from 40.0% to 61.5%, no value from 0.1% to 2.0%)",
        ),
        ("服务日期不早于没有这样的列", None),
    ],
)
def test_texts_put_together_are_known_again_in_english(chinese: str, english: str | None) -> None:
    found = check_text(load_language("en", DOMAIN), chinese)
    assert found == (english or chinese)
    assert isinstance(found, AsRecorded) == (english is None)


def test_the_page_shows_every_check_and_each_can_be_picked(entries: list[Entry], settings: Settings) -> None:
    chinese, english = catalogue_page.write(open_site(settings), entries)
    for file in (chinese, english):
        page = html.fromstring(file.read_text(encoding="utf-8"))
        rows = page.xpath("//tr[@data-row]")
        assert sorted(row.xpath("string(.//code)") for row in rows) == sorted(entry.check_id for entry in entries)
        assert [row.get("id") for row in rows] == [row.xpath("string(.//code)") for row in rows]
        for kind in json.loads(page.xpath("string(//@data-pick)")):
            assert all(row.get(f"data-{kind}") for row in rows), kind
            assert len({row.get(f"data-{kind}") for row in rows}) > 1
