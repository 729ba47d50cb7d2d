"""Checks on batches and builds: what is sound passes, each fault is found by its check, and errors stay errors."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from quality_data import NIGHT, read_json

from worker_services.contracts import contract_feeds
from worker_services.intervals import Interval
from worker_services.landing import batches
from worker_services.landing.batches import Manifest
from worker_services.quality.checks import BatchContext, build_checks
from worker_services.quality.suites import (
    CheckResult,
    overall,
    suites_folder,
    usual_rows_per_day,
    validate_batch,
    validate_build,
)
from worker_services.settings import Settings

KEY = "sha256(i::varchar)"


def failed(results: list[CheckResult]) -> set[str]:
    assert not [result for result in results if result.status == "error"]
    return {result.check_id.split(".")[1] for result in results if result.status == "failed"}


@pytest.mark.parametrize("feed", contract_feeds())
def test_a_sound_batch_passes(settings: Settings, context: BatchContext, batch: Callable[..., Path], feed: str) -> None:
    results = validate_batch(settings, feed, batch(feed), replace(context, usual_rows_per_day=60))
    assert failed(results) == set()
    assert overall(results) == "passed"


@pytest.mark.parametrize(
    ("feed", "rows", "changes", "found"),
    [
        ("health_services", 0, {}, {"rows", "volume"}),
        ("health_services", 60, {"satisfaction_score": "4::integer"}, {"types"}),
        (
            "health_services",
            250,
            {
                "service_id": "'s-' || i % 200",
                "worker_key": "if(i < 50, '220102199001011234', null)",
                "service_date": "if(i < 100, date '2025-10-26', date '2025-01-01')",
                "service_category": "if(i = 0, 'massage', 'womens_screening')",
                "voucher_id": "if(i < 100, 'V12', 'V0000000001')",
                "satisfaction_score": "if(i < 10, 6, 5)::bigint",
                "age_band": "if(i < 9, 'under_16', '35-44')",
                "sex": "if(i < 20, 'male', 'female')",
                "organisation_code": "'220102'",
            },
            {
                "key",
                "required_worker_key",
                "pseudonym_worker_key",
                "not_future_service_date",
                "code_list_service_category",
                "pattern_voucher_id",
                "range_satisfaction_score",
                "volume",
                "voucher_share",
                "voucher_once",
                "satisfaction_level",
                "womens_screening",
                "working_age",
                "repeated_same_day",
                "same_service_twice",
                "late_rows",
                "organisation_spread",
            },
        ),
        (
            "vouchers",
            600,
            {
                "issued_on": "if(i = 0, date '2025-05-01', date '2025-10-20')",
                "expires_on": "if(i = 1, date '2027-10-20', if(i = 2, date '2025-10-01', date '2025-10-24'))",
                "redeemed_on": "if(i = 3, date '2025-10-01', date '2025-10-25')",
                "voucher_type": "'free'",
                "worker_key": f"if(i < 9, repeat('a', 64), {KEY})",
            },
            {
                "order_expires_on_issued_on",
                "order_redeemed_on_issued_on",
                "volume",
                "campaign_start",
                "both_types",
                "validity_length",
                "redeemed_in_time",
                "repeated_same_day",
            },
        ),
        (
            "outreach_events",
            30,
            {
                "site_id": "'site-' || i % 5",
                "site_kind": "if(i = 0, 'union_station', 'employer')",
                "event_type": "'lecture'",
                "attendees": "if(i = 0, 0, 3)::bigint",
            },
            {"one_name_a_site", "one_kind_a_site", "attendance_level", "same_day_twice"},
        ),
        (
            "job_fairs",
            4,
            {
                "fair_name": "if(i < 2, '秋季宣讲会', '会')",
                "fair_type": "'job_fair'",
                "organisation_code": "'220102'",
            },
            {"type_fits_name", "registered_twice", "name_length"},
        ),
        (
            "job_postings",
            60,
            {
                "posting_id": "'p-' || i % 30",
                "fair_id": "'f-' || (i // 30)",
                "employer_credit_code": "'c-' || i % 40",
                "headcount": "if(i = 0, 5000, 30)::bigint",
                "monthly_wage_min": "if(i < 5, 7, 4000)::decimal(18, 4)",
                "monthly_wage_max": "if(i = 9, 3000, 6000)::decimal(18, 4)",
            },
            {
                "wage_order",
                "wage_unit",
                "headcount_level",
                "headcount_not_concentrated",
                "one_name_an_employer",
                "same_posting_same_terms",
            },
        ),
        (
            "job_applications",
            100,
            {
                "worker_key": "repeat(if(i < 40, 'a', 'b'), 64)",
                "posting_id": "'p-' || i % 20",
                "fair_id": "'f-1'",
                "stage": "'hired'",
                "applied_on": "date '2025-01-01'",
            },
            {"once_a_posting", "hired_share", "late_rows", "busiest_worker"},
        ),
        (
            "training_sessions",
            60,
            {
                "course": "'electrician'",
                "started_on": "date '2025-01-01'",
                "ended_on": "if(i = 0, date '2024-12-01', date '2025-08-01')",
                "organisation_code": "'220102'",
                "capacity": "if(i = 0, 0, 5)::bigint",
            },
            {
                "order_ended_on_started_on",
                "range_capacity",
                "length",
                "capacity_level",
                "courses_offered",
                "registered_twice",
            },
        ),
        (
            "training_attendances",
            600,
            {
                "session_id": "'t-1'",
                "worker_key": "if(i < 2, repeat('a', 64), sha256(i::varchar))",
                "certificate_level": "'none'",
                "attended_on": "date '2025-01-01'",
            },
            {"once_a_day", "session_size", "certificate_levels", "late_rows"},
        ),
        (
            "mediation_cases",
            1000,
            {
                "worker_key": "repeat('a', 64)",
                "employer_credit_code": "'c-1'",
                "dispute_type": "'other'",
                "organisation_code": "'220102'",
            },
            {"volume", "registered_twice", "one_employer", "dispute_types", "organisation_spread"},
        ),
        (
            "mediation_events",
            200,
            {
                "case_id": "'c-' || (i // 2)",
                "event_type": "if(i = 0, 'accepted', 'agreement')",
                "event_at": "timestamp '2025-10-25 00:00:00' - to_days(i::integer)",
            },
            {"accepted_first", "concluded_once", "agreement_share", "time_of_day"},
        ),
        (
            "health_appointments",
            300,
            {
                "booked_on": "if(i = 0, date '2025-03-01', date '2025-03-25')",
                "scheduled_on": "if(i < 2, date '2025-10-26', date '2025-03-25')",
                "appointment_status": "if(i < 200, 'no_show', 'fulfilled')",
                "worker_key": f"if(i > 290, repeat('a', 64), {KEY})",
                "service_category": "'endoscopy'",
            },
            {
                "volume",
                "waiting_days",
                "waiting_known",
                "not_settled_ahead",
                "no_show_share",
                "double_booking",
                "late_rows",
            },
        ),
        (
            "health_screenings",
            300,
            {
                "worker_key": f"if(i < 2, repeat('a', 64), {KEY})",
                "sex": "if(i < 9, 'male', 'female')",
                "age_band": "if(i < 9, 'under_16', '35-44')",
                "special_group": "'women'",
                "screening_type": "'breast'",
                "screened_on": "date '2025-01-01'",
                "organisation_code": "'220102'",
            },
            {
                "volume",
                "screening_fits_sex",
                "group_fits_sex",
                "groups_kept_apart",
                "once_a_day",
                "working_age",
                "late_rows",
                "organisation_spread",
            },
        ),
        (
            "service_ratings",
            300,
            {
                "voucher_id": "'V' || lpad((i // 2)::varchar, 10, '0')",
                "partner_id": "if(i = 0, 'training_base', 'eye_hospital')",
                "score": "5::bigint",
                "is_complaint": "if(i < 100, 'yes', 'no')",
                "rated_on": "date '2025-01-01'",
            },
            {
                "volume",
                "hospitals_rated",
                "score_level",
                "complaint_share",
                "complaint_fits_score",
                "once_a_voucher",
                "late_rows",
            },
        ),
        (
            "counselling_sessions",
            300,
            {
                "started_at": "timestamp '2025-10-25 00:00:00'",
                "channel": "'hotline'",
                "topic": "if(i < 200, 'other', 'family')",
                "duration_minutes": "if(i < 290, 0, 9)::bigint",
                "satisfaction_score": "5::bigint",
            },
            {
                "volume",
                "duration_level",
                "empty_sessions",
                "time_of_day",
                "channels_served",
                "topic_known",
                "satisfaction_level",
            },
        ),
        (
            "training_enrolments",
            600,
            {
                "session_id": "'t-1'",
                "worker_key": f"if(i < 9, repeat('a', 64), {KEY})",
                "enrolment_status": "'dropped_out'",
                "enrolled_on": "date '2025-01-01'",
            },
            {"once_a_session", "session_size", "drop_out_share", "courses_end", "late_rows"},
        ),
        (
            "training_certificates",
            600,
            {
                "session_id": "'t-1'",
                "worker_key": f"if(i < 9, repeat('a', 64), {KEY})",
                "certificate_level": "if(i = 0, 'none', 'senior')",
                "issued_on": "date '2025-01-01'",
            },
            {"once_a_session", "has_level", "senior_share", "session_size", "late_rows"},
        ),
        (
            "startup_support",
            200,
            {
                "worker_key": f"if(i < 8, repeat('a', 64), {KEY})",
                "organisation_code": "'220102'",
                "amount_yuan": "if(i % 4 = 0, 8, if(i = 2, 900000, null))::decimal(18, 4)",
                "supported_on": "date '2025-01-01'",
            },
            {"money_has_amount", "advice_is_free", "amount_level", "once_a_day", "organisation_spread", "late_rows"},
        ),
        (
            "employment_registrations",
            200,
            {
                "worker_key": f"if(i < 8, repeat('a', 64), {KEY})",
                "employer_credit_code": "'c-' || i % 5",
                "organisation_code": "'220102'",
                "hired_on": "date '2025-01-01'",
                "source_fair_id": "if(i < 90, 'f-' || greatest(i, 10), null)",
            },
            {
                "registered_twice",
                "posting_names_fair",
                "source_stated",
                "busiest_worker",
                "organisation_spread",
                "late_rows",
            },
        ),
        (
            "employment_registrations",
            200,
            {"source_fair_id": "'f-1'"},
            {"source_spread"},
        ),
        (
            "labour_contracts",
            60,
            {
                "employer_credit_code": "'c-' || i % 50",
                "as_of_date": "date '2025-09-29'",
                "employees": "if(i = 0, 10, 30)::bigint",
                "contracts_signed": "if(i = 0, 20, 3)::bigint",
            },
            {"signed_within_employees", "once_a_month", "end_of_month", "signing_rate", "staff_steady"},
        ),
        (
            "labour_contracts",
            60,
            {"contracts_signed": "(30 + i)::bigint"},
            {"everyone_signed"},
        ),
        (
            "collective_contracts",
            120,
            {
                "employer_credit_code": "'c-1'",
                "organisation_code": "'220102'",
                "valid_until": "if(i = 0, date '2035-10-24', if(i = 1, date '2025-10-24', date '2026-10-24'))",
                "covered_workers": "if(i = 0, 0, 2)::bigint",
                "fulfilment_status": "'fulfilled'",
            },
            {
                "order_valid_until_signed_on",
                "range_covered_workers",
                "term",
                "registered_twice",
                "covered_level",
                "fulfilment_share",
                "organisation_spread",
            },
        ),
        (
            "safety_inspections",
            1000,
            {
                "employer_credit_code": "'c-1'",
                "organisation_code": "'220102'",
                "inspection_type": "'routine'",
                "inspected_on": "date '2025-01-01'",
            },
            {"volume", "once_a_day", "one_employer", "all_types", "organisation_spread", "late_rows"},
        ),
        (
            "safety_hazards",
            200,
            {
                "inspection_id": "'i-1'",
                "hazard_level": "'major'",
                "found_on": "date '2025-01-01'",
                "due_on": "if(i = 0, date '2024-12-31', if(i = 1, date '2025-10-01', date '2025-01-09'))",
                "rectified_on": "date '2025-10-25'",
            },
            {
                "order_due_on_found_on",
                "time_allowed",
                "hazards_an_inspection",
                "major_share",
                "few_overdue",
                "late_rows",
            },
        ),
        (
            "safety_hazards",
            60,
            {"rectified_on": "if(i = 0, date '2025-10-24', found_on)"},
            {"order_rectified_on_found_on", "rectified_same_day"},
        ),
        (
            "hardship_register",
            200,
            {
                "worker_key": f"if(i < 9, repeat('a', 64), {KEY})",
                "hardship_category": "'deep'",
                "organisation_code": "'220102'",
                "registered_on": "if(i = 0, date '2025-10-25', date '2025-01-01')",
                "updated_at": "timestamp '2025-10-01 09:30:00'",
            },
            {
                "size_change",
                "still_kept_up",
                "one_file_a_worker",
                "all_categories",
                "all_counties",
                "registered_before_update",
            },
        ),
        ("hardship_register", 14, {}, {"size_halved", "size_change"}),
        (
            "hardship_register",
            30,
            {
                "register_no": "'n-' || i % 29",
                "registered_on": "date '2025-10-01'",
                "updated_at": "timestamp '2025-10-25 09:30:00' - to_days(i::integer)",
            },
            {"key_register_no", "registered_before_update"},
        ),
        (
            "relief_payments",
            200,
            {
                "worker_key": f"if(i < 12, repeat('a', 64), {KEY})",
                "organisation_code": "'220102'",
                "relief_kind": "'goods'",
                "goods_name": "if(i = 0, null, '大米')",
                "amount_yuan": "6000::decimal(18, 4)",
                "paid_on": "date '2025-01-01'",
            },
            {"goods_named", "amount_level", "same_day_again", "most_to_one_worker", "organisation_spread", "late_rows"},
        ),
        (
            "meeting_actions",
            40,
            {
                "meeting_date": "date '2025-01-01'",
                "title": "if(i < 3, '见纪要', '落实' || i)",
                "owner_organisation_code": "'220102'",
                "owner_department": "'办公室'",
                "completed_on": "null::date",
            },
            {"done_has_day", "time_allowed", "actions_a_meeting", "decided_twice", "title_length"},
        ),
        (
            "publicity_items",
            60,
            {
                "title": "'送温暖'",
                "channel": "'poster'",
                "organisation_code": "'220102'",
                "reach": "if(i = 0, 400, 1)::bigint",
            },
            {"reach_level", "reach_not_concentrated", "published_twice", "main_channels", "organisation_spread"},
        ),
        (
            "mediation_events",
            2,
            {"event_at": "timestamp '2025-10-26 00:00:00'"},
            {"not_future_event_at"},
        ),
    ],
)
def test_each_fault_is_found_by_its_check(
    settings: Settings,
    context: BatchContext,
    batch: Callable[..., Path],
    feed: str,
    rows: int,
    changes: dict[str, str],
    found: set[str],
) -> None:
    results = validate_batch(settings, feed, batch(feed, rows, **changes), replace(context, usual_rows_per_day=30))
    assert failed(results) == found


def test_a_check_that_cannot_run_is_an_error_and_not_a_fault_of_the_data(
    settings: Settings, context: BatchContext, batch: Callable[..., Path]
) -> None:
    results = validate_batch(settings, "health_services", batch("health_services", sex="absent"), context)
    by_name = {result.check_id.split(".")[1]: result for result in results}
    assert by_name["columns"].status == "failed"
    assert "缺少 sex" in by_name["columns"].observed
    assert by_name["code_list_sex"].status == "error"
    assert "检查未能执行" in by_name["code_list_sex"].message_zh
    assert by_name["required_service_id"].status == "passed"
    assert overall(results) == "error"


def test_an_unreadable_file_is_all_errors(settings: Settings, context: BatchContext, tmp_path: Path) -> None:
    path = tmp_path / "batch.parquet"
    path.write_bytes(b"not a parquet file at all")
    results = validate_batch(settings, "job_fairs", path, context)
    assert results
    assert {result.status for result in results} == {"error"}


def test_an_unusable_argument_is_an_error_that_names_the_suite(
    settings: Settings, context: BatchContext, batch: Callable[..., Path], tmp_path: Path
) -> None:
    suites = tmp_path / "project" / "expectations" / "suites"
    suites.mkdir(parents=True)
    document = yaml.safe_load((suites_folder(settings) / "job_fairs.yaml").read_text(encoding="utf-8"))
    document["checks"][2]["kwargs"]["minimum"] = 3
    (suites / "job_fairs.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    elsewhere = replace(settings, project_root=tmp_path / "project")
    results = validate_batch(elsewhere, "job_fairs", batch("job_fairs"), context)
    (error,) = [result for result in results if result.status == "error"]
    assert error.check_id == "job_fairs.name_length"
    assert "job_fairs.yaml" in error.message_zh


def test_results_hold_counts_and_never_a_value(
    settings: Settings, context: BatchContext, batch: Callable[..., Path]
) -> None:
    path = batch(
        "job_postings",
        employer_name="'张三丰商行' || i",
        monthly_wage_min="7::decimal(18, 4)",
        occupation="13812345678",
    )
    validate_batch(settings, "job_postings", path, context)
    folder = settings.quality / "feed=job_postings" / "partner=eye_hospital" / "date=2025-10-25"
    text = (folder / f"{context.batch_id}.json").read_text(encoding="utf-8")
    assert "60 行中 60 行不符合" in text
    assert "张三丰" not in text
    assert "13812345678" not in text
    assert str(path.parent) not in text


def test_the_same_batch_gives_the_same_file(
    settings: Settings, context: BatchContext, batch: Callable[..., Path]
) -> None:
    path = batch("job_fairs", 4, fair_name="'会'")
    validate_batch(settings, "job_fairs", path, context)
    file = settings.quality / "feed=job_fairs/partner=eye_hospital/date=2025-10-25" / f"{context.batch_id}.json"
    first = file.read_bytes()
    assert read_json(file)["status"] == "warning"
    validate_batch(settings, "job_fairs", path, context)
    assert file.read_bytes() == first
    assert {path.name for path in file.parent.iterdir()} == {file.name, f"{context.batch_id}.profile.ndjson"}


def test_shares_are_not_judged_on_a_handful_of_rows(
    settings: Settings, context: BatchContext, batch: Callable[..., Path]
) -> None:
    results = validate_batch(
        settings, "health_services", batch("health_services", 9, voucher_id="null::varchar"), context
    )
    assert failed(results) == set()
    file = settings.quality / "feed=health_services/partner=eye_hospital/date=2025-10-25" / f"{context.batch_id}.json"
    skipped = {item["check_id"] for item in read_json(file)["not_applicable"]}
    assert {"health_services.voucher_share", "health_services.volume"} <= skipped


def _commit(
    settings: Settings, partner: str, feed: str, interval: Interval, rows: int, batch_id: str, hour: int
) -> None:
    manifest = Manifest(
        batch_id, partner, feed, interval, "1", "0", "test", None,
        rows, rows, 0, None, [], [], None, [], "", False, "", 0, "", datetime(2025, 10, 25, hour, tzinfo=UTC),
    )  # fmt: skip
    batches.commit(settings, manifest)


def test_usual_rows_come_from_the_batches_that_stand(settings: Settings) -> None:
    def land(start: date, end: date, rows: int, batch_id: str, hour: int) -> None:
        _commit(settings, "eye_hospital", "health_services", Interval(start, end), rows, batch_id, hour)

    assert usual_rows_per_day(settings, "health_services", "eye_hospital", NIGHT) is None
    land(date(2025, 1, 1), date(2025, 10, 23), 29500, "history", 1)
    land(date(2025, 10, 23), date(2025, 10, 25), 9, "first", 2)
    land(date(2025, 10, 23), date(2025, 10, 25), 500, "second", 3)
    land(NIGHT.start, NIGHT.end, 1, "itself", 4)
    land(date(2024, 1, 1), date(2024, 1, 2), 10**6, "long ago", 5)
    assert usual_rows_per_day(settings, "health_services", "eye_hospital", NIGHT) == 30000 / 297


def test_a_snapshot_is_measured_against_the_one_before(settings: Settings) -> None:
    def land(start: date, end: date, rows: int, batch_id: str, hour: int) -> None:
        _commit(settings, "hardship_system", "hardship_register", Interval(start, end), rows, batch_id, hour)

    assert usual_rows_per_day(settings, "hardship_register", "hardship_system", NIGHT) is None
    land(date(2025, 1, 1), date(2025, 10, 23), 1900, "history", 9)
    land(date(2025, 10, 23), date(2025, 10, 24), 1850, "night", 2)
    land(date(2025, 10, 23), date(2025, 10, 24), 1800, "night again", 3)
    land(NIGHT.start, NIGHT.end, 1, "itself", 4)
    assert usual_rows_per_day(settings, "hardship_register", "hardship_system", NIGHT) == 1800
    week = Interval(NIGHT.start, date(2025, 11, 1))
    assert usual_rows_per_day(settings, "hardship_register", "hardship_system", week) == 1800 / 7


def test_a_sound_build_passes(settings: Settings, warehouse: Callable[..., Path]) -> None:
    path = warehouse()
    results = validate_build(settings, path)
    assert failed(results) == {"freshness_on_time"}  # one partner of the small warehouse is late
    assert len(results) == len(build_checks(suites_folder(settings)))
    assert read_json(settings.quality / "builds" / f"{path.stem}.json")["status"] == "warning"


FIRST = "metric_id = 'mediation_cases_accepted' and scope_type = 'city' and week_id = '2025-W42'"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (
            [
                f"insert into marts.rpt_metric_weekly select * from marts.rpt_metric_weekly where {FIRST}",
                f"update marts.rpt_metric_weekly set week_id = '2025-42', status_code = 'fine' where {FIRST}",
                "update marts.rpt_metric_weekly set value = -1, target = 0, expected_share = 1.2 "
                "where metric_id = 'mediation_cases_accepted' and scope_code = '220103'",
                "update marts.rpt_metric_weekly set cumulative_value = -2 where scope_code = '220102' "
                "and metric_id = 'mediation_cases_accepted'",
                "update marts.rpt_metric_weekly set value = 1.1 where metric_id = 'mediation_success_rate'",
                "insert into marts.rpt_metric_weekly (metric_id, scope_type, scope_code, week_id, cumulative_value) "
                "select 'voucher_redemption_rate', 'city', '220100', week_id, 1.2 from marts.rpt_metric_weekly "
                "where metric_id = 'mediation_success_rate' and scope_type = 'city'",
                "update marts.rpt_metric_weekly set value = 5 where scope_code = '220102' and is_suppressed",
                "update marts.rpt_metric_weekly set value = 4, is_suppressed = false where scope_code = '220103' "
                "and metric_id = 'health_persons'",
                "insert into marts.rpt_metric_catalogue select * from marts.rpt_metric_catalogue "
                "where metric_id = 'mediation_success_rate'",
                "update marts.rpt_metric_catalogue set kind = 'sum', definition_zh = '无' "
                "where metric_id = 'mediation_success_rate'",
                "delete from marts.rpt_partner_freshness where feed = 'vouchers'",
                "insert into marts.rpt_partner_freshness select * from marts.rpt_partner_freshness limit 1",
                "update marts.rpt_partner_freshness set data_through = null where feed = 'job_fairs'",
                "update marts.rpt_quality_feed_weekly set rows_accepted = 1, rows_held_orphan = 1, "
                "acceptance_rate = 1.1 where feed = 'vouchers'",
                "update marts.rpt_quality_feed_weekly set acceptance_rate = 0.5 where feed = 'job_fairs'",
                "insert into marts.rpt_quality_feed_weekly select * from marts.rpt_quality_feed_weekly limit 1",
                "insert into marts.rpt_quality_reasons (rule, dimension_zh) values ('a', null), ('b', '美观性')",
                "update marts.rpt_service_categories set person_times = -1",
                "insert into marts.rpt_service_categories (person_times, is_suppressed) values (3, false)",
                "update marts.rpt_reconciliation_weekly set rows_agreed = 0.4 * rows_compared",
                "insert into marts.rpt_reconciliation_weekly select * replace ('2025-W44' as week_id) "
                "from marts.rpt_reconciliation_weekly",
                "update marts.fct_relief_payments set amount_yuan = 50000 where payment_id = 'p1'",
                "update marts.fct_job_postings set headcount = 31",
                "update marts.fct_mediation_case_events set event_type = 'accepted' "
                "where event_type = 'mediation_held' and case_id in ('c1', 'c2')",
                "insert into marts.fct_mediation_case_events select * replace (4 as event_number, "
                "date '2025-10-25' as happened_on, 'mediation_held' as event_type, false as is_closing) "
                "from marts.fct_mediation_case_events where case_id = 'c3' and is_closing",
                "update marts.rpt_restated_figures set figure = 'cumulative_value', difference = -0.1 * printed_value "
                "where metric_id = 'mediation_cases_accepted'",
                "insert into marts.rpt_build (build_id) values ('other')",
            ],
            {
                "weekly_grain", "weekly_complete", "week_format", "status_known", "values_not_negative",
                "cumulative_not_negative", "city_equals_organisations", "redemption_rate_cumulative",
                "success_rate_range", "cumulative_covers_week", "suppressed_cells_empty", "small_cells_suppressed",
                "targets_positive", "expected_share_range", "catalogue_grain", "catalogue_kinds",
                "catalogue_defined", "freshness_grain", "freshness_complete", "freshness_known",
                "freshness_on_time", "reconciled", "feed_weekly_grain", "acceptance_range", "acceptance_level",
                "orphans_few", "reasons_explained", "reasons_dimension", "categories_small_cells",
                "categories_not_negative", "hospital_agrees", "employers_agree", "comparisons_add_up",
                "hospital_agrees_lately", "hospital_agrees_last_week", "employers_agree_lately",
                "printed_totals_shrink", "closed_case_moved", "agreement_after_mediation", "relief_adds_up",
                "positions_add_up", "build_one_row", "build_as_of",
            },
        ),
        (["delete from marts.rpt_build", "update marts.rpt_partner_freshness set is_late = false"], {"build_one_row"}),
    ],
    ids=["everything", "no build row"],
)  # fmt: skip
def test_each_fault_of_a_build_is_found_by_its_check(
    settings: Settings, warehouse: Callable[..., Path], statements: list[str], found: set[str]
) -> None:
    assert failed(validate_build(settings, warehouse(*statements))) == found


def test_every_check_on_the_marts_is_seen_to_fail(settings: Settings) -> None:
    names = {check.check_id.split(".")[1] for check in build_checks(suites_folder(settings))}
    (marks,) = [
        mark for mark in test_each_fault_of_a_build_is_found_by_its_check.pytestmark if mark.name == "parametrize"
    ]
    assert marks.args[1][0][1] == names


def test_a_missing_mart_is_an_error(settings: Settings, warehouse: Callable[..., Path]) -> None:
    results = validate_build(settings, warehouse("drop table marts.rpt_quality_reasons"))
    errors = {result.check_id for result in results if result.status == "error"}
    assert errors == {"marts.reasons_explained", "marts.reasons_dimension"}
