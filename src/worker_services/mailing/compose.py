"""One mail: HTML summary, its plain-text alternative, the PDF attached. The same inputs give the same bytes."""

from datetime import datetime, time, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from worker_services.briefing.figures import Figure
from worker_services.briefing.model import Briefing
from worker_services.briefing.narrative import Sentence, overall
from worker_services.intervals import SHANGHAI


def compose(templates: Path, briefing: Briefing, pdf: bytes, recipient: str) -> bytes:
    """The message as it goes over the wire. `templates` is the project's templates folder."""
    config = briefing.config
    name = f"{config.programme}{config.publication}第{briefing.issue}期"
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(config.mail.sender_name, addr_spec=config.mail.sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = subject(briefing)
    message["Date"] = format_datetime(_sent_at(briefing))
    message["Message-ID"] = message_id(briefing, recipient)
    message["Content-Language"] = "zh-CN"
    message["Auto-Submitted"] = "auto-generated"
    html, text = summaries(templates, briefing)
    message.set_content(text, cte="base64")
    message.add_alternative(html, subtype="html", cte="base64")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={_digest(briefing, recipient)[:24]}.{number}=")
    return message.as_bytes()


def subject(briefing: Briefing) -> str:
    config, week = briefing.config, briefing.week
    demo = "【演示】" if briefing.marts.is_demo else ""
    return f"{demo}{config.programme}{config.publication}第{briefing.issue}期（{week.year}年第{week.number}周）"


def message_id(briefing: Briefing, recipient: str) -> str:
    """The same for the same issue, edition and recipient, whatever was rendered."""
    domain = briefing.config.mail.sender.rpartition("@")[2]
    return f"<{briefing.week}.{briefing.edition_id}.{_digest(briefing, recipient)[:16]}@{domain}>"


def summaries(templates: Path, briefing: Briefing) -> tuple[str, str]:
    """The summary as HTML with its styles inlined, and as text."""
    environment = Environment(
        loader=FileSystemLoader(templates / "mail"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = {"b": briefing, "sentences": [_words(s) for s in overall(briefing.book, briefing.late)]}
    html = environment.get_template("summary.html.j2").render(values)
    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
    return inliner.inline(html), environment.get_template("summary.txt.j2").render(values)


def _words(sentence: Sentence) -> str:
    return "".join(part.printed if isinstance(part, Figure) else part for part in sentence)


def _sent_at(briefing: Briefing) -> datetime:
    midnight = datetime.combine(briefing.issued_on, time(), SHANGHAI)
    return midnight + timedelta(minutes=briefing.config.mail.sent_at_minute)


def _digest(briefing: Briefing, recipient: str) -> str:
    return sha256(f"{briefing.week}/{briefing.edition_id}/{recipient}".encode()).hexdigest()
