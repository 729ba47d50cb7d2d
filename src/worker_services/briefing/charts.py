"""What each chart shows, as plain numbers for the drawing macros and figures for the labels."""

from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil

from worker_services.briefing.config import ChartChoice
from worker_services.briefing.figures import Figure, FigureBook
from worker_services.intervals import Week

RECENT_WEEKS = 13


@dataclass(frozen=True)
class Series:
    """One line or set of bars. `last` labels its last point and may be a mark for 'no number'."""

    name: str
    values: list[float | None]
    last: Figure


@dataclass(frozen=True)
class Plot:
    """One set of axes; `ticks` run from 0 to the top. `limit` is a constant line (a target), with its label.

    `words` stand for the columns that labels name.
    """

    title: str
    unit: str
    weeks: list[int]
    series: list[Series]
    ticks: list[float]
    words: dict[str, str]
    is_rate: bool = False
    pace: list[float | None] | None = None
    pace_label: Figure | None = None
    limit: float | None = None
    limit_label: Figure | None = None


@dataclass(frozen=True)
class Label:
    """Text beside the end of a line; `column` is the word for the figure, `series` says whose colour it takes."""

    y: float
    name: str
    column: str
    before: str
    figure: Figure
    unit: str
    series: int | None


@dataclass(frozen=True)
class Bar:
    """One bar of a funnel; `share` of the longest, None where there is none to draw."""

    name: str
    figure: Figure
    share: float | None


@dataclass(frozen=True)
class Chart:
    """`alt` says in words what the chart shows, without figures of its own. A funnel has bars and no plots."""

    kind: str
    title: str
    alt: str
    plots: list[Plot]
    bars: list[Bar]


@dataclass(frozen=True)
class Outlook:
    """The year-end forecast of a metric; the numbers are shares of the target, for the drawing."""

    name: str
    done: float
    low: float
    high: float
    expected: float
    cells: list[Figure]


def nice_ticks(highest: float, most: int = 4) -> list[float]:
    """Round numbers from 0 to at least `highest`, at most `most` steps: 1, 2, 2.5 or 5 times a power of ten."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** (len(str(int(highest))) - 1)
    steps = (m * p for p in (power / 10, power, power * 10) for m in (1.0, 2.0, 2.5, 5.0))
    step = next(s for s in steps if s >= 1 and s == int(s) and ceil(highest / s) <= most)
    return [step * i for i in range(ceil(highest / step) + 1)]


def rate_ticks(highest: float) -> list[float]:
    """Shares from 0 to at least `highest`: quarters of 4%, 20% or 100%, whole hundreds beyond."""
    top = next((top for top in (0.04, 0.2, 1.0) if highest <= top), None)
    return nice_ticks(highest) if top is None else [top * n / 4 for n in range(5)]


def place_labels(plot: Plot, top: float, height: float, gap: float = 31.0) -> list[Label]:
    """Labels at the height of what they name, pushed apart so that none covers another; topmost first."""

    def at(value: float | None) -> float:
        return top + height * (1 - (value or 0.0) / plot.ticks[-1])

    labels = [
        Label(
            at(last_known(s.values)),
            s.name,
            plot.words["value"] if len(plot.series) > 1 else "",
            "",
            s.last,
            s.last.unit if s.last.is_number else "",
            n,
        )
        for n, s in enumerate(plot.series)
    ]
    if plot.limit_label is not None:
        before, unit = ("≥", "") if plot.is_rate else ("", plot.limit_label.unit)
        labels.append(Label(at(plot.limit), plot.words["target"], "", before, plot.limit_label, unit, None))
    if plot.pace is not None and plot.pace_label is not None:
        labels.append(Label(at(plot.pace[-1]), plot.words["expected_share"], "", "", plot.pace_label, "", None))
    labels.sort(key=lambda label: label.y)
    ys = spread([label.y for label in labels], gap, top, top + height - 4)
    return [replace(label, y=y) for label, y in zip(labels, ys, strict=True)]


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Ascending places at least `gap` apart, near the wanted ones and, where there is room, within low..high."""
    places: list[float] = []
    for y in wanted:
        places.append(max(y, low, places[-1] + gap if places else low))
    limit = high
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], limit)
        limit = places[i] - gap
    return places


def last_known(values: list[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def draw(book: FigureBook, choice: ChartChoice) -> Chart | None:
    """A chart, or None when the edition has none of its metrics."""
    metrics = [m for m in choice.metrics if book.standing(m)]
    if not metrics:
        return None
    language = book.language
    names = "".join(language.listed([language.of(book.marts.metrics[m], "name") for m in metrics]))
    if choice.kind == "funnel":
        alt = language.gettext("横条图：{names}的累计数对照").format(names=names)
        return Chart(choice.kind, choice.title, alt, [], _funnel(book, metrics))
    if choice.kind == "pace":
        plots = [_cumulative(book, metric) for metric in metrics]
        alt = language.gettext("折线图：{names}的累计数与按序时进度应达到的数").format(names=names)
        return Chart(choice.kind, choice.title, alt, plots, [])
    if choice.kind == "weekly_lines":
        plots = [_weekly(book, metrics, _since_first(book, metrics))]
        return Chart(
            choice.kind, choice.title, language.gettext("折线图：{names}逐周变化").format(names=names), plots, []
        )
    recent = book.marts.weeks[-RECENT_WEEKS:]
    plots = [_weekly(book, metrics, recent)]
    plots += [_weekly(book, [m], recent, _span(book, m)) for m in choice.beside if book.standing(m)]
    shown = "".join(language.listed([plot.title for plot in plots]))
    alt = language.gettext("柱状图与折线图：{names}的近期各周情况").format(names=shown)
    return Chart(choice.kind, choice.title, alt, plots, [])


def _funnel(book: FigureBook, metrics: list[str]) -> list[Bar]:
    figures = {metric: book.metric(metric, "cumulative_value") for metric in metrics}
    longest = max((float(f.value) for f in figures.values() if isinstance(f.value, Decimal)), default=0.0)
    return [
        Bar(
            book.language.of(book.marts.metrics[metric], "name"),
            figure,
            float(figure.value) / longest if longest and isinstance(figure.value, Decimal) else None,
        )
        for metric, figure in figures.items()
    ]


def outlook(book: FigureBook) -> list[Outlook]:
    """The forecasts of the metrics that have a target to hold them against."""
    found = []
    for metric, catalogue in book.marts.catalogue.items():
        row = book.standing(metric) or {}
        if not row.get("target") or row["forecast"] is None:
            continue
        done, low, high, expected = (
            float(row[column] / row["target"])
            for column in ("cumulative_value", "forecast_low", "forecast_high", "forecast")
        )
        columns = ("target", "forecast", "forecast_low", "forecast_high")
        cells = [book.metric(metric, column) for column in columns]
        found.append(Outlook(book.language.of(catalogue, "name"), done, low, high, expected, cells))
    return found


def sparkline(book: FigureBook, metric: str) -> list[float | None]:
    """The values of the recent weeks."""
    return _values(book, metric, "value", book.marts.weeks[-RECENT_WEEKS:])


def _since_first(book: FigureBook, metrics: list[str]) -> list[str]:
    """The weeks from the first one with anything in it; the recent ones when nothing has happened yet."""
    weeks = book.marts.weeks
    for at, week in enumerate(weeks):
        if any(_values(book, metric, "value", [week])[0] for metric in metrics):
            return weeks[min(at, max(0, len(weeks) - RECENT_WEEKS)) :]
    return weeks[-RECENT_WEEKS:]


def _values(book: FigureBook, metric: str, column: str, weeks: list[str]) -> list[float | None]:
    return [book.marts.history.get((metric, week), {}).get(column) for week in weeks]


def _span(book: FigureBook, metric: str) -> str:
    """A rate of one week jumps; the year to date is what its target is held against."""
    return "cumulative_value" if book.marts.metrics[metric]["kind"] == "rate" else "value"


def _weekly(book: FigureBook, metrics: list[str], weeks: list[str], column: str = "value") -> Plot:
    catalogue = [book.marts.metrics[m] for m in metrics]
    is_rate = catalogue[0]["kind"] == "rate"
    series = [
        Series(
            book.language.of(row, "name") if len(catalogue) > 1 else book.column(column),
            _values(book, row["metric_id"], column, weeks),
            book.metric(row["metric_id"], column),
        )
        for row in catalogue
    ]
    highest = max((v for s in series for v in s.values if v is not None), default=0.0)
    target = book.metric(metrics[0], "target") if is_rate and catalogue[0]["has_target"] else None
    has_limit = target is not None and isinstance(target.value, Decimal)
    return Plot(
        title="".join(book.language.listed([book.language.of(row, "name") for row in catalogue])),
        unit="%" if is_rate else book.language.of(catalogue[0], "unit"),
        weeks=[Week.parse(week).number for week in weeks],
        series=series,
        ticks=rate_ticks(highest) if is_rate else nice_ticks(highest),
        words=_words(book),
        is_rate=is_rate,
        limit=float(target.value) if target and isinstance(target.value, Decimal) else None,
        limit_label=target if has_limit else None,
    )


def _cumulative(book: FigureBook, metric: str) -> Plot:
    row, weeks = book.marts.metrics[metric], book.marts.weeks
    values = _values(book, metric, "cumulative_value", weeks)
    target = book.metric(metric, "target")
    limit = float(target.value) if isinstance(target.value, Decimal) else None
    shares = _values(book, metric, "expected_share", weeks)
    has_pace = limit is not None and shares[-1] is not None
    pace = [None if s is None or limit is None else s * limit for s in shares]
    return Plot(
        title=book.language.of(row, "name"),
        unit=book.language.of(row, "unit"),
        weeks=[Week.parse(week).number for week in weeks],
        series=[Series(book.column("cumulative_value"), values, book.metric(metric, "cumulative_value"))],
        ticks=nice_ticks(max([limit or 0.0, *(v for v in values if v is not None)])),
        words=_words(book),
        pace=pace if has_pace else None,
        pace_label=book.metric(metric, "expected_share") if has_pace else None,
        limit=limit,
        limit_label=target if limit is not None else None,
    )


def _words(book: FigureBook) -> dict[str, str]:
    return {column: book.column(column) for column in ("value", "target", "expected_share")}
