from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_services.intervals import SHANGHAI, Interval, Week

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@given(DAYS, st.integers(1, 500))
def test_interval_is_written_as_it_is_read(start, days):
    interval = Interval(start, start + timedelta(days=days))
    assert Interval.parse(str(interval)) == interval
    assert interval.last_day == interval.end - timedelta(days=1)


@pytest.mark.parametrize("text", ["2025-10-25", "2025-10-25/", "2025-10-25/2025-10-25", "2025-10-26/2025-10-25", "x/y"])
def test_a_bad_interval_is_refused(text):
    with pytest.raises(ValueError, match="interval"):
        Interval.parse(text)


def test_a_night_collects_the_shanghai_day_before_it():
    half_past_two = datetime(2025, 10, 26, 2, 30, tzinfo=SHANGHAI)
    assert Interval.night(half_past_two) == Interval(date(2025, 10, 25), date(2025, 10, 26))
    assert Interval.night(half_past_two.astimezone(UTC)) == Interval(date(2025, 10, 25), date(2025, 10, 26))


@given(DAYS)
def test_each_day_lies_in_its_week(day):
    week = Week.of(day)
    assert week.start <= day <= week.end
    assert week.start.weekday() == 0
    assert Week.parse(str(week)) == week
    assert week.previous().end == week.start - timedelta(days=1)


def test_year_edges_follow_iso_8601():
    assert str(Week.of(date(2024, 12, 30))) == "2025-W01"
    assert str(Week.of(date(2027, 1, 3))) == "2026-W53"


@pytest.mark.parametrize("text", ["2025-43", "2025-W54", "2025-W00", "W43", "2025-W4"])
def test_a_bad_week_is_refused(text):
    with pytest.raises(ValueError):
        Week.parse(text)
