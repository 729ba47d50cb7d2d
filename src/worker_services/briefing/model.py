"""Everything one issue says, read from the marts: header, sentences, tables, charts, notes."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from worker_services.briefing import narrative
from worker_services.briefing.charts import Chart, draw
from worker_services.briefing.config import BriefingConfig, Edition
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.faults import Faults, read_faults
from worker_services.briefing.figures import CITY, COLUMN_ZH, Figure, FigureBook
from worker_services.briefing.marts import Marts, Row, read_marts
from worker_services.briefing.narrative import Sentence, numeral
from worker_services.contracts import load_contract
from worker_services.intervals import Week

REASONS_SHOWN = 8
INCOMPLETE = "△"
QUALITY_COLUMNS = (
    "rows_received",
    "rows_accepted",
    "rows_quarantined",
    "rows_held_orphan",
    "acceptance_rate",
)


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
    sections: list[Section]
    status: list[StatusGroup]
    tracked: list[TableRow]
    charts: list[Chart]
    organisations: Table
    categories: Table
    faults: Faults
    incomplete: set[str]
    sources: list[SourceRow]
    reasons: list[TableRow]
    has_more_reasons: bool
    definitions: list[Definition]
    late: list[Row]

    @property
    def document_title(self) -> str:
        return "".join(self.title)


def read_briefing(path: Path, config: BriefingConfig, edition_id: str, week: Week) -> Briefing:
    """The whole issue from one build. Raises WeekNotCovered, UnknownEdition, BriefingError."""
    edition = config.edition(edition_id)
    issue = config.issue(week)
    marts = read_marts(path, week)
    missing = [m for m in marts.catalogue if (m, *CITY, str(week)) not in marts.weekly]
    if missing:
        raise BriefingError(f"rpt_metric_weekly of {marts.build_id} has no city row of {week} for: {missing}")
    book = FigureBook(marts)
    late = [row for row in marts.freshness if row["is_late"]]
    incomplete = {m for row in late for m in marts.metric_feeds.get(row["feed"], [])}
    domains = list(dict.fromkeys(row["domain"] for row in marts.catalogue.values()))
    charts = [draw(book, config.charts[d], _domain_zh(marts, d)) for d in domains if d in config.charts]
    faults = read_faults(book)
    explained = {*marts.catalogue, *faults.metrics}
    status = [(_domain_zh(marts, domain), _status(book, domain, incomplete)) for domain in domains]
    return Briefing(
        config=config,
        edition_id=edition_id,
        edition=edition,
        week=week,
        issue=issue,
        issued_on=week.end + timedelta(days=1),
        title=[line.format(year=week.year, week=week.number) for line in config.title],
        marts=marts,
        book=book,
        sections=_sections(book, config, domains, late),
        status=[StatusGroup(domain, rows) for domain, rows in status if rows],
        tracked=[_tracked(book, m, incomplete) for m, row in marts.catalogue.items() if not row["has_target"]],
        charts=[chart for chart in charts if chart],
        organisations=_organisations(book, config),
        categories=_categories(book),
        faults=faults,
        incomplete=incomplete,
        sources=[
            _source_row(book, row)
            for domain in dict.fromkeys([*domains, *(row["domain"] for row in marts.freshness)])
            for row in marts.freshness
            if row["domain"] == domain
        ],
        reasons=[
            TableRow([*_source(marts, row), *_reason(row)], [book.quality_reason(row)])
            for row in marts.reasons[:REASONS_SHOWN]
        ],
        has_more_reasons=len(marts.reasons) > REASONS_SHOWN,
        definitions=[
            Definition(m, row["name_zh"], row["unit_zh"], row["definition_zh"])
            for m, row in marts.metrics.items()
            if m in explained
        ],
        late=late,
    )


def _domain_zh(marts: Marts, domain: str) -> str:
    return next(str(row["domain_name_zh"]) for row in marts.catalogue.values() if row["domain"] == domain)


def _reason(row: Row) -> list[str]:
    return [load_contract(row["feed"]).label_of(row["column_name"]), row["rule_zh"], row["dimension_zh"]]


def _source(marts: Marts, row: Row) -> list[str]:
    """Partner and feed by their Chinese names."""
    key = (row["partner_id"], row["feed"])
    return next(
        [str(f["partner_name_zh"]), str(f["feed_name_zh"])]
        for f in marts.freshness
        if (f["partner_id"], f["feed"]) == key
    )


def _source_row(book: FigureBook, row: Row) -> SourceRow:
    counted = [q for q in book.marts.quality if (q["partner_id"], q["feed"]) == (row["partner_id"], row["feed"])]
    return SourceRow(
        partner=str(row["partner_name_zh"]),
        feed=str(row["feed_name_zh"]),
        through=book.freshness(row),
        is_late=bool(row["is_late"]),
        message=str(row["last_message_zh"] or ""),
        cells=[book.quality(counted[0], column) if counted else None for column in QUALITY_COLUMNS],
    )


def _marked(row: Row, incomplete: set[str]) -> str:
    return f"{row['name_zh']}{INCOMPLETE}" if row["metric_id"] in incomplete else str(row["name_zh"])


def _sections(book: FigureBook, config: BriefingConfig, domains: list[str], late: list[Row]) -> list[Section]:
    catalogue = book.marts.catalogue
    sections = [Section("总体情况", [Paragraph("", narrative.overall(book, late))])]
    for domain in domains:
        metrics = [m for m, row in catalogue.items() if row["domain"] == domain]
        parts = [
            (str(catalogue[m]["name_zh"]), narrative.target_metric(book, m))
            for m in metrics
            if catalogue[m]["has_target"]
        ]
        if tracked := [m for m in metrics if not catalogue[m]["has_target"]]:
            parts.append(("跟踪指标", narrative.tracked_metrics(book, tracked)))
        if (ranked := config.leagues.get(domain)) in catalogue and book.marts.organisations:
            parts.append(("各单位进展", narrative.league(book, ranked)))
        sections.append(
            Section(
                _domain_zh(book.marts, domain),
                [Paragraph(f"（{numeral(n)}）{lead}。", [text]) for n, (lead, text) in enumerate(parts, 1)],
            )
        )
    sections.append(Section("数据质量", [Paragraph("", [narrative.quality(book)])]))
    return [Section(f"{numeral(n)}、{section.heading}", section.paragraphs) for n, section in enumerate(sections, 1)]


def _status(book: FigureBook, domain: str, incomplete: set[str]) -> list[StatusRow]:
    rows = []
    for metric, row in book.marts.catalogue.items():
        if row["domain"] != domain or not row["has_target"]:
            continue
        standing = book.marts.weekly[(metric, *CITY, str(book.marts.week))]
        is_rate = row["kind"] == "rate"
        columns = ["target", "value", "cumulative_value"]
        columns += [] if is_rate else ["completion_rate", "expected_share"]
        share = standing["cumulative_value"] if is_rate else standing["completion_rate"]
        expected = standing["target"] if is_rate else standing["expected_share"]
        rows.append(
            StatusRow(
                name=_marked(row, incomplete),
                owner=str(row["owner_zh"] or ""),
                is_rate=is_rate,
                cells={column: book.metric(metric, column) for column in columns},
                done=None if share is None else min(1.0, float(share)),
                expected=None if expected is None else float(expected),
                status_code=standing["status_code"],
                status=standing["status_zh"] or "",
            )
        )
    return rows


def _tracked(book: FigureBook, metric: str, incomplete: set[str]) -> TableRow:
    return TableRow(
        [_marked(book.marts.catalogue[metric], incomplete), book.marts.catalogue[metric]["unit_zh"]],
        [
            book.metric(metric, "value"),
            book.metric(metric, "change"),
            book.metric(metric, "cumulative_value"),
        ],
    )


def _organisations(book: FigureBook, config: BriefingConfig) -> Table:
    columns = []
    for metric in config.organisation_table:
        if row := book.marts.catalogue.get(metric):
            shown = ["cumulative_value"] if row["kind"] == "rate" else ["value", "cumulative_value"]
            columns.append((metric, str(row["name_zh"]), shown))
    scopes = [((unit["scope_type"], unit["scope_code"]), unit["scope_name_zh"]) for unit in book.marts.organisations]
    return Table(
        heads=[Head(name, f"h-{m}", [COLUMN_ZH[column] for column in shown]) for m, name, shown in columns],
        rows=[
            TableRow([name], [book.metric(m, c, scope=scope) for m, _, shown in columns for c in shown])
            for scope, name in [*scopes, (CITY, config.edition("city").name_zh)]
        ],
    )


def _categories(book: FigureBook) -> Table:
    """Person-times by category of service and partner, this week and year to date."""
    rows = book.marts.categories
    partners = dict(sorted({row["partner_id"]: str(row["partner_name_zh"]) for row in rows}.items()))
    categories = {row["service_category"]: str(row["service_category_zh"]) for row in rows}
    by_cell = {(row["service_category"], row["partner_id"]): row for row in rows}
    shown = ("person_times", "cumulative_person_times")
    return Table(
        heads=[Head(name, "h-service_category", [COLUMN_ZH[column] for column in shown]) for name in partners.values()],
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
