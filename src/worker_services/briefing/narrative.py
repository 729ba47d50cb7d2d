"""The sentences of the briefing, by rule, from the catalogue's names; each figure follows the words it is for.

A sentence is a text with named places, or clauses and items that are such texts: other languages order their places
as they need to.
"""

from worker_services.briefing.figures import Figure, FigureBook, Sentence
from worker_services.briefing.language import N_, AsRecorded
from worker_services.briefing.marts import CITY, Row
from worker_services.briefing.rules import last_units

LEAGUE_PLACES = 3
MOST_NAMED = 5
FAULTS_NAMED = 3
LAST_PLACES = 3


def overall(book: FigureBook, late: list[Row]) -> list[Sentence]:
    """How many metrics stand where, which ones lag, and whether all data are in."""
    week, language = book.marts.week, book.language
    span: dict[str, str] = {
        "year": str(week.year),
        "week": str(week.number),
        "start": language.print_day(week.start),
        "end": language.print_day(week.end),
    }
    if book.target_count().direction:
        counts = book.sentence(
            "{year}年第{week}周（{start}至{end}），列入年度目标的{targets}指标中，"
            "已达标{done}、正常{on_pace}、滞后{behind}、严重滞后{far_behind}。",
            **span,
            targets=book.target_count(),
            **{code: book.status_count(code) for code in ("done", "on_pace", "behind", "far_behind")},
        )
        return [counts, _lagging(book), freshness(book, late)]
    if book.marts.is_city:
        tracked = book.sentence("{year}年第{week}周（{start}至{end}），按周跟踪各项服务情况，未下达年度目标。", **span)
    else:
        tracked = book.sentence(
            "{year}年第{week}周（{start}至{end}），{unit}按周跟踪各项服务情况，未下达年度目标。",
            **span,
            unit=scope_name(book),
        )
    return [tracked, freshness(book, late)]


def scope_name(book: FigureBook) -> str:
    """The name of the edition's own scope, as the marts have it."""
    week = str(book.marts.week)
    row = next(row for key, row in book.marts.weekly.items() if key[1:] == (*book.scope, week))
    return book.language.of(row, "scope_name")


def source_name(book: FigureBook, row: Row) -> str:
    """A feed of a partner."""
    partner, feed = (book.language.of(row, column) for column in ("partner_name", "feed_name"))
    return book.language.gettext("{partner}“{feed}”").format(partner=partner, feed=feed)


def _lagging(book: FigureBook) -> Sentence:
    lagging: list[Sentence] = []
    for metric, row in book.marts.catalogue.items():
        if (book.standing(metric) or {}).get("status_code") not in ("behind", "far_behind"):
            continue
        columns: tuple[str, ...] = ("completion_rate", "pace_gap")
        text = N_("{name}（完成率{completion_rate}，低于序时进度{pace_gap}）")
        if row["kind"] == "rate":
            columns, text = ("cumulative_value", "target"), N_("{name}（累计{cumulative_value}，年度目标{target}）")
        figures = {column: book.metric(metric, column, magnitude=column == "pace_gap") for column in columns}
        lagging.append(book.sentence(text, name=book.language.of(row, "name"), **figures))
    if not lagging:
        return book.sentence("各项指标均达到进度要求。")
    return book.sentence("进度落后、需重点推进的是：{metrics}。", metrics=book.language.listed(lagging))


def freshness(book: FigureBook, late: list[Row]) -> Sentence:
    """Until when the partners' data reach, and who is missing."""
    if not late:
        return book.sentence("各合作单位数据均按时到达，数据截至{day}。", day=book.freshness_of_all())
    sources = [
        book.sentence("{source}（尚无数据）", source=source_name(book, row))
        if row["complete_through"] is None
        else book.sentence("{source}（数据截至{day}）", source=source_name(book, row), day=book.freshness(row))
        for row in late
    ]
    return book.sentence("以下数据未按时到达，相关指标以△标注：{sources}。", sources=book.language.listed(sources))


def domain(book: FigureBook, code: str, ranked: str | None) -> list[Sentence]:
    """What a domain has done: its targets one by one, what else is tracked, and how its unions compare."""
    metrics = [metric for metric, row in book.marts.catalogue.items() if row["domain"] == code]
    tracked = [m for m in metrics if not book.has_target(m) and book.marts.metrics[m]["is_headline"]]
    sentences = [target_metric(book, metric) for metric in metrics if book.has_target(metric)]
    sentences += [tracked_metrics(book, tracked)] if tracked else []
    if book.marts.is_city and ranked in book.marts.catalogue and book.marts.organisations:
        sentences += league(book, str(ranked))
    return sentences


def target_metric(book: FigureBook, metric: str) -> Sentence:
    """This week, the change, year to date, completion against pace, status; for a unit also its place and the city."""
    row, standing = book.marts.catalogue[metric], book.standing(metric) or {}
    said = _this_week(book, metric)
    cumulative = book.metric(metric, "cumulative_value")
    said += [book.sentence("累计{value}", value=cumulative)] if cumulative.is_number else []
    target, completion = book.metric(metric, "target"), book.metric(metric, "completion_rate")
    if not target.is_number:
        said.append(book.sentence("本年未下达目标"))
    elif row["kind"] == "rate":
        said.append(book.sentence("年度目标为不低于{target}", target=target))
    elif completion.is_number:
        said += [book.sentence("完成率{value}", value=completion), *_against_pace(book, metric)]
    if standing["status_code"]:
        text = "{status}" if standing["status_code"] == "done" else N_("进度{status}")
        status = book.language.within(book.language.of(standing, "status"))
        said.append(book.sentence(text, status=status))
    groups = [said, *filter(None, [_among_peers(book, metric)])]
    return _about(book, metric, book.language.groups([book.language.clauses(clauses) for clauses in groups]))


def _about(book: FigureBook, metric: str, said: Sentence, end: bool = True) -> Sentence:
    """What is said of a metric, as a sentence or, without an end, as a part of one."""
    name = book.language.of(book.marts.metrics[metric], "name")
    return book.sentence("{name}{said}。" if end else N_("{name}{said}"), name=name, said=said)


def _among_peers(book: FigureBook, metric: str) -> list[Sentence]:
    """For a unit: its place among its peers, and the city's own figure beside it."""
    if book.marts.is_city:
        return []
    said = _place(book, metric) if book.metric(metric, "rank").is_number else []
    kind = book.marts.metrics[metric]["kind"]
    if kind in ("rate", "average") or book.metric(metric, "completion_rate").is_number:
        is_level = kind in ("rate", "average")
        city = book.metric(metric, "cumulative_value" if is_level else "completion_rate", scope=CITY)
        text = N_("全市累计{value}") if is_level else N_("全市完成率{value}")
        said += [book.sentence(text, value=city)] if city.is_number else []
    return said


def _place(book: FigureBook, metric: str) -> list[Sentence]:
    return [
        book.sentence("参加排序的单位{units}", units=book.metric(metric, "ranked_units")),
        book.sentence("位次居第{rank}", rank=book.metric(metric, "rank")),
    ]


def _this_week(book: FigureBook, metric: str) -> list[Sentence]:
    kind = book.marts.metrics[metric]["kind"]
    value = book.metric(metric, "value")
    if not value.is_number:
        return [book.sentence("本周无数据")]
    said = [book.sentence("本周{value}", value=value)]
    change = book.metric(metric, "change", magnitude=True)
    if not change.is_number:
        return said
    if not change.direction:
        return [*said, book.sentence("与上周持平")]
    rise, fall = N_("比上周增加{change}"), N_("比上周减少{change}")
    if kind not in ("count", "persons", "stock"):
        rise, fall = N_("比上周上升{change}"), N_("比上周下降{change}")
    return [*said, book.sentence(rise if change.direction > 0 else fall, change=change)]


def _against_pace(book: FigureBook, metric: str) -> list[Sentence]:
    gap = book.metric(metric, "pace_gap", magnitude=True)
    if not gap.is_number:
        return []
    if not gap.direction:
        return [book.sentence("与序时进度持平")]
    return [book.sentence("高于序时进度{gap}" if gap.direction > 0 else N_("低于序时进度{gap}"), gap=gap)]


def tracked_metrics(book: FigureBook, metrics: list[str]) -> Sentence:
    """Metrics without a target: this week and year to date."""
    said: list[Sentence] = []
    for metric in metrics:
        row = book.marts.metrics[metric]
        value, cumulative = book.metric(metric, "value"), book.metric(metric, "cumulative_value")
        # A level is the same, whatever the span.
        has_total = cumulative.is_number and row["kind"] != "stock"
        if value.is_number:
            text = N_("{name}本周{value}、累计{cumulative}") if has_total else N_("{name}本周{value}")
        else:
            text = N_("{name}本周无数据、累计{cumulative}") if has_total else N_("{name}本周无数据")
        name = book.language.of(row, "name")
        said.append(book.sentence(text, name=name, value=value, cumulative=cumulative))
    return book.sentence("{said}。", said=book.language.groups(said))


def league(book: FigureBook, metric: str) -> list[Sentence]:
    """The units at the head of the year-to-date table, and those with nothing this week, if they are few."""
    name, week = book.language.of(book.marts.catalogue[metric], "name"), str(book.marts.week)
    units: list[tuple[Row, Figure]] = []
    for unit in book.marts.organisations:
        figure = book.metric(metric, "cumulative_value", scope=(unit["scope_type"], unit["scope_code"]))
        if figure.is_number:
            units.append((unit, figure))
    units.sort(key=lambda pair: (-pair[1].value, pair[0]["scope_order"]))  # type: ignore[operator]
    if not units or not units[0][1].direction:
        return [book.sentence("各单位{name}累计均为零。", name=name)]
    places = min(LEAGUE_PLACES, len(units) // 2)
    if not places:
        return [book.sentence("{name}累计居首位的是{units}。", name=name, units=_units(book, units))]
    first = book.sentence(
        "{name}累计居前{places}位的是{units}。",
        name=name,
        places=book.language.numeral(places),
        units=_units(book, units[:places]),
    )
    idle = [
        book.language.of(unit, "scope_name")
        for unit in book.marts.organisations
        if book.marts.weekly[(metric, unit["scope_type"], unit["scope_code"], week)]["value"] == 0
    ]
    if len(idle) == len(book.marts.organisations):
        return [first, book.sentence("本周各单位均无新增。")]
    if idle and len(idle) <= MOST_NAMED:
        return [first, book.sentence("本周无新增的是{units}。", units=book.language.listed(idle))]
    return [first]


def _units(book: FigureBook, units: list[tuple[Row, Figure]]) -> Sentence:
    return book.language.listed(
        [
            book.sentence("{unit}（{figure}）", unit=book.language.of(unit, "scope_name"), figure=figure)
            for unit, figure in units
        ]
    )


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
        name = book.language.of(book.marts.metrics[row["metric_id"]], "name")
        said = [book.sentence("其次是{name}" if n else N_("各县（市、区）之间，{name}差距最大"), name=name)]
        said.append(book.sentence("离散系数{value}", value=book.uneven(row, "coefficient_of_variation")))
        change = book.uneven(row, "coefficient_of_variation_change", magnitude=True)
        if change.direction:
            text = N_("比四周前扩大{change}") if change.direction > 0 else N_("比四周前缩小{change}")
            said.append(book.sentence(text, change=change))
        elif change.is_number:
            said.append(book.sentence("与四周前持平"))
        said += _last(book, "uneven", row["metric_id"])
        sentences.append(book.sentence("{said}。", said=book.language.clauses(said)))
    return [*(sentences or [book.sentence("各县（市、区）没有可供比较的目标完成数据。")]), _projects(book)]


def _last(book: FigureBook, kind: str, metric: str) -> list[Sentence]:
    last = last_units(book, kind, metric)
    return [book.sentence("末位是{units}", units=last)] if last else []


def _projects(book: FigureBook) -> Sentence:
    gaps = []
    for metric, row in book.marts.catalogue.items():
        standing = book.standing(metric)
        if row["kind"] == "count" and standing and standing["pace_gap"] is not None:
            gaps.append((standing["pace_gap"], metric))
    gaps.sort(key=lambda pair: pair[0])
    if len(gaps) < 2 or gaps[0][0] == gaps[-1][0]:
        return book.sentence("各项目进度没有可供比较的差距。")
    said: list[Sentence] = []
    for text, metric in (
        (N_("各项目之间，进度最快的是{name}"), gaps[-1][1]),
        (N_("最慢的是{name}"), gaps[0][1]),
    ):
        said.append(book.sentence(text, name=book.language.of(book.marts.catalogue[metric], "name")))
        said.append(book.sentence("完成率{value}", value=book.metric(metric, "completion_rate")))
        said += _against_pace(book, metric)
    return book.sentence("{said}。", said=book.language.clauses(said))


def fault(book: FigureBook, name: str, words: str) -> Sentence:
    """The metrics of a fault that have become worse or matter most, with the units in the last place."""
    if not book.marts.is_city:
        return _own_last_places(book, name, words)
    rows = [row for row in book.marts.faults if row["fault"] == name and row["cumulative_value"] is not None]
    rows.sort(key=lambda row: (not _is_worse(book, row), book.marts.metrics[row["metric_id"]]["display_order"]))
    parts: list[Sentence] = []
    for row in rows[:FAULTS_NAMED]:
        metric = row["metric_id"]
        said = _this_week(book, metric)
        if book.marts.metrics[metric]["kind"] != "stock":
            said.append(book.sentence("累计{value}", value=book.metric(metric, "cumulative_value")))
        said += _last(book, "fault", metric)
        parts.append(_about(book, metric, book.language.clauses(said), end=False))
    if not parts:
        return book.sentence("本周没有{fault}方面的指标数据。", fault=words)
    return book.sentence("{said}。", said=book.language.groups(parts))


def _is_worse(book: FigureBook, row: Row) -> bool:
    change, direction = row["change"] or 0, book.marts.metrics[row["metric_id"]]["direction"]
    return bool(change > 0 if direction == "down" else change < 0)


def _own_last_places(book: FigureBook, name: str, words: str) -> Sentence:
    parts: list[Sentence] = []
    for metric, catalogue in book.marts.catalogue.items():
        row = book.standing(metric)
        if catalogue["fault"] != name or row is None or row["rank"] is None:
            continue
        if row["rank"] > 1 and row["ranked_units"] - row["rank"] < min(LAST_PLACES, row["ranked_units"] // 2):
            said = [book.sentence("累计{value}", value=book.metric(metric, "cumulative_value"))]
            said += _place(book, metric)
            parts.append(_about(book, metric, book.language.clauses(said), end=False))
    if not parts:
        return book.sentence("{fault}方面没有位次居后的指标。", fault=words)
    return book.sentence("{said}。", said=book.language.groups(parts))


def meeting_actions(book: FigureBook) -> list[Sentence]:
    """What became of what the last meeting decided, and by name what is overdue, of earlier meetings too."""
    if not book.marts.actions:
        none = N_("没有会议议定事项的记录。") if book.marts.is_city else N_("上次会议没有议定由本单位办理的事项。")
        return [book.sentence(none)]
    sentences: list[Sentence] = []
    if any(row["is_of_last_meeting"] for row in book.marts.actions):
        counts = {column: book.action_count(column) for column in ("decided", "closed", "open", "overdue")}
        text = N_("上次会议于{day}召开，议定事项{decided}，其中办结{closed}、在办{open}、逾期{overdue}。")
        sentences.append(book.sentence(text, day=book.action_meeting(), **counts))
    overdue = sorted(
        (row for row in book.marts.actions if row["standing_code"] == "overdue"), key=lambda row: -row["days_overdue"]
    )
    if not overdue:
        return [*sentences, book.sentence("没有逾期未办结的事项。")]
    named = [
        book.sentence(
            "“{title}”（{responsible}，逾期{days}）",
            title=AsRecorded(row["title"]),
            responsible=responsible(book, row),
            days=book.action(row, "days_overdue"),
        )
        for row in overdue[:LAST_PLACES]
    ]
    has_more = len(overdue) > LAST_PLACES
    text = N_("逾期未办结的事项：{actions}，其余见附件。") if has_more else N_("逾期未办结的事项：{actions}。")
    return [*sentences, book.sentence(text, actions=book.language.listed(named))]


def responsible(book: FigureBook, row: Row) -> Sentence:
    """Who answers for an action: the department, and the union that has to act where one has to."""
    department = book.language.of(row, "owner_department")
    if row["organisation_code"] == "UNKNOWN":
        return [department]
    unit = book.language.of(row, "organisation_short_name")
    return book.sentence("{department}、{unit}", department=department, unit=unit)


def quality(book: FigureBook) -> Sentence:
    """Rows received, accepted, quarantined and held this week, and the commonest reasons."""
    if not book.marts.quality:
        return book.sentence("本周没有批次到达，无可统计的数据行。")
    columns = ("rows_received", "rows_accepted", "rows_quarantined", "rows_held_orphan")
    sentences = [
        book.sentence(
            "本周共接收{rows_received}，入库{rows_accepted}，隔离{rows_quarantined}，暂缓{rows_held_orphan}。",
            **{column: book.quality_total(column) for column in columns},
        )
    ]
    if book.marts.reasons:
        names = {(row["partner_id"], row["feed"]): row for row in book.marts.freshness}
        reasons = [
            book.sentence(
                "{source}{rule}（{rows}）",
                source=source_name(book, names[(row["partner_id"], row["feed"])]),
                rule=book.language.of(row, "rule"),
                rows=book.quality_reason(row),
            )
            for row in book.marts.reasons[:3]
        ]
        sentences.append(book.sentence("隔离和暂缓的主要原因是：{reasons}。", reasons=book.language.listed(reasons)))
        sentences.append(book.sentence("被隔离和暂缓的数据未计入本期各项指标，更正后补计。"))
    return book.language.sentences(sentences)


def grade(book: FigureBook) -> Sentence:
    """The grade of the data of the city, or of the partner whose edition it is, and what cost it most."""
    whose = "city" if book.marts.is_city else "partner"
    own = next((row for row in book.marts.grades if row["scope_type"] == whose), None)
    if own is None:
        return book.sentence("本周没有可评分的数据，不评数据质量等级。")
    head = (
        N_("全市数据质量等级为{grade}，得分{score}")
        if book.marts.is_city
        else N_("本单位数据质量等级为{grade}，得分{score}")
    )
    said = [book.sentence(head, grade=book.language.of(own, "grade"), score=book.grade(own, "score"))]
    change = book.grade(own, "change", magnitude=True)
    if change.direction:
        text = N_("比上周上升{change}") if (own["change"] or 0) > 0 else N_("比上周下降{change}")
        said.append(book.sentence(text, change=change))
    elif change.is_number:
        said.append(book.sentence("与上周持平"))
    if own["deduction"]:
        points = book.grade(own, "overall_points_lost")
        said.append(
            book.sentence("主要失分原因为“{cause}”，失分{points}", cause=dearest_cause(book, own), points=points)
        )
    return book.sentence("{said}。", said=book.language.clauses(said))


def dearest_cause(book: FigureBook, row: Row) -> str:
    """What took most points from a score: characteristic, what is counted, and of what kind, maybe in Chinese alone."""
    characteristic, counted, kind = (book.language.of(row, name) for name in ("characteristic", "deduction", "cause"))
    if row["deduction"].startswith("batch_"):  # says the same in other words
        return book.language.gettext("{characteristic}：{counted}").format(
            characteristic=characteristic, counted=counted
        )
    text = book.language.gettext("{characteristic}：{counted}（{kind}）")
    return AsRecorded(text.format(characteristic=characteristic, counted=counted, kind=kind))
