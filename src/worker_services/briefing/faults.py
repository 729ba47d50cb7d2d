"""The page on the programme's three faults: uneven progress, service quality, publicity."""

from dataclasses import dataclass
from typing import Any

from worker_services.briefing.figures import Figure, FigureBook
from worker_services.briefing.marts import Row

UNEVEN_COLUMNS = ("units_shown", "coefficient_of_variation", "coefficient_of_variation_change")
FAULT_COLUMNS = ("value", "change", "cumulative_value")


@dataclass(frozen=True)
class FaultRow:
    """A metric, its figures, and the units in the last places by name, the very last one first."""

    metric_id: str
    name: str
    unit: str
    cells: list[Figure]
    last: list[tuple[str, Figure]]


@dataclass(frozen=True)
class Faults:
    """One table a fault; a table without rows has nothing to compare this week."""

    uneven: list[FaultRow]
    service_quality: list[FaultRow]
    publicity: list[FaultRow]

    @property
    def metrics(self) -> list[str]:
        return [row.metric_id for row in (*self.uneven, *self.service_quality, *self.publicity)]


def read_faults(book: FigureBook) -> Faults:
    """The page, from the marts of the book."""

    def of(fault: str) -> list[FaultRow]:
        return [
            FaultRow(
                *_metric_words(book, row),
                [book.fault(row, column) for column in FAULT_COLUMNS],
                [
                    (book.language.of(unit, "scope_short_name"), book.fault_last(unit))
                    for unit in book.marts.fault_last
                    if unit["metric_id"] == row["metric_id"] and unit["scope_type"] == "county"
                ],
            )
            for row in sorted(book.marts.faults, key=lambda row: _order(book, row))
            if row["fault"] == fault
        ]

    uneven = [
        FaultRow(
            *_metric_words(book, row),
            [book.uneven(row, column) for column in UNEVEN_COLUMNS],
            [
                (book.language.of(unit, "scope_short_name"), book.uneven_last(unit))
                for unit in book.marts.uneven_last
                if unit["league_id"] == row["league_id"] and unit["scope_type"] == "county"
            ],
        )
        for row in sorted(book.marts.uneven, key=lambda row: _order(book, row))
    ]
    return Faults(uneven, of("service_quality"), of("publicity"))


def _metric_words(book: FigureBook, row: Row) -> tuple[str, str, str]:
    metric = book.marts.metrics[row["metric_id"]]
    return row["metric_id"], book.language.of(metric, "name"), book.language.of(metric, "unit")


def _order(book: FigureBook, row: Row) -> Any:
    """Headline metrics first, each in the order of display."""
    metric = book.marts.metrics[row["metric_id"]]
    return not metric["is_headline"], metric["display_order"]
