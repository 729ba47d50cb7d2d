"""Builds a DuckDB file with the `rpt_` marts, full of plausible synthetic figures; the same seed, the same file."""

import csv
import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from worker_services.intervals import Week
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners

TABLES = {
    "rpt_metric_catalogue": "metric_id varchar, name_zh varchar, name_en varchar, definition_zh varchar, "
    "definition_en varchar, unit_zh varchar, unit_en varchar, unit_one_en varchar, domain varchar, "
    "domain_name_zh varchar, domain_name_en varchar, project_zh varchar, project_en varchar, kind varchar, "
    "decimals integer, direction varchar, is_additive boolean, counts_people boolean, has_target boolean, "
    "owner_zh varchar, owner_en varchar, source_clause_zh varchar, "
    "is_headline boolean, display_order integer, fault varchar",
    "rpt_metric_feeds": "metric_id varchar, feed varchar",
    "rpt_metric_weekly": "metric_id varchar, scope_type varchar, scope_code varchar, scope_name_zh varchar, "
    "scope_name_en varchar, scope_short_name_zh varchar, scope_short_name_en varchar, scope_order integer, "
    "week_id varchar, week_start date, week_end date, "
    "value decimal(28,10), numerator decimal(28,10), denominator decimal(28,10), "
    "previous_value decimal(28,10), change decimal(28,10), "
    "same_week_last_year_value decimal(28,10), cumulative_value decimal(28,10), cumulative_numerator decimal(28,10), "
    "cumulative_denominator decimal(28,10), target decimal(28,10), completion_rate decimal(28,10), "
    "expected_share decimal(28,10), pace_gap decimal(28,10), status_code varchar, status_zh varchar, "
    "status_en varchar, "
    "is_suppressed boolean, rank integer, previous_rank integer, ranked_units integer, forecast decimal(28,10), "
    "forecast_low decimal(28,10), forecast_high decimal(28,10)",
    "rpt_partner_freshness": "partner_id varchar, partner_name_zh varchar, partner_name_en varchar, domain varchar, "
    "feed varchar, feed_name_zh varchar, feed_name_en varchar, "
    "data_through date, complete_through date, last_landed_at timestamp, last_outcome varchar, "
    "last_outcome_zh varchar, last_message_zh varchar, last_message_en varchar, expected_through date, is_late boolean",
    "rpt_quality_feed_weekly": "partner_id varchar, feed varchar, week_id varchar, rows_received bigint, "
    "rows_accepted bigint, rows_quarantined bigint, rows_held_orphan bigint, acceptance_rate decimal(28,10)",
    "rpt_quality_reasons": "partner_id varchar, feed varchar, week_id varchar, column_name varchar, rule varchar, "
    "rule_zh varchar, rule_en varchar, dimension_zh varchar, dimension_en varchar, rows bigint",
    "rpt_quality_scorecard": "scope_type varchar, partner_id varchar, feed varchar, week_id varchar, week_start date, "
    "characteristic_code varchar, weight integer, score decimal(5,1), grade integer, grade_zh varchar, "
    "grade_en varchar, previous_score decimal(5,1), change decimal(5,1)",
    "rpt_quality_points_lost": "scope_type varchar, partner_id varchar, feed varchar, week_id varchar, "
    "characteristic_code varchar, characteristic_zh varchar, characteristic_en varchar, deduction varchar, "
    "deduction_zh varchar, deduction_en varchar, cause varchar, cause_zh varchar, cause_en varchar, "
    "column_name varchar, quantity bigint, base bigint, basis_zh varchar, points_lost decimal(9,4), "
    "overall_points_lost decimal(9,4)",
    "rpt_service_categories": "partner_id varchar, partner_name_zh varchar, partner_name_en varchar, "
    "service_category varchar, service_category_zh varchar, service_category_en varchar, "
    "service_category_order integer, week_id varchar, person_times bigint, "
    "cumulative_person_times bigint, is_suppressed boolean",
    "rpt_meeting_actions": "partner_id varchar, action_id varchar, week_id varchar, meeting_date date, "
    "is_of_last_meeting boolean, title varchar, domain varchar, domain_name_zh varchar, domain_name_en varchar, "
    "organisation_code varchar, organisation_short_name_zh varchar, organisation_short_name_en varchar, "
    "owner_department_zh varchar, owner_department_en varchar, due_on date, closed_on date, "
    "standing_code varchar, days_overdue integer",
    "rpt_days": "date_day date, week_id varchar, is_holiday boolean, holiday_name_zh varchar, holiday_name_en varchar, "
    "is_make_up_workday boolean, is_workday boolean",
    "rpt_build": "build_id varchar, as_of timestamp, week_id varchar, is_demo boolean",
}
# Places and forecasts follow from what a test has bent.
FOLLOWING = [
    """
    update marts.rpt_metric_weekly as weekly
    set rank = ranked.place, ranked_units = ranked.units
    from (
        select metric_id, scope_type, scope_code, week_id, rank() over (
            partition by metric_id, scope_type, week_id
            order by case when direction = 'up' then 1 else -1 end * coalesce(completion_rate, cumulative_value) desc
        ) as place, count(*) over (partition by metric_id, scope_type, week_id) as units
        from marts.rpt_metric_weekly inner join marts.rpt_metric_catalogue using (metric_id)
        where scope_type <> 'city' and cumulative_value is not null
    ) as ranked
    where weekly.metric_id = ranked.metric_id and weekly.scope_type = ranked.scope_type
        and weekly.scope_code = ranked.scope_code and weekly.week_id = ranked.week_id and ranked.units > 1
    """,
    """
    update marts.rpt_metric_weekly as weekly
    set previous_rank = before.rank
    from marts.rpt_metric_weekly as before
    where weekly.metric_id = before.metric_id and weekly.scope_type = before.scope_type
        and weekly.scope_code = before.scope_code and weekly.week_start = before.week_start + interval 7 day
    """,
    """
    update marts.rpt_metric_weekly as weekly
    set forecast = cumulative_value + value * (52 - isoweek), forecast_low = cumulative_value + value / 2 * left_over,
        forecast_high = cumulative_value + value * 2 * left_over
    from (select metric_id, week_id, week_start, weekofyear(week_start) as isoweek, 52 - isoweek as left_over
        from marts.rpt_metric_weekly where scope_type = 'city') as weeks
    inner join marts.rpt_metric_catalogue using (metric_id)
    where weekly.metric_id = weeks.metric_id and weekly.week_id = weeks.week_id and kind = 'count' and isoweek >= 4
        and value is not null
    """,
]
# What is made of the weekly mart, after a test has bent that.
DERIVED = {
    "rpt_fault_weekly": """
        select fault, metric_id, week_id, week_start, direction, value, change, cumulative_value, cumulative_numerator,
            cumulative_denominator
        from marts.rpt_metric_weekly inner join marts.rpt_metric_catalogue using (metric_id)
        where fault is not null and scope_type = 'city'
    """,
    "rpt_fault_units": """
        with measured as (
            select *,
                case when direction = 'up' then 1 else -1 end * coalesce(completion_rate, cumulative_value) as merit
            from marts.rpt_metric_weekly inner join marts.rpt_metric_catalogue using (metric_id)
            where fault is not null and scope_type in ('county', 'partner') and cumulative_value is not null
        ),
        ranked as (
            select * exclude (rank),
                rank() over (partition by metric_id, scope_type, week_id order by merit) as rank_from_last,
                rank() over (partition by metric_id, scope_type, week_id order by merit desc) as rank_from_first
            from measured
        )
        select fault, metric_id, scope_type, scope_code, scope_name_zh, scope_name_en, scope_short_name_zh,
            scope_short_name_en, week_id,
            rank_from_last::integer as rank_from_last, cumulative_value, cumulative_numerator, cumulative_denominator
        from ranked where rank_from_last <= 3 and rank_from_first > 1
    """,
    "rpt_uneven_progress": """
        with leagues as (
            select metric_id, week_id, week_start, count(*)::integer as units,
                count(completion_rate)::integer as units_shown, min(completion_rate) as lowest,
                max(completion_rate) as highest,
                (stddev_pop(completion_rate) / nullif(avg(completion_rate), 0))::decimal(28, 4) as variation
            from marts.rpt_metric_weekly where scope_type = 'county' and target is not null
            group by metric_id, week_id, week_start
        )
        select now.metric_id || '/county' as league_id, 'county' as scope_type, now.metric_id, now.week_id,
            now.week_start, now.units, now.units_shown, now.lowest, now.highest,
            now.highest - now.lowest as progress_range,
            case when now.units_shown >= 2 then now.variation end as coefficient_of_variation,
            now.highest - now.lowest - (before.highest - before.lowest) as progress_range_change,
            now.variation - before.variation as coefficient_of_variation_change
        from leagues as now left join leagues as before
            on now.metric_id = before.metric_id and now.units_shown = before.units_shown
            and now.week_start = before.week_start + interval 28 day
    """,
    "rpt_uneven_progress_units": """
        with ranked as (
            select *, rank() over (partition by metric_id, week_id order by completion_rate) as rank_from_last,
                rank() over (partition by metric_id, week_id order by completion_rate desc) as rank_from_first
            from marts.rpt_metric_weekly where scope_type = 'county' and completion_rate is not null
        )
        select metric_id || '/county' as league_id, scope_type, scope_code, scope_name_zh, scope_name_en,
            scope_short_name_zh, scope_short_name_en, metric_id, week_id,
            rank_from_last::integer as rank_from_last, completion_rate as progress
        from ranked where rank_from_last <= 3 and rank_from_first > 1
    """,
    "rpt_printed_figures": """
        with ordered as (
            select *, lag(week_id) over (partition by metric_id, scope_type, scope_code order by week_start) as before,
            from marts.rpt_metric_weekly inner join marts.rpt_metric_catalogue using (metric_id)
            where scope_type in ('city', 'county', 'partner')
        ),
        printed as (
            select *, 'cumulative_value' as figure, cumulative_value as printed_value,
                case when kind = 'rate' then format('{:.1f}%', (cumulative_value * 100)::double)
                    else format('{:,}', cumulative_value::bigint) end as printed_text
            from ordered where has_target and cumulative_value is not null and kind in ('count', 'rate')
            union all
            select *, 'completion_rate', completion_rate, format('{:.1f}%', (completion_rate * 100)::double)
            from ordered where completion_rate is not null and kind = 'count'
        )
        select week_id as issue_week,
            case scope_code when '220100' then 'city' when '220102' then 'nanguan' else scope_code end as edition,
            week_id, metric_id, scope_type, scope_code, figure,
            printed_value::decimal(28, 10) as printed_value, printed_text, 'earlier' as printed_build_id,
            timestamp '2025-10-20 00:00:00' as printed_at
        from printed
    """,
    "rpt_restated_figures": """
        select issue_week, edition, metric_id, scope_type, scope_code, week_id, figure, printed_text, printed_value,
            (printed_value + 12)::decimal(28, 10) as current_value, false as is_suppressed, printed_build_id
        from marts.rpt_printed_figures where metric_id = 'positions_offered' and figure = 'cumulative_value'
    """,
    "rpt_restatement_batches": """
        select 'earlier' as printed_build_id, metric_id, week_id, 'batch' as batch_id, 'added' as change,
            'job_postings' as feed, 'job_fair_system' as partner_id
        from marts.rpt_metric_weekly where metric_id = 'positions_offered' and scope_type = 'city'
    """,
}

WEEK = Week.parse("2025-W43")
BUILD_ID = "20251027T010000Z-0123456789ab"
SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# How many a week, on average.
VOLUMES = {
    "vouchers_issued": 1165,
    "vouchers_redeemed": 590,
    "outreach_organisations": 2.7,
    "health_person_times": 910,
    "health_persons": 810,
    "training_sessions": 2.4,
    "training_person_times": 148,
    "job_fairs": 0.5,
    "recruiting_talks": 0.4,
    "positions_offered": 1010,
    "positions_offered_distinct": 830,
    "job_applications": 640,
    "mediation_cases_accepted": 22,
    "mediation_cases_concluded": 19,
    "mediation_cases_withdrawn": 1.4,
    "mediation_cases_transferred": 0.9,
    "mediation_agreements": 17,
    "complaints": 6,
    "appointments_fulfilled": 280,
    "appointments_due": 300,
    "appointments_missed": 21,
    "appointment_waiting_days": 1500,
    "publicity_reach": 2100,
    "hardship_on_register": 1800,
    "relief_person_times": 80,
    "relief_money_yuan": 63000,
    "relief_register_persons": 1500,
}
RATIOS = {
    "voucher_redemption_rate": ("vouchers_redeemed", "vouchers_issued"),
    "mediation_success_rate": ("mediation_agreements", "mediation_cases_concluded"),
    "no_show_rate": ("appointments_missed", "appointments_due"),
    "hardship_relief_coverage": ("relief_register_persons", "hardship_on_register"),
    "average_waiting_days": ("appointment_waiting_days", "appointments_fulfilled"),
}
with Path(__file__).with_name("metrics.csv").open(encoding="utf-8", newline="") as file:
    CATALOGUE = list(csv.DictReader(file))
METRICS = {row["metric_id"] for row in CATALOGUE}
TARGETS = {row["metric_id"]: Decimal(row["target"]) for row in _seed("metrics/targets")}
STARTS = {row["metric_id"]: date(2025, *((5, 29) if row["domain"] == "health" else (1, 1))) for row in CATALOGUE}
DOMAINS = {row["code"]: row["name_zh"] for row in _seed("code_lists/domains")}
# What the seeds and the partners' files call in English what they call so in Chinese.
ENGLISH = {row["name_zh"]: row["name_en"] for row in _seed("code_lists/domains")}
ENGLISH |= {row["name_zh"]: row["name_en"] for row in _seed("code_lists/departments")}
ENGLISH |= {row["name_zh"]: row["name_en"] for row in _seed("code_lists/service_categories")}
ENGLISH |= {row["name_zh"]: row["name_en"] for row in _seed("code_lists/organisations")}
ENGLISH |= {row["short_name_zh"]: row["short_name_en"] for row in _seed("code_lists/organisations")}
ENGLISH |= {row["status_zh"]: row["status_en"] for row in _seed("metrics/status_thresholds")}
ENGLISH |= {row["owner_zh"]: row["owner_en"] for row in _seed("metrics/projects")}
ENGLISH |= {row["name_zh"]: row["name_en"] for row in _seed("metrics/projects")}
ENGLISH |= {row["dimension_zh"]: row["dimension_en"] for row in _seed("rules/rules")}
ENGLISH |= {partner.name: partner.name_en for partner in load_partners().values()}
ENGLISH |= {"长春市": "Changchun", "全市": "Changchun", "未注明单位": "Union not stated"}
RULES_EN = {row["rule"]: row["rule_en"] for row in _seed("rules/rules")}
ORGANISATIONS = [
    (row["code"], row["name_zh"], row["short_name_zh"], weight)
    for row, weight in zip(
        _seed("code_lists/organisations"), (12, 9, 13, 8, 9, 4, 5, 5, 4, 4, 6, 5, 6, 4, 7, 8), strict=True
    )
]

FEEDS = [
    (
        "maternity_hospital",
        "浙大妇院吉林医院(长春市妇产医院)",
        "health",
        "health_services",
        "健康服务记录",
        412,
    ),
    ("eye_hospital", "长春爱尔眼科医院", "health", "health_services", "健康服务记录", 503),
    ("mini_program", "长春工会小程序", "health", "vouchers", "健康服务券", 1511),
    ("mini_program", "长春工会小程序", "health", "outreach_events", "走访活动", 9),
    ("job_fair_system", "招聘会管理系统", "employment", "job_fairs", "招聘会", 2),
    ("job_fair_system", "招聘会管理系统", "employment", "job_postings", "招聘岗位", 148),
    ("job_fair_system", "招聘会管理系统", "employment", "job_applications", "求职申请", 655),
    ("training_base", "职业技能培训基地", "employment", "training_sessions", "培训班", 3),
    ("training_base", "职业技能培训基地", "employment", "training_attendances", "培训签到", 219),
    ("mediation_center", "劳动争议调解中心", "rights", "mediation_cases", "案件登记", 23),
    ("mediation_center", "劳动争议调解中心", "rights", "mediation_events", "调解过程", 61),
]
HOSPITALS = {
    "maternity_hospital": "浙大妇院吉林医院(长春市妇产医院)",
    "eye_hospital": "长春爱尔眼科医院",
    "orthopaedic_hospital": "长春骨伤医院",
}
PARTNER_METRICS = {
    *("vouchers_redeemed", "health_person_times", "health_persons"),
    *("no_show_rate", "average_waiting_days", "complaints"),
}
CATEGORIES = [
    (row["code"], row["name_zh"], "eye_hospital" if row["code"].startswith("eye") else "maternity_hospital")
    for row in _seed("code_lists/service_categories")
]
REASONS = [
    ("eye_hospital", "health_services", "worker_id", "check_digit", "校验码错误", "准确性", 12),
    ("maternity_hospital", "health_services", "service_date", "future_date", "日期晚于报送日", "准确性", 7),
    (
        "maternity_hospital",
        "health_services",
        "service_category",
        "not_in_code_list",
        "代码不在代码表内",
        "规范性",
        6,
    ),
    ("job_fair_system", "job_applications", "posting_id", "orphan_key", "关联记录未到", "一致性", 5),
    ("mini_program", "vouchers", "voucher_id", "duplicate_key", "主键重复", "准确性", 4),
    ("training_base", "training_attendances", "worker_id", "required_missing", "必填项缺失", "完整性", 3),
]
# Score, change, and the dearest cause: characteristic, deduction, cause with its names, points lost of the whole.
GRADES: dict[str, tuple[str, str | None, tuple[str, str, str, str, str | None, str] | None]] = {
    "": ("93.4", "0.6", ("accuracy", "row_fault", "check_digit", "校验码错误", RULES_EN["check_digit"], "2.15")),
    "maternity_hospital": (
        "95.0",
        "0.0",
        ("timeliness", "row_fault", "future_date", "日期晚于报送日", RULES_EN["future_date"], "1.3"),
    ),
    "eye_hospital": ("79.6", "-4.2", ("completeness", "batch_missing", "missing", "未送达", "Missing", "5.7143")),
    "mini_program": (
        "97.2",
        None,
        ("consistency", "check_warning", "vouchers.event_drift", "近七日券状态的构成与以往相当", None, "1.25"),
    ),
    "job_fair_system": (
        "91.1",
        "1.0",
        ("consistency", "cross_source", "hire", "招聘录用", "Hires", "3.4"),
    ),
    "training_base": (
        "58.8",
        "-20.1",
        ("completeness", "row_fault", "required_missing", "必填项缺失", RULES_EN["required_missing"], "20"),
    ),
    "mediation_center": ("100.0", "0.0", None),
}
STATUS_ZH = {"done": "已达标", "on_pace": "正常", "behind": "滞后", "far_behind": "严重滞后"}


def build_marts(
    path: Path,
    *,
    week: str = "2025-W43",
    is_demo: bool = True,
    statements: list[str] | None = None,
    afterwards: list[str] | None = None,
) -> Path:
    """Write the marts up to `week`; `statements` then bend them into the case that a test wants.

    The marts of the three faults follow from what was bent; `afterwards` bends those.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_unbent(week, is_demo))
    with duckdb.connect(str(path)) as connection:
        for statement in [*(statements or []), *FOLLOWING]:
            connection.execute(statement)
        for table, query in DERIVED.items():
            connection.execute(f"create table marts.{table} as {query}")
        for statement in afterwards or []:
            connection.execute(statement)
    return path


@cache  # drawing the numbers takes as long as rendering an issue of them
def _unbent(week: str, is_demo: bool) -> bytes:
    """The file with the marts as they are before a test bends them, without those that follow."""
    year, last = int(week[:4]), int(week[-2:])
    rows: dict[str, list[tuple]] = {
        "rpt_metric_catalogue": [_catalogue(row) for row in CATALOGUE],
        "rpt_metric_feeds": [
            (metric, feed) for metric in sorted(METRICS) for feed in sorted(catalogue()[metric].feeds)
        ],
        "rpt_metric_weekly": _weekly(year, last),
        **_sources(year, last, week),
        "rpt_meeting_actions": _actions(year, last, week),
        "rpt_days": _days(year, last),
        "rpt_build": [(BUILD_ID, datetime(2025, 10, 26, 18, 30), week, is_demo)],
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "unbent.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema marts")
            for table, columns in TABLES.items():
                names = [column.split()[0] for column in columns.split(", ")]
                loaded = pa.table(dict(zip(names, map(list, zip(*rows[table], strict=True)), strict=True)))
                connection.register("loaded", loaded)
                connection.execute(f"create table marts.{table} ({columns})")
                connection.execute(f"insert into marts.{table} select * from loaded")
                connection.unregister("loaded")
        return path.read_bytes()


def _actions(year: int, last: int, week: str) -> list[tuple]:
    """Six actions of the last meeting and two of one before, in every standing."""
    end = date.fromisocalendar(year, last, 7)
    met, before = end - timedelta(days=16), end - timedelta(days=30)
    stated = [
        (met, "加开电工焊工培训班（榆树市）", "employment", "220182", "榆树市", "劳动和经济工作部", 10, None, "open"),
        (met, "集中化解欠薪争议", "rights", "UNKNOWN", "未注明单位", "权益保障部", 3, None, "open"),
        (met, "通报进度滞后单位", "leadership", "UNKNOWN", "未注明单位", "办公室", -4, -6, "done_in_time"),
        (met, "核实培训到课人数", "employment", "UNKNOWN", "未注明单位", "劳动和经济工作部", -6, -3, "done_late"),
        (met, "增加乡镇义诊场次（南关区）", "health", "220102", "南关区", "职工服务中心", -5, None, "overdue"),
        (met, "编印健康手册", "health", "UNKNOWN", "未注明单位", "宣传教育部", 8, -1, "cancelled"),
        (before, "开展困难职工入户核查（德惠市）", "hardship", "220183", "德惠市", "权益保障部", -20, None, "overdue"),
        (before, "补签集体合同（九台区）", "rights", "220113", "九台区", "权益保障部", -10, -2, "done_late"),
    ]
    return [
        (
            "leadership_office",
            f"Y{year}{number:04d}",
            week,
            meeting,
            meeting == met,
            title,
            domain,
            DOMAINS[domain],
            ENGLISH[DOMAINS[domain]],
            code,
            unit,
            ENGLISH[unit],
            department,
            ENGLISH[department],
            end + timedelta(days=due),
            None if closed is None else end + timedelta(days=closed),
            standing,
            -due if standing == "overdue" else None,
        )
        for number, (meeting, title, domain, code, unit, department, due, closed, standing) in enumerate(stated, 1)
    ]


def _days(year: int, last: int) -> list[tuple]:
    """The days from the week before the year's first to the last week."""
    named = {date.fromisoformat(row["date_day"]): row for row in _seed("calendar/public_holidays")}
    first, end = date.fromisocalendar(year, 1, 1) - timedelta(days=7), date.fromisocalendar(year, last, 7)
    days = [first + timedelta(days=number) for number in range((end - first).days + 1)]
    return [
        (
            day,
            f"{day.isocalendar().year}-W{day.isocalendar().week:02d}",
            kind == "day_off",
            row["holiday_name_zh"] if row else None,
            row["holiday_name_en"] if row else None,
            kind == "make_up_workday",
            kind == "make_up_workday" or (kind is None and day.isoweekday() < 6),
        )
        for day in days
        for row in [named.get(day)]
        for kind in [row["day_type"] if row else None]
    ]


def _catalogue(row: dict[str, str]) -> tuple:
    return (
        row["metric_id"],
        row["name_zh"],
        row["name_en"],
        row["definition_zh"],
        row["definition_en"],
        row["unit_zh"],
        row["unit_en"],
        row["unit_one_en"],
        row["domain"],
        DOMAINS[row["domain"]],
        ENGLISH[DOMAINS[row["domain"]]],
        row["project_zh"],
        ENGLISH[row["project_zh"]],
        row["kind"],
        int(row["decimals"]),
        row["direction"],
        row["is_additive"] == "true",
        row["counts_people"] == "true",
        row["metric_id"] in TARGETS,
        row["owner_zh"],
        ENGLISH[row["owner_zh"]],
        row["source_clause_zh"],
        row["is_headline"] == "true",
        int(row["display_order"]),
        row["fault"] or None,
    )


def _weekly(year: int, last: int) -> list[tuple]:
    counts = _counts(year, last)
    scopes = [
        ("county", code, name, ENGLISH[name], short, ENGLISH[short], i)
        for i, (code, name, short, _) in enumerate(ORGANISATIONS, 1)
    ]
    scopes = [("city", "220100", "长春市", "Changchun", "全市", "Changchun", 0), *scopes]
    partners = [
        ("partner", code, name, ENGLISH[name], name[-8:], ENGLISH[name], i)
        for i, (code, name) in enumerate(HOSPITALS.items(), 1)
    ]
    return [
        row
        for m in CATALOGUE
        for scope in [*scopes, *(partners if m["metric_id"] in PARTNER_METRICS else [])]
        for row in _series(m["metric_id"], scope, year, last, counts)
    ]


def _counts(year: int, last: int) -> dict[tuple[str, str], list[int]]:
    """Week by week, for the city and each organisation, which add up to it."""
    draws = random.Random(f"{year}")
    weights = [weight for *_, weight in ORGANISATIONS]
    counts: dict[tuple[str, str], list[int]] = {}
    for metric, volume in VOLUMES.items():
        city: list[int] = []
        units: list[list[int]] = [[] for _ in ORGANISATIONS]
        for number in range(1, last + 1):
            started = date.fromisocalendar(year, number, 7) >= STARTS.get(metric, date.min)
            season = 1 + 0.25 * ((number * 7) % 5 - 2) / 2
            city.append(max(0, round(volume * season * draws.uniform(0.8, 1.2))) if started else 0)
            split = draws.choices(range(len(units)), weights, k=city[-1])
            for i, unit in enumerate(units):
                unit.append(split.count(i))
        for share, code in zip((0.5, 0.3, 0.2), HOSPITALS, strict=True):
            counts[(metric, code)] = [round(n * share) for n in city]
        counts[(metric, "220100")] = city
        counts |= {(metric, code): unit for (code, *_), unit in zip(ORGANISATIONS, units, strict=True)}
    for scope in ["220100", *(code for code, *_ in ORGANISATIONS)]:
        concluded = counts[("mediation_cases_concluded", scope)]
        counts[("mediation_agreements", scope)] = [round(n * 0.87 + (i % 5) / 9) for i, n in enumerate(concluded)]
        counts[("mediation_agreements", scope)] = [
            min(pair) for pair in zip(counts[("mediation_agreements", scope)], concluded, strict=True)
        ]
    return counts


def _series(metric: str, scope: tuple, year: int, last: int, counts: dict) -> list[tuple]:
    rows, before = [], None
    ratio, target = RATIOS.get(metric), TARGETS.get(metric)
    if scope[0] == "partner":
        target = None
    if target is not None and not ratio and scope[0] == "county":
        weights = {code: weight for code, *_, weight in ORGANISATIONS}
        target = (target * weights[scope[1]] / sum(weights.values())).quantize(Decimal(1), ROUND_HALF_UP)
    first, end_of_year = STARTS[metric], date(year, 12, 31)
    for number in range(1, last + 1):
        start = date.fromisocalendar(year, number, 1)
        end = start + timedelta(days=6)
        over = under = total_over = total_under = completion = expected = gap = code = None
        if ratio:
            parts = [counts[(part, scope[1])][:number] for part in ratio]
            over, under, total_over, total_under = parts[0][-1], parts[1][-1], sum(parts[0]), sum(parts[1])
            value, total = _share(over, under), _share(total_over, total_under)
        else:
            value, total = (
                Decimal(n) for n in (counts[(metric, scope[1])][number - 1], sum(counts[(metric, scope[1])][:number]))
            )
        if target is not None:
            length = (end_of_year - first).days + 1
            expected = _share(min(max((end - first).days + 1, 0), length), length)
            completion = total if ratio else _share(total, target)
            if ratio:
                code = None if total is None else "on_pace" if total >= target else "behind"
            else:
                gap = completion - expected
                pace = 1 if not expected else completion / expected
                code = "done" if total >= target else "on_pace" if pace >= Decimal("0.95") else "behind"
                code = "far_behind" if pace < Decimal("0.80") else code
        change = None if value is None or before is None else value - before
        rows.append(
            (
                metric,
                *scope,
                f"{year}-W{number:02d}",
                start,
                end,
                value,
                over,
                under,
                before,
                change,
                None,
                total,
                total_over,
                total_under,
                target,
                completion,
                expected,
                gap,
                code,
                STATUS_ZH.get(code),
                ENGLISH.get(STATUS_ZH.get(code)),
                False,
                *[None] * 6,
            )
        )
        before = value
    return rows


def _share(over: float | Decimal, under: float | Decimal) -> Decimal | None:
    if not under:
        return None
    return (Decimal(over) / Decimal(under)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _sources(year: int, last: int, week: str) -> dict[str, list[tuple]]:
    through = date.fromisocalendar(year, last, 7)
    landed = datetime(through.year, through.month, through.day, 17, 5) + timedelta(hours=8)
    names = {partner: name for partner, name, *_ in FEEDS}
    refused = {
        (partner, feed): sum(r[6] for r in REASONS if r[:2] == (partner, feed) and r[3] != "orphan_key")
        for partner, _, _, feed, _, _ in FEEDS
    }
    held = {(r[0], r[1]): r[6] for r in REASONS if r[3] == "orphan_key"}
    return {
        "rpt_partner_freshness": [
            (
                partner,
                name,
                ENGLISH[name],
                domain,
                feed,
                feed_zh,
                feed.replace("_", " ").capitalize(),
                through,
                through,
                landed,
                "landed",
                "已入库",
                "",
                "",
                through,
                False,
            )
            for partner, name, domain, feed, feed_zh, _ in FEEDS
        ],
        "rpt_quality_feed_weekly": [
            (
                partner,
                feed,
                week,
                n + refused[(partner, feed)],
                n,
                refused[(partner, feed)],
                held.get((partner, feed), 0),
                _share(n, n + refused[(partner, feed)]),
            )
            for partner, _, _, feed, _, n in FEEDS
        ],
        "rpt_quality_reasons": [
            (p, f, week, column, rule, zh, RULES_EN[rule], dim, ENGLISH[dim], n)
            for p, f, column, rule, zh, dim, n in REASONS
        ],
        **_grades(year, last, week),
        "rpt_service_categories": [
            (
                partner,
                names[partner],
                ENGLISH[names[partner]],
                code,
                name,
                ENGLISH[name],
                i,
                week,
                40 + 37 * i,
                1800 + 911 * i,
                False,
            )
            for i, (code, name, partner) in enumerate(CATEGORIES)
        ],
    }


def _grades(year: int, last: int, week: str) -> dict[str, list[tuple]]:
    grades, deductions = (
        _seed("quality/quality_grades"),
        {row["deduction"]: row for row in _seed("quality/quality_deductions")},
    )
    characteristics = {row["characteristic_code"]: row for row in _seed("quality/quality_characteristics")}
    scores, lost = [], []
    for partner, (score, change, cause) in GRADES.items():
        whose = ("partner" if partner else "city", partner, "", week)
        grade = next(row for row in grades if Decimal(score) >= Decimal(row["at_least"]))
        before = None if change is None else Decimal(score) - Decimal(change)
        names = (int(grade["grade"]), grade["grade_zh"], grade["grade_en"])
        scores.append(
            (
                *(*whose, date.fromisocalendar(year, last, 1), "overall", 100, Decimal(score), *names),
                before,
                None if change is None else Decimal(change),
            )
        )
        if cause:
            code, deduction, name, zh, en, points = cause
            characteristic, stated = characteristics[code], deductions[deduction]
            for share, named in ((1, (name, zh, en)), (Decimal("0.4"), ("other", "其他", "Other"))):
                lost.append(
                    (
                        *whose,
                        *(code, characteristic["characteristic_zh"], characteristic["characteristic_en"]),
                        *(deduction, stated["deduction_zh"], stated["deduction_en"]),
                        *(*named, "", 12, 1000, stated["basis_zh"]),
                        *(4 * share * Decimal(points), share * Decimal(points)),
                    )
                )
    return {"rpt_quality_scorecard": scores, "rpt_quality_points_lost": lost}
