"""What the simulated partners got wrong is known row by row: all of it is caught, and nothing else is."""

import re

import duckdb
import pandas as pd
import pytest

from simulators.world import Interval as SimulatedInterval
from tests.conftest import HISTORY, SATURDAY, SUNDAY, House
from worker_services.contracts import load_contract
from worker_services.partners.registry import load_partners
from worker_services.quality.catalogue import collect

ROW = ["partner", "feed", "interval", "row_number"]
PAIRS = [(partner, feed) for partner, item in load_partners().items() for feed in item.feeds]


@pytest.fixture(scope="module")
def held(full_house: House) -> pd.DataFrame:
    return duckdb.sql(
        f"""
        select partner, feed, interval_start || '/' || interval_end as interval, row_number, column_name, rule
        from read_parquet('{full_house.settings.quarantine}/**/*.parquet')
        """
    ).df()


def test_recall_is_one_and_each_row_is_held_for_the_right_reason(full_house, held, record_property):
    injected = full_house.partners.dirt
    injected = injected[injected["refused_at_door"]]
    assert injected["kind"].nunique() >= 14
    caught = injected.merge(held, on=[*ROW, "rule"], how="left", indicator=True)
    missed = caught[caught["_merge"] == "left_only"]
    record_property("injected", len(injected))
    record_property("recall", 1 - len(missed) / len(injected))
    assert missed[[*ROW, "kind", "column", "rule"]].to_dict("records") == []


def test_no_good_row_is_refused(full_house, held, record_property):
    injected = full_house.partners.dirt
    refused = held[ROW].drop_duplicates().merge(injected[ROW].drop_duplicates(), on=ROW, how="left", indicator=True)
    wrongly = refused[refused["_merge"] == "left_only"]
    record_property("precision", 1 - len(wrongly) / len(refused))
    assert wrongly[ROW].to_dict("records") == []


def test_whatever_held_a_row_is_in_the_catalogue(full_house, held):
    known = {entry.check_id for entry in collect(full_house.settings, None) if entry.stage == "row"}
    found = held[["feed", "rule", "column_name"]].drop_duplicates()
    assert len(found)
    for feed, rule, column in found.itertuples(index=False):
        assert ".".join([feed, "row", rule, *([column] if column else [])]) in known


@pytest.mark.parametrize(("partner", "feed"), PAIRS)
def test_what_landed_is_what_the_partner_meant(full_house, partner, feed):
    """Every accepted cell equals the synthetic truth, whatever form the partner wrote it in."""
    contract = load_contract(feed)
    columns = [
        column.name
        for column in contract.columns
        if column.privacy == "keep" and column.name in load_partners()[partner].feeds[feed].columns
    ]
    for interval in (HISTORY, SATURDAY, SUNDAY):
        meant = full_house.partners.world.accepted(partner, feed, SimulatedInterval.parse(str(interval)))
        meant = meant.rename(columns={"_reported_at": "updated_at"})
        folder = full_house.settings.landing / f"feed={feed}" / f"partner={partner}" / f"date={interval.last_day}"
        casts = ", ".join(f'"{name}"::varchar as "{name}"' for name in columns)
        landed = duckdb.sql(f"select {casts} from read_parquet('{folder}/*.parquet') order by _row_number").df()
        assert len(landed) == len(meant)
        for name in columns:
            got, want = map(_plain, (landed[name], meant[name]))
            assert got == want, (interval, name)


def _plain(cells: pd.Series) -> list[str | None]:
    """Cells as text without what the storage adds: a midnight, a fraction of zeros."""
    found = [None if pd.isna(cell) or cell == "" else str(cell) for cell in cells]
    return [cell and re.sub(r"( 00:00:00|\.0+)$", "", cell) for cell in found]
