"""Batches at rest: immutable Parquet with a manifest. The manifest is written last; without it a batch is not there."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from worker_services.files import write_json
from worker_services.intervals import Interval
from worker_services.landing import records
from worker_services.settings import Settings, partition


@dataclass(frozen=True)
class Manifest:
    """What one batch is and what was counted on its way in. `rows_received` = accepted + quarantined, always.

    A batch that `supplements` another holds rows of it that came out of quarantine; it stands while the other does.
    `worker_key_id` tells which secret keyed it, `has_worker_key_links` whether a file beside it leads from older keys.
    """

    batch_id: str
    partner: str
    feed: str
    interval: Interval
    contract_version: str
    code_version: str
    source: str
    source_fingerprint: str | None
    rows_received: int
    rows_accepted: int
    rows_quarantined: int
    declared_rows: int | None
    unmapped_columns: list[str]
    absent_columns: list[str]
    supplements: str | None
    waived_rules: list[str]
    worker_key_id: str
    has_worker_key_links: bool
    raw_sha256: str
    raw_bytes: int
    parquet_sha256: str
    landed_at: datetime

    def __post_init__(self) -> None:
        if self.rows_received != self.rows_accepted + self.rows_quarantined:
            raise ValueError(f"batch {self.batch_id}: rows received do not equal rows accepted plus quarantined")


def batch_id(partner: str, feed: str, interval: Interval, raw_sha256: str) -> str:
    """The identity of a batch: partner, feed, interval and the SHA-256 of its raw bytes (12 digits shown)."""
    return f"{partner}-{feed}-{interval.start:%Y%m%d}-{interval.end:%Y%m%d}-{raw_sha256[:12]}"


BATCH_ID = "^([a-z0-9_]+)-([a-z0-9_]+)-([0-9]{8})-([0-9]{8})-[0-9a-f]{12}$"
"""What a batch_id says, as a regular expression of the engine: partner, feed, first day, day after the last."""


def folder(settings: Settings, partner: str, feed: str, interval: Interval) -> Path:
    return partition(settings.landing, feed, partner, interval.last_day)


def commit(settings: Settings, manifest: Manifest) -> None:
    """Make a batch visible. Its Parquet file must be in place already."""
    target = folder(settings, manifest.partner, manifest.feed, manifest.interval)
    write_json(target / f"{manifest.batch_id}.json", as_json(manifest))


def as_json(manifest: Manifest) -> dict[str, object]:
    """A manifest as it is written."""
    fields = asdict(manifest)
    fields["interval_start"] = manifest.interval.start.isoformat()
    fields["interval_end"] = manifest.interval.end.isoformat()
    del fields["interval"]
    fields["landed_at"] = manifest.landed_at.isoformat()
    return fields


def of_interval(settings: Settings, partner: str, feed: str, interval: Interval) -> list[Manifest]:
    """Deliveries of one interval, the oldest first; the last one stands, those before it are superseded."""
    found = (read(path) for path in folder(settings, partner, feed, interval).glob("*.json"))
    deliveries = (item for item in found if item.interval == interval and item.supplements is None)
    return sorted(deliveries, key=lambda item: item.landed_at)


def of_feed(settings: Settings, partner: str, feed: str) -> list[Manifest]:
    """Every batch of one feed of one partner, supplements included, the oldest first."""
    found = records.of_pair(settings, settings.landing, feed, partner)
    return sorted((_parse(record.text) for record in found), key=lambda item: item.landed_at)


def standing(found: Iterable[Manifest]) -> list[Manifest]:
    """Of the batches of one feed of one partner, those that stand: each interval's last, and what supplements it.

    Rows may also come out of a delivery of which nothing landed: they stand until a later one of the interval does.
    """
    ordered = sorted(found, key=lambda item: item.landed_at)
    last = {item.interval: item for item in ordered if item.supplements is None}
    landed = {item.batch_id for item in ordered if item.supplements is None}

    def stands(item: Manifest) -> bool:
        newest = last.get(item.interval)
        if item.supplements is None or item.supplements in landed:
            return newest is not None and newest.batch_id in (item.batch_id, item.supplements)
        return newest is None or newest.landed_at < item.landed_at

    return [item for item in ordered if stands(item)]


def parquet_path(settings: Settings, item: Manifest) -> Path:
    return folder(settings, item.partner, item.feed, item.interval) / f"{item.batch_id}.parquet"


def links_path(settings: Settings, item: Manifest) -> Path:
    """Where a batch keeps what its workers were called under earlier secrets: old_key, new_key."""
    return folder(settings, item.partner, item.feed, item.interval) / f"{item.batch_id}.keys"


def read(path: Path) -> Manifest:
    return _parse(path.read_text(encoding="utf-8"))


def _parse(text: str) -> Manifest:
    fields = json.loads(text)
    start, end = fields.pop("interval_start"), fields.pop("interval_end")
    fields["interval"] = Interval.parse(f"{start}/{end}")
    fields["landed_at"] = datetime.fromisoformat(fields["landed_at"])
    return Manifest(**fields)
