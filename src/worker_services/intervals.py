"""Named spans of time, all on Asia/Shanghai calendar days."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, order=True)
class Interval:
    """Whole days from `start` up to, and without, `end`. Raises ValueError when empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"interval {self.start}/{self.end} holds no day: its end must lie after its start")

    @classmethod
    @cache
    def parse(cls, text: str) -> "Interval":
        """Read 'A/B', two ISO dates. Raises ValueError."""
        try:
            start, end = (date.fromisoformat(part) for part in text.split("/"))
        except ValueError as error:
            raise ValueError(
                f"'{text}' is not an interval; write two ISO dates, such as 2025-10-25/2025-10-26"
            ) from error
        return cls(start, end)

    @classmethod
    def night(cls, run_end: datetime) -> "Interval":
        """The calendar day that the night ending at `run_end` collects: the day before it in Shanghai."""
        today = run_end.astimezone(SHANGHAI).date()
        return cls(today - timedelta(days=1), today)

    @property
    def starts_at(self) -> datetime:
        """The first moment in it."""
        return datetime.combine(self.start, time(), SHANGHAI)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.end, time(), SHANGHAI)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week, Monday to Sunday, written 2025-W43."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        """Read '2025-W43'. Raises ValueError, also for a week the year does not have."""
        match = re.fullmatch(r"(\d{4})-W(\d{2})", text)
        if not match:
            raise ValueError(f"'{text}' is not an ISO week; write it like 2025-W43")
        week = cls(int(match[1]), int(match[2]))
        date.fromisocalendar(week.year, week.number, 1)
        return week

    @classmethod
    def of(cls, day: date) -> "Week":
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @property
    def start(self) -> date:
        """Monday."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def end(self) -> date:
        """Sunday."""
        return date.fromisocalendar(self.year, self.number, 7)

    def previous(self) -> "Week":
        return Week.of(self.start - timedelta(days=7))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"


def utc_now() -> datetime:
    """The present moment, for records of when something was done; never for what to read or write."""
    return datetime.now(UTC)
