"""An issue goes out: past the gate, one mail to each recipient, each of them once."""

import json
from dataclasses import dataclass
from hashlib import sha256

from worker_services.audit import ledger
from worker_services.audit.protected import named
from worker_services.briefing.config import load_config as load_briefing_config
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.connections import Connection
from worker_services.files import write_bytes
from worker_services.intervals import Week
from worker_services.mailing import outbox
from worker_services.mailing.approvals import Decision, entry_of, standing
from worker_services.mailing.compose import compose, summarise
from worker_services.mailing.config import load_config
from worker_services.mailing.gate import Verdict, judge
from worker_services.mailing.outbox import Sent, State, outbox_path, read_record, send_once
from worker_services.mailing.smtp import MailNotSent, MailRefused, MailUncertain, ServerUnusable, hand_over
from worker_services.settings import Settings
from worker_services.warehouse import printed


class NotReleased(BriefingError):
    """The gate does not let the issue out: it is held, or waits for a person; says why, and what to do."""


@dataclass(frozen=True)
class Standing:
    """What became of an issue at one recipient. `at` is UTC, ISO 8601, of the last event, empty before the first."""

    edition: str
    recipient: str
    state: State
    at: str
    detail: str


def send(
    settings: Settings,
    week: Week,
    edition: str,
    recipients: list[str] | None = None,
    connection: Connection | None = None,
) -> list[Sent]:
    """Mail the rendered issue, by SMTP when a connection is given, and keep each mail in <reports>/outbox.

    The gate is asked first, and what the issue prints is put on record before the first mail of it leaves; recipients
    are those of config/briefing.yaml unless given. What goes wrong at one recipient does not keep the mail from the
    others. Sending again sends what is left, and says so.
    Raises NotReleased, BriefingError, MailNotSent, MailUncertain.
    """
    config = load_briefing_config(settings)
    config.edition(edition)
    recipients = recipients or config.edition(edition).recipients
    if not recipients:
        raise BriefingError(f"edition '{edition}' has no recipients: add them in config/briefing.yaml or give --to")
    paths = {recipient: outbox_path(settings, week, edition, recipient) for recipient in recipients}
    verdict = judge(settings, week, edition)
    is_waiting = not all(path.exists() for path in paths.values())
    if is_waiting or not verdict.build_id:
        require_release(settings, verdict)
    briefing = read_briefing(build_path(settings, verdict.build_id), config, edition, week)
    files = BriefingFiles.at(settings, week, edition)
    pdf = files.pdf.read_bytes()
    if sha256(pdf).hexdigest() != verdict.pdf_sha256:
        raise NotReleased(f"{files.pdf} was rendered anew while it was looked at: send again")
    if is_waiting:
        issue, rendering = (
            json.loads(path.read_text(encoding="utf-8")) for path in (files.figures_json, files.provenance)
        )
        printed.record(settings, issue, briefing.marts.metrics, rendering)
    sending = load_config(settings)
    link = issue_link(sending.reports_url, week, edition)
    summary = summarise(settings.project_root / "templates", briefing, link)
    sent, failures = list[Sent](), list[Exception]()
    for recipient, path in paths.items():
        message = compose(briefing, summary, pdf, recipient)
        try:
            sent.append(send_once(path, message, recipient, connection, sending.smtp))
        except MailRefused as error:
            sent.append(Sent(recipient, "refused", "smtp", path, str(error)))
        except (MailNotSent, MailUncertain) as error:
            failures.append(error)
            if isinstance(error, ServerUnusable):
                break
    _enter(settings, verdict, [one for one in sent if one.outcome != "refused"])
    if failures:
        said = "; ".join(map(str, failures))
        raise MailUncertain(said) if any(isinstance(one, MailUncertain) for one in failures) else MailNotSent(said)
    return sent


def send_preview(
    settings: Settings, week: Week, edition: str, recipient: str, connection: Connection | None = None
) -> Sent:
    """Mail the rendered issue to the person who works on it, marked as a preview, as often as they like.

    No gate is asked and nothing is put on record; without a connection the mail is written to
    <reports>/outbox/preview_<…>.eml. Raises BriefingError, MailNotSent, MailUncertain.
    """
    files = BriefingFiles.at(settings, week, edition)
    if not files.pdf.exists():
        raise BriefingError(f"{files.pdf} is not there; run 'worker-services briefing render {week}'")
    build_id = json.loads(files.figures_json.read_text(encoding="utf-8"))["build_id"]
    briefing = read_briefing(build_path(settings, build_id), load_briefing_config(settings), edition, week)
    sending = load_config(settings)
    link = issue_link(sending.reports_url, week, edition)
    summary = summarise(settings.project_root / "templates", briefing, link)
    message = compose(briefing, summary, files.pdf.read_bytes(), recipient, is_preview=True)
    path = outbox_path(settings, week, edition, recipient)
    path = path.with_name(f"preview_{path.name}")
    if connection is None:
        write_bytes(path, message)
        return Sent(recipient, "sent", "file", path, "a preview, written to the outbox folder; it does not count")
    taken = hand_over(connection, message, sending.smtp.timeout_seconds, before_data=lambda: None)
    return Sent(recipient, "sent", "smtp", path, f"a preview, handed to {connection.host} ({taken.reply}); not kept")


def require_release(settings: Settings, verdict: Verdict) -> Decision | None:
    """Let an issue through that is green or approved: the entry of the approval is checked at this moment.

    Raises NotReleased.
    """
    decision = standing(settings, verdict)
    if verdict.colour == "green":
        return decision
    if verdict.colour == "amber" and decision and decision.answer == "approved":
        entry = entry_of(settings, verdict)
        if entry and ledger.is_genuine(settings, entry):
            return decision
        raise NotReleased(
            f"{verdict.subject} is amber, and nothing was sent: the approval in entry {entry.seq if entry else '?'} of "
            "the ledger was not made with the ledger's key. Find out who wrote it (worker-services audit verify); then "
            "a person decides again"
        )
    week, _, edition = verdict.subject.partition("/")
    if verdict.colour == "red":
        to_do = "mend the cause and render the issue again"
    elif decision is None:
        to_do = f"a person decides: worker-services briefing approve {week} --edition {edition} --reason …"
    else:
        to_do = f"{decision.answer} by {decision.by} at {decision.at}"
    raise NotReleased(f"{verdict.subject} is {verdict.colour}, nothing was sent: {''.join(verdict.sentences)} {to_do}")


def issue_link(reports_url: str | None, week: Week, edition: str) -> str | None:
    """Where readers find the issue; None where reports are not served."""
    return f"{reports_url.rstrip('/')}/briefings/{week}/{edition}.pdf" if reports_url else None


def status(settings: Settings, week: Week) -> list[Standing]:
    """What became of an issue, by edition and recipient: those configured, and whoever else was written to."""
    config = load_briefing_config(settings)
    standings = []
    for edition in config.editions:
        paths = {
            recipient: outbox_path(settings, week, edition, recipient)
            for recipient in config.edition(edition).recipients
        }
        for path in sorted(outbox.folder(settings).glob(f"{week}_{edition}_*.json")):
            mail = path.with_suffix(".eml")
            record = read_record(mail)
            if record and mail == outbox_path(settings, week, edition, record.recipient):
                paths[record.recipient] = mail
        standings += [Standing(edition, recipient, *outbox.standing(path)) for recipient, path in paths.items()]
    return standings


def _enter(settings: Settings, verdict: Verdict, sent: list[Sent]) -> None:
    """Enter the mails in the ledger, each once; also those of a run that was killed before it came to it."""
    entered = {entry.details["message_id"] for entry in ledger.about(settings, "briefing.send", verdict.subject)}
    for one in sent:
        record = read_record(one.path)
        if record and record.message_id not in entered:
            details = {
                "message_id": record.message_id,
                "files": named(settings, [one.path]),
                "transport": one.transport,
                "build_id": verdict.build_id,
                "fingerprint": verdict.fingerprint,
                "colour": verdict.colour,
            }
            ledger.append(settings, settings.actor, "briefing.send", verdict.subject, details)
