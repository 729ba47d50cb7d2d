"""What became of each expected batch. Every night each has exactly one outcome; a batch without one is a bug."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.files import write_json
from worker_services.intervals import Interval, utc_now
from worker_services.landing import records
from worker_services.settings import Settings, partition

LOOK_BACK = timedelta(days=7)
"""How far back a night looks for what earlier nights left open."""

Kind = Literal["landed", "partly_quarantined", "rejected", "missing", "unchanged"]


@dataclass(frozen=True)
class FailedCheck:
    """A check that a batch did not pass, as it was asked then: a suite may say otherwise by the time it is counted."""

    check_id: str
    what_zh: str
    dimension: str
    severity: str


@dataclass(frozen=True)
class Outcome:
    """What became of one batch. `batch_id` is None when nothing landed; the messages never hold a cell.

    `failed_checks`: those that kept it from landing or are worth a look. `judged`: how many checks could be judged, by
    dimension; of a batch that did not land only those that it failed, since what it did pass is not in the warehouse.
    """

    partner: str
    feed: str
    interval: Interval
    outcome: Kind
    message_zh: str
    message_en: str
    batch_id: str | None = None
    retryable: bool = False
    recorded_at: datetime | None = None
    failed_checks: tuple[FailedCheck, ...] = ()
    judged: Mapping[str, int] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """What the ledger calls it."""
        return f"batch.{self.outcome}"

    @property
    def subject(self) -> str:
        """The batch as the ledger names it; before it has an id, by partner, feed and interval."""
        return self.batch_id or f"{self.partner}/{self.feed}/{self.interval}"

    @property
    def is_landed(self) -> bool:
        return self.outcome in ("landed", "partly_quarantined", "unchanged")


def record(settings: Settings, outcome: Outcome, written: Iterable[Path] = ()) -> Outcome:
    """Append an outcome, and enter it in the ledger with the files that this run has `written` for it.

    The same outcome again is not written again, so a run repeated leaves no trace.
    """
    path = _latest_path(settings, outcome.partner, outcome.feed, outcome.interval)
    last = _parse(path.read_text(encoding="utf-8")) if path else None
    if path is None or last is None or replace(last, recorded_at=None) != replace(outcome, recorded_at=None):
        last = replace(outcome, recorded_at=utc_now())
        name = f"{last.recorded_at:%Y%m%dT%H%M%S.%f}Z-{outcome.interval.start}-{outcome.outcome}.json"
        path = _folder(settings, outcome.partner, outcome.feed, outcome.interval) / name
        write_json(path, as_json(last))
    files = [*written]
    if not is_named(settings, last.action, last.subject, path):
        files.append(path)
    if files:
        details = {"outcome": last.outcome, "files": named(settings, files)}
        ledger.append_once(settings, settings.actor, last.action, last.subject, details)
    return last


def is_entered(settings: Settings, outcome: Outcome) -> bool:
    """Whether the ledger has a recorded outcome; a run that was killed may not have come to it."""
    path = _latest_path(settings, outcome.partner, outcome.feed, outcome.interval)
    return path is not None and is_named(settings, outcome.action, outcome.subject, path)


def latest(settings: Settings, partner: str, feed: str, interval: Interval) -> Outcome | None:
    """The outcome that stands for a batch, or None where it never had one."""
    path = _latest_path(settings, partner, feed, interval)
    return _parse(path.read_text(encoding="utf-8")) if path else None


def nights(settings: Settings, partner: str, feed: str, as_of: datetime | None = None) -> list[Outcome]:
    """The outcome that stands (or that stood at `as_of`) for each interval of a feed that has one, by date."""
    return [recorded[-1] for recorded in history(settings, partner, feed, as_of)]


def history(settings: Settings, partner: str, feed: str, as_of: datetime | None = None) -> list[list[Outcome]]:
    """Every outcome recorded (by `as_of`) for each interval of a feed that has one, by date; the last one stands."""
    recorded: dict[Interval, list[Outcome]] = {}
    for record in records.of_pair(settings, settings.outcomes, feed, partner):
        outcome = _parse(record.text)
        if as_of is None or (outcome.recorded_at and outcome.recorded_at <= as_of):
            recorded.setdefault(outcome.interval, []).append(outcome)
    return [recorded[interval] for interval in sorted(recorded)]


def unaccounted(settings: Settings, pairs: list[tuple[str, str]], interval: Interval) -> list[str]:
    """Expected batches (partner, feed) of an interval that have no outcome."""
    return [f"{partner} {feed}" for partner, feed in pairs if latest(settings, partner, feed, interval) is None]


def _latest_path(settings: Settings, partner: str, feed: str, interval: Interval) -> Path | None:
    folder = _folder(settings, partner, feed, interval)
    return max(folder.glob(f"*-{interval.start}-*.json"), default=None)


def _folder(settings: Settings, partner: str, feed: str, interval: Interval) -> Path:
    return partition(settings.outcomes, feed, partner, interval.last_day)


def as_json(outcome: Outcome) -> dict[str, object]:
    """An outcome as it is written."""
    fields = asdict(outcome)
    fields["interval"] = str(outcome.interval)
    fields["recorded_at"] = outcome.recorded_at and outcome.recorded_at.isoformat()
    return fields


def _parse(text: str) -> Outcome:
    fields = json.loads(text)
    fields["interval"] = Interval.parse(fields["interval"])
    failed = fields.get("failed_checks", ())
    # An outcome written before checks were counted holds their ids alone.
    fields["failed_checks"] = tuple(FailedCheck(**item) for item in failed if isinstance(item, dict))
    fields["recorded_at"] = datetime.fromisoformat(fields["recorded_at"])
    return Outcome(**fields)
