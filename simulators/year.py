"""The synthetic year: which days are busy, and how changes of records spread over it."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]

DAY = np.timedelta64(1, "D")
NO_DAY = np.datetime64("NaT", "D")
YEAR_START = np.datetime64("2025-01-01")
YEAR_END = np.datetime64("2026-01-01")
CAMPAIGN_START = np.datetime64("2025-05-29")
HISTORY_END = np.datetime64("2025-10-25")  # the first night of the demonstration covers this day
BUSY_DAY = np.datetime64("2025-10-26")  # the second night: late, corrected and withdrawn rows of every feed
DEMO_END = np.datetime64("2025-10-27")
ALL_DAYS: Days = np.arange(YEAR_START, YEAR_END)

_HOLIDAYS = [
    (np.datetime64("2025-01-28"), np.datetime64("2025-02-05")),
    (np.datetime64("2025-05-01"), np.datetime64("2025-05-06")),
    (np.datetime64("2025-10-01"), np.datetime64("2025-10-09")),
]


def weekday(days: Days) -> NDArray[np.int64]:
    """0 for Monday; 1970-01-01 was a Thursday."""
    return np.asarray((days.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def is_holiday(days: Days) -> NDArray[np.bool_]:
    hits = [(days >= first) & (days < after) for first, after in _HOLIDAYS]
    return np.asarray(np.any(hits, axis=0))


def busyness(week: tuple[float, ...], start: np.datetime64 = YEAR_START, holiday: float = 0.15) -> NDArray[np.float64]:
    """How busy each day of the year is: a week's shape (Monday first), nothing before `start`, holidays quiet."""
    weights = np.array(week)[weekday(ALL_DAYS)] * np.where(is_holiday(ALL_DAYS), holiday, 1.0)
    return np.where(start <= ALL_DAYS, weights, 0.0)


def campaign_growth() -> NDArray[np.float64]:
    """A launch that takes some six weeks to get going."""
    age = (ALL_DAYS - CAMPAIGN_START).astype(np.int64)
    return 0.35 + 1.0 / (1.0 + np.exp(-(age - 30) / 12.0))


def spread(
    rng: np.random.Generator, before: int, after: int, weights: NDArray[np.float64], end: np.datetime64 = DEMO_END
) -> Days:
    """Days of `before` events earlier than `end` and `after` later ones, in order of time."""
    early, late = ALL_DAYS[end > ALL_DAYS], ALL_DAYS[end <= ALL_DAYS]
    split = len(early)
    picked = [
        rng.choice(part, count, p=share / share.sum())
        for part, count, share in ((early, before, weights[:split]), (late, after, weights[split:]))
        if count
    ]
    return np.asarray(np.sort(np.concatenate(picked)))


def off_holidays(rng: np.random.Generator, days: Days) -> Days:
    """Most of what would fall in a holiday happens in the ten days after it."""
    moved = days.copy()
    for first, after in _HOLIDAYS:
        hit = (days >= first) & (days < after) & (rng.random(len(days)) < 0.8)
        moved[hit] = after + rng.integers(0, 10, int(hit.sum())).astype("timedelta64[D]")
    return moved


def clock(rng: np.random.Generator, days: Days, first_hour: float, last_hour: float) -> Days:
    """A moment of each day between two hours, to the second."""
    seconds = rng.integers(int(first_hour * 3600), int(last_hour * 3600), len(days))
    return np.asarray(days.astype("datetime64[s]") + seconds.astype("timedelta64[s]"))


def as_day(value: date | str) -> np.datetime64:
    return np.datetime64(str(value), "D")
