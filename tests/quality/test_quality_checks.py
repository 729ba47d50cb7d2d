"""The catalogue: what contracts and stewards ask for, and how a faulty suite file is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from quality_data import NIGHT

from worker_services.contracts import contract_feeds, load_contract
from worker_services.metrics import catalogue
from worker_services.quality.checks import (
    USUAL,
    BatchContext,
    Check,
    NotApplicable,
    SuiteError,
    batch_checks,
    bind,
    build_checks,
    expected_text,
    load_suite,
)
from worker_services.settings import PROJECT_ROOT

SUITES = PROJECT_ROOT / "expectations" / "suites"


def every_check() -> list[Check]:
    return [check for feed in contract_feeds() for check in batch_checks(feed, SUITES)] + build_checks(SUITES)


def test_every_contract_has_a_suite_and_every_suite_a_contract() -> None:
    assert {path.stem for path in SUITES.glob("*.yaml")} == {*contract_feeds(), "marts"}


def test_checks_have_distinct_names() -> None:
    names = [check.check_id for check in every_check()]
    assert len(names) == len(set(names))


def test_figures_are_metrics_of_the_catalogue() -> None:
    touched = {name for check in every_check() for name in check.figures}
    assert touched == set(catalogue())


def test_texts_are_chinese_and_say_what_is_asked() -> None:
    for check in every_check():
        assert any("\u4e00" <= sign <= "\u9fff" for sign in check.what + check.why), check.check_id
        assert expected_text(check), check.check_id


@pytest.mark.parametrize("feed", contract_feeds())
def test_nothing_of_a_contract_is_left_unchecked(feed: str) -> None:
    asked = {(check.check_id.split(".")[1]) for check in batch_checks(feed, SUITES) if check.origin == "contract"}
    for column in load_contract(feed).columns:
        if column.privacy == "drop":
            continue
        name = column.published_name
        assert (f"required_{name}" in asked) is column.required
        assert (f"code_list_{name}" in asked) is (column.code_list is not None)
        assert (f"pattern_{name}" in asked) is (column.pattern is not None)
        assert (f"not_future_{name}" in asked) is column.not_after_interval
        assert (f"range_{name}" in asked) is (column.minimum is not None or column.maximum is not None)
        assert (f"pseudonym_{name}" in asked) is (column.privacy == "pseudonymise")
    assert {"columns", "types"} <= asked


def test_bounds_follow_the_batch() -> None:
    by_name = {check.check_id: check for check in batch_checks("health_services", SUITES)}
    context = BatchContext("b", "eye_hospital", NIGHT, usual_rows_per_day=200)
    volume = bind(by_name["health_services.volume"], context)
    assert volume and volume.kwargs == {"min_value": 20, "max_value": 1200}
    late = bind(by_name["health_services.late_rows"], context)
    assert late and late.kwargs["min_value"] == date(2025, 9, 24)
    future = bind(by_name["health_services.not_future_service_date"], context)
    assert future and future.kwargs["max_value"] == date(2025, 10, 25)
    with pytest.raises(NotApplicable, match="尚无以往批次可比"):
        bind(by_name["health_services.volume"], BatchContext("b", "eye_hospital", NIGHT))


ENTRY = {
    "id": "volume",
    "expectation": "expect_table_row_count_to_be_between",
    "kwargs": {"min_value": 1},
    "what": "有数据",
    "why": "空表没有意义",
    "dimension": "完整性",
    "severity": "warning",
    "figures": [],
    "owner": "data-team",
}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"expectation": "expect_wonders"}, "check 1 ('volume'), expectation"),
        ({"severity": "fatal"}, "check 1 ('volume'), severity"),
        ({"dimension": "美观性"}, "check 1 ('volume'), dimension"),
        ({"kwargs": {"min_value": {"share_of_rows": 1}}}, "check 1 ('volume'), kwargs.min_value"),
        ({"note": "?"}, "check 1 ('volume'), note"),
        ({"table": "rpt_build"}, "'table' belongs to the checks of marts.yaml"),
        ({"what": ""}, "check 1 ('volume'), what"),
        ({"owner": "somebody"}, "check 1 ('volume'), owner"),
        ({"expectation": "expect_figure_to_be_usual", "kwargs": {"figure": "mood", "tolerance": 4}}, "figure"),
        ({"expectation": "expect_figure_to_be_usual", "kwargs": {"figure": "rows"}}, "tolerance"),
        (
            {"expectation": "expect_figure_to_be_usual", "kwargs": {"figure": "drift", "tolerance": 1}},
            "'column' belongs",
        ),
    ],
)
def test_a_faulty_entry_is_refused_by_name(tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    path = tmp_path / "vouchers.yaml"
    suite = {"suite": "vouchers", "title": "健康服务券", "checks": [ENTRY | entry]}
    path.write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path, "vouchers")
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_learned_check_of_a_column_that_the_contract_lacks_is_refused(tmp_path: Path) -> None:
    figure = {"figure": "median", "column": "voucher_type", "tolerance": 3}
    entry = ENTRY | {"expectation": USUAL, "kwargs": figure}
    suite = {"suite": "vouchers", "title": "健康服务券", "checks": [entry]}
    (tmp_path / "vouchers.yaml").write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SuiteError, match=r"vouchers\.volume: the contract has no such column"):
        batch_checks("vouchers", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suite: vouchers\n\tchecks: [", "not readable as YAML"),
        ("[]", "the file"),
        ("suite: vouchers\ntitle: 健康服务券\nchecks: []\n", "checks"),
        (yaml.safe_dump({"suite": "job_fairs", "title": "招聘活动", "checks": [ENTRY]}), "must be that of the file"),
        (
            yaml.safe_dump({"suite": "vouchers", "title": "健康服务券", "checks": [ENTRY, ENTRY]}),
            "two checks are called",
        ),
    ],
)
def test_a_faulty_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "vouchers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match=r"vouchers\.yaml") as caught:
        load_suite(tmp_path, "vouchers")
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no such suite file"):
        load_suite(tmp_path, "vouchers")
