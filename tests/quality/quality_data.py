"""Small landing files, one night of deliveries and a small warehouse, made from the contracts."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from worker_services.contracts import Column, load_code_list, load_contract
from worker_services.files import write_json
from worker_services.intervals import Interval
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.outcomes import Outcome
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.quality.checks import BatchContext
from worker_services.quality.suites import validate_batch, validate_build
from worker_services.settings import PROJECT_ROOT, Settings, partition
from worker_services.yaml_files import read_yaml

NIGHT = Interval(date(2025, 10, 25), date(2025, 10, 26))
LANDED_AT = datetime(2025, 10, 25, 18, 30, tzinfo=UTC)
BUILD_ID = "build_20251025T190000Z_0123abcd"
PRINTED_FROM = "build_20251019T190000Z_89abcdef"
REJECTED = ("training_base", "training_sessions")
MISSING = ("mediation_center", "mediation_events")
FORGOTTEN = ("job_fair_system", "job_fairs")
CHECKED_FACTS = ("fct_mediation_case_events", "fct_relief_payments", "fct_job_postings")


def write_batch(path: Path, feed: str, rows: int, changes: dict[str, str] | None = None) -> Path:
    contract = load_contract(feed)
    by_name = {column.published_name: column for column in contract.columns}
    expressions = [
        f"{(changes or {}).get(name) or _valid(feed, name, sql_type, by_name.get(name))} as {name}"
        for name, sql_type in contract.landed_columns.items()
        if (changes or {}).get(name) != "absent"
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    source = f"select {', '.join(expressions)} from range({rows}) as numbers (i)"
    duckdb.sql(f"copy ({source}) to '{path}' (format parquet)")
    return path


def write_night(settings: Settings) -> None:
    """Every expected delivery of one night: most land, some rows are held, one each is refused, missing, forgotten."""
    for partner_id, partner in load_partners().items():
        for feed in partner.feeds:
            if (partner_id, feed) == FORGOTTEN:
                continue
            _deliver(settings, partner_id, feed)


def write_warehouse(settings: Settings, statements: tuple[str, ...] = ()) -> Path:
    path = settings.builds / f"{BUILD_ID}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    folders = sorted((PROJECT_ROOT / "dbt_project/models/marts").glob("*/_*__models.yml"))
    models = [model for path in folders for model in read_yaml(path)["models"]]
    with duckdb.connect(str(path)) as database:
        database.execute("create schema marts; create schema landing")
        database.execute("create table landing.partners (partner_id varchar, feed varchar)")
        for model in models:
            if model["name"].startswith("rpt_") or model["name"] in CHECKED_FACTS:
                columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
                database.execute(f"create table marts.{model['name']} ({columns})")
        database.execute(
            "create table landing.batches (batch_id varchar, partner varchar, feed varchar, interval_start date, "
            "interval_end date, rows_accepted bigint, rows_quarantined bigint, landed_at timestamp, "
            "supplements varchar)"
        )
        database.execute("create table landing.corrections (id varchar, is_needed boolean)")
        for table, rows in _mart_rows().items():
            insert(database, table, rows)
        for statement in statements:
            database.execute(statement)
    write_json(
        settings.warehouse / "current.json",
        {
            "build_id": BUILD_ID,
            "path": f"builds/{BUILD_ID}.duckdb",
            "as_of": "2025-10-25T19:00:00+00:00",
            "published_at": "2025-10-25T19:05:00+00:00",
            "input_fingerprint": "0123abcd",
            "previous": [],
        },
    )
    return path


def write_everything(settings: Settings) -> None:
    """A night, a published build and the results of all checks on both."""
    write_night(settings)
    validate_build(settings, write_warehouse(settings))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _deliver(settings: Settings, partner: str, feed: str) -> None:
    label = f"{load_partners()[partner].name}「{load_contract(feed).label}」"
    batch_id = f"{partner}-{feed}-20251025-20251026-0123456789ab"
    folder = partition(settings.landing, feed, partner, NIGHT.last_day)
    if (partner, feed) == MISSING:
        message = f"{label}：连接超时，未取到数据。"
        outcomes.record(settings, Outcome(partner, feed, NIGHT, "missing", message, "timed out"))
        return
    changes = {"capacity": "null::bigint"} if (partner, feed) == REJECTED else {}
    parquet = write_batch(folder / f"{batch_id}.parquet", feed, 60, changes)
    validate_batch(settings, feed, parquet, BatchContext(batch_id, partner, NIGHT, 60))
    if (partner, feed) == REJECTED:
        parquet.unlink()
        message = f"{label}：整批退回，「计划人数」为空。"
        outcomes.record(settings, Outcome(partner, feed, NIGHT, "rejected", message, "refused"))
        return
    held = 3 if feed in ("health_services", "vouchers") else 0
    if held:
        _hold(settings, partner, feed, batch_id, held)
    manifest = Manifest(
        batch_id, partner, feed, NIGHT, "1.0.0", "0", "test", None,
        60 + held, 60, held, None, [], [], None, [], "", False, "", 0, "", LANDED_AT,
    )  # fmt: skip
    batches.commit(settings, manifest)
    kind = "partly_quarantined" if held else "landed"
    message = f"{label}：收到 {60 + held} 行，入库 60 行，隔离 {held} 行。"
    outcomes.record(settings, Outcome(partner, feed, NIGHT, kind, message, "landed", batch_id))


def _hold(settings: Settings, partner: str, feed: str, batch_id: str, rows: int) -> None:
    column = "service_date" if feed == "health_services" else "issued_on"
    reasons = [
        {
            "batch_id": batch_id,
            "partner": partner,
            "feed": feed,
            "interval_start": NIGHT.start,
            "interval_end": NIGHT.end,
            "row_number": number,
            "column_name": column if number < rows else "",
            "rule": "future_date" if number < rows else "ragged_row",
            "value_shape": "9999-99-99",
            "message_zh": "",
            "message_en": "",
            "landed_at": LANDED_AT.replace(tzinfo=None),
        }
        for number in range(1, rows + 1)
    ]
    folder = partition(settings.quarantine, feed, partner, NIGHT.last_day)
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(reasons, schema=quarantine.SCHEMA)
    pyarrow.parquet.write_table(table, folder / f"{batch_id}.parquet")


def restated(metric_id: str, printed: str | None, current: str | None, **changes: Any) -> dict[str, Any]:
    """A row of rpt_restated_figures: a figure of the city's issue of 2025-W42, unless changed."""
    difference = None if printed is None or current is None else Decimal(current) - Decimal(printed)
    return {
        "issue_week": "2025-W42",
        "edition": "city",
        "metric_id": metric_id,
        "scope_type": "city",
        "scope_code": "220100",
        "week_id": "2025-W42",
        "figure": "value",
        "printed_text": printed,
        "printed_value": printed,
        "current_value": current,
        "difference": difference,
        "is_suppressed": False,
        "batches_added": 0,
        "batches_removed": 0,
        "batches_possible": 0,
        "printed_build_id": PRINTED_FROM,
        "printed_as_of": datetime(2025, 10, 19, 19),
        "printed_at": datetime(2025, 10, 20, 1),
    } | changes


def cause(metric_id: str, change: str, partner: str, feed: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of rpt_restatement_batches: of the city's figures of 2025-W42, unless changed."""
    return {
        "printed_build_id": PRINTED_FROM,
        "metric_id": metric_id,
        "scope_type": "city",
        "scope_code": "220100",
        "week_id": "2025-W42",
        "batch_id": f"{partner}-{feed}-20251016-20251017-{number:012}",
        "change": change,
        "feed": feed,
        "partner_id": partner,
        "interval_start": date(2025, 10, 16),
        "interval_end": date(2025, 10, 17),
        "landed_at": None if change == "removed" else datetime(2025, 10, 21, 18),
        "records": 100 - number if change == "added" else 0,
    } | changes


def landed(partner: str, feed: str, held: int, again: int = 0) -> dict[str, Any]:
    """A row of landing.batches: the night's delivery, or the same interval delivered once more."""
    return {
        "batch_id": f"{partner}-{feed}-20251025-20251026-{again or '0123456789ab'}",
        "partner": partner,
        "feed": feed,
        "interval_start": NIGHT.start,
        "interval_end": NIGHT.end,
        "rows_accepted": 60 + again,
        "rows_quarantined": held,
        "landed_at": datetime(2025, 10, 25, 18 + again, 30),
    }


def score(scope: tuple[str, str, str], characteristic: str, value: float, week: str = "2025-W43", **more: Any) -> dict:
    """A row of rpt_quality_scorecard."""
    scope_type, partner, feed = scope
    grade, grade_zh = (1, "优") if value >= 95 else (4, "较差")
    return {
        "scope_type": scope_type,
        "partner_id": partner,
        "feed": feed,
        "week_id": week,
        "characteristic_code": characteristic,
        "weight": 25,
        "score": value,
        "grade": grade,
        "grade_zh": grade_zh,
        **more,
    }


def lost(scope: tuple[str, str, str], **more: Any) -> dict:
    """A row of rpt_quality_points_lost."""
    scope_type, partner, feed = scope
    return {
        "scope_type": scope_type,
        "partner_id": partner,
        "feed": feed,
        "week_id": "2025-W43",
        "characteristic_code": "accuracy",
        "characteristic_zh": "准确性",
        "deduction": "row_fault",
        "deduction_zh": "有差错的行",
        "cause": "out_of_range",
        "cause_zh": "数值超出允许范围",
        "column_name": "age" if feed else "",
        "quantity": 1234,
        "base": 20000,
        "basis_zh": "收到的行",
        "points_lost": 30.85,
        "overall_points_lost": 12.34,
    } | more


CITY, PARTNER, FEED = ("city", "", ""), ("partner", "eye_hospital", ""), ("feed", "eye_hospital", "health_services")
OTHER = ("partner", "mini_program", "")
SCORES = [
    score(CITY, "overall", 87.7, previous_score=90.0, change=-2.3),
    score(CITY, "overall", 90.0, "2025-W42"),
    score(CITY, "accuracy", 69.2),
    *[score(place, name, 69.2) for place in (PARTNER, FEED) for name in ("overall", "accuracy")],
    score(OTHER, "overall", 100.0),
]
LOST = [
    lost(CITY),
    lost(PARTNER),
    lost(FEED, column_name="service_date"),
    lost(
        FEED,
        deduction="batch_missing",
        deduction_zh="未送达的批次",
        cause="missing",
        cause_zh="未送达",
        column_name="",
        quantity=2,
    ),
]


def write_scores(path: Path) -> None:
    """Scores of a week into the build at `path`."""
    with duckdb.connect(str(path)) as database:
        insert(database, "marts.rpt_quality_scorecard", SCORES)
        insert(database, "marts.rpt_quality_points_lost", LOST)


def insert(database: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    database.begin()
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        database.execute(f"insert into {table} ({names}) values ({', '.join('?' for _ in row)})", list(row.values()))
    database.commit()


def _mart_rows() -> dict[str, list[dict[str, Any]]]:
    pairs = [(partner, feed) for partner, owner in load_partners().items() for feed in owner.feeds]
    metrics = [("mediation_cases_accepted", "count", False), ("mediation_success_rate", "rate", False)]
    metrics.append(("health_persons", "count", True))
    weekly = []
    for metric_id, kind, counts_people in metrics:
        for scope_type, scope_code in (("city", "220100"), ("county", "220102"), ("county", "220103")):
            for number in (42, 43):
                whole = 40 if scope_type == "city" else 20
                is_hidden = counts_people and scope_type != "city"
                value = None if is_hidden else 0.8 if kind == "rate" else whole
                row = {"metric_id": metric_id, "scope_type": scope_type, "scope_code": scope_code}
                row |= {"week_id": f"2025-W{number}", "value": value, "is_suppressed": is_hidden}
                row |= {"cumulative_value": value if kind == "rate" or is_hidden else 10 * whole}
                row |= {"target": None if kind == "rate" else 1000, "status_code": "on_pace", "expected_share": 0.8}
                weekly.append(row)
    for number, relief, positions in ((42, 0, 0), (43, 2000, 30)):
        city = {"scope_type": "city", "scope_code": "220100", "week_id": f"2025-W{number}", "is_suppressed": False}
        city |= {"week_start": date.fromisocalendar(2025, number, 1), "week_end": date.fromisocalendar(2025, number, 7)}
        weekly.append(city | {"metric_id": "relief_money_yuan", "value": relief})
        weekly.append(city | {"metric_id": "positions_offered", "value": positions})
    return {
        "landing.partners": [{"partner_id": partner, "feed": feed} for partner, feed in pairs],
        "landing.batches": [
            landed("eye_hospital", "health_services", held=12),
            landed("mini_program", "vouchers", held=3),
            landed("mini_program", "vouchers", held=2, again=1),
        ],
        "marts.rpt_metric_catalogue": [
            {
                "metric_id": metric_id,
                "kind": kind,
                "name_zh": catalogue()[metric_id].name_zh,
                "definition_zh": "统计期内的数量。",
                "unit_zh": "%" if kind == "rate" else "人" if counts_people else "件",
                "decimals": 1 if kind == "rate" else 0,
                "display_order": catalogue()[metric_id].order,
                "is_additive": kind == "count" and not counts_people,
                "counts_people": counts_people,
            }
            for metric_id, kind, counts_people in metrics
        ],
        "marts.rpt_metric_weekly": weekly,
        "marts.fct_relief_payments": [
            {"payment_id": f"p{number}", "relief_kind": "money", "amount_yuan": 500, "paid_on": date(2025, 10, 20)}
            for number in range(4)
        ],
        "marts.fct_job_postings": [{"posting_id": "p1", "headcount": 30, "fair_date": date(2025, 10, 21)}],
        "marts.fct_mediation_case_events": [
            {"partner_id": "mediation_center", "case_id": f"c{case}", "event_number": number, "event_type": event,
             "happened_on": date(2025, 10, 19 + number), "times_reopened": 0, "is_closing": event == "agreement"}
            for case in range(20)
            for number, event in ((1, "accepted"), (2, "mediation_held"), (3, "agreement"))
        ],
        "marts.rpt_partner_freshness": [
            {
                "partner_id": partner,
                "partner_name_zh": load_partners()[partner].name,
                "domain": load_partners()[partner].domain,
                "feed": feed,
                "feed_name_zh": load_contract(feed).label,
                "data_through": date(2025, 10, 24) if (partner, feed) == MISSING else date(2025, 10, 25),
                "last_landed_at": datetime(2025, 10, 25, 18, 30),
                "last_outcome": "missing" if (partner, feed) == MISSING else "landed",
                "last_outcome_zh": "未送达" if (partner, feed) == MISSING else "已入库",
                "expected_through": date(2025, 10, 25),
                "is_late": (partner, feed) == MISSING,
            }
            for partner, feed in pairs
        ],
        "marts.rpt_quality_feed_weekly": [
            {
                "partner_id": partner,
                "feed": feed,
                "week_id": f"2025-W{number}",
                "rows_received": 630,
                "rows_accepted": 600,
                "rows_quarantined": 30,
                "rows_held_orphan": 4 if feed == "job_applications" else 0,
                "acceptance_rate": 0.9524,
            }
            for partner, feed in pairs
            for number in range(34, 44)
        ],
        "marts.rpt_quality_reasons": [
            {
                "partner_id": "eye_hospital",
                "feed": "health_services",
                "week_id": "2025-W43",
                "column_name": "worker_id",
                "rule": "check_digit",
                "rule_zh": "校验码错误",
                "dimension_zh": "准确性",
                "rows": 30,
            }
        ],
        "marts.rpt_service_categories": [
            {"partner_id": "eye_hospital", "service_category": "eye_education", "week_id": "2025-W43",
             "person_times": 60, "cumulative_person_times": 600, "is_suppressed": False}
        ],
        "marts.rpt_reconciliation_weekly": [
            {"kind": "voucher_redemption", "kind_zh": "服务券核销", "side_zh": "医院", "other_side_zh": "小程序",
             "kind_order": 1, "partner_id": "eye_hospital", "other_partner_id": "mini_program", "week_id": "2025-W43",
             "rows_compared": 200, "rows_agreed": 190, "rows_differing": 4, "rows_partner_only": 3,
             "rows_other_only": 3, "agreement_rate": 0.95},
            {"kind": "hire", "kind_zh": "招聘入职", "side_zh": "招聘会系统", "other_side_zh": "用工备案",
             "kind_order": 2, "partner_id": "job_fair_system", "other_partner_id": "employment_system",
             "week_id": "2025-W43", "rows_compared": 50, "rows_agreed": 40, "rows_differing": 5,
             "rows_partner_only": 3, "rows_other_only": 2, "agreement_rate": 0.8},
        ],
        "marts.rpt_reconciliation_differences": [
            {"kind": "voucher_redemption", "difference": difference, "difference_zh": name, "difference_order": order,
             "partner_id": "eye_hospital", "other_partner_id": "mini_program", "week_id": "2025-W43",
             "differences": number}
            for difference, name, order, number in (
                ("dates_differ", "两处核销日期不同", 4, 4), ("hospital_only", "医院已核销，小程序未核销", 2, 3),
            )
        ],
        "marts.rpt_restated_figures": [
            restated("mediation_cases_accepted", "40", "43", batches_added=5, batches_removed=1),
            restated("mediation_cases_accepted", "3", "6", batches_added=5, batches_removed=1, figure="change"),
            restated("mediation_success_rate", "0.8", "0.7873", printed_text="80.0%", batches_possible=1),
            restated("mediation_success_rate", "0.8", "0.80004", printed_text="80.0%", batches_added=1,
                     scope_type="county", scope_code="220102"),
            restated("health_persons", "7", None, is_suppressed=True, scope_type="county", scope_code="220103"),
            restated("mediation_cases_accepted", "1234", "1240", issue_week="2025-W41", week_id="2025-W41",
                     printed_text="1,234", figure="cumulative_value"),
        ],
        "marts.rpt_restatement_batches": [
            *(cause("mediation_cases_accepted", "added", "mediation_center", "mediation_cases", number)
              for number in range(1, 6)),
            cause("mediation_cases_accepted", "removed", "mediation_center", "mediation_cases", 9),
            cause("mediation_success_rate", "possible", "mediation_center", "mediation_events"),
            cause("mediation_success_rate", "added", "mediation_center", "mediation_events", 2,
                  scope_type="county", scope_code="220102"),
        ],
        "marts.rpt_build": [
            {"build_id": BUILD_ID, "as_of": datetime(2025, 10, 25, 19), "week_id": "2025-W42", "is_demo": True}
        ],
    }  # fmt: skip


def _valid(feed: str, name: str, sql_type: str, column: Column | None) -> str:
    code_list = {"sex": "sexes"}.get(name) or (column.code_list if column else None)
    fixed = {
        "age_band": "'35-44'",
        "sex": "'female'",
        "record_status": "'valid'",
        "worker_key": "sha256(i::varchar)",
        "attendees": "(30 + i)::bigint",
        "capacity": "(30 + i)::bigint",
        "monthly_wage_min": f"4000::{sql_type}",
        "monthly_wage_max": f"6000::{sql_type}",
        "event_type": "'accepted'" if feed == "mediation_events" else "",
        "voucher_id": f"if({feed == 'vouchers'} or i % 3 = 0, 'V' || lpad(i::varchar, 10, '0'), null)",
        "expires_on": "date '2026-01-31'",
        "booked_on": "date '2025-10-22'",
        "appointment_status": "if(i % 12 = 0, 'no_show', 'fulfilled')",
        "partner_id": "if(i % 2 = 0, 'maternity_hospital', 'eye_hospital')",
        "is_complaint": "if(i % 10 = 0, 'yes', 'no')",
        "duration_minutes": "(10 + i)::bigint",
        "certificate_level": "'junior'" if feed == "training_certificates" else "",
        "amount_yuan": f"if(i % 4 < 2, null, 5000)::{sql_type}" if feed == "startup_support" else f"500::{sql_type}",
        "meeting_date": "date '2025-10-25' - (i // 10 * 14)::integer",
        "completed_on": "if(i % 4 = 2, date '2025-10-25', null)",
        "reach": "(1000 + i)::bigint",
        "as_of_date": "date '2025-09-30'",
        "employees": "(30 + i)::bigint",
        "contracts_signed": "(28 + i)::bigint",
        "covered_workers": "(30 + i)::bigint",
        "valid_until": "date '2026-10-24'",
        "rectified_on": "null::date",
    }.get(name)
    if fixed:
        return fixed
    if code_list:
        codes = list(dict.fromkeys(load_code_list(code_list).values()))
        return f"{codes}[1 + i % {len(codes)}]"
    return {
        "bigint": "(1 + i % 5)::bigint",
        "date": "date '2025-10-25'",
        "timestamp": "timestamp '2025-10-25 09:30:00'",
    }.get(sql_type, f"'{name}-' || i")
