"""Printed figures that have changed since, issue by issue, with the batches for which they did."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from worker_services.briefing.config import BriefingConfig, load_config
from worker_services.briefing.figures import ABSENT, COLUMN_ZH, SUPPRESSED, notation_of, print_number
from worker_services.briefing.language import N_, Language, load_language
from worker_services.intervals import Interval, Week
from worker_services.settings import Settings
from worker_services.warehouse import printed
from worker_services.warehouse.publish import Published

ISSUES_SHOWN = 8
FIGURES_SHOWN = 40
CAUSES_SHOWN = 3
CHANGES = {
    "added": (N_("新增"), "good", N_("刊出以后入库，并且计入该范围、该指标的批次。")),
    "removed": (N_("撤换"), "bad", N_("刊出时有效，现已撤回或者被重新报送的批次替换，可能影响该范围的批次。")),
    "possible": (
        N_("可能"),
        "warn",
        N_("没有新增的批次时，列出刊出以后入库或者撤换的其他有关批次，其中可能撤销、更正了记录，或者改变了名次。"),
    ),
}


@dataclass(frozen=True)
class RestatedFigure:
    """A figure that went out and is another now, each as the briefing prints it."""

    figure: str
    unit: str
    printed: str
    current: str
    difference: str


@dataclass(frozen=True)
class Cause:
    """A batch for which figures changed. `change` is added, removed or possible."""

    change: str
    partner: str
    feed: str
    interval: Interval
    batch_id: str


@dataclass(frozen=True)
class RestatedMetric:
    """What changed of a metric in one scope and week. `batches` counts causes by kind of change; `causes` are a few."""

    name: str
    scope: str
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
    edition: str
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


def read_restated(settings: Settings, build: Published, week: Week, language: Language) -> Restated:
    """What issues up to the week printed, beside what the build says now, in the language."""
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
            _restated_issue(config, language, issue, figures[issue["issue_week"], issue["edition"]], by_metric)
            for issue in shown
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
                coalesce(catalogue.name_en, restated.metric_id) as name_en,
                coalesce(catalogue.unit_zh, '') as unit_zh,
                coalesce(catalogue.unit_en, '') as unit_en,
                coalesce(catalogue.decimals, 0) as decimals,
                catalogue.kind,
                catalogue.display_order,
                coalesce(weekly.scope_name_zh, restated.scope_code) as scope_name_zh,
                coalesce(weekly.scope_name_en, restated.scope_code) as scope_name_en,
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
    language: Language,
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
                name=language.of(rows[0], "name"),
                scope=language.of(rows[0], "scope_name"),
                week=rows[0]["week_id"],
                figures=[_restated_figure(language, row) for row in rows],
                batches={change: rows[0][f"batches_{change}"] for change in ("added", "removed", "possible")},
                causes=causes.get((issue["printed_build_id"], *of), []),
            )
        )
    return RestatedIssue(
        number=config.issue(Week.parse(issue["issue_week"])),
        week=issue["issue_week"],
        edition=(edition.name_zh if language.code == "zh" else edition.name_en) if edition else issue["edition"],
        printed_at=issue["printed_at"],
        build_id=issue["printed_build_id"],
        changed=issue["changed"],
        metrics=metrics,
    )


def _restated_figure(language: Language, row: dict[str, Any]) -> RestatedFigure:
    notation, decimals = notation_of(row, row["figure"])
    is_share = notation in ("percent", "points")
    current: Decimal | None = row["current_value"]
    difference: Decimal | None = row["difference"]
    if current is None:
        now = SUPPRESSED if row["is_suppressed"] else ABSENT
    else:
        is_signed = row["figure"] in ("change", "pace_gap")
        now = print_number(current, notation, decimals, "signed" if is_signed else "plain")
    apart, points = ABSENT, language.gettext("个百分点")
    if difference is not None:
        apart = print_number(difference, "points" if is_share else notation, decimals, "signed")
        if not any(digit in apart for digit in "123456789"):
            apart = language.gettext("不足 {least}").format(least=Decimal(1).scaleb(-decimals))
        apart += f" {points}" if notation == "percent" else ""
    return RestatedFigure(
        figure=_column_name(language, row["figure"]),
        unit="%" if notation == "percent" else points if notation == "points" else language.of(row, "unit"),
        printed=row["printed_text"] or ABSENT,
        current=now,
        difference=apart,
    )


def _column_name(language: Language, figure: str) -> str:
    """What a figure is called in the briefing, whose catalogue has the words."""
    name = COLUMN_ZH.get(figure)
    return load_language(language.code).gettext(name) if name else figure


def _cause(row: dict[str, Any]) -> Cause:
    return Cause(
        change=row["change"],
        partner=row["partner_id"],
        feed=row["feed"],
        interval=Interval(row["interval_start"], row["interval_end"]),
        batch_id=row["batch_id"],
    )


def _rows(database: duckdb.DuckDBPyConnection, query: str, week: Week | None = None) -> list[dict[str, Any]]:
    parameters = {"week": str(week)} if week else None
    return database.execute(query, parameters).to_arrow_table().to_pylist()  # type: ignore[no-any-return]
