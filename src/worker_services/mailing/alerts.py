"""The mail that tells the data team of an issue that did not go out: what happened, why, what to do. Once a cause."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Literal

from worker_services.briefing.config import load_config as load_briefing_config
from worker_services.briefing.language import load_language
from worker_services.connections import Connection
from worker_services.intervals import SHANGHAI, Week, utc_now
from worker_services.mailing import outbox
from worker_services.mailing.compose import mail_templates
from worker_services.mailing.config import load_config
from worker_services.mailing.outbox import Sent, enter, send_once
from worker_services.settings import Settings

Kind = Literal["red", "declined", "lapsed", "failed"]
KIND_ZH: dict[Kind, str] = {"red": "暂停发送", "declined": "不予发送", "lapsed": "逾期未审核", "failed": "发送失败"}


def alert(
    settings: Settings, week: Week, edition: str, kind: Kind, lines: list[str], connection: Connection | None = None
) -> Sent:
    """Write to the data team about an issue, once for what the lines say: other editions' same lines are no news.

    Raises MailNotSent, MailUncertain.
    """
    config = load_briefing_config(settings)
    issue = f"{config.programme}{config.publication}第{config.issue(week)}期（{week.year}年第{week.number}周）"
    key = sha256("\n".join([str(week), kind, *lines]).encode()).hexdigest()[:16]
    values = {
        "subject": issue,
        "kind": kind,
        "lines": lines,
        "week": week,
        "edition_id": edition,
        "edition": config.edition(edition).name_zh,
    }
    to, subject = load_config(settings).alerts.to, f"【{KIND_ZH[kind]}】{issue}"
    return send_text(settings, to, subject, f"alert_{week}_{kind}-{key}", "alert.txt.j2", values, connection)


def send_text(
    settings: Settings,
    to: Sequence[str],
    subject: str,
    name: str,
    template: str,
    values: dict[str, Any],
    connection: Connection | None,
) -> Sent:
    """Send a mail of plain text in the name of the system, once: `name` is its file in the outbox, and its id.

    Raises MailNotSent, MailUncertain.
    """
    sending, sender = load_config(settings), load_briefing_config(settings).mail.sender
    templates = mail_templates(settings.project_root / "templates", load_language("zh"))
    text = templates.get_template(template).render(values)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sending.alerts.sender_name, addr_spec=sender)
    message["To"] = [Address(addr_spec=recipient) for recipient in to]
    message["Subject"] = f"{'【演示】' if settings.is_demo else ''}{subject}"
    message["Date"] = format_datetime(utc_now().astimezone(SHANGHAI))
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="base64")
    message["Content-Language"] = "zh-CN"  # setting the content drops headers that describe it
    path = outbox.folder(settings) / f"{name}.eml"
    sent = send_once(path, message.as_bytes(), ", ".join(to), connection, sending.smtp)
    enter(settings, path)
    return sent
