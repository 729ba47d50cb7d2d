"""Bounds learned from the past: which past, what rule, and what they find."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from worker_services.intervals import Interval
from worker_services.quality.profiles import Profile
from worker_services.quality.usual import Figure, Learned, TooLittlePast, learn

MONDAY = date(2025, 9, 1)  # in the 13 weeks before it one day off: a Monday, 2 June
WEEK = (110, 105, 100, 100, 100, 60, 30)
COUNTIES = {"220102": 0.4, "220103": 0.3, "220104": 0.2, "220105": 0.1}


def profile(day: date, rows: int, days: int = 1, **changes: Any) -> Profile:
    counties = {code: round(rows * share) for code, share in COUNTIES.items()}
    made = Profile(
        batch_id=f"b{day:%Y%m%d}",
        interval=Interval(day, day + timedelta(days=days)),
        rows=rows,
        filled={"voucher_id": round(0.9 * rows)},
        codes={"organisation_code": counties},
        medians={"amount_yuan": 500.0},
    )
    return replace(made, **changes)


def past(before: date = MONDAY, nights: int = 91) -> list[Profile]:
    """Nights with a weekly rhythm and some unrest; on no day quite the same."""
    days = [before - timedelta(days=number) for number in range(nights, 0, -1)]
    return [profile(day, WEEK[day.weekday()] + day.toordinal() * 7 % 11 - 5) for day in days]


def rows(current: Profile, earlier: Sequence[Profile], **stated: Any) -> Learned:
    return learn(Figure(figure="rows", tolerance=4, **stated), "check", current, earlier)


def is_usual(found: Learned) -> bool:
    return (found.low is None or found.value >= found.low) and (found.high is None or found.value <= found.high)


def test_a_monday_is_measured_against_mondays_and_says_so() -> None:
    found = rows(profile(MONDAY, 108), past())
    assert found.basis == "据2025-W24至2025-W35的12个周一，近期水平±4倍离差"
    assert is_usual(found)
    sunday = profile(MONDAY - timedelta(days=1), 108)
    assert not is_usual(rows(sunday, past(sunday.interval.start)))
    assert not is_usual(rows(profile(MONDAY, 30), past()))
    assert not is_usual(rows(profile(MONDAY, 0), past()))


def test_later_batches_and_the_order_of_reading_change_nothing() -> None:
    found = rows(profile(MONDAY, 108), past())
    assert rows(profile(MONDAY, 108), [*reversed(past()), profile(MONDAY + timedelta(days=7), 9000)]) == found


def test_too_little_past_is_no_pass() -> None:
    with pytest.raises(TooLittlePast, match="可比的只有 4 个周一，至少要 5 个"):
        rows(profile(MONDAY, 108), past(nights=28))
    with pytest.raises(TooLittlePast, match="不是一日的批次"):
        rows(profile(MONDAY - timedelta(days=9), 1000, days=10), past())


@pytest.mark.parametrize(("day", "kind"), [(date(2025, 10, 1), "法定节假日"), (date(2025, 9, 28), "调休上班日")])
def test_days_that_are_like_few_others_are_not_judged(day: date, kind: str) -> None:
    with pytest.raises(TooLittlePast, match=f"个{kind}，至少要 5 个"):
        rows(profile(day, 20), past(day))


def test_slow_growth_is_no_alarm_and_half_of_it_is() -> None:
    grown = [replace(item, rows=round(item.rows * (1 + number / 60))) for number, item in enumerate(past())]
    assert is_usual(rows(profile(MONDAY, 275), grown))
    assert not is_usual(rows(profile(MONDAY, 138), grown))


def test_what_failed_is_not_learned_and_other_checks_failures_are() -> None:
    spoiled = [replace(item, rows=10 * item.rows, failed=frozenset({"check"})) for item in past()[:50]]
    found = rows(profile(MONDAY, 108), [*spoiled, *past()[50:]])
    assert "的5个周一" in found.basis
    assert is_usual(found)
    elsewhere = [replace(item, failed=frozenset({"other"})) for item in past()]
    assert rows(profile(MONDAY, 108), elsewhere) == rows(profile(MONDAY, 108), past())


def test_from_the_day_a_person_has_confirmed_on_everything_counts_and_nothing_before() -> None:
    since = MONDAY - timedelta(weeks=6)
    doubled = [
        replace(item, rows=2 * item.rows, failed=frozenset({"check"})) if item.interval.start >= since else item
        for item in past()
    ]
    assert not is_usual(rows(profile(MONDAY, 216), doubled))
    found = rows(profile(MONDAY, 216), doubled, confirmed_since=since)
    assert "的6个周一" in found.basis
    assert is_usual(found)


def test_weeks_are_measured_against_weeks_and_only_whole_ones() -> None:
    current, earlier = profile(MONDAY, 108), past()
    found = rows(current, earlier, nights=7)
    assert found.value == 108 + sum(item.rows for item in earlier[-6:])
    assert found.basis.endswith("的12个7日区间，近期水平±4倍离差")
    assert is_usual(found)
    with pytest.raises(TooLittlePast, match="近 7 日的批次不齐"):
        rows(current, earlier[:-1], nights=7)
    thinned = [replace(item, rows=item.rows // 2) for item in earlier[-6:]]
    assert not is_usual(rows(profile(MONDAY, 54), [*earlier[:-6], *thinned], nights=7))


def of_counties(**shares: float) -> dict[str, dict[str, int]]:
    return {"organisation_code": {code.removeprefix("c"): round(110 * share) for code, share in shares.items()}}


def drift(current: Profile, earlier: Sequence[Profile], **stated: Any) -> Learned:
    figure = Figure(figure="drift", column="organisation_code", **{"tolerance": 0.2, **stated})
    return learn(figure, "check", current, earlier)


def test_shares_that_move_by_chance_are_no_drift_and_codes_that_moved_are() -> None:
    same = drift(profile(MONDAY, 110, codes=of_counties(c220102=0.45, c220103=0.25, c220104=0.2, c220105=0.1)), past())
    assert same.value == 0
    moved = of_counties(c220103=0.4, c220104=0.3, c220105=0.2, c220102=0.1)
    found = drift(profile(MONDAY, 110, codes=moved), past())
    assert not is_usual(found)
    assert "220102 由 40.0% 变为 10.0%" in found.note
    assert found.basis.startswith("据2025-W23至2025-W35的91个批次")


def test_a_handful_of_rows_is_no_drift() -> None:
    assert drift(profile(MONDAY, 3, codes={"organisation_code": {"220105": 3}}), past()).value == 0


def test_unrest_of_the_past_is_allowed_for() -> None:
    restless = [
        replace(item, codes={"organisation_code": {code: item.rows}})
        for item, code in zip(past(), sorted(COUNTIES) * 23, strict=False)
    ]
    assert is_usual(drift(profile(MONDAY, 110, codes=of_counties(c220102=1.0)), restless))


def creeping(nights: int, points: float = 0.01) -> list[Profile]:
    """After the past, nights in which a county is written for others in so much more of the rows each night."""
    made = []
    for number in range(nights):
        taken = points * (number + 1)
        shares = {f"c{code}": share * (1 - taken) for code, share in COUNTIES.items()}
        shares["c220105"] += taken
        made.append(profile(MONDAY + timedelta(days=number), 110, codes=of_counties(**shares)))
    return made


def test_what_moves_a_little_each_night_is_held_against_a_month_ago() -> None:
    *before, last = creeping(28)
    slow = drift(last, [*past(), *before], nights=7, gap=28, tolerance=0.1)
    assert not is_usual(slow)
    assert slow.basis.startswith("据2025-W26至2025-W34的")
    assert "220105 由 10.0% 变为" in slow.note
    assert is_usual(drift(last, [*past(), *before], nights=7, tolerance=0.1))
    assert is_usual(drift(past()[-1], past()[:-1], nights=7, gap=28, tolerance=0.1))


def test_what_is_not_a_month_old_is_no_yardstick() -> None:
    with pytest.raises(TooLittlePast, match="可比批次只有 27 日，至少要 28 日"):
        drift(profile(MONDAY, 110), past(nights=27 + 28 + 6), nights=7, gap=28, at_least=4)


def test_numbers_of_rows_are_not_held_against_a_month_ago() -> None:
    with pytest.raises(ValueError, match="'gap' belongs to drift"):
        Figure(figure="rows", tolerance=4, nights=7, gap=28)


def test_a_county_of_which_nothing_comes_is_named() -> None:
    figure = Figure(figure="absent", column="organisation_code", tolerance=12)
    lacking = profile(MONDAY, 140, codes={"organisation_code": {"220102": 80, "220103": 60}})
    found = learn(figure, "check", lacking, past())
    assert (found.value, found.high) == (2, 0)
    assert found.note == "缺少 220104、220105"
    few = profile(MONDAY, 50, codes={"organisation_code": {"220102": 30, "220103": 20}})
    assert learn(figure, "check", few, past()).value == 0  # not twelve were to be expected of either


def test_another_unit_and_an_emptied_column_are_found() -> None:
    unit = Figure(figure="median", column="amount_yuan", tolerance=4)
    assert is_usual(learn(unit, "check", profile(MONDAY, 9, medians={"amount_yuan": 800.0}), past()))
    assert not is_usual(learn(unit, "check", profile(MONDAY, 9, medians={"amount_yuan": 50_000.0}), past()))
    with pytest.raises(TooLittlePast, match="本次没有数值"):
        learn(unit, "check", profile(MONDAY, 9, medians={}), past())
    filled = Figure(figure="filled", column="voucher_id", tolerance=5)
    assert is_usual(learn(filled, "check", profile(MONDAY, 100, filled={"voucher_id": 85}), past()))
    assert not is_usual(learn(filled, "check", profile(MONDAY, 100, filled={"voucher_id": 50}), past()))


def test_a_column_left_empty_is_found_before_it_is_known_how_much_its_share_varies() -> None:
    filled = Figure(figure="filled", column="voucher_id", tolerance=5, nights=7)
    history = past(nights=42)
    empty = [profile(MONDAY + timedelta(days=number), 100, filled={"voucher_id": 0}) for number in range(7)]
    found = learn(filled, "check", empty[-1], [*history, *empty[:-1]])
    assert not is_usual(found)
    assert found.basis == "据2025-W30至2025-W35的6个区间，每个区间都有填写"
    with pytest.raises(TooLittlePast, match="可据以计算波动的只有"):
        learn(filled, "check", empty[-2], [*history, *empty[:-2]])
    sometimes = [*history[:-7], *(replace(item, filled={"voucher_id": 0}) for item in history[-7:])]
    with pytest.raises(TooLittlePast, match="可据以计算波动的只有"):
        learn(filled, "check", empty[-1], [*sometimes, *empty[:-1]])


def test_a_long_history_serves_for_shares_and_not_for_numbers_of_rows() -> None:
    history = [profile(date(2025, 1, 1), 24_000, days=243)]
    assert drift(profile(MONDAY, 110), history).basis.startswith("据2025-W01至2025-W35的1个批次")
    with pytest.raises(TooLittlePast, match="可比的只有 0 个周一"):
        rows(profile(MONDAY, 108), history)


def test_a_batch_without_rows_has_no_shares() -> None:
    with pytest.raises(TooLittlePast, match="没有数据行"):
        drift(profile(MONDAY, 0), past())


def test_codes_that_a_record_changes_in_its_life_are_not_held_against_history_alone() -> None:
    history = [profile(date(2025, 1, 1), 24_000, days=243)]
    with pytest.raises(TooLittlePast, match="可比的只有 1 个批次，至少要 5 个"):
        drift(profile(MONDAY, 110), history, windows=5)
    assert drift(profile(MONDAY, 110), past(), windows=5).basis == drift(profile(MONDAY, 110), past()).basis
