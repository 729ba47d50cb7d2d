"""The mart against the semantic layer it is made from: MetricFlow asks the same questions in SQL of its own."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.warehouse.ask import question
from tests.warehouse.fixed_landing import Build
from worker_services.metrics import catalogue


def asked(build: Build, metric: str, group_by: list[str]) -> dict[tuple[Any, ...], Any]:
    """What MetricFlow makes of a metric, by week (a date) and what else it is grouped by, in that order."""
    rows = build.query(question(build.path.parent / "target", metric, ["metric_time__week", *group_by]))
    return {(week.date() if week else None, *keys): value for week, *keys, value in rows}


def same(found: Any, expected: Decimal | None) -> bool:
    """MetricFlow has no row, or no value, where nothing was counted: there the mart has zero, or is empty as well."""
    if found is None or expected is None:
        return not found and not expected
    return abs(Decimal(str(found)) - expected) < Decimal("0.000001")


@pytest.mark.parametrize("metric", catalogue())
def test_metricflow_counts_the_same_week_by_week(fixed: Build, metric: str) -> None:
    weekly = fixed.query(
        "select scope_set, scope_code, week_start, value from intermediate.int_metric_weekly "
        "where metric_id = $1 and scope_set in ('city', 'union')",
        [metric],
    )
    city, unions = asked(fixed, metric, []), asked(fixed, metric, ["organisation"])
    assert any(city.values())
    assert unions
    wrong = [
        (scope, code, week, value)
        for scope, code, week, value in weekly
        if not same(city.get((week,)) if scope == "city" else unions.get((week, code)), value)
    ]
    assert wrong == []


# --- by what else people ask: the same in plain SQL over the marts ---------------------------------------------------

QUESTIONS: list[tuple[str, list[str], str, str]] = [
    # metric, by what, facts with dimensions, and columns: day, what it is grouped by, figure
    ("health_person_times", ["service_category__service_category_name_zh", "health_service__age_band"],
     "fct_health_services join dim_service_category using (service_category)",
     "service_date, service_category_zh, age_band, count(*)"),
    ("hospital_satisfaction", ["partner__partner_name_zh", "organisation__organisation_type"],
     "fct_health_services join dim_partner using (partner_id) join dim_organisation using (organisation_code)",
     "service_date, partner_name_zh, organisation_type, avg(satisfaction_score)"),
    ("health_persons", ["worker__is_in_hardship", "metric_time__is_workday"],
     "fct_health_services join dim_worker using (worker_key) join dim_date on service_date = date_day",
     "service_date, is_in_hardship, is_workday, count(distinct worker_key)"),
    ("screened_persons", ["health_screening__screening_type", "health_screening__special_group"],
     "fct_health_screenings", "screened_on, screening_type, special_group, count(distinct worker_key)"),
    ("appointments_missed", ["service_category", "health_appointment__appointment_status"],
     "fct_health_appointments where appointment_status = 'no_show'",
     "scheduled_on, service_category, appointment_status, count(*)"),
    ("vouchers_redeemed", ["voucher__voucher_type", "voucher__end_reason"],
     "fct_voucher_events as events left join fct_vouchers as vouchers using (voucher_id) where event_type = 'redeemed'",
     "happened_on, voucher_type, end_reason, count(*)"),
    ("counselling_sessions", ["counselling_session__channel", "counselling_session__topic"],
     "fct_counselling_sessions", "started_on, channel, topic, count(*)"),
    ("training_person_times", ["training_session__course", "worker__age_band"],
     "fct_training_attendances join fct_training_sessions as sessions using (partner_id, session_id) "
     "join dim_worker using (worker_key)", "attended_on, sessions.course, age_band, count(*)"),
    ("training_completion_rate", ["training_enrolment__course", "metric_time__is_workday"],
     "fct_training_enrolments join dim_date on ended_on = date_day",
     "ended_on, course, is_workday, count_if(enrolment_status = 'completed') / count(*)"),
    ("fair_hires", ["job_fair__fair_type", "worker__sex"],
     "fct_job_applications join fct_job_fairs using (partner_id, fair_id) join dim_worker using (worker_key) "
     "where stage = 'hired'", "applied_on, fair_type, sex, count(*)"),
    ("positions_offered", ["employer__employer_name", "job_posting__fair_type"],
     "fct_job_postings join dim_employer as employers using (employer_credit_code)",
     "fair_date, employers.employer_name, fair_type, sum(headcount)"),
    ("startup_persons", ["startup_service__support_type", "worker__is_migrant_worker"],
     "fct_startup_support join dim_worker using (worker_key)",
     "supported_on, support_type, is_migrant_worker, count(distinct worker_key)"),
    ("workers_served", ["project", "worker_service__feed"],
     "fct_worker_services", "served_on, project_id, feed, count(distinct worker_key)"),
    ("mediation_success_rate", ["mediation_case__dispute_type", "organisation__organisation_name_zh"],
     "fct_mediation_cases join dim_organisation as organisations using (organisation_code) where is_concluded",
     "closed_on, dispute_type, organisation_name_zh, count_if(case_state = 'agreement') / count(*)"),
    ("mediation_cases_reopened", ["mediation_case__dispute_type", "partner__domain"],
     "fct_mediation_case_events as events join fct_mediation_cases as cases using (partner_id, case_id) "
     "join dim_partner using (partner_id) where event_type = 'reopened'",
     "happened_on, dispute_type, domain, count(*)"),
    ("hazards_found", ["safety_hazard__hazard_level", "safety_inspection__inspection_type"],
     "fct_safety_hazards as hazards join fct_safety_inspections as inspections using (partner_id, inspection_id)",
     "found_on, hazard_level, inspections.inspection_type, count(*)"),
    ("collective_contracts_signed", ["collective_contract__contract_type", "employer"],
     "fct_collective_contracts", "signed_on, contract_type, employer_credit_code, count(*)"),
    ("relief_money_yuan", ["relief_payment__is_on_register", "worker__is_in_hardship"],
     "fct_relief_payments join dim_worker using (worker_key) where relief_kind = 'money'",
     "paid_on, is_on_register, is_in_hardship, sum(amount_yuan)"),
    ("publicity_reach", ["publicity_item__channel", "metric_time__week_id"],
     "fct_publicity_items join dim_date on published_on = date_day", "published_on, channel, week_id, sum(reach)"),
    ("actions_completed", ["meeting_action__domain", "meeting_action__owner_department"],
     "fct_meeting_actions where action_state = 'done'", "closed_on, domain, owner_department, count(*)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "group_by", "facts", "columns"), QUESTIONS, ids=[f"{row[0]}-{row[1][0]}" for row in QUESTIONS]
)
def test_metricflow_joins_facts_to_dimensions(
    fixed: Build, metric: str, group_by: list[str], facts: str, columns: str
) -> None:
    day, rest = columns.split(", ", 1)
    with duckdb.connect(str(fixed.path), read_only=True) as connection:
        connection.execute("use marts")
        rows = connection.execute(
            f"select date_trunc('week', {day})::date, {rest} from {facts} group by all"
        ).fetchall()
    expected = {tuple(keys): value for *keys, value in rows if keys[0] is not None}
    found = asked(fixed, metric, group_by)
    assert any(expected.values())
    wrong = {
        keys: (found.get(keys), expected.get(keys))
        for keys in found.keys() | expected.keys()
        if not same(found.get(keys), None if expected.get(keys) is None else Decimal(str(expected[keys])))
    }
    assert wrong == {}


def test_every_entity_and_dimension_is_there_and_leads_somewhere(fixed: Build) -> None:
    """Each is SQL over its mart that runs; each dimension table is reached from a fact; nothing is without a reader."""
    models = fixed.manifest["semantic_models"].values()
    reached, offered = set(), set()
    for model in models:
        named = [*model["entities"], *model["dimensions"]]
        picked = ", ".join(each["expr"] or each["name"] for each in named)
        fixed.query(f"select {picked} from marts.{model['node_relation']['alias']} limit 0")
        reached |= {entity["name"] for entity in model["entities"] if entity["type"] == "foreign"}
        if not model["measures"]:
            offered |= {entity["name"] for entity in model["entities"] if entity["type"] in ("primary", "natural")}
    assert offered == {"organisation", "partner", "employer", "worker", "service_category", "voucher"}
    assert offered <= reached


def test_every_measure_counts_into_a_metric_and_every_fact_is_listed(fixed: Build) -> None:
    measures = {name for (name,) in fixed.query("select distinct measure_id from intermediate.int_measures")}
    used = {
        name
        for (name,) in fixed.query(
            "select measure_id from intermediate.int_metric_components "
            "union select persons_measure_id from intermediate.int_measure_guards"
        )
    }
    assert measures == used
    semantic_models = fixed.manifest["semantic_models"].values()
    facts = {model["node_relation"]["alias"] for model in semantic_models if model["measures"]}
    totals = fixed.manifest["nodes"]["model.worker_services.int_measure_totals"]
    assert facts <= {name.rpartition(".")[2] for name in totals["depends_on"]["nodes"]}
