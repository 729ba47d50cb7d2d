"""What is over its time goes, and the ledger knows what went."""

import os
import time

from worker_services.audit import ledger
from worker_services.audit.protected import name_of
from worker_services.privacy import retention, vault


def age(path, days):
    moment = time.time() - days * 86_400
    os.utime(path, (moment, moment))


def test_only_what_is_sealed_and_old_is_deleted(house):
    settings, secrets = house.settings, house.secrets
    days = retention.load(settings).retention_days
    old, young = (
        vault.path_of(settings.vault, vault.store(settings.vault, data, secrets).sha256) for data in (b"a", b"b")
    )
    partition = settings.quarantine / "feed=f" / "partner=p" / "date=2025-01-01"
    partition.mkdir(parents=True)
    rows, reasons = partition / "b.rows.age", partition / "b.parquet"
    rows.write_bytes(b"sealed")
    reasons.write_bytes(b"reasons")
    for path in (old, rows, reasons):
        age(path, days + 1)
    age(young, days - 1)

    assert retention.expire(settings, "tester") == sorted([old, rows])
    assert not old.exists()
    assert not rows.exists()
    assert young.exists()
    assert reasons.exists()
    (entry,) = ledger.entries(settings)
    assert (entry.actor, entry.action) == ("tester", "vault.expire")
    assert sorted(entry.details["deleted"]) == sorted(name_of(settings, path) for path in (old, rows))


def test_nothing_due_leaves_no_trace(house):
    vault.store(house.settings.vault, b"a", house.secrets)
    assert retention.expire(house.settings, "tester") == []
    assert ledger.entries(house.settings) == []
