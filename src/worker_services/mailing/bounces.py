"""Mails that came back: delivery status notifications (RFC 3464), noted at the recipient they are about."""

import imaplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path
from typing import Literal

from worker_services.audit import ledger
from worker_services.connections import Connection
from worker_services.intervals import Week
from worker_services.mailing import outbox
from worker_services.mailing.outbox import note_event, read_record
from worker_services.settings import Settings

EVENTS: dict[str, Literal["bounced", "delayed"]] = {"failed": "bounced", "delayed": "delayed"}


class MailboxUnreadable(Exception):
    """The mailbox for returned mail cannot be read; says why."""


@dataclass(frozen=True)
class Bounce:
    """What one notification says of one mail; `recipient` is empty where the outbox holds no such mail."""

    recipient: str
    message_id: str
    event: Literal["bounced", "delayed"]
    status: str
    detail: str


def note_from_folder(settings: Settings, folder: Path) -> list[Bounce]:
    """Note what the .eml files of a folder say. The files stay; what is noted already is not noted again."""
    return [bounce for path in sorted(folder.glob("*.eml")) for bounce in note(settings, path.read_bytes())]


def note_from_mailbox(settings: Settings, connection: Connection) -> list[Bounce]:
    """Note what the unread mails of an IMAP mailbox say, and mark them read. Raises MailboxUnreadable."""
    noted = []
    try:
        context = ssl.create_default_context()  # without one, imaplib trusts any server
        with imaplib.IMAP4_SSL(connection.host, connection.port or 993, ssl_context=context, timeout=30) as mailbox:
            mailbox.login(connection.login, connection.password.get_secret_value())
            mailbox.select(connection.extra.get("mailbox", "INBOX"))
            for number in mailbox.search(None, "UNSEEN")[1][0].split():
                _, parts = mailbox.fetch(number, "(BODY.PEEK[])")
                noted += [bounce for part in parts if isinstance(part, tuple) for bounce in note(settings, part[1])]
                mailbox.store(number, "+FLAGS", "\\Seen")
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxUnreadable(
            f"mailbox {connection.host} of connection '{connection.conn_id}': {type(error).__name__}. "
            "Check host, port, login, password and extra.mailbox"
        ) from error
    return noted


def note(settings: Settings, raw: bytes) -> list[Bounce]:
    """Note what one mail says; a mail that is no delivery status notification says nothing."""
    return [_note(settings, bounce) for bounce in read_notification(raw)]


def read_notification(raw: bytes) -> Iterator[Bounce]:
    """What a notification says of each recipient that it fails or keeps waiting."""
    notification = message_from_bytes(raw, policy=default)
    if notification.get_content_type() != "multipart/report":
        return
    message_id = next(filter(None, (_message_id(part) for part in notification.walk())), "")
    for part in notification.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.get_payload():  # the first block is about the mail, each other one about a recipient
            action = str(fields.get("Action", "")).strip().lower()  # type: ignore[union-attr]
            if action in EVENTS:
                said = str(fields.get("Diagnostic-Code", ""))  # type: ignore[union-attr]
                status = str(fields.get("Status", "")).strip()  # type: ignore[union-attr]
                yield Bounce("", message_id, EVENTS[action], status, " ".join(said.partition(";")[2].split())[:300])


def _message_id(part: Message) -> str:
    """The id of the mail that came back, of which a notification holds the whole or the headers."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0)
        return str(inner.get("Message-ID", "")).strip() if isinstance(inner, Message) else ""
    if part.get_content_type() == "text/rfc822-headers" and isinstance(part, EmailMessage):
        return str(message_from_bytes(part.get_content().encode(), policy=default)["Message-ID"] or "").strip()
    return ""


def _note(settings: Settings, bounce: Bounce) -> Bounce:
    for path in sorted(outbox.folder(settings).glob("*.json")):
        mail = path.with_suffix(".eml")
        record = read_record(mail)
        if record is None or record.message_id != bounce.message_id:
            continue
        said = " ".join(filter(None, (bounce.status, bounce.detail)))
        if not any(event.event == bounce.event and event.detail == said for event in record.events):
            note_event(mail, record.recipient, record.message_id, bounce.event, said)
        _enter(settings, mail, bounce)
        return Bounce(record.recipient, bounce.message_id, bounce.event, bounce.status, bounce.detail)
    return bounce


def _enter(settings: Settings, mail: Path, bounce: Bounce) -> None:
    """Enter it in the ledger, once; also after a run that was killed right before it. What a server says may name
    people, so only its status goes in."""
    details = {"message_id": bounce.message_id, "event": bounce.event, "status": bounce.status}
    week, _, rest = mail.stem.partition("_")
    try:
        subject = f"{Week.parse(week)}/{rest.rpartition('_')[0]}"
    except ValueError:
        subject = mail.stem  # a notice to a partner, or an alert
    ledger.append_once(settings, settings.actor, "briefing.bounce", subject, details)
