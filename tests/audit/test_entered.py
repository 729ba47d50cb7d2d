"""What the door leaves is entered, whenever a run is killed; and what was changed since is never entered anew."""

import os
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from tests.conftest import SUNDAY, House
from worker_services.audit import ledger
from worker_services.audit.verify import verify
from worker_services.landing import batches, ingest, outcomes
from worker_services.landing.decisions import reject, release
from worker_services.privacy import retention, vault
from worker_services.secrets import Secrets

FEED = ("mini_program", "outreach_events")


def found(house: House) -> list[tuple[str, str]]:
    findings = verify(house.settings, ledger.public_keys(house.settings)).findings
    return [(finding.kind, finding.what.rpartition("/")[2].partition(".")[2]) for finding in findings]


def dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def killed(monkeypatch: pytest.MonkeyPatch, target: object, name: str, work: Callable[[], object]) -> None:
    """Run until a call, which does not come back."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(target, name, dies)
        work()


def test_a_delivery_is_entered_with_all_that_it_left(house):
    outcome = house.ingest(*FEED, SUNDAY)
    (entry,) = ledger.about(house.settings, "batch.partly_quarantined", outcome.batch_id)
    folders = sorted(name.split("/")[1] for name in entry.details["files"])
    assert folders == ["landing", "landing", "outcomes", "quality", "quality", "quarantine", "quarantine"]
    (manifest,) = batches.of_interval(house.settings, *FEED, SUNDAY)
    (sealed,) = ledger.about(house.settings, "vault.seal", manifest.raw_sha256)
    assert sealed.seq < entry.seq
    before = ledger.head(house.settings)
    assert house.ingest(*FEED, SUNDAY).outcome == "unchanged"
    assert ledger.head(house.settings) == before, "what changes nothing enters nothing"
    assert found(house) == []


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (ingest, "_enter_sealed"),
        (ingest, "_files"),
        (outcomes, "write_json"),
        (ledger, "append_once"),
        (outcomes, "named"),
    ],
)
def test_a_run_killed_before_the_ledger_is_made_good_by_the_next(house, monkeypatch, target, name):
    secrets_entered = house.ingest("mini_program", "service_ratings", SUNDAY)
    assert secrets_entered.batch_id
    killed(monkeypatch, target, name, lambda: house.ingest(*FEED, SUNDAY))
    assert house.ingest(*FEED, SUNDAY).outcome in ("unchanged", "partly_quarantined")
    assert found(house) == []


def test_a_file_changed_since_is_not_entered_anew_when_the_same_comes_again(house):
    house.ingest(*FEED, SUNDAY)
    (parquet,) = house.settings.landing.rglob("*.parquet")
    parquet.write_bytes(parquet.read_bytes() + b"x")
    (sealed,) = house.settings.vault.rglob("*.age")
    sealed.write_bytes(sealed.read_bytes() + b"x")
    assert house.ingest(*FEED, SUNDAY).outcome == "unchanged"
    assert sorted(found(house)) == [("file_changed", "age"), ("file_changed", "parquet")]


def test_a_decision_killed_before_the_ledger_is_entered_by_the_next(house, monkeypatch):
    batch_id = house.ingest(*FEED, SUNDAY).batch_id
    by = {"actor": "li", "reason": "电话核对过", "secrets": house.secrets}
    killed(monkeypatch, ledger, "append", lambda: reject(house.settings, batch_id, None, **by))
    assert [kind for kind, _ in found(house)] == ["file_added"]
    release(house.settings, batch_id, None, **by)
    (entry,) = ledger.about(house.settings, "quarantine.reject", batch_id)
    assert (entry.actor, entry.details["reason"]) == ("li", "电话核对过")
    assert found(house) == []


def test_which_secrets_are_used_is_entered_when_they_change(house):
    house.ingest(*FEED, SUNDAY)
    before = house.secrets.worker_key_id
    rotated = Secrets(
        worker_key_secret=SecretStr("another key"),
        vault_identity=house.secrets.vault_identity,
        previous_worker_key_secrets=(house.secrets.worker_key_secret,),
    )
    ingest.ingest(house.settings, *FEED, SUNDAY, house.connection(FEED[0]), rotated)
    first, second = ledger.about(house.settings, "secret.use", "worker_key_secret")
    assert (first.details["key"], second.details) == (before, {"key": rotated.worker_key_id, "previous": [before]})
    assert len(ledger.about(house.settings, "secret.use", "vault_identity")) == 1
    assert "another key" not in str(second)


def test_a_retention_killed_between_entry_and_deletion_is_finished_by_the_next(house, monkeypatch):
    house.ingest(*FEED, SUNDAY)
    (sealed,) = house.settings.vault.rglob("*.age")
    moment = time.time() - (retention.load(house.settings).retention_days + 1) * 86_400
    os.utime(sealed, (moment, moment))
    killed(monkeypatch, type(sealed), "unlink", lambda: retention.expire(house.settings, "airflow"))
    assert found(house) == [("file_back", "age")]
    retention.expire(house.settings, "airflow")
    assert (sealed.exists(), found(house)) == (False, [])
    house.ingest(*FEED, SUNDAY)
    assert vault.path_of(house.settings.vault, sealed.stem).exists()
    assert found(house) == [], "what comes again after its time is sealed and entered again"
