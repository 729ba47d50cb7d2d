"""The data-quality report of one night: reports/quality/<date>/index.html, for auditors and the data team.

It reads what other stages published: outcomes, manifests, reasons of quarantine, results of checks, and the rpt_
marts of the published build. It shows counts and never a value.
"""

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from worker_services.audit.protected import enter_folder
from worker_services.briefing.config import BriefingConfig, load_config
from worker_services.briefing.figures import ABSENT, COLUMN_ZH, SUPPRESSED, notation_of, print_number
from worker_services.contracts import load_contract
from worker_services.files import write_bytes
from worker_services.intervals import SHANGHAI, Interval, Week
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.outcomes import Outcome
from worker_services.metrics import catalogue
from worker_services.partners.registry import Partner, load_partners
from worker_services.quality import data_docs
from worker_services.quality.catalogue import STAGES, collect, grouped, manifest_of_last_build
from worker_services.quality.checks import DIMENSIONS, OWNERS
from worker_services.quality.pages import environment
from worker_services.seeds import read_seed
from worker_services.settings import Settings, partition
from worker_services.warehouse import printed
from worker_services.warehouse.publish import Published, current

DOMAINS = {row["code"]: row["name_zh"] for row in read_seed("code_lists/domains")}
TREND_WEEKS = 8
ISSUES_SHOWN = 8
FIGURES_SHOWN = 40
CAUSES_SHOWN = 3
MARTS = {
    "rpt_metric_weekly": "指标周表",
    "rpt_metric_catalogue": "指标目录",
    "rpt_partner_freshness": "各单位数据截至",
    "rpt_quality_feed_weekly": "各数据项行数周表",
    "rpt_quality_reasons": "隔离原因周表",
    "rpt_service_categories": "医院服务类别周表",
    "rpt_reconciliation_weekly": "两处记录核对周表",
    "rpt_reconciliation_differences": "两处记录差异周表",
    "rpt_build": "构建信息",
}
NO_OUTCOME = "none"
STATUS_ORDER = {"error": 0, "critical": 1, "warning": 2, "passed": 3}
OUTCOMES = {
    "landed": ("已入库", "good", "全部数据行符合数据契约，已进入数据区。"),
    "partly_quarantined": (
        "部分隔离",
        "warn",
        "符合契约的行已进入数据区，不符合的行连同原因留在隔离区，改正后可再次报送。",
    ),
    "rejected": (
        "整批退回",
        "bad",
        "文件打不开、表头对不上、行数或校验值不符，或者严重检查未通过，整批未入库，须由单位重新报送。",
    ),
    "missing": ("未送达", "bad", "到采集时刻没有取到数据，或者连接不上单位的系统。以后各夜会自动再取七天。"),
    "unchanged": ("内容未变", "good", "与已入库的批次逐字节相同，没有重复入库。"),
    NO_OUTCOME: ("没有结果", "bad", "应报而没有任何记录，是本系统的故障，不是单位的问题，请数据组处理。"),
}

CHANGES = {
    "added": ("新增", "good", "刊出以后入库，并且计入该范围、该指标的批次。"),
    "removed": ("撤换", "bad", "刊出时有效，现已撤回或者被重新报送的批次替换，可能影响该范围的批次。"),
    "possible": (
        "可能",
        "warn",
        "没有新增的批次时，列出刊出以后入库或者撤换的其他有关批次，其中可能撤销、更正了记录，或者改变了名次。",
    ),
}


@dataclass(frozen=True)
class Arrival:
    """One expected batch of the night, and what became of it. Row counts are None where nothing could be counted."""

    partner: str
    partner_zh: str
    feed: str
    feed_zh: str
    domain_zh: str
    interval: str
    outcome: str
    outcome_zh: str
    tone: str
    message: str
    batch_id: str
    received: int | None
    accepted: int | None
    quarantined: int | None

    @property
    def is_balanced(self) -> bool | None:
        if self.received is None:
            return None
        return self.received == (self.accepted or 0) + (self.quarantined or 0)


@dataclass(frozen=True)
class Held:
    """Rows of one feed held for one reason, in the night's deliveries."""

    partner_zh: str
    feed_zh: str
    column_zh: str
    rule_zh: str
    dimension: str
    rows: int


@dataclass(frozen=True)
class CheckLine:
    """One check's result with where it belongs. `level` is error, critical, warning or passed."""

    subject: str
    partner_zh: str
    check_id: str
    level: str
    dimension: str
    what: str
    why: str
    expected: str
    observed: str
    message: str
    figures: list[str]
    owner: str
    link: str


@dataclass(frozen=True)
class CheckGroup:
    """All checks of one batch, or of one mart."""

    title: str
    subtitle: str
    link: str
    lines: list[CheckLine]
    not_applicable: list[dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(line.level for line in self.lines)
        return {level: found[level] for level in STATUS_ORDER}


@dataclass(frozen=True)
class CrossSource:
    """One kind of thing that two sources report: the pairs of partners compared, and how often they differ in what."""

    kind_zh: str
    side_zh: str
    other_side_zh: str
    pairs: list[dict[str, Any]]
    differences: dict[str, int]


@dataclass(frozen=True)
class RestatedFigure:
    """A figure that went out and is another now, each as the briefing prints it."""

    figure_zh: str
    unit: str
    printed: str
    current: str
    difference: str


@dataclass(frozen=True)
class Cause:
    """A batch for which figures changed. `change` is added, removed or possible."""

    change: str
    partner_zh: str
    feed_zh: str
    interval: str
    batch_id: str


@dataclass(frozen=True)
class RestatedMetric:
    """What changed of a metric in one scope and week. `batches` counts causes by kind of change; `causes` are a few."""

    metric_zh: str
    scope_zh: str
    week: str
    figures: list[RestatedFigure]
    batches: dict[str, int]
    causes: list[Cause]

    @property
    def more_causes(self) -> int:
        return sum(self.batches.values()) - len(self.causes)


@dataclass(frozen=True)
class RestatedIssue:
    """One issue with its figures that have changed since: `changed` in all, the city's first among those shown."""

    number: int
    week: str
    edition_zh: str
    printed_at: datetime
    build_id: str
    changed: int
    metrics: list[RestatedMetric]

    @property
    def more_figures(self) -> int:
        return self.changed - sum(len(metric.figures) for metric in self.metrics)


@dataclass(frozen=True)
class Restated:
    """Printed figures that have changed since, the newest issue first; of older issues only the counts."""

    weeks_printed: int
    issues: list[RestatedIssue]
    older_issues: int
    older_figures: int


@dataclass(frozen=True)
class Figures:
    """What the rpt_ marts of the published build say, up to the report's week."""

    freshness: list[dict[str, Any]]
    weeks: list[str]
    trend: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    cross_source: list[CrossSource]


@dataclass(frozen=True)
class Report:
    """Everything the page shows."""

    day: date
    week: Week
    is_demo: bool
    build: Published | None
    arrivals: list[Arrival]
    held: list[Held]
    groups: list[CheckGroup]
    marts: list[CheckGroup]
    rules: list[dict[str, str]]
    metric_names: dict[str, str]
    figures: Figures | None
    restated: Restated | None

    @property
    def problems(self) -> list[CheckLine]:
        """Every check that did not pass, the worst first."""
        lines = [line for group in [*self.groups, *self.marts] for line in group.lines if line.level != "passed"]
        return sorted(lines, key=lambda line: STATUS_ORDER[line.level])

    @property
    def outcome_counts(self) -> dict[str, int]:
        return Counter(arrival.outcome for arrival in self.arrivals)

    @property
    def totals(self) -> dict[str, int]:
        return {
            name: sum(getattr(arrival, name) or 0 for arrival in self.arrivals)
            for name in ("received", "accepted", "quarantined")
        }

    @property
    def dimensions(self) -> list[dict[str, Any]]:
        """Checks and held rows by the six dimensions of GB/T 36344-2018."""
        lines = [line for group in [*self.groups, *self.marts] for line in group.lines]
        return [
            {
                "name": name,
                "checks": sum(line.dimension == name for line in lines),
                "held": sum(held.rows for held in self.held if held.dimension == name),
                **{
                    level: sum(line.dimension == name and line.level == level for line in lines)
                    for level in STATUS_ORDER
                },
            }
            for name in DIMENSIONS
        ]


def render(settings: Settings, day: date) -> Path:
    """Write the report of the batches whose interval ends with `day`; the same inputs give the same bytes."""
    folder = settings.reports_root / "quality" / day.isoformat()
    build = current(settings)
    documents = _batch_documents(settings, day)
    build_document = _read(settings.quality / "builds" / f"{build.build_id}.json") if build else None
    everything = [*documents, *([build_document] if build_document else [])]
    links = {}
    if everything:
        pages = data_docs.build(settings, day, everything, folder / "data_docs")
        links = {key: f"data_docs/{page}" for key, page in pages.items()}
    else:
        shutil.rmtree(folder / "data_docs", ignore_errors=True)
    report = _collect(settings, day, build, documents, build_document, links)
    write_bytes(folder / "index.html", _html(settings, report).encode())
    write_bytes(folder / "catalogue.html", _catalogue_html(settings, report).encode())
    enter_folder(settings, "quality.report", day.isoformat(), folder)
    return folder / "index.html"


def _collect(
    settings: Settings,
    day: date,
    build: Published | None,
    documents: list[dict[str, Any]],
    build_document: dict[str, Any] | None,
    links: dict[str, str],
) -> Report:
    rules = {row["rule"]: row for row in read_seed("rules/rules")}
    arrivals = [arrival for partner, feed in _places() for arrival in _arrivals(settings, partner, feed, day)]
    return Report(
        day=day,
        week=Week.of(day),
        is_demo=settings.is_demo,
        build=build,
        arrivals=arrivals,
        held=_held(settings, arrivals, day, rules),
        groups=[_batch_group(document, links) for document in documents],
        marts=_mart_groups(build_document, links) if build_document else [],
        rules=list(rules.values()),
        metric_names={metric.metric_id: metric.name_zh for metric in catalogue().values()},
        figures=_figures(build.path, Week.of(day)) if build else None,
        restated=_restated(settings, build, Week.of(day)) if build else None,
    )


def _partners() -> list[Partner]:
    """Partners in the order of the report: by domain, then by name of file."""
    return sorted(load_partners().values(), key=lambda item: (list(DOMAINS).index(item.domain), item.partner))


def _places() -> list[tuple[str, str]]:
    return [(partner.partner, feed) for partner in _partners() for feed in partner.feeds]


def _arrivals(settings: Settings, partner: str, feed: str, day: date) -> list[Arrival]:
    found = [item for item in outcomes.nights(settings, partner, feed) if item.interval.last_day == day]
    return [_arrival(settings, partner, feed, item) for item in found] or [_arrival(settings, partner, feed, None)]


def _arrival(settings: Settings, partner: str, feed: str, outcome: Outcome | None) -> Arrival:
    kind = outcome.outcome if outcome else NO_OUTCOME
    name, tone, explanation = OUTCOMES[kind]
    landed = batches.of_interval(settings, partner, feed, outcome.interval) if outcome else []
    manifest = landed[-1] if landed else None
    owner = load_partners()[partner]
    return Arrival(
        partner=partner,
        partner_zh=owner.name,
        feed=feed,
        feed_zh=load_contract(feed).label,
        domain_zh=DOMAINS[owner.domain],
        interval=_span(outcome.interval) if outcome else "",
        outcome=kind,
        outcome_zh=name,
        tone=tone,
        message=_without_names(outcome.message_zh, owner.name) if outcome else explanation,
        batch_id=manifest.batch_id if manifest else "",
        received=manifest.rows_received if manifest else None,
        accepted=manifest.rows_accepted if manifest else None,
        quarantined=manifest.rows_quarantined if manifest else None,
    )


def _without_names(message: str, partner: str) -> str:
    """An outcome's message without the partner, feed and dates that it begins with; they have columns of their own."""
    return message.split("：", 1)[-1] if message.startswith(partner) else message


def _held(settings: Settings, arrivals: list[Arrival], day: date, rules: dict[str, dict[str, str]]) -> list[Held]:
    """Reasons of the batches that stand and of those that were refused; superseded ones no longer count."""
    held = []
    for partner, feed in dict.fromkeys((arrival.partner, arrival.feed) for arrival in arrivals):
        here = [arrival for arrival in arrivals if (arrival.partner, arrival.feed) == (partner, feed)]
        standing = {arrival.batch_id for arrival in here}
        refused = any(arrival.outcome == "rejected" and not arrival.batch_id for arrival in here)
        counts: Counter[tuple[str, str]] = Counter()
        for path in sorted(partition(settings.quarantine, feed, partner, day).glob("*.parquet")):
            if path.stem in standing or refused:
                rows = {(row["row_number"], row["column_name"], row["rule"]) for row in quarantine.reasons(path)}
                counts.update((str(column), str(rule)) for _, column, rule in rows)
        for (column, rule), number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            held.append(
                Held(
                    partner_zh=here[0].partner_zh,
                    feed_zh=here[0].feed_zh,
                    column_zh=load_contract(feed).label_of(column),
                    rule_zh=rules[rule]["rule_zh"],
                    dimension=rules[rule]["dimension_zh"],
                    rows=number,
                )
            )
    return held


def _batch_documents(settings: Settings, day: date) -> list[dict[str, Any]]:
    paths = settings.quality.glob(f"feed=*/partner=*/date={day}/*.json")
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    places = _places()
    return sorted(
        documents,
        key=lambda item: (places.index((item["partner"], item["feed"])), item["interval_start"], item["batch_id"]),
    )


def _batch_group(document: dict[str, Any], links: dict[str, str]) -> CheckGroup:
    partner = load_partners()[document["partner"]].name
    feed = load_contract(document["feed"]).label
    link = links.get(f"{document['batch_id']}/{document['feed']}", "")
    lines = [_line(check, feed, partner, link) for check in document["checks"]]
    interval = Interval.parse(f"{document['interval_start']}/{document['interval_end']}")
    subtitle = f"{_span(interval)}，批次 {document['batch_id']}"
    return CheckGroup(f"{partner} · {feed}", subtitle, link, lines, document["not_applicable"])


def _mart_groups(document: dict[str, Any], links: dict[str, str]) -> list[CheckGroup]:
    tables = dict.fromkeys(check["table"] for check in document["checks"])
    groups = []
    for table in tables:
        link = links.get(f"{document['build_id']}/{table}", "")
        checks = [check for check in document["checks"] if check["table"] == table]
        name = MARTS.get(table, table)
        skipped = [item for item in document["not_applicable"] if item["table"] == table]
        groups.append(CheckGroup(name, table, link, [_line(check, name, "", link) for check in checks], skipped))
    return groups


def _line(check: dict[str, Any], subject: str, partner: str, link: str) -> CheckLine:
    level = {"passed": "passed", "error": "error"}.get(check["status"], check["severity"])
    return CheckLine(
        subject=subject,
        partner_zh=partner,
        check_id=check["check_id"],
        level=level,
        dimension=check["dimension"],
        what=check["what"],
        why=check["why"],
        expected=check["expected"],
        observed=check["observed"],
        message=check["message_zh"],
        figures=check["figures"],
        owner=check["owner"],
        link=link,
    )


def _figures(path: Path, week: Week) -> Figures:
    with duckdb.connect(str(path), read_only=True) as database:
        freshness = _rows(database, "select * from marts.rpt_partner_freshness")
        weekly = _rows(
            database,
            "select * from marts.rpt_quality_feed_weekly where week_id <= $week",
            week,
        )
        reasons = _rows(
            database,
            """
            select *
            from marts.rpt_quality_reasons
            where week_id = $week
            order by rows desc, partner_id, feed, column_name, rule
            """,
            week,
        )
        compared = _rows(
            database,
            """
            select
                kind,
                kind_zh,
                side_zh,
                other_side_zh,
                partner_id,
                other_partner_id,
                sum(rows_compared) as compared,
                sum(rows_agreed) as agreed,
                sum(rows_differing) as differing,
                sum(rows_partner_only) as partner_only,
                sum(rows_other_only) as other_only
            from marts.rpt_reconciliation_weekly
            where week_id <= $week
            group by kind, kind_zh, side_zh, other_side_zh, kind_order, partner_id, other_partner_id
            order by kind_order, partner_id, other_partner_id
            """,
            week,
        )
        differences = _rows(
            database,
            """
            select kind, difference_zh, sum(differences) as differences
            from marts.rpt_reconciliation_differences
            where week_id <= $week
            group by kind, difference_zh, difference_order
            order by kind, difference_order
            """,
            week,
        )
    places = _places()
    weeks = sorted({row["week_id"] for row in weekly})[-TREND_WEEKS:]
    trend = []
    for partner, feed in places:
        rows = {row["week_id"]: row for row in weekly if (row["partner_id"], row["feed"]) == (partner, feed)}
        trend.append(
            _named(partner, feed)
            | {
                "weeks": [rows.get(name) for name in weeks],
                "this_week": rows.get(str(week)),
                "held_orphan": sum(row["rows_held_orphan"] for row in rows.values()),
            }
        )
    return Figures(
        freshness=sorted(freshness, key=lambda row: places.index((row["partner_id"], row["feed"]))),
        weeks=weeks,
        trend=trend,
        reasons=[
            row
            | _named(row["partner_id"], row["feed"])
            | {"column_zh": load_contract(row["feed"]).label_of(row["column_name"])}
            for row in reasons
        ],
        cross_source=[
            CrossSource(
                kind_zh=kind_zh,
                side_zh=side_zh,
                other_side_zh=other_side_zh,
                pairs=[
                    row
                    | {
                        "partner_zh": load_partners()[row["partner_id"]].name,
                        "other_partner_zh": load_partners()[row["other_partner_id"]].name,
                    }
                    for row in rows
                ],
                differences={row["difference_zh"]: row["differences"] for row in differences if row["kind"] == kind},
            )
            for (kind, kind_zh, side_zh, other_side_zh), rows in groupby(
                compared, itemgetter("kind", "kind_zh", "side_zh", "other_side_zh")
            )
        ],
    )


def _restated(settings: Settings, build: Published, week: Week) -> Restated:
    config = load_config(settings)
    with duckdb.connect(str(build.path), read_only=True) as database:
        issues = _rows(
            database,
            """
            select issue_week, edition, printed_at, printed_build_id, count(*) as changed
            from marts.rpt_restated_figures
            where issue_week <= $week
            group by issue_week, edition, printed_at, printed_build_id
            order by issue_week desc, edition
            """,
            week,
        )
        shown, older = issues[:ISSUES_SHOWN], issues[ISSUES_SHOWN:]
        figures = {
            (issue["issue_week"], issue["edition"]): _restated_figures(database, issue["issue_week"], issue["edition"])
            for issue in shown
        }
        causes = _rows(
            database,
            f"""
            with placed as (
                select
                    *,
                    row_number() over (
                        partition by printed_build_id, metric_id, scope_type, scope_code, week_id, change
                        order by records desc, landed_at, batch_id
                    ) as place
                from marts.rpt_restatement_batches
            )
            select *
            from placed
            where place <= {CAUSES_SHOWN}
            order by printed_build_id, metric_id, scope_type, scope_code, week_id, change, place
            """,
        )
    key = itemgetter("printed_build_id", "metric_id", "scope_type", "scope_code", "week_id")
    by_metric = {of: [_cause(row) for row in rows] for of, rows in groupby(causes, key)}
    return Restated(
        weeks_printed=len({issue.week for issue in printed.known_by(settings, build.as_of) if issue.week <= str(week)}),
        issues=[
            _restated_issue(config, issue, figures[issue["issue_week"], issue["edition"]], by_metric) for issue in shown
        ],
        older_issues=len(older),
        older_figures=sum(issue["changed"] for issue in older),
    )


def _restated_figures(database: duckdb.DuckDBPyConnection, issue_week: str, edition: str) -> list[dict[str, Any]]:
    """The city's figures come before those of units when not all can be shown; those shown stand by metric and week."""
    query = """
        with placed as (
            select
                restated.*,
                coalesce(catalogue.name_zh, restated.metric_id) as name_zh,
                coalesce(catalogue.unit_zh, '') as unit_zh,
                coalesce(catalogue.decimals, 0) as decimals,
                catalogue.kind,
                catalogue.display_order,
                coalesce(weekly.scope_name_zh, restated.scope_code) as scope_name_zh,
                row_number() over (
                    order by
                        restated.scope_type <> 'city',
                        catalogue.display_order nulls last,
                        restated.metric_id,
                        restated.week_id desc,
                        restated.scope_type,
                        weekly.scope_order nulls last,
                        restated.scope_code,
                        list_position($columns, restated.figure) nulls last,
                        restated.figure
                ) as place
            from marts.rpt_restated_figures as restated
            left join marts.rpt_metric_catalogue as catalogue using (metric_id)
            left join marts.rpt_metric_weekly as weekly using (metric_id, scope_type, scope_code, week_id)
            where restated.issue_week = $issue_week and restated.edition = $edition
        )
        select *
        from placed
        where place <= $shown
        order by display_order nulls last, metric_id, week_id desc, place
    """
    parameters = {
        "issue_week": issue_week,
        "edition": edition,
        "columns": list(COLUMN_ZH),
        "shown": FIGURES_SHOWN,
    }
    return database.execute(query, parameters).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _restated_issue(
    config: BriefingConfig,
    issue: dict[str, Any],
    figures: list[dict[str, Any]],
    causes: dict[tuple[str, ...], list[Cause]],
) -> RestatedIssue:
    edition = config.editions.get(issue["edition"])
    metrics = []
    key = itemgetter("metric_id", "scope_type", "scope_code", "week_id")
    for of, group in groupby(figures, key):
        rows = list(group)
        metrics.append(
            RestatedMetric(
                metric_zh=rows[0]["name_zh"],
                scope_zh=rows[0]["scope_name_zh"],
                week=rows[0]["week_id"],
                figures=[_restated_figure(row) for row in rows],
                batches={change: rows[0][f"batches_{change}"] for change in ("added", "removed", "possible")},
                causes=causes.get((issue["printed_build_id"], *of), []),
            )
        )
    return RestatedIssue(
        number=config.issue(Week.parse(issue["issue_week"])),
        week=issue["issue_week"],
        edition_zh=edition.name_zh if edition else issue["edition"],
        printed_at=issue["printed_at"],
        build_id=issue["printed_build_id"],
        changed=issue["changed"],
        metrics=metrics,
    )


def _restated_figure(row: dict[str, Any]) -> RestatedFigure:
    notation, decimals = notation_of(row, row["figure"])
    is_share = notation in ("percent", "points")
    current: Decimal | None = row["current_value"]
    difference: Decimal | None = row["difference"]
    if current is None:
        now = SUPPRESSED if row["is_suppressed"] else ABSENT
    else:
        is_signed = row["figure"] in ("change", "pace_gap")
        now = print_number(current, notation, decimals, "signed" if is_signed else "plain")
    apart = ABSENT
    if difference is not None:
        apart = print_number(difference, "points" if is_share else notation, decimals, "signed")
        if not any(digit in apart for digit in "123456789"):
            apart = f"不足 {Decimal(1).scaleb(-decimals)}"
        apart += " 个百分点" if notation == "percent" else ""
    return RestatedFigure(
        figure_zh=COLUMN_ZH.get(row["figure"], row["figure"]),
        unit="%" if notation == "percent" else "个百分点" if notation == "points" else row["unit_zh"],
        printed=row["printed_text"] or ABSENT,
        current=now,
        difference=apart,
    )


def _cause(row: dict[str, Any]) -> Cause:
    partner = load_partners().get(row["partner_id"])
    return Cause(
        change=row["change"],
        partner_zh=partner.name if partner else row["partner_id"],
        feed_zh=load_contract(row["feed"]).label,
        interval=_span(Interval(row["interval_start"], row["interval_end"])),
        batch_id=row["batch_id"],
    )


def _named(partner: str, feed: str) -> dict[str, str]:
    return {"partner_zh": load_partners()[partner].name, "feed_zh": load_contract(feed).label}


def _rows(database: duckdb.DuckDBPyConnection, query: str, week: Week | None = None) -> list[dict[str, Any]]:
    parameters = {"week": str(week)} if week else None
    return database.execute(query, parameters).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _span(interval: Interval) -> str:
    days = [interval.start, interval.last_day]
    return " 至 ".join(dict.fromkeys(day.isoformat() for day in days))


def _html(settings: Settings, report: Report) -> str:
    return _page(
        settings, "index.html.j2", report.metric_names, report=report, outcomes=OUTCOMES, changes=CHANGES, owners=OWNERS
    )


def _catalogue_html(settings: Settings, report: Report) -> str:
    entries = collect(settings, manifest_of_last_build(settings))
    return _page(
        settings,
        "catalogue.html.j2",
        report.metric_names,
        day=report.day,
        is_demo=report.is_demo,
        entries=entries,
        groups=grouped(entries),
        stages=STAGES,
        counts=Counter(entry.stage for entry in entries),
        dimension_pairs=[(name, name) for name in DIMENSIONS],
        owners=OWNERS,
    )


def _page(settings: Settings, template: str, metric_names: dict[str, str], **shown: Any) -> str:
    templates = environment(settings)
    templates.filters["local_time"] = _local_time
    templates.filters["share"] = _share
    templates.filters["metric_name"] = lambda metric_id: metric_names.get(metric_id, metric_id)
    return templates.get_template(template).render(**shown)


def _local_time(moment: datetime | None) -> str:
    """A moment (UTC where it does not say) as Shanghai clock time."""
    if moment is None:
        return "—"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _share(value: Any) -> str:
    return "—" if value is None else f"{float(value):.1%}"
