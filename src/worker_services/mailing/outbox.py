"""The outbox: a file for each (week, edition, recipient), which is also the record that it went out.

`<name>.eml` is a mail that has gone out; `.<name>.eml.sending` one of which nobody knows; `<name>.json` tells what
happened to it, event by event.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email import message_from_bytes
from email.policy import SMTP
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal

import stamina
from filelock import FileLock

from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.connections import Connection
from worker_services.files import sync, write_bytes, write_json
from worker_services.intervals import Week, utc_now
from worker_services.mailing.config import SmtpConfig
from worker_services.mailing.smtp import MailNotSent, MailRefused, MailUncertain, Taken, hand_over
from worker_services.settings import Settings

Transport = Literal["file", "smtp"]
EventName = Literal["not_sent", "refused", "handing_over", "sent", "bounced", "delayed"]
State = Literal["not_sent", "sent", "uncertain", "refused", "bounced", "delayed"]


@dataclass(frozen=True)
class Sent:
    """`path` is the mail as sent; `message` says in words what happened."""

    recipient: str
    outcome: Literal["sent", "already_sent", "refused"]
    transport: Transport
    path: Path
    message: str


@dataclass(frozen=True)
class Event:
    """One thing that happened to a mail, at a time (UTC, ISO 8601)."""

    at: str
    event: EventName
    detail: str


@dataclass(frozen=True)
class Record:
    """What happened to a mail, the first event first."""

    recipient: str
    message_id: str
    events: list[Event]


def folder(settings: Settings) -> Path:
    return settings.reports_root / "outbox"


def outbox_path(settings: Settings, week: Week, edition: str, recipient: str) -> Path:
    """Where the mail to a recipient lies; the digest keeps addresses apart that would read alike."""
    slug = re.sub(r"[^a-z0-9.]+", "-", recipient.lower().replace("@", "-at-")).strip("-.")
    digest = sha256(recipient.encode()).hexdigest()[:8]
    return folder(settings) / f"{week}_{edition}_{slug}-{digest}.eml"


def send_once(path: Path, message: bytes, recipient: str, connection: Connection | None, smtp: SmtpConfig) -> Sent:
    """Hand over one mail, or leave it at `path`; a mail that lies there has gone out.

    While the server has accepted nothing, what may pass is tried again with growing pauses.
    Raises MailNotSent, MailUncertain.
    """
    transport: Transport = "smtp" if connection else "file"
    note = partial(note_event, path, recipient, str(message_from_bytes(message, policy=SMTP)["Message-ID"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.parent / ".lock"):  # the system opens it when its holder dies
        if path.exists():
            same = path.read_bytes() == message
            content = "the same content" if same else "other content than the issue has now; that mail stands"
            said = f"already sent, with {content}; nothing was sent"
            return Sent(recipient, "already_sent", transport, path, said)
        if connection is None:
            write_bytes(path, message)
            note("sent", "written to the outbox")
            return Sent(recipient, "sent", transport, path, "written to the outbox")
        claim = _claim(path)
        if claim.exists():
            if not _was_accepted(path):
                raise MailUncertain(
                    f"an earlier attempt to mail {path.stem} did not end: it may have gone out. Look in the mail "
                    f"server's log; if it went out rename {claim.name} to {path.name}, if not delete it and send again"
                )
            _settle(claim, path)
            return Sent(recipient, "already_sent", transport, path, "already sent; a run was killed right after it")
        try:
            taken = _deliver(path, message, connection, smtp, note)
        except MailNotSent as error:
            event: EventName = "refused" if isinstance(error, MailRefused) else "not_sent"
            note(event, str(error))
            raise
        refused = "".join(f"; {who} was refused: {answer}" for who, answer in taken.refused.items())
        return Sent(recipient, "sent", transport, path, f"handed to {connection.host}{refused}")


def enter(settings: Settings, path: Path) -> None:
    """Enter a mail that has gone out in the ledger, once; also that of a run that was killed before it came to it."""
    if not is_named(settings, "mail.send", path.stem, path):
        ledger.append(settings, settings.actor, "mail.send", path.stem, {"files": named(settings, [path])})


def read_record(path: Path) -> Record | None:
    """What happened to the mail that lies, or would lie, at `path`; None when nothing has yet."""
    try:
        fields = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Record(fields["recipient"], fields["message_id"], [Event(**event) for event in fields["events"]])


def note_event(path: Path, recipient: str, message_id: str, event: EventName, detail: str) -> None:
    """Add an event to a mail's record; it is on disk when this returns."""
    record = read_record(path)
    events = [*(record.events if record else []), Event(utc_now().isoformat(timespec="seconds"), event, detail)]
    write_json(path.with_suffix(".json"), asdict(Record(recipient, message_id, events)))


def standing(path: Path) -> tuple[State, str, str]:
    """How a mail stands now, since when (UTC, ISO 8601), and the last thing that was said of it."""
    record = read_record(path)
    last = record.events[-1] if record else Event("", "not_sent", "")
    is_claimed = _claim(path).exists()
    if is_claimed and not _was_accepted(path):
        return "uncertain", last.at, "it may have gone out: look in the mail server's log"
    if is_claimed or path.exists():
        is_news = last.event in ("bounced", "delayed")
        return (last.event if is_news else "sent"), last.at, last.detail  # type: ignore[return-value]
    return ("refused" if last.event == "refused" else "not_sent"), last.at, last.detail


def _deliver(
    path: Path, message: bytes, connection: Connection, smtp: SmtpConfig, note: Callable[[EventName, str], None]
) -> Taken:
    claim = _claim(path)

    def before_data() -> None:
        note("handing_over", f"to {connection.host}")
        write_bytes(claim, message)

    attempts = stamina.retry_context(
        on=lambda error: isinstance(error, MailNotSent) and error.is_transient,
        attempts=smtp.attempts,
        timeout=None,
        wait_initial=smtp.first_pause_seconds,
        wait_max=60.0,
    )
    for attempt in attempts:
        with attempt:
            try:
                taken = hand_over(connection, message, smtp.timeout_seconds, before_data)
            except MailNotSent:
                claim.unlink(missing_ok=True)
                raise
    note("sent", taken.reply)
    _settle(claim, path)
    return taken


def _claim(path: Path) -> Path:
    return path.with_name(f".{path.name}.sending")


def _was_accepted(path: Path) -> bool:
    record = read_record(path)
    return bool(record and record.events[-1].event == "sent")


def _settle(claim: Path, path: Path) -> None:
    claim.replace(path)
    sync(path.parent)
