"""A record's life at its partner: it is entered, perhaps late; some are corrected, some withdrawn.

A log holds one row a change. Hidden columns: `_reported_at` (Asia/Shanghai, when this state appeared at the partner),
`_change` (new, late, updated, corrected, withdrawn), `_form` (a random number that settles how the row is written).
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.year import BUSY_DAY, DAY, Days, clock

Correction = Callable[[np.random.Generator, pd.DataFrame], None]


def enter(
    rng: np.random.Generator,
    records: pd.DataFrame,
    event_days: Days,
    *,
    hours: tuple[float, float] = (9.0, 21.5),
    late: float = 0.06,
    late_on_busy_day: int = 3,
    not_before: Days | None = None,
) -> pd.DataFrame:
    """First entries: most on the day of the event, a share 1 to 20 days late, some just on the busy day of the demo.

    `not_before` is the moment from which a row can be known at all, e.g. the entry of its parent.
    """
    days = event_days.astype("datetime64[D]").copy()
    count = len(days)
    delay = np.where(rng.random(count) < late, 1 + (19 * rng.random(count) ** 2).astype(np.int64), 0)
    reported_days = days + delay.astype("timedelta64[D]")
    recent = np.flatnonzero((days >= BUSY_DAY - 12 * DAY) & (days < BUSY_DAY - DAY))
    held_back = rng.permutation(recent)[:late_on_busy_day]
    reported_days[held_back] = BUSY_DAY
    reported = clock(rng, reported_days, *hours)
    if not_before is not None:
        reported = np.maximum(reported, not_before + np.timedelta64(60, "s"))
    change = np.where(reported.astype("datetime64[D]") > days, "late", "new")
    return records.assign(
        record_status="valid",
        _reported_at=reported,
        _change=change.astype(object),
        _form=rng.integers(0, 2**32, count),
    )


def updated(
    rng: np.random.Generator, states: pd.DataFrame, days: Days, hours: tuple[float, float] = (9.0, 21.5)
) -> pd.DataFrame:
    """The next state of records in the ordinary course of things, never before the state it follows."""
    before = states["_reported_at"].to_numpy() + np.timedelta64(60, "s")
    reported = np.maximum(clock(rng, days, *hours), before)
    return states.assign(_reported_at=reported, _change="updated")


def amendments(
    rng: np.random.Generator,
    states: pd.DataFrame,
    correct: Correction,
    *,
    corrected: float = 0.015,
    withdrawn: float = 0.005,
    correctable: NDArray[np.bool_] | None = None,
    withdrawable: NDArray[np.bool_] | None = None,
    mistakes: NDArray[np.bool_] | None = None,
    on_busy_day: tuple[int, int] = (2, 1),
) -> pd.DataFrame:
    """Later corrections and withdrawals of records in their last ordinary state; some fall on the busy day of the demo.

    `mistakes` are withdrawn for certain, the recent ones on the busy day; with them nothing else is withdrawn.
    """
    count = len(states)
    may_correct = np.ones(count, bool) if correctable is None else correctable
    may_withdraw = np.ones(count, bool) if withdrawable is None else withdrawable
    chance = rng.random(count)
    delay = (1 + (24 * rng.random(count) ** 1.5).astype(np.int64)).astype("timedelta64[D]")
    reported = states["_reported_at"].to_numpy().astype("datetime64[s]")
    days = reported.astype("datetime64[D]") + delay
    is_corrected = (chance < corrected) & may_correct
    is_withdrawn = (chance >= corrected) & (chance < corrected + withdrawn) & may_withdraw
    if mistakes is not None:
        is_corrected, is_withdrawn, may_correct = is_corrected & ~mistakes, mistakes.copy(), may_correct & ~mistakes
        days[mistakes & (reported >= BUSY_DAY - 14 * DAY) & (reported < BUSY_DAY)] = BUSY_DAY
    wanted_withdrawn = on_busy_day[1] if mistakes is None else 0
    recent = (reported >= BUSY_DAY - 60 * DAY) & (reported < BUSY_DAY) & ~is_corrected & ~is_withdrawn
    for picked, allowed, wanted in (
        (is_withdrawn, may_withdraw, wanted_withdrawn),
        (is_corrected, may_correct, on_busy_day[0]),
    ):
        chosen = rng.permutation(np.flatnonzero(recent & allowed))[:wanted]
        picked[chosen] = True
        recent[chosen] = False
        days[chosen] = BUSY_DAY
    moments = clock(rng, days, 9.0, 18.0)
    corrections = states[is_corrected].assign(_reported_at=moments[is_corrected], _change="corrected")
    correct(rng, corrections)
    withdrawals = states[is_withdrawn].assign(
        _reported_at=moments[is_withdrawn], _change="withdrawn", record_status="withdrawn"
    )
    return pd.concat([corrections, withdrawals])
