"""The synthetic year: repeatable, without gaps, of the known size, and its dirt accounted for."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulators.deliveries import Alteration, columns_of, file_bytes, records
from simulators.dirt_kinds import FAULTS, ORPHANS
from simulators.totals import city_totals
from simulators.vocabulary import KEYS, PARTNERS, SNAPSHOTS
from simulators.world import Interval, World, make_world
from simulators.writing import write_columns
from simulators.year import as_day
from worker_services.contracts import load_contract

HISTORY, FIRST_NIGHT, SECOND_NIGHT = (
    Interval.parse(text) for text in ("2025-01-01/2025-10-25", "2025-10-25/2025-10-26", "2025-10-26/2025-10-27")
)
FEEDS = [(partner, feed) for partner, feeds in PARTNERS.items() for feed in feeds]
DATED = [
    (partner, feed, column.name)
    for partner, feed in FEEDS
    for column in load_contract(feed).columns
    if column.not_after_interval
]
OF_CHANGES = [(partner, feed) for partner, feed in FEEDS if feed not in SNAPSHOTS]
OF_SNAPSHOTS = [(partner, feed) for partner, feed in FEEDS if feed in SNAPSHOTS]
FINGERPRINT = """
from tests.simulators.test_world import fingerprint
from simulators.world import make_world
print(fingerprint(make_world(7)))
"""


def fingerprint(world: World) -> str:
    """A digest of what every partner delivers in the demo's first night, and of some whole files."""
    digest = hashlib.sha256(file_bytes(world, "maternity_hospital", "health_services", HISTORY, Alteration()))
    digest.update(file_bytes(world, "leadership_office", "meeting_actions", HISTORY, Alteration()))
    for partner, feed in FEEDS:
        found = records(world, partner, feed, as_day(FIRST_NIGHT.start), as_day(SECOND_NIGHT.end), Alteration())
        digest.update(json.dumps(found, ensure_ascii=False).encode())
    return digest.hexdigest()


def test_one_seed_gives_the_same_bytes_in_another_process_and_another_seed_does_not() -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINT], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == fingerprint(make_world(7)) != fingerprint(make_world(8))


@pytest.mark.parametrize(("partner", "feed"), OF_CHANGES)
def test_intervals_leave_no_gap_and_no_overlap(world: World, partner: str, feed: str) -> None:
    log = world.logs[partner, feed]
    moments = log["_reported_at"].to_numpy()
    parts = [world.delivered(partner, feed, each) for each in (HISTORY, FIRST_NIGHT, SECOND_NIGHT)]
    whole = world.delivered(partner, feed, Interval(HISTORY.start, SECOND_NIGHT.end))
    assert set(whole["_key"]) == set().union(*(part["_key"] for part in parts))
    assert set(whole["_key"]) == set(log["_key"][moments < as_day(SECOND_NIGHT.end)])
    for part, each in zip(parts, (HISTORY, FIRST_NIGHT, SECOND_NIGHT), strict=True):
        assert (part["_reported_at"].to_numpy() >= as_day(each.start)).all()
        assert (part["_reported_at"].to_numpy() < as_day(each.end)).all()
        assert list(part["row_number"]) == list(range(1, len(part) + 1))


@pytest.mark.parametrize(("partner", "feed"), OF_SNAPSHOTS)
def test_a_snapshot_holds_whoever_stands_at_its_end(world: World, partner: str, feed: str) -> None:
    before = Interval(FIRST_NIGHT.start, SECOND_NIGHT.start)
    nights = [world.delivered(partner, feed, each) for each in (HISTORY, FIRST_NIGHT, SECOND_NIGHT)]
    assert nights[1].equals(world.delivered(partner, feed, Interval(HISTORY.start, before.end)))
    for night, each in zip(nights, (HISTORY, FIRST_NIGHT, SECOND_NIGHT), strict=True):
        good = night[night["_rule"] == ""]
        truth = world.truth(feed, each.end)
        assert sorted(good["_key"]) == sorted(truth[KEYS[feed][0]])
        assert (night["record_status"] == "valid").all()
        assert 1_500 < len(good) < 2_100
    keys = [set(night["_key"]) for night in nights]
    assert keys[2] - keys[1]
    assert keys[1] - keys[2]
    assert {"late", "corrected"} <= set(
        nights[2].loc[nights[2]["_reported_at"] >= as_day(SECOND_NIGHT.start), "_change"]
    )
    log = world.logs[partner, feed]
    changed = log[
        (log["_reported_at"] >= as_day(SECOND_NIGHT.start)) & (log["_reported_at"] < as_day(SECOND_NIGHT.end))
    ]
    assert keys[1] ^ keys[2] <= set(changed["_key"])


@pytest.mark.parametrize(("partner", "feed"), OF_SNAPSHOTS)
def test_dirt_stays_in_a_snapshot_until_it_is_mended(world: World, partner: str, feed: str) -> None:
    dirt = world.dirt([HISTORY, FIRST_NIGHT, SECOND_NIGHT])
    dirt = dirt[(dirt["partner"] == partner) & (dirt["feed"] == feed)]
    found = {interval: set(rows["key"]) for interval, rows in dirt.groupby("interval")}
    log = world.logs[partner, feed]
    later = log[(log["_reported_at"] >= as_day(SECOND_NIGHT.start)) & (log["_rule"] == "")]
    assert found[str(HISTORY)] == found[str(FIRST_NIGHT)]
    assert found[str(FIRST_NIGHT)] - found[str(SECOND_NIGHT)] <= set(later["_key"])
    assert found[str(SECOND_NIGHT)] - found[str(FIRST_NIGHT)]
    year = world.dirt([Interval(HISTORY.start, date(2026, 1, 1))])
    ever = log.loc[log["_rule"] != "", "_key"]
    assert set(ever) - set(year.loc[year["feed"] == feed, "key"])  # some have been mended


@pytest.mark.parametrize(("partner", "feed"), FEEDS)
def test_a_delivery_holds_the_last_state_of_its_interval(world: World, partner: str, feed: str) -> None:
    log = world.logs[partner, feed]
    last = log[log["_reported_at"].to_numpy() < as_day(HISTORY.end)].groupby("_key")["_reported_at"].max()
    history = world.delivered(partner, feed, HISTORY)
    assert (history["_reported_at"].to_numpy() == last.loc[history["_key"]].to_numpy()).all()
    assert not history.loc[history["_rule"] == "", "_key"].duplicated().any()


@pytest.mark.parametrize(("partner", "feed"), OF_CHANGES)
def test_second_night_brings_late_corrected_and_withdrawn_rows(world: World, partner: str, feed: str) -> None:
    night = world.accepted(partner, feed, SECOND_NIGHT)
    assert {"late", "corrected", "withdrawn"} <= set(night["_change"])
    earlier = set(world.delivered(partner, feed, Interval(HISTORY.start, SECOND_NIGHT.start))["_key"])
    changed = night[night["_change"].isin(["corrected", "withdrawn"])]
    assert set(changed["_key"]) <= earlier
    assert not set(night[night["_change"] == "late"]["_key"]) & earlier


@pytest.mark.parametrize(("partner", "feed"), FEEDS)
def test_history_holds_every_kind_of_dirt_that_applies(world: World, partner: str, feed: str) -> None:
    dirt = world.dirt([HISTORY])
    own = dirt[(dirt["partner"] == partner) & (dirt["feed"] == feed)]
    expected = {(fault.kind, fault.column) for fault in FAULTS[partner, feed]}
    expected |= {(kind, KEYS[feed][0]) for kind in ("exact_duplicate", "key_conflict")}
    expected |= {("orphan_key", ORPHANS[feed][0])} if feed in ORPHANS else set()
    assert expected <= set(zip(own["kind"], own["column"], strict=True))
    assert (own["rule"] != "").all()


@pytest.mark.parametrize("seed", [20250529, 7])
def test_every_fault_shows_in_its_cell(seed: int) -> None:
    world = make_world(seed, 0.03)
    for (partner, feed), log in world.logs.items():
        faulty = log[~log["_rule"].isin(["", "duplicate_row", "duplicate_key", "orphan_key", "ragged_row"])]
        meant, written = write_columns(partner, feed, faulty), columns_of(partner, feed, faulty)
        for row, column in enumerate(faulty["_dirt_column"]):
            assert written[column][row] != meant[column][row], (partner, feed, faulty["_dirt"].iloc[row], column)


def test_dirt_stays_near_its_rate_and_reaches_the_nights(world: World) -> None:
    dirt = world.dirt([HISTORY, FIRST_NIGHT, SECOND_NIGHT])
    vouchers = dirt[(dirt["feed"] == "vouchers") & (dirt["interval"] == str(HISTORY))]
    assert 0.008 < len(vouchers) / len(world.delivered("mini_program", "vouchers", HISTORY)) < 0.02
    assert set(dirt["interval"]) == {str(HISTORY), str(FIRST_NIGHT), str(SECOND_NIGHT)}
    assert (dirt["rule"] == "orphan_key").any()
    assert set(dirt.loc[~dirt["refused_at_door"], "rule"]) == {"orphan_key"}


def test_list_of_dirt_names_nobody(world: World) -> None:
    text = world.dirt([HISTORY]).to_csv()
    workers = world.logs["maternity_hospital", "health_services"]
    assert not any(number in text for number in workers["worker_id"].head(2000))
    assert not any(phone in text for phone in workers["phone"].head(2000))


def test_without_dirt_the_good_records_are_the_same() -> None:
    clean, dirty = make_world(dirt_rate=0.0), make_world()
    assert clean.dirt([HISTORY, SECOND_NIGHT]).empty
    for _, feed in FEEDS:
        good, same = (world.truth(feed, date(2025, 10, 25)).set_index(list(KEYS[feed])) for world in (clean, dirty))
        columns = [column for column in good.columns if column != "updated_at"]
        assert good[columns].equals(same.loc[good.index, columns]), feed


@pytest.mark.parametrize(("partner", "feed", "column"), DATED)
def test_good_rows_are_never_ahead_of_their_day(world: World, partner: str, feed: str, column: str) -> None:
    rows = world.logs[partner, feed]
    rows = rows[rows["_rule"] == ""]
    moments = rows[column].to_numpy().astype("datetime64[s]")
    known = ~np.isnat(moments)
    assert known.any()
    assert (moments[known] <= rows["_reported_at"].to_numpy()[known]).all()


def test_services_begin_with_the_campaign(world: World) -> None:
    assert world.truth("health_services", date(2025, 12, 31))["service_date"].min() >= np.datetime64("2025-05-29")
    assert world.truth("vouchers", date(2025, 12, 31))["issued_on"].min() >= np.datetime64("2025-05-29")


@pytest.mark.parametrize("seed", [20250529, 3])
def test_figures_of_the_demo_week_are_of_the_known_size(seed: int) -> None:
    totals = city_totals(make_world(seed), date(2025, 10, 27), date(2025, 1, 1), date(2025, 10, 26))
    near = {
        "vouchers_issued": (29_000, 31_500),
        "vouchers_redeemed": (16_000, 20_000),
        "outreach_organisations": (70, 100),
        "training_sessions": (71, 71),
        "training_person_times": (6_500, 8_200),
        "job_fairs": (17, 17),
        "positions_offered": (38_000, 48_000),
        "job_applications": (11_500, 12_500),
        "mediation_cases_accepted": (840, 880),
        "mediation_cases_concluded": (750, 830),
        "mediation_success_rate": (0.78, 0.88),
    }
    assert {name: totals[name] for name, (low, high) in near.items() if not low <= totals[name] <= high} == {}


def test_orphans_of_one_night_find_their_parents_the_next(world: World) -> None:
    for feed in ("job_postings", "training_attendances", "training_enrolments"):
        assert world.held(feed, date(2025, 10, 25)).empty
        assert not world.held(feed, date(2025, 10, 26)).empty
        assert world.held(feed, date(2025, 10, 27)).empty


def test_who_came_had_enrolled_and_who_holds_a_certificate_had_come(world: World) -> None:
    as_of = date(2025, 12, 31)
    pair = ["session_id", "worker_id"]
    enrolled, came, certified = (
        world.truth(feed, as_of) for feed in ("training_enrolments", "training_attendances", "training_certificates")
    )
    through = enrolled[enrolled["enrolment_status"] != "dropped_out"]

    def missing(rows: pd.DataFrame, among: pd.DataFrame) -> float:
        return 1 - pd.MultiIndex.from_frame(rows[pair]).isin(pd.MultiIndex.from_frame(among[pair])).mean()

    # records mended after dirt bring people of their own, so a few do not fit
    assert len(certified) > 1500
    assert missing(came, enrolled) < 0.01
    assert missing(certified, came) < 0.01
    assert missing(certified, through) < 0.02
    assert missing(through, certified) > 0.1


@pytest.mark.parametrize("seed", [20250529, 3])
def test_employers_register_most_hires_of_the_fairs_and_some_that_the_fairs_do_not_know(seed: int) -> None:
    world = make_world(seed)
    as_of = date(2025, 10, 27)
    registered, applied, postings = (
        rows[rows["record_status"] == "valid"]
        for rows in (world.truth(f, as_of) for f in ("employment_registrations", "job_applications", "job_postings"))
    )
    employers = postings.drop_duplicates("posting_id")[["posting_id", "employer_credit_code"]]
    pair = ["worker_id", "employer_credit_code"]
    hired = applied[applied["stage"] == "hired"].merge(employers, on="posting_id")
    both = hired.merge(registered, on=pair)
    assert 1_000 < len(registered) < 1_500
    assert 0.75 < hired[pair].merge(registered[pair].drop_duplicates()).shape[0] / len(hired) < 0.9
    assert 0.1 < 1 - registered[pair].merge(hired[pair].drop_duplicates()).shape[0] / len(registered) < 0.22
    names_posting = both["source_posting_id"].notna()
    assert 0.6 < names_posting.mean() < 0.8
    assert (both["source_posting_id"] != both["posting_id"])[names_posting].sum() > 20
    assert both.loc[names_posting, "source_fair_id"].notna().all()
    assert 20 < (both["hired_on"] < both["applied_on"]).sum() < 100
    assert not set(registered["worker_id"]) <= set(applied["worker_id"])


def test_counties_differ_in_what_a_briefing_tells(world: World) -> None:
    as_of = date(2025, 10, 27)
    statements = world.truth("labour_contracts", as_of)
    totals = statements.groupby("organisation_code")[["contracts_signed", "employees"]].sum()
    assert (totals["contracts_signed"] / totals["employees"]).idxmin() == "220182"
    totals = statements.groupby("as_of_date")[["contracts_signed", "employees"]].sum().sort_index()
    rate = totals["contracts_signed"] / totals["employees"]
    assert rate.iloc[-1] > rate.iloc[0] + 0.03
    hazards = world.truth("safety_hazards", as_of)
    found = hazards.merge(world.truth("safety_inspections", as_of)[["inspection_id", "organisation_code"]])
    assert 0.87 < found["rectified_on"].notna().mean() < 0.95
    late = (found["rectified_on"] > found["due_on"]).groupby(found["organisation_code"]).mean()
    assert late["220182"] > 2 * late["220104"]
