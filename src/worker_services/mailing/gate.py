"""Whether an issue may leave: green goes, amber waits for a person, red is held. Rules: config/sending.yaml."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import duckdb

from worker_services.briefing.errors import BriefingError, FigureMismatch
from worker_services.briefing.figures import COLUMN_ZH, notation_of, print_number
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.language import load_language
from worker_services.briefing.marts import build_path, read_rows, reading
from worker_services.briefing.verify import verify
from worker_services.intervals import Week
from worker_services.mailing.config import GateConfig, load_config
from worker_services.settings import Settings
from worker_services.warehouse.publish import current, read_record

Colour = Literal["green", "amber", "red"]
Row = dict[str, Any]
FIGURES_NAMED = 4
COLOUR_ZH = {"green": "可以发送", "amber": "待人工审核", "red": "暂停发送"}


@dataclass(frozen=True)
class Reason:
    """Why an issue does not simply go out: the rule that says so, a sentence in Chinese, the figures it touches."""

    code: str
    colour: Literal["amber", "red"]
    sentence: str
    figures: list[str]


@dataclass(frozen=True)
class Verdict:
    """What the gate says of an issue as it lies there now; `build_id` is empty where there is none to read.

    `fingerprint` stands for exactly these pages and these reasons: an approval of it is an approval of nothing else.
    `pdf_sha256` is of the pages that were looked at.
    """

    week: str
    edition: str
    colour: Colour
    build_id: str
    pdf_sha256: str
    fingerprint: str
    reasons: list[Reason]

    @property
    def subject(self) -> str:
        """The issue as the ledger names it."""
        return f"{self.week}/{self.edition}"

    @property
    def question(self) -> str:
        """What a person is asked, in Markdown; ends with the fingerprint, by which the question is found again."""
        reasons = "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(self.sentences, 1))
        return (
            f"经发送前核查，本期简报有下列情形，须由有权人员审核后方可发送：\n\n{reasons}\n\n"
            f"同意发送的，各收件人将收到本期简报；不予发送的，或者逾期未答复的，均不发送。\n\n"
            f"数据版本：{self.build_id}　核查编号：{self.fingerprint}"
        )

    @property
    def sentences(self) -> list[str]:
        """The reasons as people read them, the gravest first."""
        return [each.sentence + _touching(each.figures) for each in self.reasons]


def judge(settings: Settings, week: Week, edition: str) -> Verdict:
    """Read the rendered issue, its build and that build's marts, and say whether it may leave."""
    try:
        build_id = verify(settings, week, edition).build_id
    except BriefingError as error:
        return _verdict(week, edition, "", b"", [_not_verified(error)])
    files = BriefingFiles.at(settings, week, edition)
    issue = json.loads(files.figures_json.read_text(encoding="utf-8"))
    with reading(build_path(settings, build_id)) as connection:
        printed = _Printed(connection, week, edition, {figure["metric"] for figure in issue["figures"]})
        rules = load_config(settings).gate
        reasons = [
            *_of_build(settings, build_id),
            *_late_feeds(printed, rules),
            *_held_rows(printed, rules),
            *_restated_figures(printed, rules),
            *_jumps(printed, rules),
            *_expired_corrections(printed),
        ]
    return _verdict(week, edition, build_id, files.pdf.read_bytes(), reasons)


class _Printed:
    """The metrics that an issue prints, and the marts of its build."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, week: Week, edition: str, metrics: set[str]) -> None:
        self._connection = connection
        self.week = week
        self.edition = edition
        self.catalogue = {
            row["metric_id"]: row
            for row in self.rows("select * from marts.rpt_metric_catalogue order by display_order, metric_id")
            if row["metric_id"] in metrics
        }
        self._feeds: dict[str, list[str]] = {}
        for row in self.rows("select * from marts.rpt_metric_feeds"):
            self._feeds.setdefault(row["feed"], []).append(row["metric_id"])

    def rows(self, query: str) -> list[Row]:
        return read_rows(self._connection, query)

    def of_feed(self, feed: str) -> list[Row]:
        """The printed metrics that a feed counts into, in the order of display."""
        return [row for metric, row in self.catalogue.items() if metric in self._feeds.get(feed, [])]


def _of_build(settings: Settings, build_id: str) -> Iterator[Reason]:
    try:
        audited = read_record(settings, build_id).get("audit", {})
    except FileNotFoundError:
        audited = {}
    if not audited.get("passed"):
        yield Reason("build_not_audited", "red", f"数据版本{build_id}未通过审核，所印数字不能作准。", [])
    published = current(settings)
    if published is None or build_id not in (published.build_id, *published.previous):
        what = "已被撤回" if published and build_id in published.withdrawn else "未曾发布"
        yield Reason("build_not_published", "red", f"数据版本{build_id}{what}，须按现行版本重新生成简报。", [])


def _late_feeds(printed: _Printed, rules: GateConfig) -> Iterator[Reason]:
    bounds, last_day, print_date = rules.late_feeds, printed.week.end, load_language("zh").print_date
    for row in printed.rows("select * from marts.rpt_partner_freshness order by domain, partner_id, feed"):
        touched = printed.of_feed(row["feed"])
        source = f"{row['partner_name_zh']}“{row['feed_name_zh']}”"
        through = row["complete_through"]
        missing = None if through is None else (last_day - through).days
        if not touched or (missing is not None and missing < bounds.amber_days):
            continue
        is_grave = any(each["is_headline"] for each in touched) and (missing is None or missing >= bounds.red_days)
        said = (
            f"{source}至今没有数据。"
            if through is None
            else f"{source}的数据只到{print_date(through)}，比本期统计截止日期{print_date(last_day)}缺{missing}天。"
        )
        yield Reason("late_feed", "red" if is_grave else "amber", said, _names(touched))


def _held_rows(printed: _Printed, rules: GateConfig) -> Iterator[Reason]:
    bounds = rules.held_rows
    held = printed.rows(
        f"""
        select *, rows_quarantined + rows_held_orphan as rows_held
        from marts.rpt_quality_feed_weekly inner join marts.rpt_partner_freshness using (partner_id, feed)
        where week_id = '{printed.week}'
        order by partner_id, feed
        """
    )
    for row in held:
        touched = printed.of_feed(row["feed"])
        enough = row["rows_held"] >= bounds.rows and row["rows_held"] >= bounds.share * row["rows_received"]
        if touched and enough:
            source = f"{row['partner_name_zh']}“{row['feed_name_zh']}”"
            said = f"{source}本周收到{row['rows_received']:,}行，其中{row['rows_held']:,}行被隔离或暂缓，未计入。"
            yield Reason("held_rows", "amber", said, _names(touched))


def _restated_figures(printed: _Printed, rules: GateConfig) -> Iterator[Reason]:
    changed = printed.rows(
        f"""
        select * from marts.rpt_restated_figures
        where edition = '{printed.edition}' and issue_week < '{printed.week}' and not is_suppressed
            and figure in ('value', 'cumulative_value')
            and (
                (printed_value is null) != (current_value is null)
                or abs(difference) > {rules.restated_figures.share} * abs(printed_value)
            )
        order by metric_id, issue_week desc, figure desc, scope_type, scope_code
        """
    )
    for metric, row in printed.catalogue.items():
        found = [each for each in changed if each["metric_id"] == metric]
        if not found:
            continue
        first = found[0]
        now = _written(row, first["figure"], first["current_value"])
        where = f"{first['issue_week']}一期所印“{row['name_zh']}”{COLUMN_ZH[first['figure']]}"
        others = f"，同类数字另有{len(found) - 1}处" if len(found) > 1 else ""
        said = f"{where}为{first['printed_text']}，按现有数据为{now}{others}。"
        yield Reason("restated_figure", "amber", said, _names([row]))


def _jumps(printed: _Printed, rules: GateConfig) -> Iterator[Reason]:
    bounds = rules.jumps
    before = f"over (partition by metric_id order by week_id rows between {bounds.weeks} preceding and 1 preceding)"
    weeks = printed.rows(
        f"""
        with series as (
            select metric_id, week_id, value, min(value) {before} as lowest, max(value) {before} as highest,
                count(value) {before} as weeks
            from marts.rpt_metric_weekly where scope_type = 'city'
        )
        select * from series where week_id = '{printed.week}' and weeks >= {bounds.least_weeks} and value is not null
        """
    )
    standing = {row["metric_id"]: row for row in weeks}
    for metric, row in printed.catalogue.items():
        if metric not in standing or not row["is_headline"]:
            continue
        seen = standing[metric]
        value, lowest, highest = (float(seen[column]) for column in ("value", "lowest", "highest"))
        beyond = max(lowest - value, value - highest)
        if notation_of(row, "value")[0] == "percent":
            is_far = beyond * 100 > bounds.points
        else:
            is_far = beyond >= bounds.at_least and not lowest / bounds.factor <= value <= highest * bounds.factor
        if is_far:
            now, least, most = (_written(row, "value", seen[column]) for column in ("value", "lowest", "highest"))
            said = f"“{row['name_zh']}”本周为{now}，而此前{seen['weeks']}周在{least}至{most}之间，变动异常。"
            yield Reason("jump", "amber", said, _names([row]))


def _expired_corrections(printed: _Printed) -> Iterator[Reason]:
    for row in printed.rows("select * from landing.corrections where not is_needed order by id"):
        said = f"更正登记“{row['id']}”所改的内容，来源单位已有变动，该项登记应予复核或撤销。"
        yield Reason("expired_correction", "amber", said, _names(printed.of_feed(row["feed"])))


def _not_verified(error: BriefingError) -> Reason:
    if isinstance(error, FigureMismatch):
        page = f"第{error.page}页" if error.page else "成稿"
        said = f"{page}核对未通过（{error.figure}）：所印为“{error.printed}”，应为“{error.expected}”。"
        return Reason("figure_mismatch", "red", said, [])
    return Reason("not_readable", "red", f"本期简报未能生成，或无法核对：{error}。", [])


def _written(row: Row, column: str, value: Any) -> str:
    if value is None:
        return "无数据"
    notation, decimals = notation_of(row, column)
    return print_number(value, notation, decimals) + ("" if notation == "percent" else str(row["unit_zh"]))


def _touching(figures: list[str]) -> str:
    if not figures:
        return ""
    more = f"等{len(figures)}项" if len(figures) > FIGURES_NAMED else ""
    return f"涉及指标：{'、'.join(figures[:FIGURES_NAMED])}{more}。"


def _names(metrics: list[Row]) -> list[str]:
    return [str(row["name_zh"]) for row in metrics]


def _verdict(week: Week, edition: str, build_id: str, pdf: bytes, reasons: list[Reason]) -> Verdict:
    reasons = sorted(reasons, key=lambda reason: reason.colour != "red")
    colour: Colour = reasons[0].colour if reasons else "green"
    pdf_sha256 = sha256(pdf).hexdigest()
    stated = [str(week), edition, build_id, pdf_sha256, *(f"{each.code} {each.sentence}" for each in reasons)]
    fingerprint = sha256("\n".join(stated).encode()).hexdigest()[:16]
    return Verdict(str(week), edition, colour, build_id, pdf_sha256, fingerprint, reasons)
