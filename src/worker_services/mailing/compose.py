"""One mail: HTML summary with its chart, plain-text alternative, the PDF attached. The same inputs, the same bytes."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from worker_services.briefing.figures import Figure, Sentence
from worker_services.briefing.language import Language
from worker_services.briefing.model import Briefing
from worker_services.briefing.narrative import overall
from worker_services.intervals import SHANGHAI
from worker_services.mailing.chart import CHART_CID, CHART_WIDTH, progress_png


@dataclass(frozen=True)
class Summary:
    """What the mails of an issue say, the same to each recipient: HTML with its styles inlined, text, subject, PNG."""

    html: str
    text: str
    subject: str
    chart: bytes


def compose(briefing: Briefing, summary: Summary, pdf: bytes, recipient: str, is_preview: bool = False) -> bytes:
    """The message as it goes over the wire."""
    config = briefing.config
    gettext = briefing.language.gettext
    name = gettext("{programme}{publication}第{issue}期").format(
        programme=config.programme, publication=config.publication, issue=briefing.issue
    )
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(config.mail.sender_name, addr_spec=config.mail.sender)
    message["To"] = Address(addr_spec=recipient)
    preview = gettext("【预览】{subject}").format(subject=summary.subject)
    message["Subject"] = preview if is_preview else summary.subject
    message["Date"] = format_datetime(_sent_at(briefing))
    message["Message-ID"] = message_id(briefing, recipient, is_preview)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(summary.text, cte="base64")
    message.add_alternative(summary.html, subtype="html", cte="base64")
    if page := message.get_body(("html",)):
        page.add_related(summary.chart, "image", "png", cid=f"<{CHART_CID}>", filename=f"{CHART_CID}.png")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    message["Content-Language"] = briefing.language.tag  # setting the content drops headers that describe it
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={_digest(briefing, recipient)[:24]}.{number}=")
    return message.as_bytes()


def message_id(briefing: Briefing, recipient: str, is_preview: bool = False) -> str:
    """The same for the same issue, edition and recipient, whatever was rendered."""
    domain = briefing.config.mail.sender.rpartition("@")[2]
    preview = "preview." if is_preview else ""
    return f"<{preview}{briefing.week}.{briefing.edition_id}.{_digest(briefing, recipient)[:16]}@{domain}>"


def summarise(templates: Path, briefing: Briefing, link: str | None = None) -> Summary:
    """Set the summary. `templates` is the project's templates folder, `link` the issue's page. Raises RenderFault."""
    environment = mail_templates(templates, briefing.language)
    values: dict[str, Any] = {
        "b": briefing,
        "sentences": [_words(sentence) for sentence in overall(briefing.book, briefing.late)],
        "counts": [(code, briefing.book.status_count(code)) for code in ("done", "on_pace", "behind", "far_behind")],
        "whole": lambda figure: _words(briefing.book.with_unit(figure)),
        "chart_cid": CHART_CID,
        "chart_width": CHART_WIDTH,
        "link": link,
    }
    html, text, subject = (
        environment.get_template(f"summary.{kind}.j2").render(values) for kind in ("html", "txt", "subject.txt")
    )
    return Summary(inline(html), text, subject.strip(), progress_png(templates, briefing))


def mail_templates(templates: Path, language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates / "mail"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    language.speak_in(environment)
    return environment


def inline(html: str) -> str:
    """Every rule on the elements it is for; only @media rules stay in the head, where few clients read them."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False).inline(html)


def _words(sentence: Sentence) -> str:
    return "".join(part.printed if isinstance(part, Figure) else part for part in sentence)


def _sent_at(briefing: Briefing) -> datetime:
    midnight = datetime.combine(briefing.issued_on, time(), SHANGHAI)
    return midnight + timedelta(minutes=briefing.config.mail.sent_at_minute)


def _digest(briefing: Briefing, recipient: str) -> str:
    return sha256(f"{briefing.week}/{briefing.edition_id}/{recipient}".encode()).hexdigest()
