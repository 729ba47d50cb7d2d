"""The sentences of the briefing, by rule, from the catalogue's names; each figure follows the word it is for."""

from worker_services.briefing.figures import CITY, Figure, FigureBook
from worker_services.briefing.marts import Row

Segment = str | Figure
Sentence = list[Segment]

LEAGUE_PLACES = 3
MOST_NAMED = 5
_PLACES_ZH = "零一二三四五六七八九十"


def numeral(n: int) -> str:
    """1 to 19 in Chinese numerals, for headings."""
    return _PLACES_ZH[n] if n <= 10 else f"十{_PLACES_ZH[n - 10]}"


def overall(book: FigureBook, late: list[Row]) -> list[Sentence]:
    """How many metrics stand where, which ones lag, and whether all data are in."""
    week = book.marts.week
    counts: Sentence = [
        f"{week.year}年第{week.number}周（{week.start.month}月{week.start.day}日至"
        f"{week.end.month}月{week.end.day}日），列入年度目标的",
        book.target_count(),
        "项指标中，",
    ]
    for code, name in (
        ("done", "已达标"),
        ("on_pace", "正常"),
        ("behind", "滞后"),
        ("far_behind", "严重滞后"),
    ):
        counts += [f"{name}", book.status_count(code), "项、"]
    counts[-1] = "项。"
    return [counts, _lagging(book), freshness(book, late)]


def _lagging(book: FigureBook) -> Sentence:
    week, sentence = str(book.marts.week), list[Segment]()
    for metric, row in book.marts.catalogue.items():
        standing = book.marts.weekly[(metric, *CITY, week)]
        if standing["status_code"] not in ("behind", "far_behind"):
            continue
        sentence.append(f"{row['name_zh']}（")
        if row["kind"] == "rate":
            sentence += [
                "累计",
                book.metric(metric, "cumulative_value"),
                "，年度目标",
                book.metric(metric, "target"),
            ]
        else:
            gap = book.metric(metric, "pace_gap", magnitude=True)
            sentence += ["完成率", book.metric(metric, "completion_rate"), "，低于序时进度", gap, "个百分点"]
        sentence.append("）、")
    if not sentence:
        return ["各项指标均达到进度要求。"]
    return ["进度落后、需重点推进的是：", *sentence[:-1], "）。"]


def freshness(book: FigureBook, late: list[Row]) -> Sentence:
    """Until when the partners' data reach, and who is missing."""
    if not late:
        return ["各合作单位数据均按时到达，数据截至", book.freshness_of_all(), "。"]
    sentence: Sentence = ["以下数据未按时到达，相关指标以△标注："]
    for row in late:
        sentence.append(f"{row['partner_name_zh']}“{row['feed_name_zh']}”")
        if row["complete_through"] is None:
            sentence.append("（尚无数据）、")
        else:
            sentence += ["（数据截至", book.freshness(row), "）、"]
    sentence[-1] = str(sentence[-1])[:-1] + "。"
    return sentence


def target_metric(book: FigureBook, metric: str) -> Sentence:
    """This week, the change, year to date, completion against pace, status."""
    row = book.marts.catalogue[metric]
    standing = book.marts.weekly[(metric, *CITY, str(book.marts.week))]
    cumulative = book.metric(metric, "cumulative_value")
    sentence = [*_this_week(book, metric), *(["；累计", *_with_unit(cumulative)] if cumulative.is_number else [])]
    target, completion = book.metric(metric, "target"), book.metric(metric, "completion_rate")
    if not target.is_number:
        sentence.append("，本年未下达目标")
    elif row["kind"] == "rate":
        sentence += ["，年度目标为不低于", target]
    elif completion.is_number:
        sentence += ["，完成率", completion, *_against_pace(book, metric)]
    status = standing["status_zh"]
    if status:
        sentence.append(f"，{status}" if standing["status_code"] == "done" else f"，进度{status}")
    return [*sentence, "。"]


def _this_week(book: FigureBook, metric: str) -> Sentence:
    is_rate = book.marts.catalogue[metric]["kind"] == "rate"
    value = book.metric(metric, "value")
    if not value.is_number:
        return ["本周无数据"]
    change = book.metric(metric, "change", magnitude=True)
    if not change.is_number:
        return ["本周", *_with_unit(value)]
    if not change.direction:
        return ["本周", *_with_unit(value), "，与上周持平"]
    rise, fall = ("上升", "下降") if is_rate else ("增加", "减少")
    word = rise if change.direction > 0 else fall
    return ["本周", *_with_unit(value), f"，比上周{word}", *_with_unit(change)]


def _against_pace(book: FigureBook, metric: str) -> Sentence:
    gap = book.metric(metric, "pace_gap", magnitude=True)
    if not gap.is_number:
        return []
    if not gap.direction:
        return ["，与序时进度持平"]
    return ["，高于序时进度" if gap.direction > 0 else "，低于序时进度", gap, "个百分点"]


def _with_unit(figure: Figure) -> Sentence:
    return [figure, figure.unit] if figure.is_number and figure.unit else [figure]


def tracked_metrics(book: FigureBook, metrics: list[str]) -> Sentence:
    """Metrics without a target: this week and year to date."""
    sentence: Sentence = []
    for metric in metrics:
        value, cumulative = book.metric(metric, "value"), book.metric(metric, "cumulative_value")
        week: Sentence = ["本周", *_with_unit(value)] if value.is_number else ["本周无数据"]
        to_date: Sentence = ["、累计", *_with_unit(cumulative)] if cumulative.is_number else []
        sentence += [book.marts.catalogue[metric]["name_zh"], *week, *to_date, "；"]
    return [*sentence[:-1], "。"]


def league(book: FigureBook, metric: str) -> Sentence:
    """The units at the head and at the foot of the year-to-date table, and those with nothing this week."""
    name, week = book.marts.catalogue[metric]["name_zh"], str(book.marts.week)
    units: list[tuple[Row, Figure]] = []
    for unit in book.marts.organisations:
        figure = book.metric(metric, "cumulative_value", scope=(unit["scope_type"], unit["scope_code"]))
        if figure.is_number:
            units.append((unit, figure))
    units.sort(key=lambda pair: (-pair[1].value, pair[0]["scope_order"]))  # type: ignore[operator]
    if not units or not units[0][1].direction:
        return [f"各单位{name}累计均为零。"]
    places = min(LEAGUE_PLACES, len(units) // 2)
    if not places:
        return [f"{name}累计居首位的是", *_units(units), "。"]
    place_zh = numeral(places)
    sentence: Sentence = [f"{name}累计居前{place_zh}位的是", *_units(units[:places])]
    sentence += [f"；居后{place_zh}位的是", *_units(units[-places:])]
    idle = [
        unit["scope_name_zh"]
        for unit in book.marts.organisations
        if book.marts.weekly[(metric, unit["scope_type"], unit["scope_code"], week)]["value"] == 0
    ]
    if len(idle) == len(book.marts.organisations):
        sentence.append("。本周各单位均无新增")
    elif len(idle) > MOST_NAMED:
        sentence.append("。本周无新增的单位较多，见附件")
    elif idle:
        sentence.append(f"。本周无新增的是{'、'.join(idle)}")
    return [*sentence, "。"]


def _units(units: list[tuple[Row, Figure]]) -> Sentence:
    sentence: Sentence = []
    for unit, figure in units:
        sentence += [f"{unit['scope_name_zh']}（", *_with_unit(figure), "）、"]
    return [*sentence[:-1], "）"]


def quality(book: FigureBook) -> Sentence:
    """Rows received, accepted, quarantined and held this week, and the commonest reasons."""
    if not book.marts.quality:
        return ["本周没有批次到达，无可统计的数据行。"]
    sentence: Sentence = ["本周共接收"]
    sentence += [book.quality_total("rows_received"), "行，入库", book.quality_total("rows_accepted")]
    sentence += ["行，隔离", book.quality_total("rows_quarantined")]
    sentence += ["行，暂缓", book.quality_total("rows_held_orphan"), "行。"]
    if book.marts.reasons:
        names = {(row["partner_id"], row["feed"]): row for row in book.marts.freshness}
        sentence.append("隔离和暂缓的主要原因是：")
        for row in book.marts.reasons[:3]:
            source = names[(row["partner_id"], row["feed"])]
            where = f"{source['partner_name_zh']}“{source['feed_name_zh']}”{row['rule_zh']}"
            sentence += [f"{where}（", book.quality_reason(row), "行）、"]
        sentence[-1] = "行）。"
        sentence.append("被隔离和暂缓的数据未计入本期各项指标，更正后补计。")
    return sentence
