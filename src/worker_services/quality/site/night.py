"""What a night's report says, whatever the form and the language that it says it in."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from worker_services.intervals import Week
from worker_services.quality.checks import DIMENSIONS
from worker_services.quality.site.arrivals import IN_STORE, NO_OUTCOME, OUTCOMES, Arrival, Held
from worker_services.quality.site.checked import LEVELS, CheckGroup, CheckLine
from worker_services.quality.site.week import Figures
from worker_services.warehouse.publish import Published


@dataclass(frozen=True)
class Report:
    """Everything the page shows, whatever its language, but printed figures that have changed since."""

    day: date
    week: Week
    build: Published | None
    arrivals: list[Arrival]
    held: list[Held]
    groups: list[CheckGroup]
    marts: list[CheckGroup]
    figures: Figures | None

    @property
    def problems(self) -> list[CheckLine]:
        """Every check that did not pass, the worst first."""
        return sorted((line for line in self._lines if line.level != "passed"), key=lambda line: LEVELS[line.level])

    @property
    def levels(self) -> dict[str, int]:
        """How many checks there are of each level."""
        found = Counter(line.level for line in self._lines)
        return {level: found[level] for level in LEVELS}

    @property
    def outcome_counts(self) -> dict[str, int]:
        found = Counter(arrival.outcome for arrival in self.arrivals)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def in_store(self) -> int:
        return sum(self.outcome_counts[outcome] for outcome in IN_STORE)

    @property
    def totals(self) -> dict[str, int]:
        return {
            name: sum(getattr(arrival, name) or 0 for arrival in self.arrivals)
            for name in ("received", "accepted", "quarantined")
        }

    @property
    def dimensions(self) -> list[dict[str, Any]]:
        """Checks and held rows by the six dimensions of GB/T 36344-2018."""
        lines = list(self._lines)
        return [
            {
                "name": name,
                "checks": sum(line.dimension == name for line in lines),
                "held": sum(held.rows for held in self.held if held.dimension == name),
                **{level: sum(line.dimension == name and line.level == level for line in lines) for level in LEVELS},
            }
            for name in DIMENSIONS
        ]

    @property
    def in_numbers(self) -> dict[str, Any]:
        """The night as the home page lists it, and as other programs may read it."""
        return {
            "date": self.day.isoformat(),
            "build_id": self.build.build_id if self.build else None,
            "expected": len(self.arrivals),
            "landed": self.in_store,
            "not_landed": [[each.partner, each.feed] for each in self.arrivals if each.outcome not in IN_STORE],
            **{name: self.outcome_counts[name] for name in ("partly_quarantined", "rejected", "missing", NO_OUTCOME)},
            **{f"rows_{name}": number for name, number in self.totals.items()},
            "checks": sum(self.levels.values()),
            **self.levels,
        }

    @property
    def _lines(self) -> Iterator[CheckLine]:
        return (line for group in [*self.groups, *self.marts] for line in group.lines)
