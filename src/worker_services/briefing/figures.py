"""A figure: one mart value and the one way it is printed. Nothing else in the briefing or the mail formats a number."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from string import Formatter
from typing import Any, Literal

from worker_services.briefing.language import N_, load_language
from worker_services.briefing.marts import CITY, Marts, Row
from worker_services.intervals import Week

Notation = Literal["count", "percent", "points", "date"]
Sign = Literal["plain", "signed", "magnitude"]

ABSENT = "—"
SUPPRESSED = "＊"
NOT_PUBLISHED = N_("不公布")
# Stands before a column's word where a unit's own edition sets the city beside it.
CITY_ZH = N_("全市")

# Words that stand for a column wherever it is printed: in table heads, in sentences, in the notes.
COLUMN_ZH = {
    "value": N_("本周"),
    "change": N_("比上周"),
    "cumulative_value": N_("累计"),
    "target": N_("年度目标"),
    "completion_rate": N_("完成率"),
    "expected_share": N_("序时进度"),
    "pace_gap": N_("进度差"),
    "complete_through": N_("数据截至"),
    "rows_received": N_("接收"),
    "rows_accepted": N_("入库"),
    "rows_quarantined": N_("隔离"),
    "rows_held_orphan": N_("暂缓"),
    "acceptance_rate": N_("合格率"),
    "score": N_("得分"),
    "overall_points_lost": N_("失分"),
    "workdays": N_("工作日"),
    "previous_workdays": N_("上周工作日"),
    "person_times": N_("本周"),
    "cumulative_person_times": N_("累计"),
    "rows": N_("行数"),
    "units_shown": N_("参评单位"),
    "coefficient_of_variation": N_("离散系数"),
    "coefficient_of_variation_change": N_("比四周前"),
    "progress": N_("完成率"),
    "rank": N_("位次"),
    "previous_rank": N_("上周位次"),
    "ranked_units": N_("参加排序"),
    "forecast": N_("年底预计"),
    "forecast_low": N_("预计下限"),
    "forecast_high": N_("预计上限"),
    "meeting_date": N_("会议于"),
    "decided": N_("议定事项"),
    "closed": N_("办结"),
    "open": N_("在办"),
    "overdue": N_("逾期"),
    "days_overdue": N_("逾期"),
    "due_on": N_("完成时限"),
    "closed_on": N_("办结日期"),
    "printed_value": N_("上期"),
    "current_value": N_("本期"),
}

_PLACES = {"rank", "previous_rank"}
_CLOSED = ("done_in_time", "done_late")
_SHARES = {"completion_rate", "expected_share", "acceptance_rate", "progress"}


@dataclass(frozen=True)
class Figure:
    """`value` as the mart holds it; `printed` as every reader sees it; `reason` why there is no number."""

    id: str
    metric: str
    scope: str
    week: str
    column: str
    value: Decimal | date | None
    printed: str
    unit: str
    as_of: str
    reason: str = ""

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, Decimal)

    @property
    def direction(self) -> int:
        """-1, 0 or 1 for what the reader sees: a fall that rounds to nothing is no fall."""
        if not isinstance(self.value, Decimal) or not any(digit in self.printed for digit in "123456789"):
            return 0
        return 1 if self.value > 0 else -1


def print_number(value: Decimal, notation: Notation, decimals: int, sign: Sign = "plain") -> str:
    """Round once, half up, and write with thousands separators; percent and points take a fraction times 100."""
    if notation in ("percent", "points"):
        value, decimals = value * 100, 1
    if sign == "magnitude":
        value = abs(value)
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    if rounded < 0:
        text = f"−{text}"
    elif rounded > 0 and sign == "signed":
        text = f"+{text}"
    return f"{text}%" if notation == "percent" else text


Segment = str | Figure
Sentence = list[Segment]
# One unit, and several.
Units = tuple[str, str]
NO_UNIT: Units = ("", "")


class FigureBook:
    """Every figure of one briefing, made when it is first asked for, and the sentences that it stands in.

    Raises KeyError for what the marts lack.
    """

    def __init__(self, marts: Marts) -> None:
        self.marts = marts
        self.language = load_language(marts.language)
        self.figures: dict[str, Figure] = {}
        self._as_of = f"{marts.as_of:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def scope(self) -> tuple[str, str]:
        """Whose figures these are when nobody else is named."""
        return self.marts.scope

    def sentence(self, text: str, **places: Segment | Sentence) -> Sentence:
        """A text in the edition's language with its named places filled: a figure brings its unit, as {name:bare} none.

        The places may come in another order in another language, but are the same.
        """
        sentence: Sentence = []
        for words, name, style, _ in Formatter().parse(self.language.gettext(text)):
            sentence += [words] if words else []
            if name is not None:
                said = places[name]
                sentence += said if isinstance(said, list) else [said] if style == "bare" else self.with_unit(said)
        return sentence

    def with_unit(self, said: Segment) -> Sentence:
        """A figure and its unit, where it is a number and has one."""
        if isinstance(said, Figure) and said.is_number and said.unit:
            return [said, f"{self.language.gap}{said.unit}"]
        return [said]

    def column(self, column: str) -> str:
        """The words that stand for a column."""
        return self.language.gettext(COLUMN_ZH[column])

    def standing(self, metric: str) -> Row | None:
        """The week's row of a metric for the edition's own scope."""
        return self.marts.weekly.get((metric, *self.scope, str(self.marts.week)))

    def has_target(self, metric: str) -> bool:
        """Whether the edition's own scope has an annual target; the city's are those that the catalogue says so of."""
        row = self.standing(metric)
        if row is None or not self.marts.metrics[metric]["has_target"]:
            return False
        return self.marts.is_city or row["target"] is not None

    def metric(
        self,
        metric: str,
        column: str,
        scope: tuple[str, str] | None = None,
        week: Week | str | None = None,
        magnitude: bool = False,
    ) -> Figure:
        """A column of rpt_metric_weekly; changes carry their sign unless only their magnitude is wanted."""
        week_id, scope = str(week or self.marts.week), scope or self.scope
        row = self.marts.weekly[(metric, *scope, week_id)]
        sign: Sign = "magnitude" if magnitude else "signed" if column in ("change", "pace_gap") else "plain"
        return self._add_metric(
            f"{metric}/{scope[0]}/{scope[1]}/{week_id}/{column}{'|magnitude' if magnitude else ''}",
            metric,
            column,
            row[column],
            sign,
            is_suppressed=row["is_suppressed"],
        )

    def fault(self, row: Row, column: str) -> Figure:
        """A column of rpt_fault_weekly: the city's cell of rpt_metric_weekly, under the id that it has there."""
        metric = row["metric_id"]
        return self._add_metric(
            f"{metric}/{CITY[0]}/{CITY[1]}/{row['week_id']}/{column}",
            metric,
            column,
            row[column],
            "signed" if column == "change" else "plain",
            is_suppressed=self.marts.weekly[(metric, *CITY, row["week_id"])]["is_suppressed"],
        )

    def fault_last(self, row: Row) -> Figure:
        """The year to date of a unit that is in one of the last places of rpt_fault_units."""
        scope = f"{row['metric_id']}.{row['scope_code']}"
        return self._add_metric(
            f"fault_last/{row['scope_type']}/{scope}/{row['week_id']}/cumulative_value",
            row["metric_id"],
            "cumulative_value",
            row["cumulative_value"],
        )

    def uneven(self, row: Row, column: str, magnitude: bool = False) -> Figure:
        """A column of rpt_uneven_progress: coefficients have no unit."""
        is_count = column == "units_shown"
        return self._add(
            f"uneven/league/{row['metric_id']}.{row['scope_type']}/{row['week_id']}/{column}"
            f"{'|magnitude' if magnitude else ''}",
            row[column],
            "count",
            0 if is_count else 3,
            "magnitude" if magnitude else "signed" if column == "coefficient_of_variation_change" else "plain",
            unit=self.language.units("unit", "家") if is_count else NO_UNIT,
            reason="" if row[column] is not None else N_("参评单位不足两家或与四周前不可比"),
        )

    def uneven_last(self, row: Row) -> Figure:
        """The completion of a unit that is in one of the last places of rpt_uneven_progress_units."""
        scope = f"{row['metric_id']}.{row['scope_code']}"
        return self._add(
            f"uneven_last/{row['scope_type']}/{scope}/{row['week_id']}/progress", row["progress"], "percent", 1
        )

    def status_count(self, status_code: str) -> Figure:
        """How many of the scope's metrics with a target stand at this status."""
        rows = [self.standing(metric) or {} for metric in self.marts.metrics if self.has_target(metric)]
        n = sum(row["status_code"] == status_code for row in rows)
        return self._add(
            self._own("status_count", status_code), n, "count", 0, unit=self.language.units("indicator", "项")
        )

    def target_count(self) -> Figure:
        """How many of the scope's metrics have a target."""
        n = sum(self.has_target(metric) for metric in self.marts.metrics)
        return self._add(
            self._own("target_count", "metrics"), n, "count", 0, unit=self.language.units("indicator", "项")
        )

    def workdays(self, column: str) -> Figure:
        """How many days of the week, or of the one before, are worked."""
        week = self.marts.week if column == "workdays" else self.marts.week.previous()
        n = sum(row["is_workday"] for row in self.marts.days if row["week_id"] == str(week))
        return self._add(self._own("calendar", column), n, "count", 0, unit=self.language.units("day", "天"))

    def action_count(self, column: str) -> Figure:
        """Of the actions decided at the last meeting: how many there are, are closed, open, or overdue."""
        codes = {"closed": _CLOSED, "open": ("open",), "overdue": ("overdue",)}.get(column)
        last = [row for row in self.marts.actions if row["is_of_last_meeting"]]
        n = sum(codes is None or row["standing_code"] in codes for row in last)
        units = self.language.units("action", "项")
        return self._add(self._own("action_count", column), n, "count", 0, unit=units)

    def action_meeting(self) -> Figure:
        """The day of the last meeting."""
        days = [row["meeting_date"] for row in self.marts.actions if row["is_of_last_meeting"]]
        return self._add(
            self._own("action_meeting", "meeting_date"),
            days[0] if days else None,
            "date",
            0,
            reason="" if days else N_("无会议记录"),
        )

    def action(self, row: Row, column: str) -> Figure:
        """A date or the days overdue of one action."""
        scope = f"{row['organisation_code']}.{row['action_id'].replace('/', '_')}"
        return self._add(
            f"action/organisation/{scope}/{row['week_id']}/{column}",
            row[column],
            "date" if column != "days_overdue" else "count",
            0,
            unit=self.language.units("day", "天") if column == "days_overdue" else NO_UNIT,
            reason="" if row[column] is not None else N_("尚未办结") if column == "closed_on" else N_("未逾期"),
        )

    def printed(self, row: Row) -> Figure:
        """A figure of the issue before, as it was printed."""
        scope = f"{row['metric_id']}.{row['scope_code']}"
        return self._add(
            f"printed/{row['scope_type']}/{scope}/{row['issue_week']}/{row['figure']}",
            row["printed_value"],
            *notation_of(self.marts.metrics[row["metric_id"]], row["figure"]),
            unit=self._unit(row["metric_id"], row["figure"]),
            printed=row["printed_text"],
        )

    def restated(self, row: Row, column: str) -> Figure:
        """A figure of the issue before that is another now: `column` says which of the two."""
        scope = f"{row['metric_id']}.{row['scope_code']}.{row['figure']}"
        return self._add(
            f"restated/{row['scope_type']}/{scope}/{row['week_id']}/{column}",
            row[column],
            *notation_of(self.marts.metrics[row["metric_id"]], row["figure"]),
            "signed" if row["figure"] in ("change", "pace_gap") else "plain",
            unit=self._unit(row["metric_id"], row["figure"]),
            reason="" if row[column] is not None else NOT_PUBLISHED if row["is_suppressed"] else N_("无数据或分母为零"),
            printed=row["printed_text"] if column == "printed_value" else None,
        )

    def _own(self, kind: str, column: str) -> str:
        return f"{kind}/{self.scope[0]}/{self.scope[1]}/{self.marts.week}/{column}"

    def freshness(self, row: Row) -> Figure:
        scope = f"{row['partner_id']}.{row['feed']}"
        return self._add(
            f"freshness/feed/{scope}/{self.marts.week}/complete_through",
            row["complete_through"],
            "date",
            0,
            reason="" if row["complete_through"] else N_("尚无数据"),
        )

    def freshness_of_all(self) -> Figure:
        """The last day that every partner's data reach."""
        days = [row["complete_through"] for row in self.marts.freshness]
        return self._add(
            self._own("freshness_of_all", "complete_through"),
            min(days) if days and None not in days else None,
            "date",
            0,
            reason="" if days and None not in days else N_("尚无数据"),
        )

    def quality(self, row: Row, column: str) -> Figure:
        scope = f"{row['partner_id']}.{row['feed']}"
        share = column in _SHARES
        return self._add(
            f"quality/feed/{scope}/{row['week_id']}/{column}",
            row[column],
            "percent" if share else "count",
            0,
            unit=NO_UNIT if share else self.language.units("row", "行"),
            reason="" if row[column] is not None else N_("本周无批次"),
        )

    def quality_total(self, column: str) -> Figure:
        """Sum of a column of counts over every feed of the week."""
        return self._add(
            self._own("quality_total", column),
            sum(row[column] or 0 for row in self.marts.quality),
            "count",
            0,
            unit=self.language.units("row", "行"),
        )

    def quality_reason(self, row: Row) -> Figure:
        scope = f"{row['partner_id']}.{row['feed']}.{row['column_name'] or ''}.{row['rule']}"
        return self._add(
            f"quality_reason/feed/{scope}/{row['week_id']}/rows",
            row["rows"],
            "count",
            0,
            unit=self.language.units("row", "行"),
        )

    def grade(self, row: Row, column: str, magnitude: bool = False) -> Figure:
        """A column of the score of a partner's or the city's data, or what its dearest cause took from it."""
        whose = f"partner/{row['partner_id']}" if row["scope_type"] == "partner" else "/".join(CITY)
        return self._add(
            f"quality_score/{whose}/{row['week_id']}/{column}{'|magnitude' if magnitude else ''}",
            row[column],
            "count",
            2 if column == "overall_points_lost" else 1,
            "magnitude" if magnitude else "signed" if column == "change" else "plain",
            unit=self.language.units("point", "分"),
            reason="" if row[column] is not None else N_("上周未评分或所评特性不同"),
        )

    def category(self, row: Row, column: str) -> Figure:
        scope = f"{row['partner_id']}.{row['service_category']}"
        return self._add(
            f"service_category/partner/{scope}/{row['week_id']}/{column}",
            row[column],
            "count",
            0,
            unit=self.language.units("attendance", "人次"),
            reason="" if row[column] is not None else NOT_PUBLISHED if row["is_suppressed"] else N_("无数据"),
        )

    def _add_metric(
        self, figure_id: str, metric: str, column: str, value: Any, sign: Sign = "plain", *, is_suppressed: bool = False
    ) -> Figure:
        """A value written as the catalogue has it for the metric."""
        catalogue = self.marts.metrics[metric]
        notation, decimals = notation_of(catalogue, column)
        return self._add(
            figure_id,
            value,
            notation,
            decimals,
            sign,
            unit=self._unit(metric, column),
            reason="" if value is not None else NOT_PUBLISHED if is_suppressed else N_("无数据或分母为零"),
        )

    def _add(
        self,
        figure_id: str,
        value: Any,
        notation: Notation,
        decimals: int,
        sign: Sign = "plain",
        *,
        unit: Units = NO_UNIT,
        reason: str = "",
        printed: str | None = None,
    ) -> Figure:
        """`printed` is what an earlier issue made of the value."""
        if isinstance(value, int):
            value = Decimal(value)
        if printed is None:
            printed = self._text(value, notation, decimals, sign, reason)
        metric, scope_type, scope_code, week, column = figure_id.split("/")
        figure = Figure(
            id=figure_id,
            metric=metric,
            scope=f"{scope_type}/{scope_code}",
            week=week,
            column=column.partition("|")[0],
            value=value,
            printed=printed,
            unit=unit[0] if printed.lstrip("+−") == "1" else unit[1],
            as_of=self._as_of,
            reason=self.language.gettext(reason) if reason else "",
        )
        kept = self.figures.setdefault(figure_id, figure)
        if kept != figure:
            raise AssertionError(f"{figure_id} would be printed in two ways: {kept.printed}, {figure.printed}")
        return kept

    def _text(self, value: Decimal | date | None, notation: Notation, decimals: int, sign: Sign, reason: str) -> str:
        if value is None:
            return SUPPRESSED if reason == NOT_PUBLISHED else ABSENT
        return (
            self.language.print_date(value)
            if isinstance(value, date)
            else print_number(value, notation, decimals, sign)
        )

    def _unit(self, metric: str, column: str) -> Units:
        """What stands behind a column of a metric; a percentage carries its sign with it."""
        if column in _PLACES:
            return self.language.units("place", "位")
        if column == "ranked_units":
            return self.language.units("unit", "家")
        catalogue = self.marts.metrics[metric]
        notation, _ = notation_of(catalogue, column)
        if notation != "count":
            return NO_UNIT if notation == "percent" else self.language.units("percentage point", "个百分点")
        return self.language.unit(catalogue)


def notation_of(catalogue: Row, column: str) -> tuple[Notation, int]:
    """How a column of a metric is written, and with how many decimals."""
    if column in _PLACES or column == "ranked_units":
        return "count", 0
    if column in _SHARES:
        return "percent", 1
    if column == "pace_gap":
        return "points", 1
    if catalogue["kind"] == "rate":
        return ("points" if column == "change" else "percent"), 1
    return "count", int(catalogue["decimals"])
