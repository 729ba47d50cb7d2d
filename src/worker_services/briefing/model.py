"""Everything one issue says, read from the marts: header, sentences, tables, charts, notes."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from worker_services.briefing import narrative
from worker_services.briefing.charts import Chart, Outlook, draw, outlook, sparkline
from worker_services.briefing.config import BriefingConfig, Edition
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.faults import Faults, read_faults
from worker_services.briefing.figures import CITY_ZH, COLUMN_ZH, Figure, FigureBook, Sentence
from worker_services.briefing.language import N_, AsRecorded, Language
from worker_services.briefing.marts import CITY, Marts, Row, read_marts
from worker_services.briefing.remarks import Remarks, read_remarks
from worker_services.briefing.rules import Rules, apply, load_rules
from worker_services.contracts import load_contract
from worker_services.intervals import Week

REASONS_SHOWN = 8
RESTATED_SHOWN = 12
AFFECTED_SHOWN = 6
CARDS_SHOWN = 4
CALENDAR_SHOWN = 1
# From this share of the rows received, what is held back is worth naming the metrics that it touches.
MUCH = Decimal("0.05")
ACTIONS_SHOWN = 20
INCOMPLETE = "△"
QUALITY_COLUMNS = (
    "rows_received",
    "rows_accepted",
    "rows_quarantined",
    "rows_held_orphan",
    "acceptance_rate",
)
# 推进不平衡 has its own sentences; the other two faults are read off the metrics that make them visible.
FAULTS = (
    ("service_quality", N_("服务质量有待提高"), N_("服务质量")),
    ("publicity", N_("宣传力度不够"), N_("宣传力度")),
)
STANDINGS = {
    "done_in_time": N_("按期办结"),
    "done_late": N_("逾期办结"),
    "open": N_("在办"),
    "overdue": N_("逾期未办结"),
    "cancelled": N_("已取消"),
}
_BATCHES = {"added": N_("{source}补送"), "removed": N_("{source}撤回"), "possible": N_("{source}更正")}


@dataclass(frozen=True)
class Paragraph:
    """`lead` opens the paragraph as a second-level heading."""

    lead: str
    sentences: list[Sentence]


@dataclass(frozen=True)
class Section:
    heading: str
    paragraphs: list[Paragraph]


@dataclass(frozen=True)
class Card:
    """A key indicator: its figures by column, its status, and its last weeks for the sparkline."""

    name: str
    is_rate: bool
    has_target: bool
    cells: dict[str, Figure]
    status_code: str | None
    status: str
    weeks: list[float | None]


@dataclass(frozen=True)
class StatusRow:
    """A metric with a target. `done` and `expected` are shares for the bar, None where there is none to draw."""

    name: str
    owner: str
    is_rate: bool
    cells: dict[str, Figure]
    done: float | None
    expected: float | None
    status_code: str | None
    status: str


@dataclass(frozen=True)
class StatusGroup:
    domain: str
    rows: list[StatusRow]


@dataclass(frozen=True)
class TableRow:
    """A cell is None where the table has nothing to say."""

    head: list[str]
    cells: list[Figure | None]


@dataclass(frozen=True)
class Head:
    """`anchor` is where in the notes it leads."""

    name: str
    anchor: str
    columns: list[str]


@dataclass(frozen=True)
class Table:
    """A head spans the columns named below it; `heads` are right of the row heads."""

    heads: list[Head]
    rows: list[TableRow]


@dataclass(frozen=True)
class SourceRow:
    """A feed of a partner: until when its data reach and what came of this week's rows."""

    partner: str
    feed: str
    through: Figure
    is_late: bool
    message: str
    cells: list[Figure | None]


@dataclass(frozen=True)
class Affected:
    """What is missing or held of a feed, and the metrics that it touches."""

    source: str
    what: str
    metrics: str


@dataclass(frozen=True)
class Action:
    """An action of a meeting. `mark` tells its standing apart without colour."""

    title: str
    domain: str
    responsible: Sentence
    due: Figure
    closed: Figure
    standing_code: str
    standing: str
    days: Figure | None


@dataclass(frozen=True)
class Restated:
    """A figure of the issue before that is another now, and the deliveries that account for it."""

    metric: str
    scope: str
    column: str
    printed: Figure
    current: Figure
    causes: str


@dataclass(frozen=True)
class Definition:
    metric: str
    name: str
    unit: str
    text: str


@dataclass(frozen=True)
class Briefing:
    """One issue of one edition. `week` is what it reports, `issued_on` the Monday after."""

    config: BriefingConfig
    edition_id: str
    edition: Edition
    week: Week
    issue: int
    issued_on: date
    title: list[str]
    marts: Marts
    book: FigureBook
    highlights: list[Sentence]
    remarks: Remarks
    sections: list[Section]
    cards: list[Card]
    status: list[StatusGroup]
    outlook: list[Outlook]
    tracked: list[TableRow]
    charts: list[Chart]
    movement: list[TableRow]
    movement_heads: list[Head]
    organisations: Table
    comparison: Table
    categories: Table
    faults: Faults
    actions: list[Action]
    has_more_actions: bool
    incomplete: set[str]
    quality: Sentence
    sources: list[SourceRow]
    affected: list[Affected]
    grade: Sentence
    grades: list[TableRow]
    reasons: list[TableRow]
    has_more_reasons: bool
    since_last: list[TableRow]
    restated: list[Restated]
    has_more_restated: bool
    definitions: list[Definition]
    late: list[Row]

    @property
    def language(self) -> Language:
        return self.book.language

    @property
    def document_title(self) -> str:
        return self.language.gap.join(self.title)


def read_briefing(path: Path, config: BriefingConfig, edition_id: str, week: Week) -> Briefing:
    """The whole issue from one build. Raises WeekNotCovered, UnknownEdition, BriefingError."""
    edition = config.edition(edition_id)
    config = config.in_language(edition.language)
    issue, rules = config.issue(week), load_rules(config.root, edition.language)
    marts = read_marts(path, week, edition_id, edition)
    if not marts.catalogue:
        raise BriefingError(f"rpt_metric_weekly of {marts.build_id} has no row of {week} for edition '{edition_id}'")
    missing = [m for m in marts.catalogue if (m, *CITY, str(week)) not in marts.weekly]
    if missing:
        raise BriefingError(f"rpt_metric_weekly of {marts.build_id} has no city row of {week} for: {missing}")
    book = FigureBook(marts)
    late = [row for row in marts.freshness if row["is_late"]]
    incomplete = {m for row in late for m in marts.metric_feeds.get(row["feed"], [])}
    domains = list(dict.fromkeys(row["domain"] for row in marts.catalogue.values()))
    status = [(_domain_name(book, domain), _status(book, domain, incomplete)) for domain in domains]
    charts = [draw(book, choice) for choice in config.charts]
    actions = sorted(marts.actions, key=lambda row: (row["standing_code"] != "overdue", not row["is_of_last_meeting"]))
    restated = _restated_rows(book)
    briefing = Briefing(
        config=config,
        edition_id=edition_id,
        edition=edition,
        week=week,
        issue=issue,
        issued_on=week.end + timedelta(days=1),
        title=[
            line.format(name=edition.name, year=week.year, week=week.number) for line in config.titles[edition.kind]
        ],
        marts=marts,
        book=book,
        highlights=apply(rules.highlights, rules.highlights_shown, book, edition.kind),
        remarks=read_remarks(config.root / config.remarks, week, edition_id, book.language),
        sections=_sections(book, config, rules, edition, domains, late),
        cards=[_card(book, metric, incomplete) for metric in _key_metrics(book)],
        status=[StatusGroup(domain, rows) for domain, rows in status if rows],
        outlook=outlook(book),
        tracked=[
            _tracked(book, metric, incomplete)
            for metric in marts.catalogue
            if marts.is_city and not book.has_target(metric)
        ],
        charts=[chart for chart in charts if chart],
        movement_heads=_movement_heads(book, config),
        movement=_movement(book, config),
        organisations=_organisations(book, config),
        comparison=_comparison(book, edition),
        categories=_categories(book),
        faults=read_faults(book),
        actions=[_action(book, row) for row in actions[:ACTIONS_SHOWN]],
        has_more_actions=len(actions) > ACTIONS_SHOWN,
        incomplete=incomplete,
        quality=narrative.quality(book) if edition.kind != "union" else [],
        sources=[
            _source_row(book, row)
            for domain in dict.fromkeys([*domains, *(row["domain"] for row in marts.freshness)])
            for row in marts.freshness
            if row["domain"] == domain
        ],
        affected=_affected(book),
        grade=narrative.grade(book) if edition.kind != "union" else [],
        grades=_grades(book) if marts.is_city else [],
        reasons=[
            TableRow([*_source(book, row), *_reason(book, row)], [book.quality_reason(row)])
            for row in (marts.reasons[:REASONS_SHOWN] if edition.kind != "union" else [])
        ],
        has_more_reasons=len(marts.reasons) > REASONS_SHOWN,
        since_last=_since_last(book),
        restated=[_restated(book, row) for row in restated[:RESTATED_SHOWN]],
        has_more_restated=len(restated) > RESTATED_SHOWN,
        definitions=[],
        late=late,
    )
    return replace(briefing, definitions=_definitions(book))


def _definitions(book: FigureBook) -> list[Definition]:
    """What each metric with a figure in the issue means."""
    ids = [figure_id.split("/") for figure_id in book.figures]
    explained = {kind for kind, *_ in ids} | {scope_code.partition(".")[0] for _, _, scope_code, _, _ in ids}
    return [
        Definition(metric, *(book.language.of(row, column) for column in ("name", "unit", "definition")))
        for metric, row in book.marts.metrics.items()
        if metric in explained
    ]


def _domain_name(book: FigureBook, domain: str) -> str:
    row = next(row for row in book.marts.metrics.values() if row["domain"] == domain)
    return book.language.of(row, "domain_name")


def _reason(book: FigureBook, row: Row) -> list[str]:
    label = load_contract(row["feed"]).label_of(row["column_name"], book.language.code)
    return [label, book.language.of(row, "rule"), book.language.of(row, "dimension")]


def _source(book: FigureBook, row: Row) -> list[str]:
    """Partner and feed by their names."""
    key = (row["partner_id"], row["feed"])
    source = next(f for f in book.marts.freshness if (f["partner_id"], f["feed"]) == key)
    return [book.language.of(source, column) for column in ("partner_name", "feed_name")]


def _source_row(book: FigureBook, row: Row) -> SourceRow:
    counted = [q for q in book.marts.quality if (q["partner_id"], q["feed"]) == (row["partner_id"], row["feed"])]
    return SourceRow(
        partner=book.language.of(row, "partner_name"),
        feed=book.language.of(row, "feed_name"),
        through=book.freshness(row),
        is_late=bool(row["is_late"]),
        message=book.language.of(row, "last_message"),
        cells=[book.quality(counted[0], column) if counted else None for column in QUALITY_COLUMNS],
    )


def _grades(book: FigureBook) -> list[TableRow]:
    """The partners in the order of the sources: grade and dearest cause, score, change, points lost to that cause."""
    scored = {row["partner_id"]: row for row in book.marts.grades if row["scope_type"] == "partner"}
    names = {row["partner_id"]: book.language.of(row, "partner_name") for row in book.marts.freshness}
    return [
        TableRow(
            [name, book.language.of(row, "grade"), narrative.dearest_cause(book, row) if row["deduction"] else ""],
            [
                book.grade(row, "score"),
                book.grade(row, "change"),
                book.grade(row, "overall_points_lost") if row["deduction"] else None,
            ],
        )
        for partner_id, name in names.items()
        for row in [scored.get(partner_id)]
        if row
    ]


def _marked(book: FigureBook, metric: str, incomplete: set[str]) -> str:
    name = book.language.of(book.marts.catalogue[metric], "name")
    return f"{name}{INCOMPLETE}" if metric in incomplete else name


def _sections(
    book: FigureBook, config: BriefingConfig, rules: Rules, edition: Edition, domains: list[str], late: list[Row]
) -> list[Section]:
    language = book.language
    tasks = [
        Paragraph(_domain_name(book, domain), narrative.domain(book, domain, config.leagues.get(domain)))
        for domain in domains
    ]
    uneven = language.gettext("推进不平衡")
    problems = [
        *([Paragraph(uneven, narrative.uneven_progress(book))] if book.target_count().direction else []),
        *(
            Paragraph(
                language.gettext(heading), [narrative.fault(book, fault, language.within(language.gettext(words)))]
            )
            for fault, heading, words in FAULTS
        ),
    ]
    advice = [
        book.sentence("{said}。", said=said) for said in apply(rules.advice, rules.advice_shown, book, edition.kind)
    ]
    calendar = [
        book.sentence("{said}。", said=said) for said in apply(rules.calendar, CALENDAR_SHOWN, book, edition.kind)
    ]
    is_partner = edition.kind == "partner"
    actions = [] if is_partner else [(N_("上次会议议定事项落实情况"), [Paragraph("", narrative.meeting_actions(book))])]
    sections = [
        (N_("总体进展"), [Paragraph("", [*narrative.overall(book, late), *calendar])]),
        (N_("服务情况") if is_partner else N_("重点任务"), _headed(language, tasks)),
        (N_("存在问题"), _headed(language, problems)),
        *actions,
        *([(N_("工作建议"), _numbered(language, advice))] if advice else []),
    ]
    return [
        Section(
            language.gettext("{number}、{heading}").format(
                number=language.numeral(n), heading=language.gettext(heading)
            ),
            paragraphs,
        )
        for n, (heading, paragraphs) in enumerate(sections, 1)
    ]


def _headed(language: Language, paragraphs: list[Paragraph]) -> list[Paragraph]:
    lead = language.gettext("（{number}）{heading}。")
    return [
        Paragraph(lead.format(number=language.numeral(n), heading=one.lead), one.sentences)
        for n, one in enumerate(paragraphs, 1)
    ]


def _numbered(language: Language, sentences: list[Sentence]) -> list[Paragraph]:
    lead = language.gettext("（{number}）")
    return [Paragraph(lead.format(number=language.numeral(n)), [one]) for n, one in enumerate(sentences, 1)]


def _key_metrics(book: FigureBook) -> list[str]:
    """Those with a target; where nobody set one, the first of the headline metrics."""
    targets = [metric for metric in book.marts.catalogue if book.has_target(metric)]
    return targets or [m for m, row in book.marts.catalogue.items() if row["is_headline"]][:CARDS_SHOWN]


def _card(book: FigureBook, metric: str, incomplete: set[str]) -> Card:
    row, standing = book.marts.catalogue[metric], book.standing(metric) or {}
    return Card(
        name=_marked(book, metric, incomplete),
        is_rate=row["kind"] == "rate",
        has_target=book.has_target(metric),
        cells={
            column: book.metric(metric, column)
            for column in ("cumulative_value", "target", "completion_rate", "expected_share", "value", "change")
        },
        status_code=standing["status_code"],
        status=_status_name(book, standing),
        weeks=sparkline(book, metric),
    )


def _status(book: FigureBook, domain: str, incomplete: set[str]) -> list[StatusRow]:
    rows = []
    for metric, row in book.marts.catalogue.items():
        if row["domain"] != domain or not book.has_target(metric):
            continue
        standing = book.standing(metric) or {}
        is_rate = row["kind"] == "rate"
        columns = ["target", "value", "cumulative_value"]
        columns += [] if is_rate else ["completion_rate", "expected_share"]
        share = standing["cumulative_value"] if is_rate else standing["completion_rate"]
        expected = standing["target"] if is_rate else standing["expected_share"]
        rows.append(
            StatusRow(
                name=_marked(book, metric, incomplete),
                owner=book.language.of(row, "owner"),
                is_rate=is_rate,
                cells={column: book.metric(metric, column) for column in columns},
                done=None if share is None else min(1.0, float(share)),
                expected=None if expected is None else float(expected),
                status_code=standing["status_code"],
                status=_status_name(book, standing),
            )
        )
    return rows


def _status_name(book: FigureBook, standing: Row) -> str:
    return book.language.of(standing, "status") if standing.get("status_code") else book.language.gettext("未评")


def _tracked(book: FigureBook, metric: str, incomplete: set[str]) -> TableRow:
    return TableRow(
        [_marked(book, metric, incomplete), book.language.of(book.marts.catalogue[metric], "unit")],
        [
            book.metric(metric, "value"),
            book.metric(metric, "change"),
            book.metric(metric, "cumulative_value"),
        ],
    )


def _movement_heads(book: FigureBook, config: BriefingConfig) -> list[Head]:
    return [
        Head(
            book.language.of(book.marts.catalogue[m], "name"),
            f"h-{m}",
            [book.column("rank"), book.column("previous_rank")],
        )
        for m in config.organisation_table
        if m in book.marts.catalogue
    ]


def _movement(book: FigureBook, config: BriefingConfig) -> list[TableRow]:
    """The county-level unions by their place in the first metric, and where each stood a week before."""
    metrics = [m for m in config.organisation_table if m in book.marts.catalogue]
    week = str(book.marts.week)
    counties = [unit for unit in book.marts.organisations if unit["scope_type"] == "county"]
    if not metrics or not book.marts.is_city:
        return []

    def place(unit: Row) -> tuple[bool, int, int]:
        rank = book.marts.weekly[(metrics[0], "county", unit["scope_code"], week)]["rank"]
        return rank is None, rank or 0, unit["scope_order"]

    return [
        TableRow(
            [book.language.of(unit, "scope_name")],
            [
                book.metric(metric, column, scope=("county", unit["scope_code"]))
                for metric in metrics
                for column in ("rank", "previous_rank")
            ],
        )
        for unit in sorted(counties, key=place)
    ]


def _organisations(book: FigureBook, config: BriefingConfig) -> Table:
    columns = []
    for metric in config.organisation_table if book.marts.is_city else []:
        if row := book.marts.catalogue.get(metric):
            shown = ["cumulative_value"] if row["kind"] == "rate" else ["value", "cumulative_value"]
            columns.append((metric, book.language.of(row, "name"), shown))
    scopes = [
        ((unit["scope_type"], unit["scope_code"]), book.language.of(unit, "scope_name"))
        for unit in book.marts.organisations
    ]
    return Table(
        heads=[Head(name, f"h-{m}", [book.column(column) for column in shown]) for m, name, shown in columns],
        rows=[
            TableRow([name], [book.metric(m, c, scope=scope) for m, _, shown in columns for c in shown])
            for scope, name in ([*scopes, (CITY, book.language.gettext(CITY_ZH))] if columns else [])
        ],
    )


def _comparison(book: FigureBook, edition: Edition) -> Table:
    """A unit's own figures, its place among its peers, and the city's beside them."""
    if book.marts.is_city:
        return Table([], [])
    own = ("value", "cumulative_value", "completion_rate")
    places = ("rank", "previous_rank", "ranked_units")
    city = ("cumulative_value", "completion_rate")
    return Table(
        heads=[
            Head(edition.name, "h-own", [book.column(c) for c in own]),
            Head(book.language.gettext("同类单位排序"), "h-own", [book.column(c) for c in places]),
            Head(
                book.language.gettext("全市对照"),
                "h-own",
                [book.language.gettext("全市{column}").format(column=book.column(c)) for c in city],
            ),
        ],
        rows=[
            TableRow(
                [book.language.of(row, "name"), book.language.of(row, "unit")],
                [
                    *(book.metric(metric, column) for column in (*own, *places)),
                    *(book.metric(metric, column, scope=CITY) for column in city),
                ],
            )
            for metric, row in book.marts.catalogue.items()
        ],
    )


def _action(book: FigureBook, row: Row) -> Action:
    code = str(row["standing_code"])
    return Action(
        title=AsRecorded(row["title"]),
        domain=book.language.of(row, "domain_name"),
        responsible=narrative.responsible(book, row),
        due=book.action(row, "due_on"),
        closed=book.action(row, "closed_on"),
        standing_code=code,
        standing=book.language.gettext(STANDINGS[code]),
        days=book.action(row, "days_overdue") if row["days_overdue"] is not None else None,
    )


def _affected(book: FigureBook) -> list[Affected]:
    """The feeds that are late, or that many rows were held back of this week, with the metrics counted from them."""
    quality = {(row["partner_id"], row["feed"]): row for row in book.marts.quality}
    found = []
    for row in book.marts.freshness:
        counted = quality.get((row["partner_id"], row["feed"]), {})
        received = counted.get("rows_received") or 0
        what = [
            *([N_("未按时送达")] if row["is_late"] else []),
            *([N_("隔离较多")] if (counted.get("rows_quarantined") or 0) >= received * MUCH and received else []),
            *([N_("暂缓较多")] if (counted.get("rows_held_orphan") or 0) >= received * MUCH and received else []),
        ]
        touched = book.marts.metric_feeds.get(row["feed"], [])
        names = [book.language.of(m, "name") for metric, m in book.marts.metrics.items() if metric in touched]
        if what and names:
            shown = book.language.listed(names[:AFFECTED_SHOWN], has_more=len(names) > AFFECTED_SHOWN)
            happened = book.language.listed([book.language.gettext(each) for each in what])
            found.append(Affected(narrative.source_name(book, row), "".join(happened), "".join(shown)))
    return found


def _since_last(book: FigureBook) -> list[TableRow]:
    """The targets as the issue before printed them, and as they stand now."""
    printed = {
        (row["metric_id"], row["figure"]): row
        for row in book.marts.printed
        if (row["scope_type"], row["scope_code"]) == book.scope and row["week_id"] == row["issue_week"]
    }
    columns = ("cumulative_value", "completion_rate")
    rows = []
    for metric, catalogue in book.marts.catalogue.items():
        before = [printed.get((metric, column)) for column in columns]
        if book.has_target(metric) and any(before):
            cells: list[Figure | None] = []
            for column, row in zip(columns, before, strict=True):
                cells += [book.printed(row) if row else None, book.metric(metric, column) if row else None]
            rows.append(TableRow([book.language.of(catalogue, "name")], cells))
    return rows


def _restated_rows(book: FigureBook) -> list[Row]:
    """Those that can be told in words, the edition's own and the headline metrics first."""
    known = [
        row for row in book.marts.restated if row["metric_id"] in book.marts.metrics and row["figure"] in COLUMN_ZH
    ]

    def weight(row: Row) -> tuple[bool, bool, int, str]:
        metric = book.marts.metrics[row["metric_id"]]
        is_own = (row["scope_type"], row["scope_code"]) == book.scope
        return not is_own, not metric["is_headline"], metric["display_order"], row["figure"]

    return sorted(known, key=weight)


def _restated(book: FigureBook, row: Row) -> Restated:
    language = book.language
    sources = {(row["partner_id"], row["feed"]): narrative.source_name(book, row) for row in book.marts.freshness}
    key = (row["printed_build_id"], row["metric_id"], row["week_id"])
    causes = [
        language.gettext(happened).format(source=sources[(batch["partner_id"], batch["feed"])])
        for batch in book.marts.restatement_batches
        if (batch["printed_build_id"], batch["metric_id"], batch["week_id"]) == key
        and (batch["partner_id"], batch["feed"]) in sources
        for happened in (_BATCHES[batch["change"]],)
    ]
    units = {unit["scope_code"]: language.of(unit, "scope_name") for unit in book.marts.weekly.values()}
    is_own = (row["scope_type"], row["scope_code"]) == book.scope
    return Restated(
        metric=language.of(book.marts.metrics[row["metric_id"]], "name"),
        scope="" if is_own else units.get(row["scope_code"], str(row["scope_code"])),
        column=book.column(row["figure"]),
        printed=book.restated(row, "printed_value"),
        current=book.restated(row, "current_value"),
        causes="".join(language.listed(causes)) or language.gettext("口径、目标或基础资料调整"),
    )


def _categories(book: FigureBook) -> Table:
    """Person-times by category of service and partner, this week and year to date."""
    rows = book.marts.categories
    partners = dict(sorted({row["partner_id"]: book.language.of(row, "partner_name") for row in rows}.items()))
    categories = {row["service_category"]: book.language.of(row, "service_category") for row in rows}
    by_cell = {(row["service_category"], row["partner_id"]): row for row in rows}
    shown = ("person_times", "cumulative_person_times")
    return Table(
        heads=[Head(name, "h-service_category", [book.column(c) for c in shown]) for name in partners.values()],
        rows=[
            TableRow(
                [name],
                [
                    book.category(by_cell[(category, partner)], column) if (category, partner) in by_cell else None
                    for partner in partners
                    for column in shown
                ],
            )
            for category, name in categories.items()
        ],
    )
