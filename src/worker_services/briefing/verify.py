"""Reads a finished PDF back and holds every number in it against the marts.

Nothing here formats with the renderer's code: expected texts are made anew from fresh queries. Four questions:
does every figure stand, where the document says it does, with the text its mart value calls for; do the words around
it (table heads, the sentence before it) speak of the same metric, unit and column, and do lists of the last units name
all of them, in their order; is every other number on the pages one that was declared (dates, issue and page numbers,
definitions, axis labels); and is every page well set (form.py)?
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import duckdb
import pypdfium2

from worker_services.briefing.config import BriefingConfig, load_config
from worker_services.briefing.errors import BriefingError, FigureMismatch
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.form import check_form
from worker_services.briefing.marts import build_path, read_rows, reading
from worker_services.briefing.pages import MM, Char, Link, Page, read_bookmarks, read_page
from worker_services.intervals import Week
from worker_services.settings import Settings

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
# Running lines and page numbers stand outside the type area (GB/T 9704-2012: 37 mm above, 35 mm below).
TEXT_BAND = (35 * MM, (297 - 37) * MM)
FIGURES_BAND = (23 * MM, (297 - 25) * MM)

# By language: the words that must head a table column, or come last before a figure in a sentence, for each column of
# the marts.
CLAIMS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "value": ("本周",),
        "change": ("比上周", "比上周增加", "比上周减少", "比上周上升", "比上周下降"),
        "cumulative_value": ("累计",),
        "target": ("年度目标",),
        "completion_rate": ("完成率",),
        "expected_share": ("序时进度",),
        "pace_gap": ("高于序时进度", "低于序时进度"),
        "complete_through": ("数据截至",),
        "rows_received": ("接收",),
        "rows_accepted": ("入库",),
        "rows_quarantined": ("隔离",),
        "rows_held_orphan": ("暂缓",),
        "acceptance_rate": ("合格率",),
        "score": ("得分",),
        "workdays": ("工作日",),
        "previous_workdays": ("上周工作日",),
        "overall_points_lost": ("失分",),
        "person_times": ("本周",),
        "cumulative_person_times": ("累计",),
        "rows": ("行数", "主要原因"),
        "done": ("已达标",),
        "on_pace": ("正常",),
        "behind": ("滞后",),
        "far_behind": ("严重滞后",),
        "metrics": ("列入年度目标的",),
        "units_shown": ("参评单位",),
        "coefficient_of_variation": ("离散系数",),
        "coefficient_of_variation_change": ("比四周前", "比四周前扩大", "比四周前缩小"),
        "progress": ("完成率",),
        "rank": ("位次", "位次居第"),
        "previous_rank": ("上周位次",),
        "ranked_units": ("参加排序", "参加排序的单位"),
        "forecast": ("年底预计",),
        "forecast_low": ("预计下限",),
        "forecast_high": ("预计上限",),
        "meeting_date": ("会议于",),
        "decided": ("议定事项",),
        "closed": ("办结",),
        "open": ("在办",),
        "overdue": ("逾期",),
        "days_overdue": ("逾期", "已逾期", "逾期天数"),
        "due_on": ("完成时限",),
        "closed_on": ("办结日期",),
        "printed_value": ("上期",),
        "current_value": ("本期",),
    },
    "en": {
        "value": ("This week", "this week"),
        "change": ("On the week", "up on the week by", "down on the week by"),
        "cumulative_value": ("Year to date", "year to date"),
        "target": ("Annual target", "annual target"),
        "completion_rate": ("Completion", "completion"),
        "expected_share": ("Schedule",),
        "pace_gap": ("above schedule by", "below schedule by"),
        "complete_through": ("Data to", "data to"),
        "rows_received": ("Received", "received"),
        "rows_accepted": ("Accepted", "accepted"),
        "rows_quarantined": ("Quarantined", "quarantined"),
        "rows_held_orphan": ("Held", "held"),
        "acceptance_rate": ("Pass rate",),
        "score": ("Score", "score"),
        "workdays": ("workdays",),
        "previous_workdays": ("last week's workdays",),
        "overall_points_lost": ("Points lost", "points lost"),
        "person_times": ("This week",),
        "cumulative_person_times": ("Year to date",),
        "rows": ("Rows", "main reasons"),
        "done": ("target met",),
        "on_pace": ("on schedule",),
        "behind": ("behind schedule",),
        "far_behind": ("far behind",),
        "metrics": ("Indicators with an annual target",),
        "units_shown": ("Units compared",),
        "coefficient_of_variation": ("Coefficient of variation", "coefficient of variation"),
        "coefficient_of_variation_change": (
            "On four weeks ago",
            "wider than four weeks ago by",
            "narrower than four weeks ago by",
        ),
        "progress": ("Completion", "completion"),
        "rank": ("Rank", "rank"),
        "previous_rank": ("Last week",),
        "ranked_units": ("Units ranked", "units ranked"),
        "forecast": ("Year-end forecast", "year-end forecast"),
        "forecast_low": ("Lower bound",),
        "forecast_high": ("Upper bound",),
        "meeting_date": ("was held on",),
        "decided": ("actions decided",),
        "closed": ("closed",),
        "open": ("open",),
        "overdue": ("overdue",),
        "days_overdue": ("overdue by", "Days overdue"),
        "due_on": ("Due",),
        "closed_on": ("Closed on",),
        "printed_value": ("Last issue",),
        "current_value": ("This issue",),
    },
}
# Stand before the words of a column where an edition of a unit sets the city beside it.
CITY = {"zh": "全市", "en": "City: "}
# How far before a figure, in characters, the name may stand that it is for.
REACH = {"zh": 120, "en": 360}
LAST_ISSUE = {"zh": "上期", "en": "Last issue"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_CLOSED = ("done_in_time", "done_late")


@dataclass(frozen=True)
class Verified:
    """What was held against the marts; `pages` of the PDF, `figures` printed, `constants` accounted for."""

    pdf: str
    build_id: str
    pages: int
    figures: int
    distinct_figures: int
    constants: int


def verify(settings: Settings, week: Week, edition: str) -> Verified:
    """Hold the rendered issue against the build that it names. Raises FigureMismatch, BriefingError."""
    files = BriefingFiles.at(settings, week, edition)
    for path in (files.pdf, files.figures_json, files.figures_csv):
        if not path.exists():
            raise BriefingError(f"{path} is not there; run 'worker-services briefing render {week}'")
    record = json.loads(files.figures_json.read_text(encoding="utf-8"))
    build = build_path(settings, record["build_id"])
    config = load_config(settings)
    stated = config.edition(edition)
    with reading(build) as connection:
        expected = Expectation(connection, week, edition, stated.scope_code, stated.language)
        return verify_files(files, expected, week, config)


def verify_files(files: BriefingFiles, expected: "Expectation", week: Week, config: BriefingConfig) -> Verified:
    """The same for given files and an open build."""
    record = json.loads(files.figures_json.read_text(encoding="utf-8"))
    document = pypdfium2.PdfDocument(files.pdf)
    try:
        _check_attachments(document, files)
        pages = [read_page(document, number) for number in range(len(document))]
        bookmarks = read_bookmarks(document)
    finally:
        document.close()
    placements = record["placements"]
    printed = [(page, link) for page in pages for link in page.links if link.target.startswith("d-")]
    if len(printed) != len(placements):
        raise FigureMismatch(
            "all figures",
            None,
            str(len(printed)),
            str(len(placements)),
            "another number of figures was declared",
        )
    used: dict[int, set[int]] = {page.number: set() for page in pages}
    last_text_page = _last_text_page(pages)
    story = _Story(pages, expected, last_text_page)
    for (page, link), placement in zip(printed, placements, strict=True):
        figure = placement["id"]
        indices = page.inside(link)
        text = "".join(page.chars[i].text for i in indices)
        wanted = expected.printed(figure)
        if text != "".join(wanted.split()):
            raise FigureMismatch(figure, page.number, text, wanted, "the text at its place")
        used[page.number].update(indices)
        if placement["place"] == "table":
            _check_table(page, link, figure, text, expected)
        elif placement["place"] == "list":
            _check_list(page, link, indices[0], figure, text, expected)
        elif placement["place"] == "text":
            story.check(page, indices[0], figure, text)
    _check_record(record, expected)
    if expected.is_city:
        _check_lists_are_whole(placements, expected)
    constants = _check_other_numbers(pages, used, record, expected, week, config.issue(week))
    check_form(pages, bookmarks, config.in_language(expected.language).imprint[0])
    return Verified(
        pdf=str(files.pdf),
        build_id=record["build_id"],
        pages=len(pages),
        figures=len(placements),
        distinct_figures=len(record["figures"]),
        constants=constants,
    )


class Expectation:
    """The marts of a build, queried afresh, and the texts that their values call for."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        week: Week,
        edition: str = "city",
        scope_code: str | None = None,
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        def rows(table: str, where: str = "true") -> list[dict[str, Any]]:
            return read_rows(connection, f"select * from marts.{table} where {where}")

        this_week = f"week_id = '{week}'"
        self._week, self.language = str(week), language
        self.metrics = {row["metric_id"]: row for row in rows("rpt_metric_catalogue")}
        self._weekly = {
            (row["metric_id"], row["scope_type"], row["scope_code"]): row
            for row in rows("rpt_metric_weekly", this_week)
        }
        self.is_city = scope_code is None
        self._own = (
            ("city", "220100")
            if scope_code is None
            else next(key[1:] for key in self._weekly if key[2] == scope_code and key[1] != "project")
        )
        delivered = f"partner_id = '{scope_code}'" if self._own[0] == "partner" else "true"
        self._freshness = {
            f"{row['partner_id']}.{row['feed']}": row for row in rows("rpt_partner_freshness", delivered)
        }
        self._quality = {
            f"{row['partner_id']}.{row['feed']}": row
            for row in rows("rpt_quality_feed_weekly", f"{this_week} and {delivered}")
        }
        self._reasons = {
            f"{row['partner_id']}.{row['feed']}.{row['column_name'] or ''}.{row['rule']}": row
            for row in rows("rpt_quality_reasons", this_week)
        }
        weeks = {"workdays": week, "previous_workdays": week.previous()}
        self._workdays = {
            column: len(rows("rpt_days", f"week_id = '{each}' and is_workday")) for column, each in weeks.items()
        }
        self._grades = {
            (row["scope_type"], row["partner_id"] or "220100"): row
            for row in rows("rpt_quality_scorecard", f"{this_week} and characteristic_code = 'overall'")
            if row["scope_type"] != "feed"
        }
        lost = rows("rpt_quality_points_lost", f"{this_week} and scope_type <> 'feed'")
        lost.sort(
            key=lambda row: (-row["overall_points_lost"], row["characteristic_code"], row["deduction"], row["cause"])
        )
        self._dearest = {(row["scope_type"], row["partner_id"] or "220100"): row for row in reversed(lost)}
        self._categories = {
            f"{row['partner_id']}.{row['service_category']}": row for row in rows("rpt_service_categories", this_week)
        }
        self._uneven = {row["league_id"].replace("/", "."): row for row in rows("rpt_uneven_progress", this_week)}
        self._faults = {row["metric_id"]: row for row in rows("rpt_fault_weekly", this_week)}
        self._last = {
            kind: {
                (row["scope_type"], f"{row['metric_id']}.{row['scope_code']}"): row
                for row in sorted(rows(table, this_week), key=lambda row: (row["rank_from_last"], row["scope_code"]))
                if row["scope_type"] != "project"
            }
            for kind, table in (("uneven_last", "rpt_uneven_progress_units"), ("fault_last", "rpt_fault_units"))
        }

        acting = "true" if self.is_city else f"organisation_code = '{scope_code}'"
        self._actions = {
            f"{row['organisation_code']}.{row['action_id'].replace('/', '_')}": row
            for row in rows("rpt_meeting_actions", f"{this_week} and {acting}")
        }
        before = f"edition = '{edition}' and issue_week = '{week.previous()}'"
        self._printed = {
            (row["scope_type"], f"{row['metric_id']}.{row['scope_code']}", row["figure"]): row
            for row in rows("rpt_printed_figures", f"{before} and week_id = issue_week")
        }
        self._restated = {
            (row["scope_type"], f"{row['metric_id']}.{row['scope_code']}.{row['figure']}", row["week_id"]): row
            for row in rows("rpt_restated_figures", before)
        }

    def printed(self, figure: str) -> str:
        """The text that must stand at a figure's place. Raises FigureMismatch when no mart holds such a figure."""
        kind, scope_type, scope_code, week, column = figure.split("/")
        if kind == "printed" and (row := self._printed.get((scope_type, scope_code, column))):
            return str(row["printed_text"])
        if column == "printed_value" and (row := self._restated.get((scope_type, scope_code, week))):
            return str(row["printed_text"])
        value, is_suppressed, style = self._look_up(figure)
        if isinstance(value, date):
            return self.day(value)
        return "＊" if is_suppressed else "—" if value is None else _write(value, style)

    def day(self, day: date) -> str:
        """The text of a day."""
        if self.language == "en":
            return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
        return f"{day:%Y}年{day.month}月{day.day}日"

    def value(self, figure: str) -> Any:
        return self._look_up(figure)[0]

    def _look_up(self, figure: str) -> tuple[Any, bool, str]:
        """The mart value, whether it may not be published, and how it is written."""
        try:
            kind, scope_type, scope_code, week, column = figure.split("/")
            column, _, sign = column.partition("|")
            if kind == "printed":
                row = self._printed[(scope_type, scope_code, column)]
                if row["issue_week"] != week:
                    raise KeyError(week)
                return row["printed_value"], False, ""
            if kind == "restated":
                metric, _, restated = scope_code.split(".")
                row = self._restated[(scope_type, scope_code, week)]
                sign = "signed" if restated in ("change", "pace_gap") else ""
                is_suppressed = row[column] is None and bool(row["is_suppressed"])
                return row[column], is_suppressed, f"{self._metric_style(metric, restated)} {sign}"
            if week != self._week:
                raise KeyError(week)
            if kind in self.metrics:
                row = self._weekly[(kind, scope_type, scope_code)]
                also = self._faults.get(kind, {}) if scope_type == "city" else {}
                if column in also and also[column] != row[column]:
                    raise FigureMismatch(
                        figure,
                        None,
                        str(also[column]),
                        str(row[column]),
                        "the two marts that state it differ",
                    )
                style = self._metric_style(kind, column)
                sign = sign or ("signed" if column in ("change", "pace_gap") else "")
                return row[column], row[column] is None and row["is_suppressed"], f"{style} {sign}"
            if kind == "uneven":
                style = f"3 {sign or 'signed'}" if column.endswith("_change") else "3"
                style = "0" if column == "units_shown" else style
                return self._uneven[scope_code][column], False, style
            if kind in self._last:
                metric, _, unit = scope_code.partition(".")
                if self._weekly[(metric, scope_type, unit)]["is_suppressed"]:
                    return None, True, ""  # whoever lists it gives the hidden cell away
                style = "1%" if column == "progress" else self._metric_style(metric, column)
                return self._last[kind][(scope_type, scope_code)][column], False, style
            if kind == "service_category":
                row = self._categories[scope_code]
                return row[column], row[column] is None and row["is_suppressed"], "0"
            if kind == "action":
                style = "0" if column == "days_overdue" else "date"
                return self._actions[scope_code][column], False, style
            if kind == "quality_score":
                if column == "overall_points_lost":
                    return self._dearest[(scope_type, scope_code)][column], False, "2"
                style = f"1 {sign or 'signed'}" if column == "change" else "1"
                return self._grades[(scope_type, scope_code)][column], False, style
            if kind == "action_meeting":
                last = [row["meeting_date"] for row in self._actions.values() if row["is_of_last_meeting"]]
                return (last[0] if last else None), False, "date"
            if kind.startswith("freshness"):
                return self._complete_through(kind, scope_code), False, "date"
            return self._count(kind, scope_code, column), False, "1%" if column == "acceptance_rate" else "0"
        except (KeyError, ValueError) as error:
            raise FigureMismatch(figure, None, "", "", "no mart holds such a figure") from error

    def _complete_through(self, kind: str, scope_code: str) -> date | None:
        if kind == "freshness":
            return self._freshness[scope_code]["complete_through"]  # type: ignore[no-any-return]
        days = [row["complete_through"] for row in self._freshness.values()]
        return None if None in days else min(days)

    def _count(self, kind: str, scope_code: str, column: str) -> Any:
        if kind == "quality":
            return self._quality[scope_code][column]
        if kind == "quality_reason":
            return self._reasons[scope_code][column]
        if kind == "calendar":
            return self._workdays[column]
        if kind == "quality_total":
            return sum(row[column] or 0 for row in self._quality.values())
        if kind == "action_count":
            last = [row["standing_code"] for row in self._actions.values() if row["is_of_last_meeting"]]
            wanted = {"closed": _CLOSED, "open": ("open",), "overdue": ("overdue",)}.get(column)
            return len(last) if column == "decided" else sum(code in wanted for code in last if wanted)
        standings = [
            row
            for (metric, *scope), row in self._weekly.items()
            if tuple(scope) == self._own
            and self.metrics[metric]["has_target"]
            and (self.is_city or row["target"] is not None)
        ]
        if scope_code != self._own[1]:
            raise KeyError(scope_code)
        if kind == "target_count":
            return len(standings)
        if kind == "status_count":
            return [row["status_code"] for row in standings].count(column)
        raise KeyError(kind)

    def _metric_style(self, metric: str, column: str) -> str:
        if column in ("completion_rate", "expected_share"):
            return "1%"
        if column in ("rank", "previous_rank", "ranked_units"):
            return "0"
        if column == "pace_gap":
            return "1points"
        if self.metrics[metric]["kind"] == "rate":
            return "1points" if column == "change" else "1%"
        return str(self.metrics[metric]["decimals"])

    def names(self, figure: str) -> list[str]:
        """The names that must stand around a figure: its metric, and its unit or source where it is not the city's."""
        kind, scope_type, scope_code, _, column = figure.split("/")
        if kind in self.metrics:
            names = [self._said(self.metrics[kind], "name")]
            unit = self._said(self._weekly[(kind, scope_type, scope_code)], "scope_name")
            return names if scope_type == "city" or (scope_type, scope_code) == self._own else [*names, unit]
        if kind == "uneven":
            return [self._said(self.metrics[scope_code.partition(".")[0]], "name")]
        if kind in self._last:
            unit = self._said(self._last[kind][(scope_type, scope_code)], "scope_short_name")
            return [self._said(self.metrics[scope_code.partition(".")[0]], "name"), unit]
        if kind in ("printed", "restated"):
            metric, _, unit = scope_code.partition(".")
            unit = unit.partition(".")[0]
            names = [
                self._said(self.metrics[metric], "name"),
                *([LAST_ISSUE[self.language]] if kind == "printed" else []),
            ]
            if (scope_type, unit) == self._own or kind == "printed":
                return names
            return [*names, self._said(self._weekly[(metric, scope_type, unit)], "scope_name")]
        if kind == "action":
            return [str(self._actions[scope_code]["title"])]
        if kind == "service_category":
            row = self._categories[scope_code]
            return [self._said(row, "partner_name"), self._said(row, "service_category")]
        if kind == "quality_score":
            return self._names_of_score(scope_type, scope_code, column)
        if kind in ("quality", "freshness", "quality_reason"):
            row = self._freshness[".".join(scope_code.split(".")[:2])]
            return [self._said(row, "partner_name"), self._said(row, "feed_name")]
        return []

    def _names_of_score(self, scope_type: str, scope_code: str, column: str) -> list[str]:
        """The partner, and the grade that the score has or the cause that the points went to."""
        sources = self._freshness.values() if scope_type == "partner" and self.is_city else []
        partner = [self._said(row, "partner_name") for row in sources if row["partner_id"] == scope_code][:1]
        if column != "overall_points_lost":
            return [*partner, self._said(self._grades[(scope_type, scope_code)], "grade")]
        cause = self._dearest[(scope_type, scope_code)]
        kind = [] if cause["deduction"].startswith("batch_") else [cause[f"cause_{self.language}"] or cause["cause_zh"]]
        return [*partner, self._said(cause, "characteristic"), *kind, self._said(cause, "deduction")]

    def _said(self, row: dict[str, Any], column: str) -> str:
        return str(row[f"{column}_{self.language}"])

    def claims(self, figure: str) -> tuple[str, ...]:
        """The words of which one must stand for a figure's column; of the city beside a unit, with the city named."""
        _, scope_type, _, _, column = figure.split("/")
        words = CLAIMS[self.language][column.partition("|")[0]]
        is_beside = scope_type == "city" and not self.is_city
        return tuple(f"{CITY[self.language]}{word}" for word in words) if is_beside else words

    def metric_of(self, figure: str) -> str | None:
        """The metric that a figure is about, if it is about one."""
        kind, _, scope_code, _, _ = figure.split("/")
        if kind in self.metrics:
            return kind
        return scope_code.partition(".")[0] if kind in (*self._last, "uneven", "printed", "restated") else None

    @cached_property
    def last_counties(self) -> dict[tuple[str, str], list[str]]:
        """By kind and metric, the scope codes of the figures that its list must be made of, in order."""
        lists: dict[tuple[str, str], list[str]] = {}
        for kind, units in self._last.items():
            for scope_type, scope_code in units:
                if scope_type == "county":
                    lists.setdefault((kind, scope_code.partition(".")[0]), []).append(scope_code)
        return lists

    @cached_property
    def metric_names(self) -> dict[str, str]:
        """The metric of each name, which is written without spaces."""
        return {"".join(self._said(row, "name").split()): metric for metric, row in self.metrics.items()}

    @cached_property
    def named(self) -> re.Pattern[str]:
        """Finds the metrics' names, the longest that fits."""
        return re.compile("|".join(map(re.escape, sorted(self.metric_names, key=len, reverse=True))))


def _write(value: Any, style: str) -> str:
    """Text of a value by whole-number arithmetic: style is decimals with '%' or 'points', and a sign rule."""
    number, _, sign = style.partition(" ")
    decimals = int(re.match(r"\d+", number)[0])  # type: ignore[index]
    factor = 10 ** (decimals + (0 if number.isdigit() else 2))
    numerator, denominator = Decimal(value).as_integer_ratio()
    units = (2 * abs(numerator) * factor + denominator) // (2 * denominator)
    whole, part = divmod(units, 10**decimals)
    digits = str(whole)
    groups = [digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)]
    text = ",".join(reversed(groups)) + (f".{part:0{decimals}d}" if decimals else "")
    if units and numerator < 0 and sign != "magnitude":
        text = f"−{text}"
    elif units and numerator > 0 and sign == "signed":
        text = f"+{text}"
    return f"{text}%" if number.endswith("%") else text


def _check_attachments(document: pypdfium2.PdfDocument, files: BriefingFiles) -> None:
    """The figures inside the PDF are the figures beside it."""
    inside = {}
    for i in range(document.count_attachments()):
        attachment = document.get_attachment(i)
        inside[Path(attachment.get_name()).suffix] = bytes(attachment.get_data())
    for path in (files.figures_csv, files.figures_json):
        if inside.get(path.suffix) != path.read_bytes():
            raise FigureMismatch(path.name, None, "another file", "the file beside the PDF", "the attachment")


def _says(text: str, value: Any) -> bool:
    """Whether the text of the list states the value of the mart: a number as a number, however many zeros it has."""
    if isinstance(value, Decimal):
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", text)) and Decimal(text) == value
    return text == ("" if value is None else str(value))


def _check_record(record: dict[str, Any], expected: Expectation) -> None:
    """The attached list says of each figure what the marts say."""
    for figure in record["figures"]:
        value = expected.value(figure["id"])
        if not _says(figure["value"], value) or figure["printed"] != expected.printed(figure["id"]):
            raise FigureMismatch(figure["id"], None, figure["value"], str(value), "the value in figures.json")


def _check_table(page: Page, link: Link, figure: str, text: str, expected: Expectation) -> None:
    """Each of its names and its column's words stand to the left in its row or above in its column."""
    for alternatives in [*((name,) for name in expected.names(figure)), expected.claims(figure)]:
        if not any(_heads(page, link, words, CITY[expected.language]) for words in alternatives):
            raise FigureMismatch(
                figure, page.number, text, " / ".join(alternatives), "no such head to its row or column"
            )


def _check_list(page: Page, link: Link, index: int, figure: str, text: str, expected: Expectation) -> None:
    """Its unit stands right before it, its metric is the last one named, and the list's head speaks of its column."""
    metric, unit = ("".join(name.split()) for name in expected.names(figure))
    before = page.text[:index]
    if not before.endswith(unit):
        raise FigureMismatch(figure, page.number, text, unit, "the words before it name another")
    if [metric] != expected.named.findall(before)[-1:]:
        raise FigureMismatch(figure, page.number, text, metric, "the row is of another metric")
    words = ["".join(word.split()) for word in CLAIMS[expected.language][figure.split("/")[4]]]
    heads = [head for head in page.links if head.target == "h-last" and head.bottom >= link.top - 1]
    nearest = min(heads, key=lambda head: head.bottom, default=None)
    head = "".join(page.chars[i].text for i in page.inside(nearest)) if nearest else ""
    if not any(word in head for word in words):
        raise FigureMismatch(figure, page.number, text, " / ".join(words), f"its list is headed '{head}'")


def _check_lists_are_whole(placements: list[dict[str, Any]], expected: Expectation) -> None:
    """Each metric compared names all its last units, and in the order of the mart."""
    printed: dict[tuple[str, str], list[str]] = {}
    for placement in placements:
        if placement["place"] == "list":
            kind, _, scope_code, _, _ = placement["id"].split("/")
            printed.setdefault((kind, scope_code.partition(".")[0]), []).append(scope_code)
    for kind, metric in sorted(printed.keys() | expected.last_counties.keys()):
        codes, wanted = printed.get((kind, metric), []), expected.last_counties.get((kind, metric), [])
        if codes != wanted:
            raise FigureMismatch(
                f"{kind} of {metric}", None, "、".join(codes), "、".join(wanted), "the list of its last units"
            )


def _heads(page: Page, link: Link, words: str, city: str) -> bool:
    """Whether the words stand left of a figure or above it; heads over several columns are links as wide as these."""
    words, city = "".join(words.split()), "".join(city.split())
    start = page.text.find(words)
    while start >= 0:
        if page.text[:start].endswith(city) and not words.startswith(city):
            start = page.text.find(words, start + 1)  # the city's column, not the unit's own
            continue
        box: list[Char] | list[Link] = page.chars[start : start + len(words)]
        if spanning := [head for head in page.links if head.target.startswith("h-") and head.holds(page.chars[start])]:
            box = spanning
        left, right = min(c.left for c in box), max(c.right for c in box)
        bottom, top = min(c.bottom for c in box), max(c.top for c in box)
        in_row = right <= link.left + 1 and bottom < link.top and top > link.bottom
        in_column = bottom >= link.top - 1 and left < link.right and right > link.left
        if in_row or in_column:
            return True
        start = page.text.find(words, start + 1)
    return False


class _Story:
    """The running text of all pages, in which each figure must follow words that speak of it."""

    def __init__(self, pages: list[Page], expected: Expectation, last_text_page: int) -> None:
        self._expected = expected
        self._metrics = expected.metric_names
        self._offsets: dict[int, dict[int, int]] = {}
        text: list[str] = []
        for page in pages:
            offsets = self._offsets.setdefault(page.number, {})
            low, high = TEXT_BAND if page.number <= last_text_page else FIGURES_BAND
            for i, char in enumerate(page.chars):
                if low <= char.middle[1] <= high:
                    offsets[i] = len(text)
                    text.append(char.text)
        self._text = "".join(text)
        self._named = [(m.start(), m[0]) for m in expected.named.finditer(self._text)]
        claims = {words for many in CLAIMS[expected.language].values() for words in many}
        claims |= {f"{CITY[expected.language]}{words}" for words in claims}
        claims = {"".join(words.split()) for words in claims}
        claimed = "|".join(map(re.escape, sorted(claims, key=len, reverse=True)))
        blanked = expected.named.sub(lambda m: "\0" * len(m[0]), self._text)
        self._claimed = [(m.start(), m[0]) for m in re.finditer(claimed, blanked)]

    def check(self, page: Page, index: int, figure: str, printed: str) -> None:
        at = self._offsets[page.number][index]
        allowed = self._expected.claims(figure)
        claim = next((words for start, words in reversed(self._claimed) if start < at), "")
        if claim not in ["".join(words.split()) for words in allowed]:
            raise FigureMismatch(figure, page.number, printed, allowed[0], f"the sentence speaks of '{claim}'")
        metric = self._expected.metric_of(figure)
        if metric is not None:
            name = next((name for start, name in reversed(self._named) if start < at), "")
            if self._metrics.get(name) != metric:
                wanted = next(known for known, its in self._metrics.items() if its == metric)
                raise FigureMismatch(figure, page.number, printed, wanted, f"the sentence speaks of '{name}'")
        names = ["".join(name.split()) for name in self._expected.names(figure)]
        before = self._text[max(0, at - REACH[self._expected.language] - max(map(len, names), default=0)) : at]
        for name in names[-1:]:
            if name not in before:
                raise FigureMismatch(figure, page.number, printed, name, "the words before it name another")


def _last_text_page(pages: list[Page]) -> int:
    return max(link.leads_to_page for page in pages for link in page.links if link.target == "annex-status") - 1


def _check_other_numbers(
    pages: list[Page],
    used: dict[int, set[int]],
    record: dict[str, Any],
    expected: Expectation,
    week: Week,
    issue: int,
) -> int:
    """Every number that is no figure was declared, as often as it stands there. Returns how many there are."""
    allowed = Counter(record["constants"])
    repeated = set(record["repeated_constants"])
    issued = expected.day(week.end + timedelta(days=1))
    for number in (str(issue), *NUMBER.findall(issued)):
        if number not in allowed:
            raise FigureMismatch("header", None, "", number, "the issue number or the date of issue is missing")
    found: Counter[str] = Counter()
    where: dict[str, int] = {}
    last_text_page = _last_text_page(pages)
    for page in pages:
        low, high = TEXT_BAND if page.number <= last_text_page else FIGURES_BAND
        contents = [link for link in page.links if link.target.startswith("annex-")]
        for indices in _runs(page, used[page.number]):
            text, y = "".join(page.chars[i].text for i in indices), page.chars[indices[0]].middle[1]
            numbers = NUMBER.findall(text)
            if y < low or y > high:
                margin = {str(page.number)} if y < low else {str(issue)}
                if stray := [n for n in numbers if n not in margin]:
                    raise FigureMismatch(
                        "margin", page.number, stray[0], min(margin), "a page or issue number is wrong"
                    )
                continue
            entry = next((link for link in contents if link.holds(page.chars[indices[0]])), None)
            if entry and numbers and numbers[-1] == str(entry.leads_to_page) and text.endswith(numbers[-1]):
                numbers = numbers[:-1]
            found.update(numbers)
            where |= dict.fromkeys(numbers, page.number)
    for number, times in found.items():
        if number not in repeated and times > allowed[number]:
            raise FigureMismatch(
                "undeclared number",
                where[number],
                number,
                f"{allowed[number]} times, not {times}",
                "a number that no mart stands behind",
            )
    missing = allowed - found
    if missing:
        number = next(iter(missing))
        raise FigureMismatch("declared number", None, "", number, "it was declared but is not on the pages")
    return found.total()


def _runs(page: Page, used: set[int]) -> list[list[int]]:
    """Neighbouring characters of a line, cut where figures or gaps lie between."""
    runs: list[list[int]] = []
    previous: Char | None = None
    for i, char in enumerate(page.chars):
        if i in used:
            previous = None
            continue
        height = max(char.top - char.bottom, 4.0)
        joined = (
            previous is not None
            and -height <= char.left - previous.right < 0.6 * height
            and abs(char.middle[1] - previous.middle[1]) < height
        )
        if joined:
            runs[-1].append(i)
        else:
            runs.append([i])
        previous = char
    return runs
