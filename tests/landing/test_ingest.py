"""Bad input, each kind met on the partner's real server."""

import errno
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import stamina
from pydantic import SecretStr

from tests.conftest import HISTORY, SATURDAY, SUNDAY, House
from worker_services.contracts import load_contract
from worker_services.landing import batches, ingest, outcomes, quarantine
from worker_services.landing.outcomes import Outcome
from worker_services.partners.registry import load_partners
from worker_services.privacy.vault import unseal
from worker_services.quality.checks import BatchContext
from worker_services.quality.suites import CheckResult
from worker_services.settings import Settings

HOSPITAL = ("maternity_hospital", "health_services")
API = ("mini_program", "outreach_events")
DATABASE = ("mediation_center", "mediation_cases")
TRAINING = ("training_base", "training_attendances")
ONE_OF_EACH = [HOSPITAL, API, DATABASE]


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def says(message: str, partner: str, feed: str) -> None:
    """Every message names the partner, the feed and the interval as the reader knows them."""
    assert load_partners()[partner].name in message
    assert load_contract(feed).label in message
    assert "2025-10-2" in message


def failed(outcome: Outcome) -> list[str]:
    return [check.check_id for check in outcome.failed_checks]


@pytest.mark.parametrize(("partner", "feed"), ONE_OF_EACH)
def test_a_good_delivery_lands_with_its_manifest(house: House, partner, feed):
    outcome = house.ingest(partner, feed, SUNDAY)
    assert outcome.outcome in ("landed", "partly_quarantined")
    says(outcome.message_zh, partner, feed)
    (manifest,) = batches.of_interval(house.settings, partner, feed, SUNDAY)
    assert manifest.rows_received == manifest.rows_accepted + manifest.rows_quarantined
    folder = house.settings.landing / f"feed={feed}" / f"partner={partner}" / "date=2025-10-26"
    (parquet,) = folder.glob("*.parquet")
    rows = duckdb.read_parquet(str(parquet))
    assert len(rows) == manifest.rows_accepted
    assert rows.columns == list(load_contract(feed).landed_columns)
    sealed = house.settings.vault / manifest.raw_sha256[:2] / f"{manifest.raw_sha256}.age"
    assert len(unseal(sealed.read_bytes(), house.secrets)) == manifest.raw_bytes


@pytest.fixture
def without_pauses():
    """Attempts follow each other at once."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize(("partner", "feed"), ONE_OF_EACH)
def test_a_partner_that_is_down_is_missing_and_the_others_go_on(house: House, partner, feed):
    with house.partners.faulty(partner, "down"):
        outcome = house.ingest(partner, feed, SUNDAY)
        other = house.ingest("job_fair_system", "job_fairs", SUNDAY)
    assert (outcome.outcome, outcome.retryable) == ("missing", True)
    assert failed(outcome) == ["delivery.arrived"]
    says(outcome.message_zh, partner, feed)
    assert "无法连接" in outcome.message_zh
    assert other.is_landed
    assert outcomes.latest(house.settings, partner, feed, SUNDAY) == outcome
    assert house.ingest(partner, feed, SUNDAY).outcome in ("landed", "partly_quarantined")
    assert outcomes.latest(house.settings, partner, feed, SUNDAY).is_landed


@pytest.mark.parametrize(("partner", "feed"), ONE_OF_EACH)
def test_a_refused_login_names_the_connection_and_is_not_tried_again(house: House, partner, feed):
    wrong = house.connection(partner).model_copy(update={"password": SecretStr("not-the-password")})
    outcome = house.ingest(partner, feed, SUNDAY, wrong)
    assert (outcome.outcome, outcome.retryable) == ("missing", False)
    says(outcome.message_zh, partner, feed)
    assert "拒绝登录" in outcome.message_zh
    assert wrong.conn_id in outcome.message_zh
    assert "not-the-password" not in json.dumps([outcome.message_zh, outcome.message_en])


@pytest.mark.parametrize(("partner", "feed"), [HOSPITAL, API, TRAINING])
def test_a_delivery_cut_off_is_refused_whole_and_kept_in_the_vault(house: House, partner, feed):
    with house.partners.faulty(partner, "truncated", feed=feed):
        outcome = house.ingest(partner, feed, HISTORY)
    assert outcome.outcome in ("rejected", "missing")
    assert not batches.of_interval(house.settings, partner, feed, HISTORY)
    if outcome.outcome == "rejected":
        assert list(house.settings.vault.rglob("*.age"))
    if (partner, feed) == HOSPITAL:
        assert failed(outcome) == ["delivery.control_total"]
    house.partners.clear(partner)
    assert house.ingest(partner, feed, HISTORY).is_landed


@pytest.mark.parametrize(("partner", "feed"), [HOSPITAL, TRAINING])
def test_an_empty_file_is_refused_with_what_to_do(house: House, partner, feed):
    with house.partners.faulty(partner, "empty", feed=feed):
        outcome = house.ingest(partner, feed, SUNDAY)
    assert outcome.outcome == "rejected"
    says(outcome.message_zh, partner, feed)
    assert "重新" in outcome.message_zh


@pytest.mark.parametrize(("partner", "feed"), [HOSPITAL, TRAINING, API])
def test_a_changed_header_says_which_is_gone_and_what_came_instead(house: House, partner, feed):
    with house.partners.faulty(partner, "header_changed", feed=feed):
        outcome = house.ingest(partner, feed, SUNDAY)
    assert outcome.outcome == "rejected"
    says(outcome.message_zh, partner, feed)
    assert failed(outcome) == ["delivery.columns"]
    assert "缺少约定的" in outcome.message_zh
    assert "未登记的" in outcome.message_zh
    assert "映射" in outcome.message_zh


@pytest.mark.parametrize(("partner", "feed"), ONE_OF_EACH)
def test_the_same_delivery_again_changes_nothing(house: House, partner, feed):
    house.ingest(partner, feed, SUNDAY)
    before = files(house.settings.data_root)
    assert house.ingest(partner, feed, SUNDAY).outcome == "unchanged"
    assert files(house.settings.data_root) == before


def test_yesterdays_file_sent_again_as_todays_is_not_counted_twice(house: House):
    partner, feed = HOSPITAL
    house.ingest(partner, feed, SATURDAY)
    outbox = house.partners.workdir / "sftp" / partner / "outbox"
    sunday = outbox / "health_services_20251026_20251026.csv"
    kept = sunday.read_bytes()
    sunday.write_bytes((outbox / "health_services_20251025_20251025.csv").read_bytes())
    try:
        outcome = house.ingest(partner, feed, SUNDAY)
    finally:
        sunday.write_bytes(kept)
    assert outcome.outcome == "unchanged"
    assert failed(outcome) == ["delivery.not_an_old_one"]
    assert "重复交付" in outcome.message_zh
    assert not batches.of_interval(house.settings, partner, feed, SUNDAY)
    assert outcomes.latest(house.settings, partner, feed, SUNDAY) == outcome


@pytest.mark.parametrize(("partner", "feed"), [HOSPITAL, API])
def test_a_delivery_replaced_after_it_was_loaded_supersedes_it_and_says_so(house: House, partner, feed):
    first = house.ingest(partner, feed, SATURDAY)
    with house.partners.faulty(partner, "replaced", feed=feed):
        second = house.ingest(partner, feed, SATURDAY)
    assert f"替代此前批次 {first.batch_id}" in second.message_zh
    landed = batches.of_interval(house.settings, partner, feed, SATURDAY)
    assert [item.batch_id for item in landed] == [first.batch_id, second.batch_id]


def test_the_next_night_notices_a_replaced_file_by_itself(house: House):
    partner, feed = HOSPITAL
    first = house.ingest(partner, feed, SATURDAY)
    with house.partners.faulty(partner, "replaced", feed=feed):
        redone, tonight = house.ingest_night(partner, feed, SUNDAY)
    assert redone.interval == SATURDAY
    assert redone.batch_id != first.batch_id
    assert tonight.interval == SUNDAY


@pytest.mark.usefixtures("without_pauses")
@pytest.mark.parametrize(("partner", "feed"), ONE_OF_EACH)
def test_the_next_night_takes_up_a_night_that_failed(house: House, partner, feed):
    with house.partners.faulty(partner, "down"):
        house.ingest(partner, feed, SATURDAY)
    healed, tonight = house.ingest_night(partner, feed, SUNDAY)
    assert (healed.interval, tonight.interval) == (SATURDAY, SUNDAY)
    assert healed.is_landed


def test_nights_in_any_order_end_in_the_same_landing(make_house, tmp_path):
    forward, backward = make_house(tmp_path / "forward"), make_house(tmp_path / "backward")
    for house, intervals in ((forward, (HISTORY, SATURDAY, SUNDAY)), (backward, (SUNDAY, HISTORY, SATURDAY))):
        for interval in intervals:
            house.ingest(*TRAINING, interval)
    landed = []
    for house in (forward, backward):
        items = batches.of_feed(house.settings, *TRAINING)
        landed.append(sorted((item.batch_id, item.raw_sha256, item.rows_accepted) for item in items))
    assert landed[0] == landed[1]
    assert len(landed[0]) == 3


def test_a_rate_limit_is_waited_out(house: House):
    outcome = house.ingest("eye_hospital", "health_services", HISTORY)
    assert outcome.is_landed


def test_a_server_that_errs_for_a_moment_is_asked_again(house: House):
    partner, feed = API
    with house.partners.faulty(partner, "server_error", value=2):
        assert house.ingest(partner, feed, SUNDAY).is_landed


@pytest.mark.usefixtures("without_pauses")
def test_a_server_that_keeps_erring_is_missing(house: House):
    partner, feed = API
    with house.partners.faulty(partner, "server_error"):
        outcome = house.ingest(partner, feed, SUNDAY)
    assert (outcome.outcome, outcome.retryable) == ("missing", True)
    assert "HTTP 500" in outcome.message_en


def test_a_server_that_shows_another_key_is_refused(house: House):
    partner, feed = HOSPITAL
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    connection = house.connection(partner).model_copy(update={"extra": {"host_key": other}})
    outcome = house.ingest(partner, feed, SUNDAY, connection)
    assert (outcome.outcome, outcome.retryable) == ("missing", False)
    says(outcome.message_zh, partner, feed)
    assert connection.conn_id in outcome.message_zh
    assert "host key" in outcome.message_en


def test_held_rows_are_whole_sealed_and_explained(house: House):
    partner, feed = HOSPITAL
    outcome = house.ingest(partner, feed, HISTORY)
    (held,) = quarantine.of(house.settings, partner, feed)
    assert held.batch_id == outcome.batch_id
    rows = [json.loads(line) for line in unseal(held.sealed.read_bytes(), house.secrets).decode().splitlines()]
    reasons = duckdb.read_parquet(str(held.path)).to_arrow_table().to_pylist()
    assert len(rows) >= 50
    assert {row["row_number"] for row in rows} == {reason["row_number"] for reason in reasons}
    title_and_header = 2
    for reason in reasons:
        assert reason["line_number"] == reason["row_number"] + title_and_header
        assert reason["message_zh"].startswith(f"第 {reason['line_number']} 行「")


def test_a_night_killed_between_landing_and_its_outcome_is_accounted_for_by_the_next_run(house: House):
    first = house.ingest(*API, SUNDAY)
    for path in house.settings.outcomes.rglob("*.json"):
        path.unlink()
    assert outcomes.unaccounted(house.settings, [API], SUNDAY)
    again = house.ingest(*API, SUNDAY)
    assert replace(again, recorded_at=None) == replace(first, recorded_at=None)
    assert sum(again.judged.values()) > 10
    assert not outcomes.unaccounted(house.settings, [API], SUNDAY)
    assert house.ingest(*API, SUNDAY).outcome == "unchanged"


def test_a_delivery_brought_back_after_it_was_superseded_stands_again(house: House):
    partner, feed = HOSPITAL
    first = house.ingest(partner, feed, SATURDAY)
    with house.partners.faulty(partner, "replaced", feed=feed):
        house.ingest(partner, feed, SATURDAY)
    third = house.ingest(partner, feed, SATURDAY)
    assert third.batch_id == f"{first.batch_id}-2"
    landed = batches.of_interval(house.settings, partner, feed, SATURDAY)
    assert len(landed) == 3
    assert [item.batch_id for item in batches.standing(landed)] == [third.batch_id]
    assert landed[0].rows_accepted == landed[2].rows_accepted


def test_a_full_disk_of_ours_is_told_as_ours(house: House, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("worker_services.landing.ingest._write_parquet", full)
    outcome = house.ingest(*API, SUNDAY)
    assert (outcome.outcome, outcome.retryable) == ("missing", True)
    says(outcome.message_zh, *API)
    assert "本系统存储空间不足" in outcome.message_zh
    assert not batches.of_interval(house.settings, *API, SUNDAY)
    monkeypatch.undo()
    assert house.ingest(*API, SUNDAY).is_landed


def test_the_engine_of_the_row_rules_is_gone_before_the_suite_is_checked(house: House, monkeypatch, tmp_path):
    """Two engines at once would take twice the memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spools: list[list[Path]] = []
    validate, write = ingest.validate_batch, ingest._write_parquet

    def look(*arguments: object) -> None:
        spools.append([*tmp_path.glob("worker-services-spool-*")])

    monkeypatch.setattr(ingest, "_write_parquet", lambda *arguments: look() or write(*arguments))
    monkeypatch.setattr(ingest, "validate_batch", lambda *arguments: look() or validate(*arguments))
    assert house.ingest(*API, SUNDAY).is_landed
    assert list(map(len, spools)) == [1, 0]


def test_a_batch_that_fails_a_critical_check_leaves_no_file(house: House, monkeypatch):
    partner, feed = HOSPITAL
    rotated = house.secrets.model_copy(update={"previous_worker_key_secrets": (SecretStr("the one before"),)})
    seen: list[str] = []
    validate = ingest.validate_batch

    def fail(settings: Settings, feed: str, parquet: Path, context: BatchContext) -> list[CheckResult]:
        seen.extend(sorted(path.suffix for path in parquet.parent.iterdir()))
        (key, *others) = (result for result in validate(settings, feed, parquet, context) if result.status == "passed")
        return [replace(key, status="failed", severity="critical", message_zh="不合理"), *others]

    monkeypatch.setattr(ingest, "validate_batch", fail)
    outcome = replace(house, secrets=rotated).ingest(partner, feed, SUNDAY)
    assert (outcome.outcome, outcome.message_zh[-8:]) == ("rejected", "整批退回。不合理")
    (check,) = outcome.failed_checks
    assert check.check_id.startswith(f"{feed}.")
    assert outcome.judged == {check.dimension: 1}
    assert seen == [".keys", ".parquet"]
    assert not [path for path in house.settings.landing.rglob("*") if path.is_file()]


def test_a_batch_without_an_outcome_is_noticed(house: House):
    house.ingest(*API, SUNDAY)
    assert outcomes.unaccounted(house.settings, [API, HOSPITAL], SUNDAY) == ["maternity_hospital health_services"]
