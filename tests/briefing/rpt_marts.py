"""Builds a DuckDB file with the `rpt_` marts, full of plausible synthetic figures; the same seed, the same file."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

TABLES = {
    "rpt_metric_catalogue": "metric_id varchar, name_zh varchar, name_en varchar, definition_zh varchar, "
    "definition_en varchar, unit_zh varchar, unit_en varchar, domain varchar, domain_name_zh varchar, "
    "project_zh varchar, kind varchar, decimals integer, direction varchar, is_additive boolean, "
    "counts_people boolean, has_target boolean, owner_zh varchar, source_clause_zh varchar, display_order integer",
    "rpt_metric_weekly": "metric_id varchar, scope_type varchar, scope_code varchar, scope_name_zh varchar, "
    "scope_order integer, week_id varchar, week_start date, week_end date, value decimal(18,4), "
    "numerator decimal(18,4), denominator decimal(18,4), previous_value decimal(18,4), change decimal(18,4), "
    "same_week_last_year_value decimal(18,4), cumulative_value decimal(18,4), cumulative_numerator decimal(18,4), "
    "cumulative_denominator decimal(18,4), target decimal(18,4), completion_rate decimal(18,4), "
    "expected_share decimal(18,4), pace_gap decimal(18,4), status_code varchar, status_zh varchar, "
    "is_suppressed boolean",
    "rpt_partner_freshness": "partner_id varchar, partner_name_zh varchar, domain varchar, feed varchar, "
    "feed_name_zh varchar, data_through date, last_landed_at timestamp, last_outcome varchar, "
    "last_outcome_zh varchar, last_message_zh varchar, expected_through date, is_late boolean",
    "rpt_quality_feed_weekly": "partner_id varchar, feed varchar, week_id varchar, rows_received bigint, "
    "rows_accepted bigint, rows_quarantined bigint, rows_held_orphan bigint, acceptance_rate decimal(18,4)",
    "rpt_quality_reasons": "partner_id varchar, feed varchar, week_id varchar, column_name varchar, rule varchar, "
    "rule_zh varchar, dimension_zh varchar, rows bigint",
    "rpt_service_categories": "partner_id varchar, partner_name_zh varchar, service_category varchar, "
    "service_category_zh varchar, week_id varchar, person_times bigint, cumulative_person_times bigint, "
    "is_suppressed boolean",
    "rpt_build": "build_id varchar, as_of timestamp, week_id varchar, is_demo boolean",
}


@dataclass(frozen=True)
class Metric:
    metric_id: str
    name_zh: str
    unit_zh: str
    domain: str
    weekly: float = 0.0
    target: float | None = None
    ratio_of: tuple[str, str] | None = None
    counts_people: bool = False
    first_week: int = 1
    definition_zh: str = ""


METRICS = [
    Metric("vouchers_issued", "健康服务券发放数", "张", "health", 1165, 35000, first_week=22,
           definition_zh="小程序向职工发放的免费券和优惠券张数，按发放日期计入当周。"),
    Metric("vouchers_redeemed", "健康服务券核销数", "张", "health", 590, first_week=22,
           definition_zh="合作医院报送的已使用健康服务券张数，同一张券只计一次。"),
    Metric("voucher_redemption_rate", "健康服务券核销率", "%", "health",
           ratio_of=("vouchers_redeemed", "vouchers_issued"), definition_zh="核销数除以发放数。"),
    Metric("outreach_organisations", "健康服务走访单位数", "家", "health", 2.7, 100, first_week=22,
           definition_zh="年内举办讲座或义诊的单位和工会驿站，同一地点全年只计一次。"),
    Metric("health_person_times", "健康服务人次", "人次", "health", 910, counts_people=True, first_week=22,
           definition_zh="在合作医院接受健康服务的次数，一人多次分别计算。"),
    Metric("health_persons", "健康服务人数", "人", "health", 810, counts_people=True, first_week=22,
           definition_zh="在合作医院接受健康服务的职工人数，同一职工只计一次，各单位之和不等于全市。"),
    Metric("training_sessions", "技能培训期数", "期", "employment", 2.4, 100,
           definition_zh="开班的职业技能培训期数，计入开班当周。"),
    Metric("training_person_times", "技能培训人次", "人次", "employment", 148, 10000, counts_people=True,
           definition_zh="参加技能培训的次数，一人参加多期分别计算。"),
    Metric("job_fairs", "招聘会场数", "场", "employment", 0.5, 20, definition_zh="举办的招聘会场数，不含宣讲会。"),
    Metric("recruiting_talks", "招聘宣讲会场数", "场", "employment", 0.4, definition_zh="举办的宣讲会场数。"),
    Metric("positions_offered", "招聘岗位数", "个", "employment", 1010, 50000,
           definition_zh="招聘会提供的招聘人数之和，同一岗位在两场招聘会上分别计算。"),
    Metric("positions_offered_distinct", "去重招聘岗位数", "个", "employment", 830,
           definition_zh="同一岗位全年只在首次出现的招聘会上计算。"),
    Metric("job_applications", "求职投递人次", "人次", "employment", 640, counts_people=True,
           definition_zh="职工投递求职申请的次数。"),
    Metric("mediation_cases_accepted", "劳动争议调解受理数", "件", "rights", 22, 1000,
           definition_zh="调解中心受理的案件数，计入受理当周，重新受理的仍为一件。"),
    Metric("mediation_cases_concluded", "劳动争议调解办结数", "件", "rights", 19,
           definition_zh="以达成或未达成协议办结的案件数，计入办结当周。"),
    Metric("mediation_success_rate", "劳动争议调解成功率", "%", "rights", target=0.8,
           ratio_of=("mediation_agreements", "mediation_cases_concluded"),
           definition_zh="达成协议的案件数除以办结案件数，撤回和移送的不计入。"),
    Metric("mediation_cases_withdrawn", "劳动争议调解撤回数", "件", "rights", 1.4, definition_zh="申请人撤回的案件数。"),
    Metric("mediation_cases_transferred", "劳动争议调解移送数", "件", "rights", 0.9, definition_zh="移送其他机构的案件数。"),
]
DOMAINS = {"health": "职工健康", "employment": "就业创业", "rights": "权益保障"}
OWNERS = {"health": "女职工部", "employment": "经济工作部", "rights": "法律工作部"}

ORGANISATIONS = [
    ("220102", "南关区总工会", 12), ("220103", "宽城区总工会", 9), ("220104", "朝阳区总工会", 13),
    ("220105", "二道区总工会", 8), ("220106", "绿园区总工会", 9), ("220112", "双阳区总工会", 4),
    ("220113", "九台区总工会", 5), ("220122", "农安县总工会", 5), ("220182", "榆树市总工会", 4),
    ("220183", "德惠市总工会", 4), ("220184", "公主岭市总工会", 6), ("IND-CONSTRUCTION", "建设产业工会", 5),
    ("IND-TRANSPORT", "交通运输产业工会", 6), ("IND-TRADE", "商贸金融产业工会", 4),
    ("IND-MANUFACTURING", "装备制造产业工会", 7), ("DIR", "直属基层工会", 8), ("OTHER", "其他单位", 1),
]

FEEDS = [
    ("maternity_hospital", "浙大妇院吉林医院(长春市妇产医院)", "health", "health_services", "健康服务记录", 412),
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
CATEGORIES = [
    ("womens_screening", "女职工专项科普检查", "maternity_hospital"), ("eye_talk", "眼健康科普", "eye_hospital"),
    ("eye_check", "眼健康检查", "eye_hospital"), ("spine_foot", "脊柱侧弯足部畸形检查", "maternity_hospital"),
    ("endoscopy", "无痛胃(肠)镜检查", "maternity_hospital"), ("weight", "体重管理", "maternity_hospital"),
]
REASONS = [
    ("eye_hospital", "health_services", "worker_id", "check_digit", "校验码错误", "准确性", 12),
    ("maternity_hospital", "health_services", "service_date", "future_date", "日期晚于报送日", "准确性", 7),
    ("maternity_hospital", "health_services", "service_category", "not_in_code_list", "代码不在代码表内", "规范性", 6),
    ("job_fair_system", "job_applications", "posting_id", "orphan_key", "关联记录未到", "一致性", 5),
    ("mini_program", "vouchers", "voucher_id", "duplicate_key", "主键重复", "准确性", 4),
    ("training_base", "training_attendances", "worker_id", "required_missing", "必填项缺失", "完整性", 3),
]
STATUS_ZH = {"done": "已达标", "on_pace": "正常", "behind": "滞后", "far_behind": "严重滞后"}


def build_marts(
    path: Path,
    *,
    week: str = "2025-W43",
    is_demo: bool = True,
    statements: list[str] | None = None,
    before_load: Callable[[dict[str, list[tuple]]], None] | None = None,
) -> Path:
    """Write the marts up to `week`; `statements` then bend them into the case that a test wants."""
    year, last = int(week[:4]), int(week[-2:])
    rows: dict[str, list[tuple]] = {
        "rpt_metric_catalogue": [_catalogue(m, i) for i, m in enumerate(METRICS, 1)],
        "rpt_metric_weekly": _weekly(year, last),
        **_sources(year, last, week),
        "rpt_build": [("20251027T010000Z-0123456789ab", datetime(2025, 10, 26, 18, 30), week, is_demo)],
    }
    if before_load:
        before_load(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table, columns in TABLES.items():
            names = [column.split()[0] for column in columns.split(", ")]
            loaded = pa.table(dict(zip(names, map(list, zip(*rows[table], strict=True)), strict=True)))
            connection.register("loaded", loaded)
            connection.execute(f"create table marts.{table} ({columns})")
            connection.execute(f"insert into marts.{table} select * from loaded")
            connection.unregister("loaded")
        for statement in statements or []:
            connection.execute(statement)
    return path


def _catalogue(m: Metric, order: int) -> tuple:
    return (
        m.metric_id, m.name_zh, m.metric_id, m.definition_zh, "", m.unit_zh, "", m.domain, DOMAINS[m.domain],
        DOMAINS[m.domain], "rate" if m.ratio_of else "count", 1 if m.ratio_of else 0, "up", not m.ratio_of,
        m.counts_people, m.target is not None, OWNERS[m.domain], "2025年实事项目实施方案", order,
    )


def _weekly(year: int, last: int) -> list[tuple]:
    draws = random.Random(f"{year}")
    shares = [weight / sum(w for *_, w in ORGANISATIONS) for *_, weight in ORGANISATIONS]
    scopes = [("organisation", code, name, i) for i, (code, name, _) in enumerate(ORGANISATIONS, 1)]
    scopes = [("city", "220100", "长春市", 0), *scopes]
    counts: dict[tuple[str, str], list[int]] = {}
    for m in [*METRICS, Metric("mediation_agreements", "", "件", "rights", 17)]:
        if m.ratio_of:
            continue
        city = []
        for number in range(1, last + 1):
            season = 1 + 0.25 * ((number * 7) % 5 - 2) / 2
            city.append(0 if number < m.first_week else max(0, round(m.weekly * season * draws.uniform(0.8, 1.2))))
        units = [[] for _ in ORGANISATIONS]
        for total in city:
            split = draws.choices(range(len(units)), shares, k=total) if total < 60 else None
            for i, unit in enumerate(units):
                unit.append(split.count(i) if split is not None else round(total * shares[i]))
            if split is None:
                units[0][-1] += total - sum(unit[-1] for unit in units)
        counts[(m.metric_id, "220100")] = city
        for (code, *_), unit in zip(ORGANISATIONS, units, strict=True):
            counts[(m.metric_id, code)] = unit
    for scope in ["220100", *(code for code, *_ in ORGANISATIONS)]:
        concluded = counts[("mediation_cases_concluded", scope)]
        agreed = counts[("mediation_agreements", scope)]
        counts[("mediation_agreements", scope)] = [min(a, c) for a, c in zip(agreed, concluded, strict=True)]
    return [row for m in METRICS for scope in scopes for row in _series(m, scope, year, last, counts)]


def _series(m: Metric, scope: tuple, year: int, last: int, counts: dict) -> list[tuple]:
    rows, before = [], None
    for number in range(1, last + 1):
        start = date.fromisocalendar(year, number, 1)
        end = start + timedelta(days=6)
        numerator = denominator = cumulative_numerator = cumulative_denominator = None
        if m.ratio_of:
            over, under = (counts[(part, scope[1])][:number] for part in m.ratio_of)
            numerator, denominator = over[-1], under[-1]
            cumulative_numerator, cumulative_denominator = sum(over), sum(under)
            value, total = _share(numerator, denominator), _share(cumulative_numerator, cumulative_denominator)
        else:
            series = counts[(m.metric_id, scope[1])][:number]
            value, total = Decimal(series[-1]), Decimal(sum(series))
        target = completion = expected = gap = code = None
        if m.target is not None and scope[0] == "city":
            target = Decimal(str(m.target))
            first = date(2025, 5, 29) if m.first_week > 1 else date(year, 1, 1)
            length = (date(year, 12, 31) - first).days + 1
            expected = _share(min(max((end - first).days + 1, 0), length), length)
            if m.ratio_of:
                completion = total
                code = None if total is None else "on_pace" if total >= target else "behind"
            else:
                completion = _share(total, target)
                gap = completion - expected
                ratio = 1 if not expected else completion / expected
                code = "done" if total >= target else "on_pace" if ratio >= Decimal("0.95") else "behind"
                code = "far_behind" if ratio < Decimal("0.80") else code
        change = None if value is None or before is None else value - before
        rows.append(
            (m.metric_id, *scope, f"{year}-W{number:02d}", start, end, value, numerator, denominator, before, change,
             None, total, cumulative_numerator, cumulative_denominator, target, completion, expected, gap, code,
             STATUS_ZH.get(code), False)
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
            (partner, name, domain, feed, feed_zh, through, landed, "landed", "已入库", "", through, False)
            for partner, name, domain, feed, feed_zh, _ in FEEDS
        ],
        "rpt_quality_feed_weekly": [
            (partner, feed, week, n + refused[(partner, feed)], n, refused[(partner, feed)],
             held.get((partner, feed), 0), _share(n, n + refused[(partner, feed)]))
            for partner, _, _, feed, _, n in FEEDS
        ],
        "rpt_quality_reasons": [(p, f, week, column, rule, zh, dim, n) for p, f, column, rule, zh, dim, n in REASONS],
        "rpt_service_categories": [
            (partner, names[partner], code, name, week, 40 + 37 * i, 1800 + 911 * i, False)
            for i, (code, name, partner) in enumerate(CATEGORIES)
        ],
    }
