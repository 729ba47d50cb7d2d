"""The published build that a new one can go on from, and the records that have to be looked at again for it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from worker_services.landing import batches
from worker_services.landing.batches import Manifest
from worker_services.settings import Settings
from worker_services.warehouse import provenance, publish

INCREMENTAL_BUILDS_IN_A_ROW = 6
LARGEST_SHARE = 0.05  # of all rows: with more to look at again, a full refresh is no slower


@dataclass(frozen=True)
class Base:
    """A build to go on from.

    `changed` are the batches that stand now and did not stand for it, and those that stood for it and do not now: every
    record whose rows may count otherwise than before lies in one of them.
    """

    build_id: str
    path: Path
    builds_since_full_refresh: int
    changed: list[Manifest]


def find(settings: Settings, standing: list[Manifest], as_of: datetime, code_fingerprint: str) -> Base | None:
    """The build that one of the batches `standing` can go on from, or None when it takes a full refresh.

    It goes on from what readers see, if that was made by the same code, of an earlier moment, of mostly the same
    batches and the same pseudonyms, and if the last full refresh is not too many builds ago.
    """
    published = publish.current(settings)
    if published is None or published.as_of > as_of:
        return None
    record = publish.read_record(settings, published.build_id)
    if record.get("code_fingerprint") != code_fingerprint or not provenance.path(settings, code_fingerprint).exists():
        return None
    if record["builds_since_full_refresh"] >= INCREMENTAL_BUILDS_IN_A_ROW:
        return None
    stood = set(record["batches"])
    stands = {item.batch_id for item in standing}
    changed = [item for item in standing if item.batch_id not in stood]
    changed += _gone(settings, published.path, stood - stands)
    if any(item.has_worker_key_links for item in changed):
        return None
    if sum(item.rows_accepted for item in changed) > LARGEST_SHARE * sum(item.rows_accepted for item in standing):
        return None
    return Base(published.build_id, published.path, record["builds_since_full_refresh"], changed)


def _gone(settings: Settings, path: Path, batch_ids: set[str]) -> list[Manifest]:
    """Manifests of batches that stood for a build."""
    if not batch_ids:
        return []
    with duckdb.connect(str(path), read_only=True) as database:
        pairs = database.execute(
            "select distinct partner, feed from landing.batches where list_contains(?, batch_id)", [sorted(batch_ids)]
        ).fetchall()
    landed = [item for partner, feed in pairs for item in batches.of_feed(settings, partner, feed)]
    return [item for item in landed if item.batch_id in batch_ids]
