from dataclasses import dataclass
from datetime import date

import pandas as pd

from simulators.world import World


@dataclass(frozen=True)
class Records:
    """The good records known when the day `as_of` began, and the days `first` to `last` that are asked for."""

    world: World
    as_of: date
    first: date
    last: date

    def of(self, feed: str) -> pd.DataFrame:
        """Valid records of a feed whose parent is known, one row each."""
        rows = self.world.truth(feed, self.as_of)
        return rows[(rows["record_status"] == "valid") & ~self.world.is_held(feed, rows, self.as_of)]

    def within(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows dated within the days asked for."""
        days = rows[column].astype("datetime64[s]")
        return rows[(days >= pd.Timestamp(self.first)) & (days < pd.Timestamp(self.last) + pd.Timedelta(days=1))]

    def until(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows dated up to the last day asked for, however long ago."""
        return rows[rows[column].astype("datetime64[s]") < pd.Timestamp(self.last) + pd.Timedelta(days=1)]

    def passed(self, rows: pd.DataFrame, column: str) -> pd.DataFrame:
        """The rows whose day lies wholly behind the last day asked for, or the last one known."""
        today = min(pd.Timestamp(self.last), pd.Timestamp(self.as_of) - pd.Timedelta(days=1))
        return rows[rows[column].astype("datetime64[s]") < today]


def share(part: float, whole: float) -> float:
    """Part of a whole; not a number where there is no whole."""
    return part / whole if whole else float("nan")
