"""Bounds learned from a partner's own past: what a figure of its batches usually is, and from which of them that is.

Learned from are batches that stand, lie before the interval, and did not fail the check in question; so the bounds of
an interval are the same whenever it is run. None of them is typed by hand, and too little past gives none.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from worker_services.briefing.language import N_
from worker_services.contracts import Contract
from worker_services.intervals import Interval, Week
from worker_services.quality.profiles import EMPTY, Profile, coded_columns, number_columns, optional_columns
from worker_services.seeds import read_seed

FigureKind = Literal["rows", "filled", "median", "drift", "absent"]
DAY_KINDS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
HOLIDAY, MAKE_UP_WORKDAY = N_("法定节假日"), N_("调休上班日")
ROBUST_SIGMA = 1.4826  # of a normal distribution in units of its median absolute deviation
CHANCE = 3.0  # standard deviations of a drift that chance alone may give
SEASON = 0.02  # of the square root of a number of rows: 4% of the rows
RECENT = 4  # windows that say where a figure stands at present
LATEST_NIGHTS, FEWEST = 28, 8  # how far back growth and spread are looked for: nights, and at least so many windows
MEMBERS_NAMED = 5
SURELY_SOME = 12  # rows to be expected, of which not one is no chance
BATCHES, WINDOWS = N_("个批次"), N_("个区间")
TOO_FEW = N_("可比的只有 {number} {what}，至少要 {least} 个")


@dataclass(frozen=True)
class Learned:
    """Bounds of a figure, its value now, and in words what they were learned from and what stands out (or nothing)."""

    value: float
    low: float | None
    high: float | None
    basis: str
    note: str = ""


class Figure(BaseModel):
    """Which figure is measured over how many nights, and how far it may lie from what it was.

    `tolerance`: robust standard deviations (rows, filled), a factor beyond the lowest and the highest seen (median),
    the population stability index beyond chance (drift), the rows that were to be expected of a code (absent).
    `at_least`: so many times `nights` must lie in the past, which reaches back `weeks`, or to the day from which on a
    person has confirmed that things are as they should be. `windows`: so many batches or windows of `nights` it must be
    made of; more than one where a long batch of history is unlike a night, as of codes that a record changes in its
    life, of which history has the last. `gap`: a drift is looked for against what lies so many nights back, and not
    against these nights, so that what moves a little each night is not its own yardstick.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    figure: FigureKind
    column: str | None = None
    nights: int = Field(default=1, ge=1, le=31)
    weeks: int = Field(default=13, ge=2, le=53)
    at_least: int = Field(default=5, ge=3)
    windows: int = Field(default=1, ge=1)
    gap: int = Field(default=0, ge=0, le=91)
    tolerance: float = Field(gt=0)
    confirmed_since: date | None = None

    @model_validator(mode="after")
    def _fits_its_figure(self) -> "Figure":
        if (self.column is None) != (self.figure == "rows"):
            raise ValueError("'column' belongs to every figure but rows")
        if self.gap and self.figure != "drift":
            raise ValueError("'gap' belongs to drift: numbers of rows change with the season")
        return self

    def fits(self, contract: Contract) -> bool:
        """Whether the contract has such a column: one that may be empty, a number, or one with codes."""
        if self.column is None:
            return True
        columns = {"filled": optional_columns, "median": number_columns}.get(self.figure, coded_columns)
        return self.column in columns(contract)

    def since(self, interval: Interval) -> date:
        """The first day that is looked back at."""
        earliest = interval.start - timedelta(weeks=self.weeks)
        return max(earliest, self.confirmed_since or earliest)


class TooLittlePast(Exception):
    """There is not enough to compare with; the message says, in Chinese, what is lacking."""


@dataclass(frozen=True)
class _Window:
    """The batches of so many nights on end, taken together."""

    profiles: tuple[Profile, ...]

    @property
    def rows(self) -> int:
        return sum(item.rows for item in self.profiles)

    @property
    def days(self) -> int:
        return sum(item.days for item in self.profiles)

    def filled(self, column: str) -> int:
        return sum(item.filled[column] for item in self.profiles if column in item.filled)

    def codes(self, column: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for item in self.profiles:
            found.update(item.codes.get(column, {}))
        return found

    def median(self, column: str) -> float | None:
        """The middle one of the batches' medians, each as often as its batch has rows."""
        known = sorted((item.medians[column], item.rows) for item in self.profiles if column in item.medians)
        half, passed = sum(rows for _, rows in known) / 2, 0
        for value, rows in known:
            passed += rows
            if passed >= half:
                return value
        return None


def learn(figure: Figure, check_id: str, current: Profile, past: Sequence[Profile]) -> Learned:
    """The figure of `current` and its bounds. Raises TooLittlePast."""
    earliest = figure.since(current.interval)
    past = [item for item in past if earliest <= item.interval.last_day < current.interval.start]
    sound = [item for item in past if _is_learned_from(figure, check_id, item)]
    window = _window(figure, current, past)
    if figure.figure == "rows":
        return _rows(figure, window, sound)
    if not window.rows:
        raise TooLittlePast(N_("没有数据行"))
    shared = {"filled": _filled, "median": _median, "drift": _drift, "absent": _absent}[figure.figure]
    reference = _before(window, sound, figure.gap)
    nights = sum(item.days for item in reference)
    if nights < figure.at_least * figure.nights:
        least = figure.at_least * figure.nights
        raise TooLittlePast(N_("可比批次只有 {number} 日，至少要 {least} 日").format(number=nights, least=least))
    blocks = _blocks(figure, reference)
    if len(blocks) < figure.windows:
        raise TooLittlePast(TOO_FEW.format(number=len(blocks), what=BATCHES, least=figure.windows))
    return shared(figure, window, blocks)


def day_kind(day: date) -> str:
    """What sort of day it is by the notices of the State Council: a weekday's name, a holiday, a make-up workday."""
    return _announced().get(day) or DAY_KINDS[day.weekday()]


@cache
def _announced() -> dict[date, str]:
    names = {"day_off": HOLIDAY, "make_up_workday": MAKE_UP_WORKDAY}
    return {
        date.fromisoformat(row["date_day"]): names[row["day_type"]] for row in read_seed("calendar/public_holidays")
    }


def _is_learned_from(figure: Figure, check_id: str, item: Profile) -> bool:
    if figure.confirmed_since:  # from that day on a person has said that it is right
        return item.interval.start >= figure.confirmed_since
    return check_id not in item.failed


def _window(figure: Figure, current: Profile, past: Sequence[Profile]) -> _Window:
    first = current.interval.end - timedelta(days=figure.nights)
    return _Window((*sorted((item for item in past if item.interval.start >= first), key=_end), current))


def _before(window: _Window, sound: Iterable[Profile], gap: int) -> list[Profile]:
    first = min(item.interval.start for item in window.profiles) - timedelta(days=gap)
    return [item for item in sound if item.interval.end <= first]


def _blocks(figure: Figure, reference: Sequence[Profile]) -> list[_Window]:
    """The reference cut, from its end, into windows of as many nights as measured, by time; a longer batch is one."""
    blocks: list[list[Profile]] = []
    for item in sorted(reference, key=_end, reverse=True):
        if blocks and (blocks[-1][0].interval.end - item.interval.start).days <= figure.nights:
            blocks[-1].append(item)
        else:
            blocks.append([item])
    return [_Window(tuple(reversed(block))) for block in reversed(blocks)]


def _rows(figure: Figure, window: _Window, sound: Sequence[Profile]) -> Learned:
    """Counts are compared as square roots, whose spread does not grow with them, and by the same kind of day."""
    if window.days != figure.nights:
        lacking = N_("近 {number} 日的批次不齐") if figure.nights > 1 else N_("不是一日的批次")
        raise TooLittlePast(lacking.format(number=figure.nights))
    if figure.nights > 1 and _has_holiday(window):
        raise TooLittlePast(N_("近 {number} 日有法定节假日，不可比").format(number=figure.nights))
    kind = _kind(window)
    of_what = N_("个{kind}").format(kind=kind) if kind else N_("个{number}日区间").format(number=figure.nights)
    past = [block for block in _blocks(figure, _before(window, sound, figure.gap)) if block.days == figure.nights]
    past = past if kind else [block for block in past if not _has_holiday(block)]
    level, spread = _level(figure, kind, of_what, [(_kind(block), math.sqrt(block.rows)) for block in past])
    # Half a unit is the spread of a count by chance alone (Anscombe); the rest of the floor is for a busier season.
    spread = max(spread, 0.5, SEASON * level) * figure.tolerance
    low, high = math.floor(max(0.0, level - spread) ** 2), math.ceil((level + spread) ** 2)
    like = [block for block in past if _kind(block) == kind]
    return Learned(window.rows, low, high, _basis(like, of_what, _around(figure)))


def _filled(figure: Figure, window: _Window, blocks: Sequence[_Window]) -> Learned:
    column = str(figure.column)
    known = [block for block in blocks if block.rows]
    shares = [("", block.filled(column) / block.rows) for block in known]
    lowest = min((share for _, share in shares), default=0.0)
    if lowest * window.rows >= SURELY_SOME and not window.filled(column):  # however much the share varies
        return Learned(0.0, lowest, 1.0, _basis(known, WINDOWS, N_("每个区间都有填写")))
    level, spread = _level(figure, "", WINDOWS, shares)
    chance = math.sqrt(max(level * (1 - level), 0.05) / window.rows)
    spread = max(spread, chance, 0.02) * figure.tolerance
    share = window.filled(column) / window.rows
    low, high = max(0.0, level - spread), min(1.0, level + spread)
    return Learned(share, low, high, _basis(known, WINDOWS, _around(figure)))


def _level(figure: Figure, kind: str, of_what: str, series: Sequence[tuple[str, float]]) -> tuple[float, float]:
    """Where a figure stands at present, and how far it usually lies from that.

    It stands where the last RECENT windows of its kind stand, and as much above as each of the last windows lay above
    those before it (LATEST_NIGHTS back, and FEWEST at least): slow growth is no alarm. How much that varied is its
    spread. Kinds of day stand at levels of their own and share growth and spread.
    """
    residuals = []
    for number, (other, value) in enumerate(series):
        before = [seen for like, seen in series[:number] if like == other][-RECENT:]
        if len(before) == RECENT:
            residuals.append(value - median(before))
    recent = [seen for like, seen in series if like == kind]
    if len(recent) < figure.at_least:
        raise TooLittlePast(TOO_FEW.format(number=len(recent), what=of_what, least=figure.at_least))
    if len(residuals) < figure.at_least:
        said = N_("可据以计算波动的只有 {number} 个区间，至少要 {least} 个")
        raise TooLittlePast(said.format(number=len(residuals), least=figure.at_least))
    latest = residuals[-max(LATEST_NIGHTS // figure.nights, FEWEST) :]
    growth = median(latest)
    spread = ROBUST_SIGMA * median(abs(residual - growth) for residual in latest)
    return median(recent[-RECENT:]) + growth, spread


def _median(figure: Figure, window: _Window, blocks: Sequence[_Window]) -> Learned:
    column = str(figure.column)
    value = window.median(column)
    if value is None:
        raise TooLittlePast(N_("本次没有数值"))
    seen = [found for block in blocks if (found := block.median(column)) is not None and found > 0]
    if not seen:
        raise TooLittlePast(N_("以往批次没有大于零的数值"))
    rule = N_("最低、最高各放宽至{tolerance}倍").format(tolerance=f"{figure.tolerance:g}")
    basis = _basis(blocks, BATCHES, rule)
    return Learned(value, min(seen) / figure.tolerance, max(seen) * figure.tolerance, basis)


def _drift(figure: Figure, window: _Window, blocks: Sequence[_Window]) -> Learned:
    """How far the shares of the codes have moved: the population stability index less what chance alone gives.

    What the past itself has moved between its own windows is allowed for twice over.
    """
    column = str(figure.column)
    everything = _Window(tuple(item for block in blocks for item in block.profiles)).codes(column)
    if not everything.total():
        raise TooLittlePast(N_("以往批次没有数据行"))
    now = window.codes(column)
    own = [_drifted(found, rest) for block in blocks if (found := block.codes(column)) and (rest := everything - found)]
    high = max(figure.tolerance, 2 * max(own, default=0.0))
    rule = N_("以往最大值的两倍") if high > figure.tolerance else N_("超出偶然波动的部分")
    basis = _basis(blocks, BATCHES, rule)
    return Learned(_drifted(now, everything), None, high, basis, _moved(now, everything))


def _drifted(now: Counter[str], usual: Counter[str]) -> float:
    """PSI with half a row added to each code, less its mean and CHANCE standard deviations were nothing different."""
    codes = now.keys() | usual.keys()
    freedom = len(codes) - 1
    if not freedom:
        return 0.0
    all_now, all_usual = now.total() + len(codes) / 2, usual.total() + len(codes) / 2
    psi = 0.0
    for code in codes:
        share, before = (now[code] + 0.5) / all_now, (usual[code] + 0.5) / all_usual
        psi += (share - before) * math.log(share / before)
    chance = (freedom + CHANCE * math.sqrt(2 * freedom)) * (1 / all_now + 1 / all_usual)
    return max(0.0, psi - chance)


def _absent(figure: Figure, window: _Window, blocks: Sequence[_Window]) -> Learned:
    """Codes of which rows were to be expected and none has come: by their share, and never lacking in a past window."""
    column = str(figure.column)
    now = window.codes(column)
    counted = [block.codes(column) for block in blocks if block.rows >= window.rows / 2]
    usual = sum(counted, Counter())
    missing = [
        code
        for code, rows in usual.most_common()
        if code != EMPTY
        and not now[code]
        and rows / usual.total() * window.rows >= figure.tolerance
        and all(found[code] for found in counted)
    ]
    rule = N_("按以往占比应有 {number} 行以上").format(number=f"{figure.tolerance:g}")
    note = N_("缺少 {codes}").format(codes="、".join(missing[:MEMBERS_NAMED])) if missing else ""
    return Learned(len(missing), None, 0, _basis(blocks, BATCHES, rule), note)


def _moved(now: Counter[str], usual: Counter[str]) -> str:
    """The codes whose shares have moved most, with both shares."""
    before, after = usual.total(), max(now.total(), 1)
    moves = {code: now[code] / after - usual[code] / before for code in now.keys() | usual.keys()}
    most = sorted(moves, key=lambda code: (-abs(moves[code]), code))[:3]
    moved = N_("{code} 由 {before} 变为 {after}")
    shares = ((code or N_("空值"), f"{usual[code] / before:.1%}", f"{now[code] / after:.1%}") for code in most)
    return "，".join(moved.format(code=code, before=was, after=share) for code, was, share in shares)


def _kind(window: _Window) -> str:
    """The kind of day of a night; windows of several nights are all of one kind."""
    return day_kind(window.profiles[0].interval.start) if window.days == 1 else ""


def _has_holiday(window: _Window) -> bool:
    return any(day_kind(item.interval.start) == HOLIDAY for item in window.profiles)


def _end(item: Profile) -> date:
    return item.interval.end


def _basis(blocks: Sequence[_Window], of_what: str, rule: str) -> str:
    days = [item.interval for block in blocks for item in block.profiles]
    first, last = Week.of(min(day.start for day in days)), Week.of(max(day.last_day for day in days))
    weeks = f"{first}" if first == last else N_("{first}至{last}").format(first=first, last=last)
    return N_("据{weeks}的{number}{what}，{rule}").format(weeks=weeks, number=len(blocks), what=of_what, rule=rule)


def _around(figure: Figure) -> str:
    return N_("近期水平±{tolerance}倍离差").format(tolerance=f"{figure.tolerance:g}")
