"""The dbt project on a small fixed landing schema: metric values worked out by hand, and the project's own rules."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from worker_services.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
HISTORY = (date(2025, 1, 1), date(2025, 10, 25))
SATURDAY = (date(2025, 10, 25), date(2025, 10, 26))
SUNDAY = (date(2025, 10, 26), date(2025, 10, 27))
PARTNERS = {
    "maternity_hospital": ("浙大妇院吉林医院(长春市妇产医院)", "health", ["health_services"]),
    "eye_hospital": ("长春爱尔眼科医院", "health", ["health_services"]),
    "mini_program": ("长春工会小程序", "health", ["vouchers", "outreach_events"]),
    "job_fair_system": ("招聘会管理系统", "employment", ["job_fairs", "job_postings", "job_applications"]),
    "training_base": ("职业技能培训基地", "employment", ["training_sessions", "training_attendances"]),
    "mediation_center": ("劳动争议调解中心", "rights", ["mediation_cases", "mediation_events"]),
}

Interval = tuple[date, date]
Row = dict[str, Any]


@dataclass(frozen=True)
class Build:
    """A warehouse file that dbt has built, with dbt's own account of it."""

    path: Path
    results: list[Row]
    manifest: Row

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, parameters or []).fetchall()

    def nodes(self, resource_type: str) -> list[Row]:
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == resource_type]

    def statuses(self, resource_type: str) -> set[str]:
        return {row["status"] for row in self.results if row["unique_id"].startswith(f"{resource_type}.")}


# --- the landing schema ---------------------------------------------------------------------------------------------


def landing_tables() -> dict[str, dict[str, str]]:
    """Columns and types of every landing relation, as the sources declare them."""
    declared = yaml.safe_load((DBT_PROJECT / "models/staging/_landing__sources.yml").read_text(encoding="utf-8"))
    tables = declared["sources"][0]["tables"]
    return {table["name"]: {c["name"]: c["data_type"] for c in table["columns"]} for table in tables}


class Landing:
    """Rows on their way into the landing schema of a new file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.types = landing_tables()
        self.rows: dict[str, list[Row]] = {name: [] for name in self.types}
        self.rows["build"] = [{"build_id": "b", "as_of": datetime(2025, 10, 26, 18, 30), "is_demo": True}]
        self.rows["partners"] = [
            {
                "partner_id": partner,
                "name_zh": name,
                "short_name_zh": name,
                "name_en": partner,
                "partner_type": "system",
                "domain": domain,
                "display_order": order,
                "feed": feed,
                "feed_name_zh": feed,
            }
            for order, (partner, (name, domain, feeds)) in enumerate(PARTNERS.items())
            for feed in feeds
        ]

    def land(self, partner: str, feed: str, interval: Interval, rows: list[Row], quarantined: int = 0) -> None:
        start, end = interval
        batch_id = f"{partner}-{feed}-{start}-{end}"
        landed_at = datetime.combine(end, datetime.min.time()) + timedelta(hours=18)
        place: Row = {"_partner": partner, "_batch_id": batch_id, "_landed_at": landed_at}
        place |= {"_interval_start": start, "_interval_end": end}
        self.rows[feed] += [row | place | {"_row_number": number} for number, row in enumerate(rows, 1)]
        batch: Row = {
            "batch_id": batch_id,
            "partner": partner,
            "feed": feed,
            "interval_start": start,
            "interval_end": end,
        }
        counts = {"rows_received": len(rows) + quarantined, "rows_accepted": len(rows), "rows_quarantined": quarantined}
        self.rows["batches"].append(batch | counts | {"landed_at": landed_at})
        self.rows["outcomes"].append(batch | {"outcome": "landed", "recorded_at": landed_at})
        self.rows["quarantine_reasons"] += [
            batch | {"row_number": len(rows) + extra, "column_name": "worker_id", "rule": "check_digit"}
            for extra in range(1, quarantined + 1)
        ]

    def miss(self, partner: str, feed: str, interval: Interval) -> None:
        start, end = interval
        outcome = {"partner": partner, "feed": feed, "interval_start": start, "interval_end": end}
        self.rows["outcomes"].append(outcome | {"outcome": "missing", "recorded_at": datetime(2025, 10, 27, 2)})

    def write(self) -> Path:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("create schema landing")
            for name, columns in self.types.items():
                declared = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
                connection.execute(f"create table landing.{name} ({declared})")
                if self.rows[name]:
                    values = [[row.get(column) for column in columns] for row in self.rows[name]]
                    connection.executemany(
                        f"insert into landing.{name} values ({', '.join('?' * len(columns))})", values
                    )
        return self.path


def day(text: str) -> date:
    return date.fromisoformat(f"2025-{text}")


def land_fixed_data(landing: Landing) -> None:
    """Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""
    south, north, east = "220102", "220103", "220104"
    eye, maternity = "eye_hospital", "maternity_hospital"

    def voucher(number: int, issued_on: date, organisation: str, hospital: str, **more: Any) -> Row:
        row: Row = {"voucher_id": f"V{number:010d}", "worker_key": "w0", "organisation_code": organisation}
        row |= {"partner_id": hospital, "voucher_type": "free", "issued_on": issued_on}
        return row | {"expires_on": issued_on + timedelta(days=90)} | more

    vouchers = [
        voucher(1, day("10-19"), south, eye, redeemed_on=day("10-20")),
        voucher(2, day("10-20"), south, eye),
        voucher(4, day("10-21"), north, maternity, updated_at=datetime(2025, 10, 21, 9)),
        voucher(5, date(2024, 12, 30), east, eye),
    ]
    withdrawn = voucher(
        4, day("10-21"), north, maternity, updated_at=datetime(2025, 10, 26, 9), record_status="withdrawn"
    )
    landing.land("mini_program", "vouchers", HISTORY, vouchers)
    landing.land("mini_program", "vouchers", SATURDAY, [])
    landing.land("mini_program", "vouchers", SUNDAY, [voucher(3, day("10-26"), north, maternity), withdrawn])

    def service(number: str, service_date: date, worker: str, organisation: str, voucher_id: int | None = None) -> Row:
        row = {"service_id": number, "service_date": service_date, "worker_key": worker, "sex": "female"}
        row |= {"organisation_code": organisation, "service_category": "eye_examination", "age_band": "35-44"}
        return row | {"voucher_id": f"V{voucher_id:010d}" if voucher_id else None}

    landing.land(
        eye, "health_services", HISTORY,
        [service("S1", day("10-20"), "w1", south, 1), service("S3", day("10-19"), "w1", south)], quarantined=2,
    )  # fmt: skip
    landing.land(eye, "health_services", SATURDAY, [])
    late = service("S6", day("10-18"), "w4", south)
    landing.land(eye, "health_services", SUNDAY, [service("S2", day("10-26"), "w1", south, 1), late])
    landing.land(
        maternity, "health_services", HISTORY,
        [service("S4", day("10-22"), "w2", north, 9), service("S5", day("10-19"), "w3", north),
         service("S1", day("10-24"), "w5", north)],
    )  # fmt: skip
    landing.land(maternity, "health_services", SATURDAY, [])
    landing.land(maternity, "health_services", SUNDAY, [service("S5", day("10-20"), "w3", north)])

    def outreach(number: str, event_date: date, site: str) -> Row:
        row = {"event_id": number, "event_date": event_date, "site_id": site, "site_name": "长春站"}
        return row | {"event_type": "lecture", "organisation_code": south, "site_kind": "union_station", "attendees": 9}

    events = [outreach("E1", day("06-02"), "A"), outreach("E2", day("10-22"), "A"), outreach("E3", day("10-21"), "B")]
    landing.land("mini_program", "outreach_events", HISTORY, events)
    landing.land("mini_program", "outreach_events", SATURDAY, [])
    landing.land("mini_program", "outreach_events", SUNDAY, [outreach("E4", day("10-26"), "C")])

    def fair(number: str, fair_type: str, fair_date: date, organisation: str) -> Row:
        row = {"fair_id": number, "fair_name": "秋季招聘会", "fair_type": fair_type}
        return row | {"fair_date": fair_date, "organisation_code": organisation}

    def posting(number: str, fair_id: str, headcount: int) -> Row:
        row = {"posting_id": number, "fair_id": fair_id, "headcount": headcount, "occupation": "焊工"}
        return row | {"employer_credit_code": "91220101MA0000000X", "employer_name": "长春某厂"}

    def application(number: str, posting_id: str, fair_id: str, applied_on: date) -> Row:
        row = {"application_id": number, "posting_id": posting_id, "fair_id": fair_id}
        return row | {"worker_key": "w1", "applied_on": applied_on, "stage": "applied"}

    fairs = [fair("F1", "job_fair", day("10-18"), south), fair("F2", "recruiting_talk", day("10-25"), north)]
    postings = [posting("P1", "F1", 10), posting("P1", "F2", 12), posting("P3", "F9", 100)]
    applications = [application("J1", "P1", "F2", day("10-25")), application("J2", "P3", "F9", day("10-25"))]
    landing.land("job_fair_system", "job_fairs", HISTORY, fairs)
    landing.land("job_fair_system", "job_postings", HISTORY, postings)
    landing.land("job_fair_system", "job_applications", HISTORY, [application("J3", "P1", "F1", day("10-18"))])
    landing.land("job_fair_system", "job_applications", SATURDAY, applications)
    landing.land("job_fair_system", "job_fairs", SUNDAY, [fair("F3", "job_fair", day("10-26"), "DIR")])
    landing.land("job_fair_system", "job_postings", SUNDAY, [posting("P1", "F3", 15), posting("P2", "F3", 5)])

    def session(number: str, started_on: date, **more: Any) -> Row:
        row = {"session_id": number, "started_on": started_on, "ended_on": started_on + timedelta(days=5)}
        return row | {"course": "welder", "organisation_code": "IND-TRADE", "capacity": 40} | more

    def attendance(number: str, session_id: str, worker: str, attended_on: date) -> Row:
        return {"attendance_id": number, "session_id": session_id, "worker_key": worker, "attended_on": attended_on}

    sessions = [session("T1", day("10-19")), session("T2", day("10-20")), session("T3", day("10-20"))]
    attendances = [
        attendance("A1", "T1", "w1", day("10-19")), attendance("A2", "T1", "w1", day("10-20")),
        attendance("A3", "T2", "w2", day("10-20")), attendance("A4", "T9", "w2", day("10-20")),
        attendance("A5", "T3", "w3", day("10-20")),
    ]  # fmt: skip
    landing.land("training_base", "training_sessions", HISTORY, sessions)
    landing.land("training_base", "training_attendances", HISTORY, attendances)
    landing.land("training_base", "training_sessions", SUNDAY, [session("T3", day("10-20"), record_status="withdrawn")])

    def case(number: str, accepted_on: date) -> Row:
        row = {"case_id": number, "accepted_on": accepted_on, "organisation_code": south, "dispute_type": "wages"}
        return row | {"worker_key": number, "employer_credit_code": "91220101MA0000000X"}

    accepted = {"C1": "10-13", "C2": "10-14", "C3": "10-20", "C4": "10-20", "C5": "10-21", "C6": "10-15", "C7": "10-01"}
    log = [
        ("C1", "agreement", "2025-10-19 23:59:59"),
        ("C2", "agreement", "2025-10-16 10:00:00"),
        ("C2", "reopened", "2025-10-20 10:00:00"),
        ("C2", "no_agreement", "2025-10-21 10:00:00"),
        ("C3", "agreement", "2025-10-22 10:00:00"),
        ("C4", "withdrawn", "2025-10-23 10:00:00"),
        ("C5", "transferred", "2025-10-24 10:00:00"),
        ("C6", "agreement", "2025-10-17 10:00:00"),
        ("C6", "reopened", "2025-10-24 10:00:00"),
        ("C7", "no_agreement", "2025-10-20 00:00:00"),
        ("C7", "transferred", "2025-10-22 10:00:00"),
        ("C99", "agreement", "2025-10-22 10:00:00"),
    ]
    case_events = [
        {"event_id": f"M{n:02d}", "case_id": case_id, "event_type": kind, "event_at": datetime.fromisoformat(at)}
        for n, (case_id, kind, at) in enumerate(log)
    ]
    landing.land("mediation_center", "mediation_cases", HISTORY, [case(c, day(d)) for c, d in accepted.items()])
    landing.land("mediation_center", "mediation_events", HISTORY, case_events)
    landing.land("mediation_center", "mediation_cases", SATURDAY, [])
    landing.miss("mediation_center", "mediation_events", SATURDAY)
    landing.land("mediation_center", "mediation_cases", SUNDAY, [])
    landing.land("mediation_center", "mediation_events", SUNDAY, [])


def dbt_build(path: Path, *options: str) -> Build:
    target = path.parent / "target"
    arguments = ["build", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--quiet"]
    arguments += ["--target-path", str(target), "--log-path", str(path.parent / "logs"), *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(path))
        try:
            outcome = dbtRunner().invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert outcome.exception is None, outcome.exception
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    broken = [f"{r['unique_id']}: {r['message']}" for r in results if r["status"] in ("error", "fail", "skipped")]
    assert not broken, "\n".join(broken)
    return Build(path, results, json.loads((target / "manifest.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Seeds, models, data tests and unit tests, run on the fixed data."""
    landing = Landing(tmp_path_factory.mktemp("fixed") / "fixed.duckdb")
    land_fixed_data(landing)
    yield dbt_build(landing.write())


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """A build for which nothing has landed."""
    landing = Landing(tmp_path_factory.mktemp("empty") / "empty.duckdb")
    yield dbt_build(landing.write(), "--exclude-resource-type", "unit_test")


# --- metric values --------------------------------------------------------------------------------------------------

#    metric                        week   value     to date   why
VALUES = [
    ("vouchers_issued",            "W01", "1",      "1",      "30 December 2024 lies in ISO week 1 of 2025"),
    ("vouchers_issued",            "W42", "1",      "2",      "Sunday 19 October closes week 42"),
    ("vouchers_issued",            "W43", "2",      "4",      "Monday 20 and Sunday 26 October; one withdrawn later"),
    ("vouchers_redeemed",          "W42", "0",      "0",      "a week without a redemption is zero"),
    ("vouchers_redeemed",          "W43", "2",      "2",      "voucher 1 once, voucher 9 though unregistered"),
    ("voucher_redemption_rate",    "W41", None,     "0",      "nothing issued in the week"),
    ("voucher_redemption_rate",    "W43", "1",      "0.5",    "vouchers 1 and 9 of 2 issued, of 4 to date"),
    ("outreach_organisations",     "W23", "1",      "1",      "site A"),
    ("outreach_organisations",     "W43", "2",      "3",      "sites B and C; A was reached in June"),
    ("health_person_times",        "W42", "2",      "2",      "S3, and S6 that arrived late; S5 was corrected"),
    ("health_person_times",        "W43", "5",      "7",      "S1 at both hospitals, S2, S4, S5 as corrected"),
    ("health_persons",             "W42", "2",      "2",      "w1, w4"),
    ("health_persons",             "W43", "4",      "5",      "w1 twice; to date w1 was there already"),
    ("training_sessions",          "W42", "1",      "1",      "T1 starts on Sunday"),
    ("training_sessions",          "W43", "1",      "2",      "T2; T3 was withdrawn"),
    ("training_person_times",      "W42", "1",      "1",      "A1"),
    ("training_person_times",      "W43", "2",      "3",      "A2, A3; A4 and A5 have no session"),
    ("job_fairs",                  "W42", "1",      "1",      "F1"),
    ("job_fairs",                  "W43", "1",      "2",      "F3; F2 is a talk"),
    ("recruiting_talks",           "W43", "1",      "1",      "F2"),
    ("positions_offered",          "W42", "10",     "10",     "P1 at F1"),
    ("positions_offered",          "W43", "32",     "42",     "P1 again at F2 and F3, P2; P3 has no fair"),
    ("positions_offered_distinct", "W42", "10",     "10",     "P1 at its first fair"),
    ("positions_offered_distinct", "W43", "5",      "15",     "P2 only"),
    ("job_applications",           "W42", "1",      "1",      "J3"),
    ("job_applications",           "W43", "1",      "2",      "J1; J2 has no posting"),
    ("mediation_cases_accepted",   "W40", "1",      "1",      "C7"),
    ("mediation_cases_accepted",   "W42", "3",      "4",      "C1, C2, C6; reopened or not"),
    ("mediation_cases_accepted",   "W43", "3",      "7",      "C3, C4, C5"),
    ("mediation_cases_concluded",  "W42", "1",      "1",      "C1 a second before midnight; C6 is open again"),
    ("mediation_cases_concluded",  "W43", "3",      "4",      "C2 anew, C3, C7 though passed on"),
    ("mediation_success_rate",     "W42", "1",      "1",      "C1"),
    ("mediation_success_rate",     "W43", "0.3333333333", "0.5",    "C3 of C2, C3, C7; with C1 2 of 4"),
    ("mediation_cases_withdrawn",  "W43", "1",      "1",      "C4"),
    ("mediation_cases_transferred", "W43", "1",     "1",      "C5; C7 had failed before"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "week", "value", "to_date", "why"), VALUES, ids=[f"{v[0]}-{v[1]}" for v in VALUES])
def test_city_value(fixed: Build, metric: str, week: str, value: str | None, to_date: str, why: str) -> None:
    found = fixed.query(
        "select value, cumulative_value from marts.rpt_metric_weekly "
        "where scope_type = 'city' and metric_id = $1 and week_id = $2",
        [metric, f"2025-{week}"],
    )
    assert found == [(value and Decimal(value), Decimal(to_date))], why


def test_every_metric_has_a_value_worked_out_by_hand(fixed: Build) -> None:
    catalogue = {metric for (metric,) in fixed.query("select metric_id from marts.rpt_metric_catalogue")}
    assert {value[0] for value in VALUES} == catalogue


#    scope                              metric                      value    why
SCOPES = [
    ("organisation", "220102",           "vouchers_issued",          "1",     "voucher 2; voucher 1 is of week 42"),
    ("organisation", "220103",           "vouchers_issued",          "1",     "voucher 3"),
    ("partner",      "eye_hospital",     "vouchers_issued",          "1",     "by the hospital a voucher is for"),
    ("organisation", "DIR",              "positions_offered",        "20",    "both postings of F3"),
    ("organisation", "220122",           "positions_offered",        "0",     "a union without a fair has a zero"),
    ("partner",      "mediation_center", "mediation_success_rate",   "0.3333333333", "the only one, so as the city"),
    ("organisation", "220102",           "health_person_times",      None,    "2 services, 1 worker"),
    ("organisation", "220103",           "health_person_times",      None,    "3 services, 3 workers"),
    ("partner",      "maternity_hospital", "health_persons",         None,    "3 workers"),
    ("organisation", "220102",           "voucher_redemption_rate",  None,    "would give vouchers redeemed away"),
]  # fmt: skip


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


#    metric                    target    completion  expected  status        why
PROGRESS = [
    ("vouchers_issued",          "35000", "0.0001142857", "0.6958525346", "far_behind", "day 151 of 217 since 29 May"),
    ("outreach_organisations",   "100",   "0.03",   "0.6958525346", "far_behind", "the same calendar"),
    ("training_sessions",        "100",   "0.02",   "0.8191780822", "far_behind", "day 299 of 365"),
    ("job_fairs",                "20",    "0.1",    "0.8191780822", "far_behind", "2 of 20"),
    ("mediation_success_rate",   "0.8",   "0.5",    None,     "far_behind", "a rate has no pace"),
    ("mediation_cases_withdrawn", None,   None,     None,     None,         "no target"),
]  # fmt: skip


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
        ("training_attendances", text, 2),
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


def test_freshness_names_the_missed_night(fixed: Build) -> None:
    freshness = fixed.query(
        "select feed, data_through, complete_through, is_late from marts.rpt_partner_freshness "
        "where partner_id = 'mediation_center' order by feed"
    )
    friday, sunday = day("10-24"), day("10-26")
    assert freshness == [("mediation_cases", sunday, sunday, False), ("mediation_events", sunday, friday, True)]


def test_sources_that_disagree_are_counted(fixed: Build) -> None:
    assert fixed.query(
        "select partner_id, week_id, vouchers_compared, vouchers_agreed from marts.rpt_cross_source_weekly"
    ) == [("eye_hospital", "2025-W43", 1, 1)]


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


# --- nothing landed -------------------------------------------------------------------------------------------------


def test_nothing_landed_shows_zeros_to_the_day_before_the_build(empty: Build) -> None:
    weeks, rows, values = empty.query(
        "select count(distinct week_id), count(*), count_if(value <> 0) from marts.rpt_metric_weekly"
    )[0]
    assert (weeks, rows, values) == (43, 43 * 18 * (1 + 16 + 6), 0)
    assert empty.query("select week_id from marts.rpt_build") == [("2025-W43",)]


def test_nothing_landed_leaves_every_feed_late(empty: Build) -> None:
    assert empty.query("select count(*), bool_and(is_late) from marts.rpt_partner_freshness") == [(11, True)]


# --- the project's own rules ----------------------------------------------------------------------------------------


def test_unit_and_data_tests_ran(fixed: Build) -> None:
    assert fixed.statuses("unit_test") == {"pass"}
    assert fixed.statuses("test") <= {"pass", "warn"}
    assert len(fixed.manifest["unit_tests"]) >= 40


def layer(node_id: str) -> str:
    kind, _, name = node_id.split(".")[:3]
    if kind != "model":
        return kind
    return "staging" if name.startswith("stg_") else "intermediate" if name.startswith("int_") else "marts"


def test_no_model_skips_a_layer(fixed: Build) -> None:
    allowed = {
        "staging": {"source"},
        "intermediate": {"staging", "intermediate", "seed"},
        "marts": {"intermediate", "marts", "seed"},
    }
    models = fixed.nodes("model")
    assert len(models) > 60
    skipping = [
        f"{model['name']} reads {parent}"
        for model in models
        for parent in model["depends_on"]["nodes"]
        if layer(parent) not in allowed[layer(model["unique_id"])]
    ]
    assert skipping == []


def test_models_say_what_a_row_is_and_test_it(fixed: Build) -> None:
    tested = {
        test["attached_node"] for test in fixed.nodes("test") if test.get("test_metadata", {}).get("name") == "grain"
    }
    for model in fixed.nodes("model"):
        assert "One row" in model["description"], model["name"]
        assert model["config"]["meta"]["grain"], model["name"]
        assert model["unique_id"] in tested, f"{model['name']} has no test of its grain"


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


def test_marts_have_enforced_contracts(fixed: Build) -> None:
    loose = [
        model["name"]
        for model in fixed.nodes("model")
        if layer(model["unique_id"]) == "marts" and not model["config"]["contract"]["enforced"]
    ]
    assert loose == []


def test_readers_are_declared(fixed: Build) -> None:
    exposures = fixed.manifest["exposures"].values()
    assert {exposure["name"] for exposure in exposures} == {"weekly_briefing", "mail", "quality_report"}
    read = {parent for exposure in exposures for parent in exposure["depends_on"]["nodes"]}
    reports = {m["unique_id"] for m in fixed.nodes("model") if m["name"].startswith("rpt_")}
    assert read == reports
