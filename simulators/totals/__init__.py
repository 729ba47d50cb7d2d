"""What the figures must be, counted from the good records alone: an answer to check a warehouse against."""

from datetime import date

from simulators.totals import coverage, employment, hardship, health, leadership, rights
from simulators.totals.records import Records
from simulators.world import World

DOMAINS = (health, employment, rights, hardship, leadership, coverage)


def city_totals(world: World, as_of: date, first: date, last: date) -> dict[str, float]:
    """City-wide value of each metric over the days `first` to `last`, by what was reported before `as_of` began.

    Valid records only; a record whose parent has not come yet counts nowhere. Distinct sites and postings are counted
    on the first day of the year they occur; a rate is that of the same days.
    """
    records = Records(world, as_of, first, last)
    return {metric: value for domain in DOMAINS for metric, value in domain.totals(records).items()}
