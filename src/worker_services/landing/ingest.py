"""One batch through the door: fetch, keep the raw bytes, read, check, pseudonymise, validate, commit, record."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from filelock import FileLock

from worker_services import __version__
from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.connections import Connection
from worker_services.contracts import Contract, load_contract
from worker_services.files import NO_SPACE, replacing, sha256
from worker_services.intervals import Interval, utc_now
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.checks import CheckedRows, check
from worker_services.landing.outcomes import FailedCheck, Outcome
from worker_services.landing.reading import Summary, UnreadableDelivery, read, read_supplement
from worker_services.partners import files
from worker_services.partners.delivery import DeliveryFault, Receipt
from worker_services.partners.fetch import fetch
from worker_services.partners.registry import Feed, FileSource, load_partners
from worker_services.privacy import vault
from worker_services.quality.catalogue import BUILT_IN
from worker_services.quality.checks import BatchContext
from worker_services.quality.suites import CheckResult, results_of, usual_rows_per_day, validate_batch
from worker_services.secrets import Secrets
from worker_services.settings import Settings, partition
from worker_services.yaml_files import read_yaml


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

    def becomes(
        self,
        outcome: outcomes.Kind,
        zh: str,
        en: str,
        batch: str | None = None,
        failed: Sequence[FailedCheck] = (),
        judged: Mapping[str, int] | None = None,
    ) -> Outcome:
        """An outcome whose messages begin with the names of the partner, the feed and the interval.

        `failed`: checks that the batch did not pass. `judged`: of how many, by dimension; of these alone if not stated.
        """
        partner, label = load_partners()[self.partner].name, self.contract.label
        return Outcome(
            partner=self.partner,
            feed=self.feed_name,
            interval=self.interval,
            outcome=outcome,
            message_zh=f"{partner}「{label}」{self.interval.start} 至 {self.interval.last_day}：{zh}",
            message_en=f"{self.partner} {self.feed_name} {self.interval}: {en}",
            batch_id=batch,
            failed_checks=tuple(failed),
            judged=_by_dimension(failed) if judged is None else judged,
        )


@dataclass(frozen=True)
class Raw:
    """The bytes of a delivery, in the vault."""

    receipt: Receipt
    sha256: str
    size: int


@dataclass(frozen=True)
class Supplement:
    """What became of rows that were sent through the door again. `refused` are the reasons of those held as before."""

    batch_id: str | None
    accepted: list[int]
    refused: list[dict[str, Any]]


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
        _enter_secrets(settings, secrets)
        try:
            with vault.receive(settings.vault, secrets) as incoming:
                receipt = fetch(connection, expected.feed.source, interval, incoming)
            _enter_sealed(settings, incoming.sha256, is_new=incoming.is_new)
            return _bring_in(settings, expected, Raw(receipt, incoming.sha256, incoming.size), secrets)
        except DeliveryFault as fault:
            return _not_delivered(settings, expected, fault)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            return _not_delivered(settings, expected, _disk_full(settings))


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
        if not interval.start - outcomes.LOOK_BACK <= outcome.interval.last_day < interval.start:
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
        return files.fingerprint(connection, source, outcome.interval) != landed[-1].source_fingerprint
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
    outcome = expected.becomes(
        "missing", fault.message_zh, fault.message_en, failed=[_of_delivery(settings, "arrived")]
    )
    return outcomes.record(settings, replace(outcome, retryable=fault.retryable))


def _disk_full(settings: Settings) -> DeliveryFault:
    return DeliveryFault(
        f"本系统存储空间不足，未能接收（与合作单位无关）。请运维人员清理或扩充 {settings.data_root} 所在磁盘；"
        "系统将自动重试。",
        f"our own disk is full, so nothing could be taken in; free or add space at {settings.data_root}; "
        "retried by itself",
        retryable=True,
    )


def _bring_in(settings: Settings, expected: Expected, raw: Raw, secrets: Secrets) -> Outcome:
    landed = batches.of_interval(settings, expected.partner, expected.feed_name, expected.interval)
    if landed and landed[-1].raw_sha256 == raw.sha256:
        return _unchanged(settings, expected, landed)
    twin = _same_bytes_elsewhere(settings, expected, raw.sha256)
    if twin:
        zh = (
            f"与 {twin.interval.start} 至 {twin.interval.last_day} 的批次逐字节相同，疑为重复交付旧文件，"
            "未重复入库。请合作单位核对。"
        )
        en = f"the same bytes as batch {twin.batch_id}; not landed again; ask the partner whether an old file was sent"
        return outcomes.record(
            settings, expected.becomes("unchanged", zh, en, twin.batch_id, [_of_delivery(settings, "not_an_old_one")])
        )
    try:
        _check_declared(raw.receipt.declared_sha256, raw.sha256)
        with vault.reading(settings.vault, raw.sha256, secrets) as stream:
            delivered = read(stream, expected.feed, expected.contract, expected.interval)
            with check(delivered, expected.feed, expected.contract, expected.interval, secrets) as checked:
                _check_count(raw.receipt.declared_rows, delivered.summary.received)
                laid = _lay_down(settings, expected, raw, delivered.summary, checked, landed, secrets)
    except UnreadableDelivery as fault:
        rejected = expected.becomes(
            "rejected", f"整批退回。{fault.message_zh}", str(fault), failed=[_of_delivery(settings, fault.check)]
        )
        return outcomes.record(settings, rejected)
    # The checks of the suite need an engine of their own: only now has that of the row rules given its memory back.
    return laid if isinstance(laid, Outcome) else _land(settings, expected, laid, landed)


def _unchanged(settings: Settings, expected: Expected, landed: list[Manifest]) -> Outcome:
    batch_id = landed[-1].batch_id
    recorded = outcomes.latest(settings, expected.partner, expected.feed_name, expected.interval)
    if recorded is None or recorded.batch_id != batch_id:  # killed between landing it and saying so
        results = results_of(settings, expected.feed_name, expected.partner, expected.interval, batch_id)
        recorded = _landed_outcome(expected, landed[-1], landed[:-1], results)
    if not outcomes.is_entered(settings, recorded):
        return outcomes.record(settings, replace(recorded, recorded_at=None), _files(settings, expected, batch_id))
    zh = "内容与已入库批次逐字节相同，未重复入库。"
    return expected.becomes("unchanged", zh, "same bytes as the landed batch", batch_id)


def _batch_id(expected: Expected, raw: Raw, landed: list[Manifest]) -> str:
    """The identity of a delivery; one that brings back bytes superseded before says which time this is."""
    batch_id = batches.batch_id(expected.partner, expected.feed_name, expected.interval, raw.sha256)
    before = sum(item.raw_sha256 == raw.sha256 for item in landed)
    return f"{batch_id}-{before + 1}" if before else batch_id


def _check_declared(declared_sha256: str | None, sha256: str) -> None:
    if declared_sha256 and declared_sha256.lower() != sha256:
        raise UnreadableDelivery(
            "文件内容与随附的 SHA-256 校验值不符，疑为传输中断或交付后被改动。请合作单位重新交付文件及校验值。",
            "the file does not match the SHA-256 delivered with it: it was cut off or changed; ask for both again",
            "checksum",
        )


def _check_count(declared_rows: int | None, delivered_rows: int) -> None:
    if declared_rows is not None and declared_rows != delivered_rows:
        raise UnreadableDelivery(
            f"对方声明共 {declared_rows} 条，实际取得 {delivered_rows} 条，疑为读取期间数据变动。请重新运行本批次。",
            f"{declared_rows} records were declared, {delivered_rows} were received; run this batch again",
            "declared_rows",
        )


def _lay_down(
    settings: Settings,
    expected: Expected,
    raw: Raw,
    summary: Summary,
    checked: CheckedRows,
    landed: list[Manifest],
    secrets: Secrets,
) -> Manifest | Outcome:
    """Write what is held and what is accepted. The batch is not there before its manifest is committed."""
    batch_id = _batch_id(expected, raw, landed)
    landed_at = utc_now()
    if checked.held:
        quarantine.store(
            settings,
            batch_id,
            expected.partner,
            expected.contract,
            expected.interval,
            checked.reasons,
            checked.held_rows,
            landed_at,
            secrets,
        )
    if checked.held and not checked.accepted:
        held = checked.held
        zh = f"整批退回：{held} 行全部不符合数据契约，疑为导出口径有误。逐行原因见隔离区，批次 {batch_id}。"
        en = f"all {held} rows broke the contract"
        outcome = expected.becomes("rejected", zh, en, batch_id, [_of_delivery(settings, "some_rows_usable")])
        return outcomes.record(settings, outcome, _files(settings, expected, batch_id))
    folder = batches.folder(settings, expected.partner, expected.feed_name, expected.interval)
    parquet = folder / f"{batch_id}.parquet"
    _write_parquet(parquet, checked.accepted_rows(), expected.contract, batch_id, landed_at)
    manifest = _manifest(settings, expected, raw, checked, batch_id, landed_at, secrets)
    return replace(manifest, unmapped_columns=summary.unmapped, absent_columns=summary.absent)


def _land(settings: Settings, expected: Expected, manifest: Manifest, landed: list[Manifest]) -> Outcome:
    """Commit a batch that passes the critical checks; take away one that does not. Raises CheckNotRun."""
    parquet = batches.parquet_path(settings, manifest)
    results = _check_batch(settings, expected, parquet, manifest.batch_id)
    failed = [result for result in results if result.status == "failed" and result.severity == "critical"]
    if failed:
        parquet.unlink()
        batches.links_path(settings, manifest).unlink(missing_ok=True)
        what = "；".join(result.message_zh for result in failed)
        names = [result.check_id for result in failed]
        en = f"critical checks: {', '.join(names)}"
        outcome = expected.becomes("rejected", f"整批退回。{what}", en, failed=_failed(failed))
    else:
        batches.commit(settings, manifest)
        outcome = _landed_outcome(expected, manifest, landed, results)
    return outcomes.record(settings, outcome, _files(settings, expected, manifest.batch_id))


def supplement(
    settings: Settings,
    partner: str,
    feed: str,
    interval: Interval,
    of_batch_id: str,
    rows: Iterable[dict[str, Any]],
    waived: Collection[str],
    secrets: Secrets,
) -> Supplement:
    """Send rows out of quarantine through the same door again, by today's contract, codes and mapping.

    `rows`: `_row_number`, `_place`, `_line`, and each cell under the name it was delivered by, mended where a steward
    mended it. Rules in `waived` are set aside. What still breaks a rule stays where it is. Raises RulesNotRun.
    """
    expected = Expected(partner, feed, interval)
    data = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows).encode()
    with _lock(settings, partner, feed):
        _enter_secrets(settings, secrets)
        incoming = vault.store(settings.vault, data, secrets)
        _enter_sealed(settings, incoming.sha256, is_new=incoming.is_new)
        batch_id = batches.batch_id(partner, feed, interval, incoming.sha256)
        raw = Raw(Receipt(source=f"quarantine:{of_batch_id}"), incoming.sha256, incoming.size)
        with vault.reading(settings.vault, raw.sha256, secrets) as stream:
            delivered = read_supplement(stream, expected.feed, expected.contract)
            with check(delivered, expected.feed, expected.contract, interval, secrets, waived) as checked:
                accepted, refused = checked.accepted_row_numbers(), checked.reasons().read_all().to_pylist()
                known = batches.folder(settings, partner, feed, interval) / f"{batch_id}.json"
                if not accepted:
                    return Supplement(None, accepted, refused)
                if not known.exists():
                    landed_at = utc_now()
                    _write_parquet(
                        known.with_suffix(".parquet"), checked.accepted_rows(), expected.contract, batch_id, landed_at
                    )
                    manifest = _manifest(settings, expected, raw, checked, batch_id, landed_at, secrets)
                    batches.commit(settings, replace(manifest, supplements=of_batch_id, waived_rules=sorted(waived)))
        if not is_named(settings, "batch.supplement", batch_id, known):
            details = {"supplements": of_batch_id, "files": named(settings, _files(settings, expected, batch_id))}
            ledger.append(settings, settings.actor, "batch.supplement", batch_id, details)
    return Supplement(batch_id, accepted, refused)


def _enter_secrets(settings: Settings, secrets: Secrets) -> None:
    """Enter which secrets the door uses from now on, where they are others than before. Raises LedgerUnusable."""
    used = {
        "worker_key_secret": (secrets.worker_key_id, secrets.previous_worker_key_ids),
        "vault_identity": (vault.recipient(secrets), []),
    }
    for secret, (key, previous) in used.items():
        ledger.append_once(settings, settings.actor, "secret.use", secret, {"key": key, "previous": previous})


def _enter_sealed(settings: Settings, sha256: str, *, is_new: bool) -> None:
    """Enter the sealed bytes of a delivery, once; also those of a run that was killed before it came to it."""
    path = vault.path_of(settings.vault, sha256)
    if is_new or not is_named(settings, "vault.seal", sha256, path):
        ledger.append(settings, settings.actor, "vault.seal", sha256, {"files": named(settings, [path])})


def _files(settings: Settings, expected: Expected, batch_id: str) -> list[Path]:
    """What lies there of a batch: rows, manifest and links, held rows and reasons, results of its checks."""
    roots = (settings.landing, settings.quarantine, settings.quality)
    folders = [partition(root, expected.feed_name, expected.partner, expected.interval.last_day) for root in roots]
    return [path for folder in folders for path in sorted(folder.glob(f"{batch_id}.*"))]


def _manifest(
    settings: Settings,
    expected: Expected,
    raw: Raw,
    checked: CheckedRows,
    batch_id: str,
    landed_at: datetime,
    secrets: Secrets,
) -> Manifest:
    folder = batches.folder(settings, expected.partner, expected.feed_name, expected.interval)
    links = checked.worker_key_links()
    manifest = Manifest(
        batch_id=batch_id,
        partner=expected.partner,
        feed=expected.feed_name,
        interval=expected.interval,
        contract_version=expected.contract.version,
        code_version=__version__,
        source=raw.receipt.source,
        source_fingerprint=raw.receipt.fingerprint,
        rows_received=checked.accepted + checked.held,
        rows_accepted=checked.accepted,
        rows_quarantined=checked.held,
        declared_rows=raw.receipt.declared_rows,
        unmapped_columns=[],
        absent_columns=[],
        supplements=None,
        waived_rules=[],
        worker_key_id=secrets.worker_key_id,
        has_worker_key_links=links.num_rows > 0,
        raw_sha256=raw.sha256,
        raw_bytes=raw.size,
        parquet_sha256=sha256(folder / f"{batch_id}.parquet"),
        landed_at=landed_at,
    )
    if manifest.has_worker_key_links:
        with replacing(batches.links_path(settings, manifest)) as temporary:
            pyarrow.parquet.write_table(links, temporary, compression="zstd")
    return manifest


def _landed_outcome(
    expected: Expected, manifest: Manifest, landed: list[Manifest], results: list[CheckResult]
) -> Outcome:
    received, accepted, held = manifest.rows_received, manifest.rows_accepted, manifest.rows_quarantined
    zh, en = f"收到 {received} 行，入库 {accepted} 行", f"received {received}, accepted {accepted}"
    if held:
        zh, en = f"{zh}，隔离 {held} 行（原因见隔离区）", f"{en}, quarantined {held}"
    if landed:
        zh, en = f"{zh}；替代此前批次 {landed[-1].batch_id}", f"{en}; supersedes {landed[-1].batch_id}"
    if manifest.absent_columns:
        names = "、".join(manifest.absent_columns)
        zh, en = f"{zh}；缺少约定的选填列 {names}，按空值入库", f"{en}; optional columns absent: {names}"
    if manifest.unmapped_columns:
        names = "、".join(manifest.unmapped_columns)
        zh, en = f"{zh}；未登记的列 {names} 未采用", f"{en}; columns nobody knows: {names}"
    kind: outcomes.Kind = "partly_quarantined" if held else "landed"
    return expected.becomes(kind, f"{zh}。", en, manifest.batch_id, _failed(results), _by_dimension(results))


def _of_delivery(settings: Settings, name: str) -> FailedCheck:
    """A check of the delivery as a whole that it did not pass."""
    stated = read_yaml(settings.project_root / BUILT_IN)["delivery"][name]
    return FailedCheck(f"delivery.{name}", stated["what"], stated["dimension"], stated["severity"])


def _failed(results: Iterable[CheckResult]) -> list[FailedCheck]:
    return [
        FailedCheck(result.check_id, result.what, result.dimension, result.severity)
        for result in results
        if result.status == "failed"
    ]


def _by_dimension(checks: Iterable[FailedCheck | CheckResult]) -> dict[str, int]:
    return dict(Counter(check.dimension for check in checks))


def _check_batch(settings: Settings, expected: Expected, parquet: Path, batch_id: str) -> list[CheckResult]:
    """What the checks of its suite say of a batch. Raises CheckNotRun for a fault of ours, which no partner mends."""
    usual = usual_rows_per_day(settings, expected.feed_name, expected.partner, expected.interval)
    context = BatchContext(batch_id, expected.partner, expected.interval, usual)
    results = validate_batch(settings, expected.feed_name, parquet, context)
    broken = [result.check_id for result in results if result.status == "error"]
    if broken:
        raise CheckNotRun(f"{batch_id}: these checks could not run, so the batch waits: {', '.join(broken)}")
    return results


def _same_bytes_elsewhere(settings: Settings, expected: Expected, sha256: str) -> Manifest | None:
    """A batch of another interval with the same bytes and rows in it; two days of a register may well be equal."""
    if expected.contract.delivery == "snapshot":
        return None
    for manifest in batches.of_feed(settings, expected.partner, expected.feed_name):
        if manifest.raw_sha256 == sha256 and manifest.interval != expected.interval and manifest.rows_received:
            return manifest
    return None


def _write_parquet(
    path: Path, accepted: pa.RecordBatchReader, contract: Contract, batch_id: str, landed_at: datetime
) -> None:
    moment = landed_at.replace(tzinfo=None)
    columns = list(contract.landed_columns)
    stamps = pa.schema([("_batch_id", pa.string()), ("_landed_at", pa.timestamp("us"))])
    schema = pa.unify_schemas([accepted.schema, stamps])
    ordered = pa.schema([schema.field(name) for name in columns])
    with replacing(path) as temporary, pyarrow.parquet.ParquetWriter(temporary, ordered, compression="zstd") as writer:
        for batch in accepted:
            stamped = pa.Table.from_batches([batch])
            stamped = stamped.append_column("_batch_id", pa.repeat(pa.scalar(batch_id, pa.string()), batch.num_rows))
            stamped = stamped.append_column(
                "_landed_at", pa.repeat(pa.scalar(moment, pa.timestamp("us")), batch.num_rows)
            )
            writer.write_table(stamped.select(columns))


def _lock(settings: Settings, partner: str, feed: str) -> FileLock:
    """Old and new copies of a task can overlap for some seconds; one of them works, the other waits."""
    path = settings.data_root / ".locks" / f"{partner}-{feed}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)
