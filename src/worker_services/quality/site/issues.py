"""The pages of an issue: each figure that it prints, led to the rows it was counted from.

issues/index.html lists the weeks, issues/<week>/index.html the editions of one, <edition>-<number>.html beside it the
figures of one edition as it went out, and <build>/<metric>.html what stands behind a metric's figures in all of them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import duckdb

from worker_services.audit import issues
from worker_services.audit.counting import said
from worker_services.audit.issues import Figure, Issue, NothingToTrace
from worker_services.audit.protected import enter_files, files_below
from worker_services.audit.trace import (
    CountedCell,
    Delivery,
    Place,
    Trace,
    build_of,
    faults_of_record,
    trace_issues,
    traced_place,
)
from worker_services.briefing.config import BriefingConfig, Edition, load_config
from worker_services.briefing.figures import CITY_ZH, COLUMN_ZH
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.language import N_, TAGS, Language, load_language
from worker_services.briefing.marts import CITY, Row, build_path, read_rows, reading
from worker_services.briefing.verify import CLAIMS, Expectation
from worker_services.intervals import Week
from worker_services.quality.site import lineage
from worker_services.quality.site.layout import Site, edition_path, open_site, write_page
from worker_services.quality.site.make import make
from worker_services.settings import Settings
from worker_services.warehouse import printed

ACTION = "quality.issues"
SECTION = "issues/index.html"
TITLE = N_("期次与溯源")
ROWS_SHOWN = 10
MART = "rpt_metric_weekly"
KINDS: dict[str, tuple[str, str]] = {
    "action": (N_("议定事项"), "rpt_meeting_actions"),
    "action_count": (N_("议定事项"), "rpt_meeting_actions"),
    "action_meeting": (N_("议定事项"), "rpt_meeting_actions"),
    "calendar": (N_("工作日"), "rpt_days"),
    "fault_last": (N_("位次靠后的单位"), MART),
    "freshness": (N_("数据到位"), "rpt_partner_freshness"),
    "freshness_of_all": (N_("数据到位"), "rpt_partner_freshness"),
    "printed": (N_("上期刊出的数字"), "rpt_printed_figures"),
    "quality": (N_("数据质量"), "rpt_quality_feed_weekly"),
    "quality_reason": (N_("隔离原因"), "rpt_quality_reasons"),
    "quality_score": (N_("数据质量评分"), "rpt_quality_scorecard"),
    "quality_total": (N_("数据质量"), "rpt_quality_feed_weekly"),
    "restated": (N_("上期数字的更正"), "rpt_restated_figures"),
    "service_category": (N_("服务项目"), "rpt_service_categories"),
    "status_count": (N_("目标完成情况"), MART),
    "target_count": (N_("目标完成情况"), MART),
    "uneven": (N_("推进不平衡"), "rpt_uneven_progress"),
    "uneven_last": (N_("推进不平衡"), "rpt_uneven_progress_units"),
}
"""What a figure is that is no metric's own, by the first part of its id, and the mart that states it."""
COUNTED_FROM = {
    "action_count": "standing_code",
    "calendar": "is_workday",
    "printed": "printed_value",
    "status_count": "status_code",
    "target_count": "target",
}
"""The column of the mart, where the figure counts its rows or has another name than it."""
STATED_BY = {"overall_points_lost": "rpt_quality_points_lost"}
"""The mart of a column that is not the mart of its kind."""
STEPS_ZH = {
    "mart": N_("指标周表"),
    "metric": N_("指标计算"),
    "measure": N_("计量"),
    "weeks": N_("逐周合计"),
    "fact": N_("事实表明细"),
    "staging": N_("暂存层记录"),
    "landing": N_("入库记录"),
    "batches": N_("批次"),
    "consulted": N_("参照的记录"),
    "seed": N_("内部登记"),
}
PARTS_ZH = {"value": N_("数值"), "numerator": N_("分子"), "denominator": N_("分母")}
RAW_ZH = {
    "sealed": N_("加密保存"),
    "opened": N_("已开启核对"),
    "time over": N_("保存期满，已销毁"),
    "missing": N_("缺失"),
    "damaged": N_("损坏"),
}
UNITS = {
    "个百分点": "percentage point",
    "人次": "attendance",
    "位": "place",
    "分": "point",
    "天": "day",
    "家": "unit",
    "行": "row",
    "项": "indicator",
}
"""Units of figures that are no metric's own, and what the briefing's catalogue counts by them."""
State = Literal["agrees", "differs", "hidden", "stated"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class PrintedFigure:
    """A row of an edition's list. `path` leads to its trace, or to the lineage of its column where it is `stated`."""

    printed: str
    unit: str
    value: str | None
    kind: str
    name: str
    scope: str
    column: str
    pages: list[int]
    path: str
    state: State


@dataclass(frozen=True)
class EditionOfIssue:
    """An edition as it went out; `pdf` where the file that the record names still lies among the briefings."""

    issue: Issue
    edition: Edition
    figures: int
    traced: int
    differing: int
    pdf: str | None
    faults: list[str]

    @property
    def path(self) -> str:
        return page_of(self.issue)

    @property
    def printed_at(self) -> datetime:
        """When its record was made, right before the first mail."""
        return printed.Issue.at(self.issue.path).printed_at


@dataclass(frozen=True)
class IssuePages:
    """What was written for a week. `traced` figures were counted again, each once, however many editions print it."""

    week: str
    editions: int
    figures: int
    traced: int
    hidden: int
    differing: int
    pages: int
    index: str


def write_issue(settings: Settings, week: Week) -> IssuePages:
    """Write the pages of a week's issues that stand, enter them in the ledger, and have the site lead to them.

    Raises NotTraceable, BuildFailed, SuiteError.
    """
    standing = issues.recorded(settings, week)
    if not standing:
        raise NothingToTrace(f"no issue of {week} went out: there is no figure to be traced")
    by_build: dict[str, list[Issue]] = {}
    for issue in standing:
        by_build.setdefault(issue.build_id, []).append(issue)
    site = open_site(settings)
    files: list[Path] = [*_write_index(site)]  # before the pages that lead to it, as to those of lineage
    lineage.write(site)
    editions: list[EditionOfIssue] = []
    traces: list[Trace] = []
    for of_build in by_build.values():
        with (
            build_of(settings, of_build[0]) as build,
            reading(build_path(build.house, build.build_id)) as database,
        ):
            found = trace_issues(settings, build, database, of_build, limit=ROWS_SHOWN)
            traces += found.values()
            files += _write_traces(site, week, of_build, found, _catalogue(database))
            for issue in of_build:
                edition, written = _write_edition(site, issue, found, database)
                editions.append(edition)
                files += written
    order = list(load_config(settings).editions)
    editions.sort(key=lambda each: order.index(each.issue.edition))
    files += _write_week(site, week, editions)
    files += _write_index(site)
    # What an earlier record of an edition had of pages stays beside those of the one that stands.
    folders = [site.root / edition_path(code, f"issues/{week}") for code in TAGS]
    files = list(dict.fromkeys([*files, *(path for folder in folders for path in files_below(folder))]))
    enter_files(settings, ACTION, str(week), files)
    make(settings)
    return IssuePages(
        week=str(week),
        editions=len(editions),
        figures=sum(each.figures for each in editions),
        traced=sum(not each.is_suppressed for each in traces),
        hidden=sum(each.is_suppressed for each in traces),
        differing=sum(bool(each.faults) for each in traces) + sum(bool(each.faults) for each in editions),
        pages=len(files),
        index=str(site.root / _week_path(week)),
    )


def page_of(issue: Issue) -> str:
    return f"issues/{issue.week}/{issue.edition}-{issue.number}.html"


def trace_path(issue: Issue, place: Place) -> str:
    """The page of a metric, at the figure."""
    return f"issues/{issue.week}/{issue.build_id}/{place[0]}.html#{place[3]}-{place[2]}"


def lineage_path(figure: Figure) -> str:
    """Where the lineage pages say what the column comes of."""
    kind = figure.id.partition("/")[0]
    _, mart = KINDS.get(kind, ("", MART))
    return f"lineage/{STATED_BY.get(figure.column, mart)}.html#{COUNTED_FROM.get(kind, figure.column)}"


def column_word(language: Language, column: str) -> str:
    """What a column is called, as the briefing calls it."""
    words = COLUMN_ZH.get(column)
    if words is None:
        return CLAIMS[language.code][column][0]
    return load_language(language.code).gettext(words)


def _week_path(week: Week) -> str:
    return f"issues/{week}/index.html"


def _crumbs(week: Week | None) -> Callable[[Language], list[tuple[str, str]]]:
    def crumbs(language: Language) -> list[tuple[str, str]]:
        found = [(language.gettext(TITLE), SECTION)]
        return [*found, (str(week), _week_path(week))] if week else found

    return crumbs


# --- one edition ----------------------------------------------------------------------------------------------------


def _write_edition(
    site: Site, issue: Issue, traces: dict[Place, Trace], database: duckdb.DuckDBPyConnection
) -> tuple[EditionOfIssue, list[Path]]:
    stated = load_config(site.settings).edition(issue.edition)
    pages, pdf = _pages_of(site.settings, issue)
    states = [_state(traces, issue, figure) for figure in issue.figures]
    edition = EditionOfIssue(
        issue=issue,
        edition=stated,
        figures=len(issue.figures),
        traced=sum(state in ("agrees", "differs") for state in states),
        differing=states.count("differs"),
        pdf=pdf,
        faults=faults_of_record(issue),
    )

    def shown(language: Language) -> dict[str, Any]:
        expected = Expectation(database, issue.week, issue.edition, stated.scope_code, language.code)
        figures = [
            _figure(language, issue, figure, traces, expected, pages.get(figure.id, [])) for figure in issue.figures
        ]
        return {"edition": edition, "figures": figures, "states": {state: states.count(state) for state in STATES}}

    files = write_page(site, edition.path, "issue_edition.html.j2", shown, section=SECTION, crumbs=_crumbs(issue.week))
    return edition, files


def _figure(
    language: Language,
    issue: Issue,
    figure: Figure,
    traces: dict[Place, Trace],
    expected: Expectation,
    pages: list[int],
) -> PrintedFigure:
    place = traced_place(issue, figure)
    kind = figure.id.partition("/")[0]
    names = expected.names(figure.id)
    trace = traces.get(place) if place else None
    return PrintedFigure(
        printed=figure.printed,
        unit=unit_word(language, figure, expected.metrics.get(figure.metric)) if figure.value else "",
        value=figure.value,
        kind=language.gettext(KINDS[kind][0]) if kind in KINDS else language.gettext(N_("指标")),
        name=names[0] if names else language.gettext(KINDS[kind][0]),
        scope=_scope_name(language, trace) if trace else _listed(language, figure, names[1:]),
        column=column_word(language, figure.column),
        pages=pages,
        path=trace_path(issue, place) if place else lineage_path(figure),
        state=_state(traces, issue, figure),
    )


def unit_word(language: Language, figure: Figure, metric: Row | None) -> str:
    """The unit that a figure was printed with, in the language; of several things where it is not 1."""
    if metric and figure.unit == metric["unit_zh"]:
        units = language.unit(metric)
    elif figure.unit in UNITS:
        what = "action" if figure.id.startswith("action") else UNITS[figure.unit]
        units = load_language(language.code).units(what, figure.unit)
    else:
        return figure.unit
    return units[0] if figure.printed.lstrip("+−") == "1" else units[1]


def _scope_name(language: Language, trace: Trace) -> str:
    return language.gettext(CITY_ZH) if trace.scope == "/".join(CITY) else language.of(vars(trace), "scope_name")


def _listed(language: Language, figure: Figure, names: list[str]) -> str:
    """The names that tell a figure apart beside its first."""
    return "、".join(names) or (language.gettext(CITY_ZH) if figure.scope == "/".join(CITY) else "")


def _state(traces: dict[Place, Trace], issue: Issue, figure: Figure) -> State:
    place = traced_place(issue, figure)
    if place is None:
        return "stated"
    trace = traces[place]
    return "differs" if trace.faults else "hidden" if trace.is_suppressed else "agrees"


def _pages_of(settings: Settings, issue: Issue) -> tuple[dict[str, list[int]], str | None]:
    """On which pages each figure stands, and where the PDF is, if what was rendered last is what went out."""
    files = BriefingFiles.at(settings, issue.week, issue.edition)
    if not (files.pdf.exists() and files.provenance.exists() and files.figures_json.exists()):
        return {}, None
    rendering = json.loads(files.provenance.read_text(encoding="utf-8"))
    if rendering["pdf_sha256"] != issue.pdf_sha256:
        return {}, None
    stated = json.loads(files.figures_json.read_text(encoding="utf-8"))["figures"]
    return {each["id"]: each["pages"] for each in stated}, f"../briefings/{issue.week}/{files.pdf.name}"


# --- one metric -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EditionLink:
    edition: Edition
    path: str


@dataclass(frozen=True)
class TracedFigure:
    """A figure on the page of its metric. `printed_in` are the editions that print it, `cells` the anchors of what it
    was counted from.
    """

    trace: Trace
    anchor: str
    column: str
    printed_in: list[EditionLink]
    cells: list[str]


@dataclass(frozen=True)
class Counted:
    """A cell that was counted again, once for all figures that are made from it."""

    anchor: str
    trace: Trace
    cell: CountedCell


class MetricPage:
    """What stands behind the figures of one metric."""

    def __init__(self, config: BriefingConfig, of_build: list[Issue], traces: dict[Place, Trace]) -> None:
        self.traces = traces
        self._printed_in: dict[Place, list[EditionLink]] = {place: [] for place in traces}
        for issue in of_build:
            stated = config.edition(issue.edition)
            link = EditionLink(stated, page_of(issue))
            for place in dict.fromkeys(traced_place(issue, figure) for figure in issue.figures):
                if place in traces and place:
                    self._printed_in[place].append(link)

    @cached_property
    def counted(self) -> list[Counted]:
        found: dict[str, Counted] = {}
        for trace in self.traces.values():
            for cell in trace.cells:
                anchor = _cell_anchor(trace, cell)
                found.setdefault(anchor, Counted(anchor, trace, cell))
        return [*found.values()]

    @cached_property
    def deliveries(self) -> list[Delivery]:
        found = {each.batch.batch_id: each for trace in self.traces.values() for each in trace.deliveries}
        return sorted(found.values(), key=lambda each: (each.batch.feed, each.batch.partner, each.batch.interval_start))

    @cached_property
    def number_of(self) -> dict[str, int]:
        """The number on the page of each batch."""
        return {each.batch.batch_id: number for number, each in enumerate(self.deliveries, 1)}

    @cached_property
    def models(self) -> list[Any]:
        return [*{model.name: model for trace in self.traces.values() for model in trace.models}.values()]

    @property
    def faults(self) -> list[tuple[Trace, str]]:
        return [(trace, fault) for trace in self.traces.values() for fault in trace.faults]

    def figures(self, language: Language) -> list[TracedFigure]:
        return [
            TracedFigure(
                trace=trace,
                anchor=f"{place[3]}-{place[2]}",
                column=column_word(language, place[3]),
                printed_in=self._printed_in[place],
                cells=[_cell_anchor(trace, cell) for cell in trace.cells],
            )
            for place, trace in self.traces.items()
        ]


def _cell_anchor(trace: Trace, cell: CountedCell) -> str:
    return f"cell-{cell.column}-{trace.scope.partition('/')[2]}-{cell.week}"


def _write_traces(
    site: Site, week: Week, of_build: list[Issue], traces: dict[Place, Trace], catalogue: dict[str, Row]
) -> list[Path]:
    by_metric: dict[str, dict[Place, Trace]] = {}
    for place, trace in traces.items():
        by_metric.setdefault(place[0], {})[place] = trace
    files, config = [], load_config(site.settings)
    for metric, its in by_metric.items():
        page = MetricPage(config, of_build, _in_order(its))

        def shown(language: Language, metric: str = metric, page: MetricPage = page) -> dict[str, Any]:
            return {
                "week": week,
                "metric": catalogue[metric],
                "page": page,
                "figures": page.figures(language),
                "steps": STEPS_ZH,
                "parts": PARTS_ZH,
                "raw": RAW_ZH,
                "said": said,
                "column_word": lambda column: column_word(language, column),
                "scope_name": lambda trace: _scope_name(language, trace),
                "unit_word": lambda trace: unit_word(language, trace.printed, catalogue[metric]),
            }

        path = f"issues/{week}/{of_build[0].build_id}/{metric}.html"
        files += write_page(site, path, "trace.html.j2", shown, section=SECTION, crumbs=_crumbs(week))
    return files


def _in_order(traces: dict[Place, Trace]) -> dict[Place, Trace]:
    """The city first, then unions, partners and projects, each with its columns in the order of the table heads."""
    columns = [*COLUMN_ZH]
    scopes = ["city", "county", "industry", "direct", "partner", "project"]
    return dict(
        sorted(traces.items(), key=lambda item: (scopes.index(item[0][1]), item[0][2], columns.index(item[0][3])))
    )


def _catalogue(database: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    return {row["metric_id"]: row for row in read_rows(database, "select * from marts.rpt_metric_catalogue")}


# --- the lists ------------------------------------------------------------------------------------------------------


def _write_week(site: Site, week: Week, editions: list[EditionOfIssue]) -> list[Path]:
    number = load_config(site.settings).issue(week)
    earlier = [
        each
        for each in printed.every(site.settings, week)
        if not any((each.edition, each.number) == (one.issue.edition, one.issue.number) for one in editions)
    ]
    return write_page(
        site,
        _week_path(week),
        "issue_week.html.j2",
        lambda language: {"week": week, "number": number, "editions": editions, "earlier": earlier},
        section=SECTION,
        crumbs=_crumbs(None),
    )


@dataclass(frozen=True)
class WeekOfIssues:
    week: Week
    number: int
    editions: int
    path: str


def _write_index(site: Site) -> list[Path]:
    config = load_config(site.settings)
    editions: dict[Week, set[str]] = {}
    for record in printed.every(site.settings):
        week = Week.parse(record.week)
        if (site.root / _week_path(week)).exists():
            editions.setdefault(week, set()).add(record.edition)
    weeks = [
        WeekOfIssues(week, config.issue(week), len(found), _week_path(week))
        for week, found in sorted(editions.items(), reverse=True)
    ]
    return write_page(site, SECTION, "issue_weeks.html.j2", lambda language: {"weeks": weeks}, section=SECTION)
