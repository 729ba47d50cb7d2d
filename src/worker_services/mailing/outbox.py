"""The outbox: one file for each (week, edition, recipient), which is also the record that it went out."""

import json
import re
import smtplib
import ssl
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP
from hashlib import sha256
from pathlib import Path
from typing import Literal

from worker_services.briefing.config import load_config
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.render import BriefingFiles
from worker_services.briefing.verify import verify
from worker_services.connections import Connection
from worker_services.files import write_bytes
from worker_services.intervals import Week
from worker_services.mailing.compose import compose
from worker_services.settings import Settings
from worker_services.warehouse import printed

TIMEOUT_SECONDS = 30


class MailNotSent(Exception):
    """The mail server did not take the mail; nothing went out, and sending again is safe."""


class MailUncertain(Exception):
    """The mail server may or may not have taken the mail; a person must look before it is sent again."""


@dataclass(frozen=True)
class Sent:
    """`path` is the mail as sent; `message` says in words what happened."""

    recipient: str
    outcome: Literal["sent", "already_sent"]
    transport: Literal["file", "smtp"]
    path: Path
    message: str


def send(
    settings: Settings,
    week: Week,
    edition: str,
    recipients: list[str] | None = None,
    connection: Connection | None = None,
) -> list[Sent]:
    """Mail the rendered issue, by SMTP when a connection is given, and keep each mail in <reports>/outbox.

    The PDF is verified first, and what it prints is put on record before the first mail of it leaves; recipients are
    those of config/briefing.yaml unless given. Sending again does nothing and says so.
    Raises FigureMismatch, BriefingError, MailNotSent, MailUncertain.
    """
    config = load_config(settings)
    config.edition(edition)
    build_id = verify(settings, week, edition).build_id
    recipients = recipients or config.edition(edition).recipients
    if not recipients:
        raise BriefingError(f"edition '{edition}' has no recipients: add them in config/briefing.yaml or give --to")
    briefing = read_briefing(build_path(settings, build_id), config, edition, week)
    files = BriefingFiles.at(settings, week, edition)
    pdf = files.pdf.read_bytes()
    templates = settings.project_root / "templates"
    if not all(outbox_path(settings, week, edition, recipient).exists() for recipient in recipients):
        issue = json.loads(files.figures_json.read_text(encoding="utf-8"))
        printed.record(settings, issue, briefing.marts.metrics)
    return [
        send_once(
            outbox_path(settings, week, edition, recipient),
            compose(templates, briefing, pdf, recipient),
            recipient,
            connection,
        )
        for recipient in recipients
    ]


def outbox_path(settings: Settings, week: Week, edition: str, recipient: str) -> Path:
    """Where the mail to a recipient lies; the digest keeps addresses apart that would read alike."""
    slug = re.sub(r"[^a-z0-9.]+", "-", recipient.lower().replace("@", "-at-")).strip("-.")
    digest = sha256(recipient.encode()).hexdigest()[:8]
    return settings.reports_root / "outbox" / f"{week}_{edition}_{slug}-{digest}.eml"


def send_once(path: Path, message: bytes, recipient: str, connection: Connection | None) -> Sent:
    """Hand over one mail, or leave it at `path`; a mail that lies there has gone out. Raises as `send` does."""
    transport: Literal["file", "smtp"] = "smtp" if connection else "file"
    if path.exists():
        same = path.read_bytes() == message
        note = "with the same content" if same else "with other content than the issue has now; that mail stands"
        return Sent(recipient, "already_sent", transport, path, f"already sent, {note}; nothing was sent")
    if connection is None:
        write_bytes(path, message)
        return Sent(recipient, "sent", transport, path, "written to the outbox")
    claim = path.with_name(f".{path.name}.sending")
    claim.parent.mkdir(parents=True, exist_ok=True)
    try:
        with claim.open("xb") as file:
            file.write(message)
    except FileExistsError as error:
        raise MailUncertain(
            f"an earlier attempt to mail {path.stem} did not end: it may have gone out. Look in the mail server's log; "
            f"if it went out rename {claim.name} to {path.name}, if not delete it and send again"
        ) from error
    try:
        _hand_over(connection, message)
    except MailNotSent:
        claim.unlink()
        raise
    claim.replace(path)
    return Sent(recipient, "sent", transport, path, f"handed to {connection.host}")


def _hand_over(connection: Connection, raw: bytes) -> None:
    """SMTP as an Airflow `smtp` connection describes it: TLS from the start, or STARTTLS with `disable_ssl`."""
    message = message_from_bytes(raw, policy=SMTP)
    context = ssl.create_default_context()
    starts_with_tls = not _is_on(connection.extra.get("disable_ssl"))
    server: smtplib.SMTP | None = None
    try:
        if starts_with_tls:
            server = smtplib.SMTP_SSL(connection.host, connection.port or 465, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(connection.host, connection.port or 587, timeout=TIMEOUT_SECONDS)
            if not _is_on(connection.extra.get("disable_tls")):
                server.starttls(context=context)
        if connection.login:
            server.login(connection.login, connection.password.get_secret_value())
    except (OSError, smtplib.SMTPException) as error:
        if server:
            server.close()
        raise MailNotSent(
            f"mail server {connection.host}:{connection.port or ''} of connection '{connection.conn_id}': "
            f"{type(error).__name__}; nothing was sent. Check host, port, TLS settings, login and password."
        ) from error
    try:
        server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise MailNotSent(f"{connection.host} refused the mail ({type(error).__name__}); nothing was sent") from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailUncertain(
            f"the line to {connection.host} broke while the mail was handed over: it may have gone out. "
            "Look in the mail server's log before sending again."
        ) from error
    finally:
        server.close()


def _is_on(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")
