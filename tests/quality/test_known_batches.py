"""Batches that a partner got wrong though each row keeps its contract, known and seeded: noticed, by whom, how soon.

A small part of `benchmarks/known_dirt.py`, through the real door.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.known_dirt import House, batches, night, plain_files, rows_of
from simulators.dirt_kinds.batches import BATCH_FAULTS, EVENTS, EYE, MATERNITY, REGISTER, RELIEF
from simulators.world import World, make_world
from worker_services.intervals import Interval
from worker_services.partners.registry import load_partners

START = date(2025, 9, 1)
NIGHTS = {EYE: 16, MATERNITY: 6, REGISTER: 6, RELIEF: 6, EVENTS: 1}
KINDS = {fault.kind: fault for fault in BATCH_FAULTS}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(dirt_rate=0)


@pytest.fixture(scope="module")
def house(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with the clean nights before START."""
    made = House.at(tmp_path_factory.mktemp("known") / "clean")
    plain_files()
    try:
        for supply, nights in NIGHTS.items():
            for number in range(nights, 0, -1):
                interval = night(START - timedelta(days=number))
                outcome = made.deliver(supply, interval, rows_of(world, supply, interval))
                assert outcome.is_landed, outcome.message_en
        yield made
    finally:
        load_partners.cache_clear()


def test_clean_nights_raise_no_learned_alarm(house: House) -> None:
    for supply, nights in NIGHTS.items():
        for number in range(nights, 0, -1):
            assert house.alarms(supply, night(START - timedelta(days=number))) == {}


@pytest.mark.parametrize(
    ("kind", "supply", "check", "nights"),
    [
        ("codes_moved_county_100", EYE, "health_services.organisation_code_drift", 2),
        ("category_lost_100", EYE, "health_services.service_category_drift", 1),
        ("codes_moved_category_100", MATERNITY, "health_services.service_category_drift", 1),
        ("night_again_100", EYE, "health_services.entered_again", 1),
        ("entered_twice_20", EYE, "health_services.same_service_twice", 1),
        ("fen_for_yuan_100", RELIEF, "relief_payments.amount_yuan_unit", 1),
        ("county_lost_100", REGISTER, "hardship_register.organisation_code_absent", 1),
        ("shrinks_again_20", MATERNITY, "health_services.shrunk", 1),
        ("reopened_silently_100", EVENTS, "mediation_events.closed_stays_closed", 3),
        ("codes_moved_county_100", REGISTER, "hardship_register.moved_at_once", 1),
    ],
)
def test_a_batch_that_is_wrong_is_noticed(
    house: House, world: World, kind: str, supply: tuple[str, str], check: str, nights: int
) -> None:
    found = batches(house, world, supply, KINDS[kind], START)
    assert found["noticed"] is not None
    assert found["noticed"] <= nights
    assert check in found["alarms"]


def test_each_kind_changes_what_is_delivered(world: World) -> None:
    assert len(KINDS) == len(BATCH_FAULTS)
    week, before = Interval(START, START + timedelta(days=7)), night(START - timedelta(days=1))
    for fault in BATCH_FAULTS:
        for supply in fault.supplies:
            rows, yesterday = rows_of(world, supply, week), rows_of(world, supply, before)
            spoiled = fault.spoil(np.random.default_rng(1), rows, yesterday, 3)
            assert fault.spoil(np.random.default_rng(1), rows, yesterday, 3).equals(spoiled)
            assert not spoiled.equals(rows), (fault.kind, supply)
