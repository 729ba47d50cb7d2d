"""What is kept of a batch to measure later ones against, and which batches count."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from quality_data import NIGHT, read_json, write_batch

from worker_services.contracts import contract_feeds, load_contract
from worker_services.intervals import Interval
from worker_services.landing import batches
from worker_services.landing.batches import Manifest
from worker_services.quality import profiles
from worker_services.quality.checks import BatchContext
from worker_services.quality.profiles import Profile
from worker_services.quality.suites import CheckResult, validate_batch
from worker_services.settings import Settings, partition

PARTNER, FEED = "eye_hospital", "health_services"
Check = Callable[..., dict[str, CheckResult]]


def manifest(batch_id: str, interval: Interval, hour: int = 1) -> Manifest:
    return Manifest(
        batch_id, PARTNER, FEED, interval, "1", "0", "test", None,
        60, 60, 0, None, [], [], None, [], "", False, "", 0, "", datetime(2025, 10, 26, hour, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def check(settings: Settings) -> Check:
    """Checks and lands one batch of valid rows, changed as said; gives the results by the last part of their ids."""

    def run(
        interval: Interval, batch_id: str = "", hour: int = 1, rows: int = 60, **changes: str
    ) -> dict[str, CheckResult]:
        name = batch_id or f"{interval.start:%Y%m%d}"
        day = f"date '{interval.start}'"
        folder = partition(settings.landing, FEED, PARTNER, interval.last_day)
        path = write_batch(folder / f"{name}.parquet", FEED, rows, {"service_date": day, "updated_at": day} | changes)
        results = validate_batch(settings, FEED, path, BatchContext(name, PARTNER, interval))
        batches.commit(settings, manifest(name, interval, hour))
        return {result.check_id.split(".")[1]: result for result in results}

    return run


def nights(first: date, number: int) -> list[Interval]:
    days = [first + timedelta(days=each) for each in range(number)]
    return [Interval(day, day + timedelta(days=1)) for day in days]


@pytest.mark.parametrize("feed", contract_feeds())
def test_a_profile_counts_what_the_file_holds(batch: Callable[..., Path], feed: str) -> None:
    contract = load_contract(feed)
    path = batch(feed, 60)
    profile = profiles.measure(contract, path, "b", NIGHT)
    assert profile.rows == 60
    assert set(profile.codes) == set(profiles.coded_columns(contract))
    for column, counted in profile.codes.items():
        rows = duckdb.sql(f"select coalesce({column}, ''), count(*) from '{path}' group by all").fetchall()
        assert counted == dict(rows)
    for column, rows in profile.filled.items():
        assert rows == duckdb.sql(f"select count({column}) from '{path}'").fetchall()[0][0]
    for column, value in profile.medians.items():
        assert value == duckdb.sql(f"select median({column})::double from '{path}'").fetchall()[0][0]


def test_what_is_written_is_what_is_read(settings: Settings) -> None:
    profile = Profile("b", NIGHT, 3, {"voucher_id": 1}, {"sex": {"": 1, "male": 2}}, {"score": 4.5}, frozenset({"a.b"}))
    profiles.write(partition(settings.quality, FEED, PARTNER, NIGHT.last_day), profile)
    later = NIGHT.end + timedelta(days=7)
    assert profiles.history(settings, FEED, PARTNER, NIGHT.start, later) == []  # it has not landed
    batches.commit(settings, manifest("b", NIGHT))
    assert profiles.history(settings, FEED, PARTNER, NIGHT.start, later) == [profile]
    assert profiles.history(settings, FEED, PARTNER, NIGHT.end, later) == []
    assert profiles.history(settings, FEED, PARTNER, date(2025, 1, 1), NIGHT.start) == []


def test_of_two_deliveries_the_one_that_stands_counts(settings: Settings) -> None:
    folder = partition(settings.quality, FEED, PARTNER, NIGHT.last_day)
    for number, name in enumerate(("z-first", "a-second")):
        profiles.write(folder, Profile(name, NIGHT, number, {}, {}, {}))
        batches.commit(settings, manifest(name, NIGHT, number))
    (found,) = profiles.history(settings, FEED, PARTNER, NIGHT.start, NIGHT.end)
    assert found.batch_id == "a-second"


def test_a_night_of_too_few_rows_is_found_with_its_basis_and_not_learned(settings: Settings, check: Check) -> None:
    for interval in nights(date(2025, 7, 1), 41):
        counted = Profile(f"{interval.start:%Y%m%d}", interval, 60 + interval.start.day % 7, {}, {}, {})
        profiles.write(partition(settings.quality, FEED, PARTNER, interval.last_day), counted)
        batches.commit(settings, manifest(counted.batch_id, interval))
    monday, tuesday, next_monday = (Interval(date(2025, 8, day), date(2025, 8, day + 1)) for day in (11, 12, 18))
    few = check(monday, rows=12)["usual_rows"]
    assert (few.status, few.observed) == ("failed", "12 行")
    assert few.expected.endswith("（据2025-W28至2025-W32的5个周一，近期水平±4倍离差）")
    stored = read_json(partition(settings.quality, FEED, PARTNER, monday.last_day) / "20250811.json")
    assert few.expected in [line["expected"] for line in stored["checks"]]
    assert check(tuesday)["usual_rows"].status == "passed"
    assert check(monday, rows=12)["usual_rows"] == few  # what came later says nothing of an earlier night
    following = check(next_monday)["usual_rows"]
    assert following.status == "passed"
    assert "2025-W28至2025-W32的5个周一" in following.expected


def test_rows_of_the_nights_before_under_other_numbers_are_found(check: Check) -> None:
    first, second, third = nights(date(2025, 9, 1), 3)
    assert "entered_again" not in check(first)
    same = {"service_date": f"date '{first.start}'", "worker_key": "sha256(i::varchar)"}
    assert check(second, service_id="'service_id-' || (i + 900)", **same)["entered_again"].status == "failed"
    fresh = {"worker_key": "sha256((i + 5000)::varchar)", "service_id": "'service_id-' || (i + 7000)"}
    assert check(third, **fresh)["entered_again"].status == "passed"


def test_a_delivery_that_brings_less_than_the_one_it_replaces_is_found(check: Check) -> None:
    assert "shrunk" not in check(NIGHT, "first", hour=1)
    assert check(NIGHT, "second", hour=2, rows=55)["shrunk"].status == "passed"
    found = check(NIGHT, "third", hour=3, rows=40)["shrunk"]
    assert (found.status, found.severity) == ("failed", "warning")


def test_a_past_that_cannot_be_read_is_an_error_and_no_pass(settings: Settings, check: Check) -> None:
    check(nights(date(2025, 9, 1), 1)[0])
    (kept,) = settings.quality.glob("*/*/*/*.profile.ndjson")
    kept.write_text('{"rows": "many"', encoding="utf-8")
    results = check(nights(date(2025, 9, 2), 1)[0])
    assert results["usual_rows"].status == "error"
    assert "检查未能执行" in results["usual_rows"].message_zh
    assert results["required_worker_key"].status == "passed"


def test_results_name_no_file(settings: Settings, check: Check) -> None:
    first, second = nights(date(2025, 9, 1), 2)
    check(first)
    check(second)
    for path in settings.quality.glob("*/*/*/*.json"):
        assert str(settings.data_root) not in path.read_text(encoding="utf-8")


def test_a_register_that_lost_files_is_found(settings: Settings, batch: Callable[..., Path]) -> None:
    feed, partner = "hardship_register", "hardship_system"
    found = {}
    for interval, least in ((nights(date(2025, 9, 1), 1)[0], 0), (nights(date(2025, 9, 2), 1)[0], 30)):
        name = f"{interval.start:%Y%m%d}"
        folder = partition(settings.landing, feed, partner, interval.last_day)
        changes = {"register_no": f"'KN' || (i + {least})", "updated_at": f"timestamp '{interval.start}'"}
        path = write_batch(folder / f"{name}.parquet", feed, 600, changes)
        results = validate_batch(settings, feed, path, BatchContext(name, partner, interval, 600))
        batches.commit(settings, replace(manifest(name, interval), partner=partner, feed=feed))
        found = {result.check_id.split(".")[1]: result for result in results}
    assert found["size_change"].status == "passed"
    assert found["left_at_once"].status == "failed"
