"""One batch through the door: fetch, keep the raw bytes, read, check, pseudonymise, validate, commit, record."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
from filelock import FileLock

from worker_services import __version__
from worker_services.connections import Connection
from worker_services.contracts import Contract, load_contract
from worker_services.files import replacing
from worker_services.intervals import Interval, utc_now
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.checks import CheckedRows, check
from worker_services.landing.outcomes import Outcome
from worker_services.landing.reading import RawTable, UnreadableDelivery, read
from worker_services.partners import sftp
from worker_services.partners.delivery import Delivery, DeliveryFault
from worker_services.partners.fetch import fetch
from worker_services.partners.registry import Feed, FileSource, load_partners
from worker_services.privacy import vault
from worker_services.quality.checks import BatchContext
from worker_services.quality.suites import CheckResult, usual_rows_per_day, validate_batch
from worker_services.secrets import Secrets
from worker_services.settings import Settings

LOOK_BACK = timedelta(days=7)


class CheckNotRun(Exception):
    """A check of the suite could not run: neither a pass nor a fault of the data. The batch has not landed."""


@dataclass(frozen=True)
class Expected:
    """A batch that ought to come: whose, of what, for when."""

    partner: str
    feed_name: str
    interval: Interval

    @property
    def feed(self) -> Feed:
        return load_partners()[self.partner].feeds[self.feed_name]

    @property
    def contract(self) -> Contract:
        return load_contract(self.feed_name)

    def becomes(self, outcome: outcomes.Kind, zh: str, en: str, batch: str | None = None) -> Outcome:
        """An outcome whose messages begin with the names of the partner, the feed and the interval."""
        partner, label = load_partners()[self.partner].name, self.contract.label
        return Outcome(
            partner=self.partner,
            feed=self.feed_name,
            interval=self.interval,
            outcome=outcome,
            message_zh=f"{partner}「{label}」{self.interval.start} 至 {self.interval.last_day}：{zh}",
            message_en=f"{self.partner} {self.feed_name} {self.interval}: {en}",
            batch_id=batch,
        )


def ingest(
    settings: Settings,
    partner: str,
    feed: str,
    interval: Interval,
    connection: Connection,
    secrets: Secrets,
) -> Outcome:
    """Bring one batch to its outcome and record it. Whatever a partner does becomes an outcome, never an exception.

    Raises CheckNotRun, and SuiteError for a steward's file that cannot be used: faults of ours.
    """
    expected = Expected(partner, feed, interval)
    with _lock(settings, partner, feed):
        try:
            delivery = fetch(connection, expected.feed.source, interval)
        except DeliveryFault as fault:
            return _not_delivered(settings, expected, fault)
        return _bring_in(settings, expected, delivery, secrets)


def ingest_night(
    settings: Settings,
    partner: str,
    feed: str,
    interval: Interval,
    connection: Connection,
    secrets: Secrets,
) -> list[Outcome]:
    """Ingest the interval, and before it what earlier nights left open. The interval's own outcome is the last."""
    open_intervals = left_open(settings, partner, feed, interval, connection)
    return [ingest(settings, partner, feed, each, connection, secrets) for each in (*open_intervals, interval)]


def left_open(
    settings: Settings, partner: str, feed: str, interval: Interval, connection: Connection
) -> list[Interval]:
    """Intervals of the seven days before that did not come, were rejected, or whose file has been replaced since."""
    source = Expected(partner, feed, interval).feed.source
    found = []
    for outcome in outcomes.nights(settings, partner, feed):
        if not interval.start - LOOK_BACK <= outcome.interval.last_day < interval.start:
            continue
        if not outcome.is_landed or (
            isinstance(source, FileSource) and _is_replaced(settings, outcome, connection, source)
        ):
            found.append(outcome.interval)
    return found


def _is_replaced(settings: Settings, outcome: Outcome, connection: Connection, source: FileSource) -> bool:
    landed = batches.of_interval(settings, outcome.partner, outcome.feed, outcome.interval)
    if not landed:
        return False
    try:
        return sftp.fingerprint(connection, source, outcome.interval) != landed[-1].source_fingerprint
    except DeliveryFault:
        return False  # a file taken away after it was loaded says nothing new


def _not_delivered(settings: Settings, expected: Expected, fault: DeliveryFault) -> Outcome:
    landed = batches.of_interval(settings, expected.partner, expected.feed_name, expected.interval)
    if landed:  # it came before; that the partner cannot be reached now takes nothing away
        return expected.becomes(
            "unchanged",
            f"已入库，本次未能复核：{fault.message_zh}",
            f"landed before; {fault}",
            landed[-1].batch_id,
        )
    outcome = replace(expected.becomes("missing", fault.message_zh, fault.message_en), retryable=fault.retryable)
    return outcomes.record(settings, outcome)


def _bring_in(settings: Settings, expected: Expected, delivery: Delivery, secrets: Secrets) -> Outcome:
    sha256 = hashlib.sha256(delivery.raw).hexdigest()
    batch_id = batches.batch_id(expected.partner, expected.feed_name, expected.interval, sha256)
    landed = batches.of_interval(settings, expected.partner, expected.feed_name, expected.interval)
    if landed and landed[-1].batch_id == batch_id:
        return expected.becomes(
            "unchanged",
            "内容与已入库批次逐字节相同，未重复入库。",
            "same bytes as the landed batch",
            batch_id,
        )
    vault.store(settings.vault, sha256, delivery.raw, secrets)
    try:
        raw = read(delivery, expected.feed, expected.contract)
    except UnreadableDelivery as fault:
        return outcomes.record(settings, expected.becomes("rejected", f"整批退回。{fault.message_zh}", str(fault)))
    twin = _same_bytes_elsewhere(settings, expected, sha256) if raw.received else None
    if twin:
        zh = (
            f"与 {twin.interval.start} 至 {twin.interval.last_day} 的批次逐字节相同，疑为重复交付旧文件，"
            "未重复入库。请合作单位核对。"
        )
        en = f"the same bytes as batch {twin.batch_id}; not landed again; ask the partner whether an old file was sent"
        return outcomes.record(settings, expected.becomes("unchanged", zh, en, twin.batch_id))
    checked = check(raw, expected.feed, expected.contract, expected.interval, secrets)
    return _land(settings, expected, delivery, sha256, raw, checked, landed, secrets)


def _land(
    settings: Settings,
    expected: Expected,
    delivery: Delivery,
    sha256: str,
    raw: RawTable,
    checked: CheckedRows,
    landed: list[Manifest],
    secrets: Secrets,
) -> Outcome:
    batch_id = batches.batch_id(expected.partner, expected.feed_name, expected.interval, sha256)
    landed_at = utc_now()
    accepted, held = checked.accepted.num_rows, checked.held.num_rows
    if held:
        quarantine.store(
            settings,
            batch_id,
            expected.partner,
            expected.contract,
            expected.interval,
            checked,
            landed_at,
            secrets,
        )
    if held and not accepted:
        zh = f"整批退回：{held} 行全部不符合数据契约，疑为导出口径有误。逐行原因见隔离区，批次 {batch_id}。"
        return outcomes.record(settings, expected.becomes("rejected", zh, f"all {held} rows broke the contract", None))
    folder = batches.folder(settings, expected.partner, expected.feed_name, expected.interval)
    parquet = folder / f"{batch_id}.parquet"
    _write_parquet(parquet, checked.accepted, expected.contract, batch_id, landed_at)
    failed = _critical_failures(settings, expected, parquet, batch_id)
    if failed:
        parquet.unlink()
        what = "；".join(result.message_zh for result in failed)
        checks = ", ".join(result.check_id for result in failed)
        return outcomes.record(
            settings, expected.becomes("rejected", f"整批退回。{what}", f"critical checks: {checks}")
        )
    manifest = Manifest(
        batch_id=batch_id,
        partner=expected.partner,
        feed=expected.feed_name,
        interval=expected.interval,
        contract_version=expected.contract.version,
        code_version=__version__,
        source=delivery.source,
        source_fingerprint=delivery.fingerprint,
        rows_received=raw.received,
        rows_accepted=accepted,
        rows_quarantined=held,
        declared_rows=delivery.declared_rows,
        unmapped_columns=raw.unmapped,
        raw_sha256=sha256,
        raw_bytes=len(delivery.raw),
        parquet_sha256=hashlib.sha256(parquet.read_bytes()).hexdigest(),
        landed_at=landed_at,
    )
    batches.commit(settings, manifest)
    return outcomes.record(settings, _landed_outcome(expected, manifest, landed))


def _landed_outcome(expected: Expected, manifest: Manifest, landed: list[Manifest]) -> Outcome:
    received, accepted, held = manifest.rows_received, manifest.rows_accepted, manifest.rows_quarantined
    zh, en = f"收到 {received} 行，入库 {accepted} 行", f"received {received}, accepted {accepted}"
    if held:
        zh, en = f"{zh}，隔离 {held} 行（原因见隔离区）", f"{en}, quarantined {held}"
    if landed:
        zh, en = f"{zh}；替代此前批次 {landed[-1].batch_id}", f"{en}; supersedes {landed[-1].batch_id}"
    if manifest.unmapped_columns:
        names = "、".join(manifest.unmapped_columns)
        zh, en = f"{zh}；未登记的列 {names} 未采用", f"{en}; columns nobody knows: {names}"
    kind: outcomes.Kind = "partly_quarantined" if held else "landed"
    return expected.becomes(kind, f"{zh}。", en, manifest.batch_id)


def _critical_failures(settings: Settings, expected: Expected, parquet: Path, batch_id: str) -> list[CheckResult]:
    """Critical checks that the batch does not pass. Raises CheckNotRun for a fault of ours, which no partner mends."""
    usual = usual_rows_per_day(settings, expected.feed_name, expected.partner, expected.interval)
    context = BatchContext(batch_id, expected.partner, expected.interval, usual)
    results = validate_batch(settings, expected.feed_name, parquet, context)
    broken = [result.check_id for result in results if result.status == "error"]
    if broken:
        raise CheckNotRun(f"{batch_id}: these checks could not run, so the batch waits: {', '.join(broken)}")
    return [result for result in results if result.status == "failed" and result.severity == "critical"]


def _same_bytes_elsewhere(settings: Settings, expected: Expected, sha256: str) -> Manifest | None:
    for manifest in batches.of_feed(settings, expected.partner, expected.feed_name):
        if manifest.raw_sha256 == sha256 and manifest.interval != expected.interval:
            return manifest
    return None


def _write_parquet(path: Path, accepted: pa.Table, contract: Contract, batch_id: str, landed_at: datetime) -> None:
    rows = accepted.num_rows
    stamped = accepted.append_column("_batch_id", pa.array([batch_id] * rows, pa.string())).append_column(
        "_landed_at", pa.array([landed_at.replace(tzinfo=None)] * rows, pa.timestamp("us"))
    )
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(stamped.select(list(contract.landed_columns)), temporary, compression="zstd")


def _lock(settings: Settings, partner: str, feed: str) -> FileLock:
    """Old and new copies of a task can overlap for some seconds; one of them works, the other waits."""
    path = settings.data_root / ".locks" / f"{partner}-{feed}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)
