"""The dbt project on a small fixed landing schema: metric values worked out by hand, and the project's own rules."""

from decimal import Decimal

import pytest

from tests.warehouse.conftest import DOMAINS
from tests.warehouse.fixed_landing import Build, day

VALUES = [row for domain in DOMAINS for row in domain.VALUES]
SCOPES = [row for domain in DOMAINS for row in domain.SCOPES]
PROGRESS = [row for domain in DOMAINS for row in domain.PROGRESS]


# --- metric values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "week", "value", "to_date", "why"), VALUES, ids=[f"{v[0]}-{v[1]}" for v in VALUES])
def test_city_value(fixed: Build, metric: str, week: str, value: str | None, to_date: str | None, why: str) -> None:
    found = fixed.query(
        "select value, cumulative_value from marts.rpt_metric_weekly "
        "where scope_type = 'city' and metric_id = $1 and week_id = $2",
        [metric, f"2025-{week}"],
    )
    assert found == [(value and Decimal(value), to_date and Decimal(to_date))], why


def test_every_metric_has_a_value_worked_out_by_hand(fixed: Build) -> None:
    catalogue = {metric for (metric,) in fixed.query("select metric_id from marts.rpt_metric_catalogue")}
    assert {value[0] for value in VALUES} == catalogue


@pytest.mark.parametrize(
    ("scope_type", "scope", "metric", "value", "why"), SCOPES, ids=[f"{s[1]}-{s[2]}" for s in SCOPES]
)
def test_scope_value(fixed: Build, scope_type: str, scope: str, metric: str, value: str | None, why: str) -> None:
    [(found, is_suppressed)] = fixed.query(
        "select value, is_suppressed from marts.rpt_metric_weekly "
        "where scope_type = $1 and scope_code = $2 and metric_id = $3 and week_id = '2025-W43'",
        [scope_type, scope, metric],
    )
    assert (found, is_suppressed) == (value and Decimal(value), value is None), why


@pytest.mark.parametrize(("metric", "target", "completion", "expected", "status", "why"), PROGRESS)
def test_progress(
    fixed: Build, metric: str, target: str | None, completion: str | None, expected: str | None, status: str, why: str
) -> None:
    found = fixed.query(
        "select target, completion_rate, expected_share, status_code from marts.rpt_metric_weekly "
        "where scope_type = 'city' and metric_id = $1 and week_id = '2025-W43'",
        [metric],
    )
    assert found == [(target and Decimal(target), completion and Decimal(completion), expected and Decimal(expected),
                      status)], why  # fmt: skip


def test_change_is_against_the_week_before(fixed: Build) -> None:
    assert fixed.query(
        "select previous_value, change, same_week_last_year_value from marts.rpt_metric_weekly "
        "where scope_type = 'city' and metric_id = 'positions_offered' and week_id = '2025-W43'"
    ) == [(Decimal(10), Decimal(22), None)]


def test_weeks_run_from_the_first_iso_week_to_the_last_day_covered(fixed: Build) -> None:
    weeks = fixed.query("select distinct week_id from marts.rpt_metric_weekly order by week_id")
    assert [week for (week,) in weeks] == [f"2025-W{number:02d}" for number in range(1, 44)]
    assert fixed.query("select week_id, is_demo from marts.rpt_build") == [("2025-W43", True)]


def test_orphans_are_held_out_and_shown(fixed: Build) -> None:
    shown = fixed.query(
        "select feed, rule_zh, rows from marts.rpt_quality_reasons where rule = 'orphan_key' order by 1"
    )
    text = "找不到对应的上级记录"
    assert shown == [
        ("job_applications", text, 1),
        ("job_postings", text, 1),
        ("mediation_events", text, 1),
        ("safety_hazards", text, 1),
        ("training_attendances", text, 2),
        ("training_certificates", text, 1),
        ("training_enrolments", text, 1),
    ]
    assert fixed.query("select count(*) from marts.fct_training_attendances") == [(3,)]


def test_quality_counts_rows_in_the_week_of_the_last_day_covered(fixed: Build) -> None:
    assert fixed.query(
        "select week_id, rows_received, rows_accepted, rows_quarantined, acceptance_rate "
        "from marts.rpt_quality_feed_weekly where partner_id = 'eye_hospital'"
    ) == [("2025-W43", 6, 4, 2, Decimal("0.6666666667"))]
    assert fixed.query(
        "select column_name, rule, rule_zh, dimension_zh, rows from marts.rpt_quality_reasons "
        "where partner_id = 'eye_hospital'"
    ) == [("worker_id", "check_digit", "校验码错误", "准确性", 2)]


def test_a_check_not_passed_costs_points_and_is_named(fixed: Build) -> None:
    [(batches,)] = fixed.query(
        "select count(*) from landing.checks_judged where feed = 'safety_inspections' and interval_end >= '2025-10-21'"
    )
    assert fixed.query(
        "select characteristic_code, cause, cause_zh, cause_en, quantity, base, points_lost "
        "from marts.rpt_quality_points_lost "
        "where feed = 'safety_inspections' and week_id = '2025-W43' and deduction = 'check_warning'"
    ) == [
        (
            "consistency",
            "safety_inspections.drift",
            "构成与以往相当",
            None,
            1,
            4 * batches,
            round(Decimal(50) / (4 * batches), 4),
        )
    ]


def test_freshness_names_the_missed_night(fixed: Build) -> None:
    freshness = fixed.query(
        "select feed, data_through, complete_through, is_late from marts.rpt_partner_freshness "
        "where partner_id = 'mediation_center' order by feed"
    )
    friday, sunday = day("10-24"), day("10-26")
    assert freshness == [("mediation_cases", sunday, sunday, False), ("mediation_events", sunday, friday, True)]


def test_no_total_gives_a_hidden_cell_away(fixed: Build) -> None:
    """Neither the city less the published unions, nor one year to date less another, leaves a single small figure."""
    alone = fixed.query(
        "select metric_id, scope_type, week_id from marts.rpt_metric_weekly where scope_type <> 'city' "
        "group by all having count_if(is_suppressed) = 1 and count_if(value > 0) > 0"
    )
    assert alone == []
    told = fixed.query(
        "select * from (select *, lag(cumulative_value) over cells as before, lag(is_suppressed) over cells as hidden, "
        "lag(is_suppressed, 2) over cells as hidden_before from marts.rpt_metric_weekly "
        "window cells as (partition by metric_id, scope_type, scope_code order by week_start)) "
        "where hidden and not hidden_before and not is_suppressed"
    )
    assert told == []


# --- what only a build can tell of the project's own rules (the others: test_conventions.py) -------------------------


def test_unit_and_data_tests_ran(fixed: Build) -> None:
    assert fixed.statuses("unit_test") == {"pass"}
    assert fixed.statuses("test") <= {"pass", "warn"}
    assert len(fixed.manifest["unit_tests"]) >= 40


def test_every_column_is_described(fixed: Build) -> None:
    built = fixed.query(
        "select table_name, column_name from information_schema.columns where table_schema <> 'landing'"
    )
    documented = {
        (node["name"], column["name"])
        for node in [*fixed.nodes("model"), *fixed.nodes("seed")]
        for column in node["columns"].values()
        if column["description"]
    }
    assert set(built) == documented
