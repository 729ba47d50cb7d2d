"""A backfill of any range, in any order and in parallel, ends in the landing that the nights would have made."""

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.conftest import House
from worker_services.intervals import Interval
from worker_services.landing import batches, outcomes
from worker_services.landing.ingest import ingest

PAIRS = [
    ("maternity_hospital", "health_services"),
    ("eye_hospital", "health_services"),
    ("mini_program", "outreach_events"),
    ("mediation_center", "mediation_events"),
]
NIGHTS = [Interval(day, day + timedelta(days=1)) for day in (date(2025, 10, 18) + timedelta(days=n) for n in range(6))]


@pytest.fixture
def delivered(partners):
    for interval in NIGHTS:
        partners.deliver(str(interval))


def landing(house: House) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for partner, feed in PAIRS:
        for item in batches.of_feed(house.settings, partner, feed):
            path = batches.parquet_path(house.settings, item)
            rows = duckdb.sql(f"select * exclude (_landed_at) from read_parquet('{path}') order by _row_number")
            outcome = outcomes.latest(house.settings, partner, feed, item.interval)
            found[item.batch_id] = [item.rows_received, item.rows_quarantined, rows.fetchall(), outcome.outcome]
    return found


def test_any_order_and_in_parallel(make_house, tmp_path: Path, delivered):
    by_night, backfilled = make_house(tmp_path / "nights"), make_house(tmp_path / "backfill")
    tasks = [(*pair, interval) for interval in NIGHTS for pair in PAIRS]
    for task in tasks:
        by_night.ingest(*task)
    shuffled = random.Random(7).sample(tasks, len(tasks))
    again = shuffled[:6]  # some are asked for twice, at the same time
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["great_expectations", ingest.__module__])  # imported once, not by each
    with ProcessPoolExecutor(3, mp_context=processes) as pool:
        runs = [
            pool.submit(
                ingest,
                backfilled.settings,
                partner,
                feed,
                interval,
                backfilled.connection(partner),
                backfilled.secrets,
            )
            for partner, feed, interval in (*again, *shuffled)
        ]
        assert all(run.result().is_landed for run in runs)
    expected = landing(by_night)
    assert len(expected) == len(tasks)
    assert landing(backfilled) == expected
