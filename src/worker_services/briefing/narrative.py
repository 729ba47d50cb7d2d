"""The sentences of the briefing, by rule, from the catalogue's names; each figure follows the word it is for."""

from worker_services.briefing.figures import CITY_ZH, COLUMN_ZH, Figure, FigureBook
from worker_services.briefing.marts import CITY, Row
from worker_services.briefing.rules import last_units

Segment = str | Figure
Sentence = list[Segment]

LEAGUE_PLACES = 3
MOST_NAMED = 5
FAULTS_NAMED = 3
LAST_PLACES = 3
STATUSES = (("done", "已达标"), ("on_pace", "正常"), ("behind", "滞后"), ("far_behind", "严重滞后"))
_NUMERALS = "零一二三四五六七八九十"


def numeral(n: int) -> str:
    """1 to 19 in Chinese numerals, for headings."""
    return _NUMERALS[n] if n <= 10 else f"十{_NUMERALS[n - 10]}"


def overall(book: FigureBook, late: list[Row]) -> list[Sentence]:
    """How many metrics stand where, which ones lag, and whether all data are in."""
    week, targets = book.marts.week, book.target_count()
    days = f"{week.start.month}月{week.start.day}日至{week.end.month}月{week.end.day}日"
    span = f"{week.year}年第{week.number}周（{days}），"
    if not targets.direction:
        return [
            [f"{span}{'' if book.marts.is_city else scope_name(book)}按周跟踪各项服务情况，未下达年度目标。"],
            freshness(book, late),
        ]
    counts: Sentence = [f"{span}列入年度目标的", targets, "项指标中，"]
    for code, name in STATUSES:
        counts += [f"{name}", book.status_count(code), "项、"]
    counts[-1] = "项。"
    return [counts, _lagging(book), freshness(book, late)]


def scope_name(book: FigureBook) -> str:
    """The name of the edition's own scope, as the marts have it."""
    week = str(book.marts.week)
    return next(str(row["scope_name_zh"]) for key, row in book.marts.weekly.items() if key[1:] == (*book.scope, week))


def _lagging(book: FigureBook) -> Sentence:
    sentence: Sentence = []
    for metric, row in book.marts.catalogue.items():
        if (book.standing(metric) or {}).get("status_code") not in ("behind", "far_behind"):
            continue
        sentence.append(f"{row['name_zh']}（")
        if row["kind"] == "rate":
            sentence += ["累计", book.metric(metric, "cumulative_value"), "，年度目标", book.metric(metric, "target")]
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


def domain(book: FigureBook, code: str, ranked: str | None) -> list[Sentence]:
    """What a domain has done: its targets one by one, what else is tracked, and how its unions compare."""
    metrics = [metric for metric, row in book.marts.catalogue.items() if row["domain"] == code]
    tracked = [m for m in metrics if not book.has_target(m) and book.marts.metrics[m]["is_headline"]]
    sentences = [target_metric(book, metric) for metric in metrics if book.has_target(metric)]
    sentences += [tracked_metrics(book, tracked)] if tracked else []
    if book.marts.is_city and ranked in book.marts.catalogue and book.marts.organisations:
        sentences.append(league(book, str(ranked)))
    return sentences


def target_metric(book: FigureBook, metric: str) -> Sentence:
    """This week, the change, year to date, completion against pace, status; for a unit also its place and the city."""
    row, standing = book.marts.catalogue[metric], book.standing(metric) or {}
    cumulative = book.metric(metric, "cumulative_value")
    sentence: Sentence = [str(row["name_zh"]), *_this_week(book, metric)]
    sentence += ["，累计", *_with_unit(cumulative)] if cumulative.is_number else []
    target, completion = book.metric(metric, "target"), book.metric(metric, "completion_rate")
    if not target.is_number:
        sentence.append("，本年未下达目标")
    elif row["kind"] == "rate":
        sentence += ["，年度目标为不低于", target]
    elif completion.is_number:
        sentence += ["，完成率", completion, *_against_pace(book, metric)]
    if status := standing["status_zh"]:
        sentence.append(f"，{status}" if standing["status_code"] == "done" else f"，进度{status}")
    return [*sentence, *_among_peers(book, metric), "。"]


def _among_peers(book: FigureBook, metric: str) -> Sentence:
    """For a unit: its place among its peers, and the city's own figure beside it."""
    if book.marts.is_city:
        return []
    sentence: Sentence = []
    rank = book.metric(metric, "rank")
    if rank.is_number:
        sentence += ["；参加排序的单位", book.metric(metric, "ranked_units"), "家，位次居第", rank, "位"]
    kind = book.marts.metrics[metric]["kind"]
    if kind in ("rate", "average") or book.metric(metric, "completion_rate").is_number:
        column = "cumulative_value" if kind in ("rate", "average") else "completion_rate"
        city = book.metric(metric, column, scope=CITY)
        sentence += (
            [f"{'，' if rank.is_number else '；'}{CITY_ZH}{COLUMN_ZH[column]}", *_with_unit(city)]
            if city.is_number
            else []
        )
    return sentence


def _this_week(book: FigureBook, metric: str) -> Sentence:
    kind = book.marts.metrics[metric]["kind"]
    value = book.metric(metric, "value")
    if not value.is_number:
        return ["本周无数据"]
    change = book.metric(metric, "change", magnitude=True)
    if not change.is_number:
        return ["本周", *_with_unit(value)]
    if not change.direction:
        return ["本周", *_with_unit(value), "，与上周持平"]
    rise, fall = ("增加", "减少") if kind in ("count", "persons", "stock") else ("上升", "下降")
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
        is_level = book.marts.metrics[metric]["kind"] == "stock"  # a level is the same, whatever the span
        to_date: Sentence = ["、累计", *_with_unit(cumulative)] if cumulative.is_number and not is_level else []
        sentence += [book.marts.metrics[metric]["name_zh"], *week, *to_date, "；"]
    return [*sentence[:-1], "。"]


def league(book: FigureBook, metric: str) -> Sentence:
    """The units at the head of the year-to-date table, and those with nothing this week, if they are few."""
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
    sentence: Sentence = [f"{name}累计居前{numeral(places)}位的是", *_units(units[:places])]
    idle = [
        unit["scope_name_zh"]
        for unit in book.marts.organisations
        if book.marts.weekly[(metric, unit["scope_type"], unit["scope_code"], week)]["value"] == 0
    ]
    if len(idle) == len(book.marts.organisations):
        sentence.append("。本周各单位均无新增")
    elif idle and len(idle) <= MOST_NAMED:
        sentence.append(f"。本周无新增的是{'、'.join(idle)}")
    return [*sentence, "。"]


def _units(units: list[tuple[Row, Figure]]) -> Sentence:
    sentence: Sentence = []
    for unit, figure in units:
        sentence += [f"{unit['scope_name_zh']}（", *_with_unit(figure), "）、"]
    return [*sentence[:-1], "）"]


def uneven_progress(book: FigureBook) -> list[Sentence]:
    """Between the county-level unions, and between the projects; for a unit, what of its own lags."""
    if not book.marts.is_city:
        return [_lagging(book)]
    compared = sorted(
        (row for row in book.marts.uneven if row["coefficient_of_variation"] is not None),
        key=lambda row: -row["coefficient_of_variation"],
    )
    sentences: list[Sentence] = []
    for n, row in enumerate(compared[:2]):
        name = book.marts.metrics[row["metric_id"]]["name_zh"]
        lead = "各县（市、区）之间，" if n == 0 else "其次是"
        sentence: Sentence = [
            f"{lead}{name}{'差距最大' if n == 0 else ''}，离散系数",
            book.uneven(row, "coefficient_of_variation"),
        ]
        change = book.uneven(row, "coefficient_of_variation_change", magnitude=True)
        if change.direction:
            sentence += [f"，比四周前{'扩大' if change.direction > 0 else '缩小'}", change]
        elif change.is_number:
            sentence.append("，与四周前持平")
        last = last_units(book, "uneven", row["metric_id"])
        sentences.append([*sentence, *(["，末位是", *last] if last else []), "。"])
    return (
        [*sentences, _projects(book)]
        if sentences
        else [["各县（市、区）没有可供比较的目标完成数据。"], _projects(book)]
    )


def _projects(book: FigureBook) -> Sentence:
    gaps = []
    for metric, row in book.marts.catalogue.items():
        standing = book.standing(metric)
        if row["kind"] == "count" and standing and standing["pace_gap"] is not None:
            gaps.append((standing["pace_gap"], metric))
    gaps.sort(key=lambda pair: pair[0])
    if len(gaps) < 2 or gaps[0][0] == gaps[-1][0]:
        return ["各项目进度没有可供比较的差距。"]
    sentence: Sentence = ["各项目之间，"]
    for lead, metric in (("进度最快的是", gaps[-1][1]), ("，最慢的是", gaps[0][1])):
        sentence.append(f"{lead}{book.marts.catalogue[metric]['name_zh']}，完成率")
        sentence += [book.metric(metric, "completion_rate"), *_against_pace(book, metric)]
    return [*sentence, "。"]


def fault(book: FigureBook, name: str, words: str) -> Sentence:
    """The metrics of a fault that have become worse or matter most, with the units in the last place."""
    if not book.marts.is_city:
        return _own_last_places(book, name, words)
    rows = [row for row in book.marts.faults if row["fault"] == name and row["cumulative_value"] is not None]
    rows.sort(key=lambda row: (not _is_worse(book, row), book.marts.metrics[row["metric_id"]]["display_order"]))
    sentence: Sentence = []
    for row in rows[:FAULTS_NAMED]:
        metric = row["metric_id"]
        sentence += [str(book.marts.metrics[metric]["name_zh"]), *_this_week(book, metric)]
        if book.marts.metrics[metric]["kind"] != "stock":
            sentence += ["，累计", *_with_unit(book.metric(metric, "cumulative_value"))]
        last = last_units(book, "fault", metric)
        sentence += [*(["，末位是", *last] if last else []), "；"]
    return [*sentence[:-1], "。"] if sentence else [f"本周没有{words}方面的指标数据。"]


def _is_worse(book: FigureBook, row: Row) -> bool:
    change, direction = row["change"] or 0, book.marts.metrics[row["metric_id"]]["direction"]
    return bool(change > 0 if direction == "down" else change < 0)


def _own_last_places(book: FigureBook, name: str, words: str) -> Sentence:
    sentence: Sentence = []
    for metric, catalogue in book.marts.catalogue.items():
        row = book.standing(metric)
        if catalogue["fault"] != name or row is None or row["rank"] is None:
            continue
        if row["rank"] > 1 and row["ranked_units"] - row["rank"] < min(LAST_PLACES, row["ranked_units"] // 2):
            sentence += [f"{catalogue['name_zh']}累计", *_with_unit(book.metric(metric, "cumulative_value"))]
            sentence += ["，参加排序的单位", book.metric(metric, "ranked_units"), "家，位次居第"]
            sentence += [book.metric(metric, "rank"), "位；"]
    return [*sentence[:-1], "位。"] if sentence else [f"{words}方面没有位次居后的指标。"]


def meeting_actions(book: FigureBook) -> list[Sentence]:
    """What became of what the last meeting decided, and by name what is overdue, of earlier meetings too."""
    if not book.marts.actions:
        return [["上次会议没有议定由本单位办理的事项。" if not book.marts.is_city else "没有会议议定事项的记录。"]]
    sentences: list[Sentence] = []
    if any(row["is_of_last_meeting"] for row in book.marts.actions):
        counts: Sentence = [
            "上次会议于",
            book.action_meeting(),
            "召开，议定事项",
            book.action_count("decided"),
            "项，其中办结",
        ]
        counts += [book.action_count("closed"), "项、在办", book.action_count("open"), "项、逾期"]
        sentences.append([*counts, book.action_count("overdue"), "项。"])
    overdue = sorted(
        (row for row in book.marts.actions if row["standing_code"] == "overdue"), key=lambda row: -row["days_overdue"]
    )
    if not overdue:
        return [*sentences, ["没有逾期未办结的事项。"]]
    named: Sentence = ["逾期未办结的事项："]
    for row in overdue[:LAST_PLACES]:
        named += [f"“{row['title']}”（{responsible(row)}，逾期", book.action(row, "days_overdue"), "天）、"]
    more = "天），其余见附件。" if len(overdue) > LAST_PLACES else "天）。"
    return [*sentences, [*named[:-1], more]]


def responsible(row: Row) -> str:
    """Who answers for an action: the department, and the union that has to act where one has to."""
    unit = "" if row["organisation_code"] == "UNKNOWN" else f"、{row['organisation_short_name_zh']}"
    return f"{row['owner_department']}{unit}"


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
