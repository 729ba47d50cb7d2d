"""worker-services briefing …: what has to do with sending."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import click

from worker_services.briefing.cli import edition_option
from worker_services.connections import Connection, from_environment
from worker_services.console import json_option, show, show_one, week_argument
from worker_services.intervals import Week
from worker_services.settings import Settings

ME = "WORKER_SERVICES_ME"


@click.command()
@week_argument
@edition_option
@click.option("--to", "recipients", multiple=True, help=f"This address instead of the configured ones; 'me' is ${ME}.")
@json_option
def send(week: Week, edition: str, recipients: tuple[str, ...], as_json: bool) -> None:
    """Mail the PDF of WEEK once to each recipient: by connection smtp_default if it is set, else into the outbox.

    The gate is asked first. To 'me' goes a preview instead, marked so, as often as you like: no gate is asked, and
    nothing counts as sent.
    """
    from worker_services.briefing.errors import BriefingError
    from worker_services.mailing.sending import send as mail
    from worker_services.mailing.sending import send_preview
    from worker_services.mailing.smtp import MailNotSent, MailUncertain

    if "me" in recipients and len(recipients) > 1:
        raise click.UsageError("--to me sends a preview, which cannot go together with mails that count")
    try:
        if "me" in recipients:
            sent = [send_preview(Settings.load(), week, edition, _my_address(), _connection("smtp_default"))]
        else:
            sent = mail(Settings.load(), week, edition, list(recipients), _connection("smtp_default"))
    except (BriefingError, MailNotSent, MailUncertain) as error:
        raise click.ClickException(str(error)) from error
    show([vars(one) for one in sent], as_json=as_json, empty="there was nobody to mail to")
    if any(one.outcome == "refused" for one in sent):
        raise SystemExit(1)


@click.command()
@week_argument
@edition_option
@json_option
def gate(week: Week, edition: str, as_json: bool) -> None:
    """Say whether the issue of WEEK may leave, and why not. Exit code 1 unless it is green or approved."""
    from worker_services.mailing.approvals import standing
    from worker_services.mailing.gate import COLOUR_ZH, judge

    settings = Settings.load()
    verdict = judge(settings, week, edition)
    decision = standing(settings, verdict)
    if as_json:
        decided = dataclasses.asdict(decision) if decision else None
        show_one(dataclasses.asdict(verdict) | {"decision": decided}, as_json=True)
    else:
        click.echo(f"{verdict.subject}: {verdict.colour} {COLOUR_ZH[verdict.colour]} ({verdict.fingerprint})")
        for reason, sentence in zip(verdict.reasons, verdict.sentences, strict=True):
            click.echo(f"- {reason.colour} {reason.code}: {sentence}")
        if decision:
            click.echo(f"{decision.answer} by {decision.by} at {decision.at}: {decision.reason}")
    if verdict.colour == "red" or (verdict.colour == "amber" and (not decision or decision.answer != "approved")):
        raise SystemExit(1)


def _decide(
    week: Week, editions: tuple[str, ...], reason: str, by: str | None, *, approve: bool, as_json: bool
) -> None:
    from worker_services.briefing.config import load_config
    from worker_services.mailing import airflow_api, approvals
    from worker_services.mailing.alerts import alert
    from worker_services.mailing.gate import judge

    settings, airflow = Settings.load(), _connection("airflow_api")
    rows: list[dict[str, Any]] = []
    for edition in editions or tuple(load_config(settings).editions):
        verdict = judge(settings, week, edition)
        if not editions and verdict.colour != "amber":
            continue
        try:
            decision = approvals.decide(
                settings, verdict, "approved" if approve else "declined", by or settings.actor, reason, via="command"
            )
        except approvals.NotDecidable as error:
            raise click.ClickException(str(error)) from error
        if not approve:
            lines = [decision.sentence, *verdict.sentences]
            alert(settings, week, edition, "declined", lines, _connection("smtp_default"))
        told = "not asked: there is no connection airflow_api"
        if airflow:
            try:
                told = "answered" if airflow_api.answer(airflow, verdict, approve, reason) else "no open question"
            except airflow_api.AirflowUnreachable as error:
                told = str(error)
        rows.append({"edition": edition, **dataclasses.asdict(decision), "airflow": told})
    show(rows, as_json=as_json, empty=f"no edition of {week} waits for a decision")


editions_option = click.option(
    "--edition", "editions", multiple=True, help="Edition in config/briefing.yaml; by default every one that is amber."
)
reason_option = click.option("--reason", required=True, help="Why; kept in the ledger, so no personal data.")
by_option = click.option("--by", help="Who decides; by default whoever runs the command.")


@click.command()
@week_argument
@editions_option
@reason_option
@by_option
@json_option
def approve(week: Week, editions: tuple[str, ...], reason: str, by: str | None, as_json: bool) -> None:
    """Let the amber issue of WEEK go out, as it is now, for the reasons that `gate` shows now."""
    _decide(week, editions, reason, by, approve=True, as_json=as_json)


@click.command()
@week_argument
@editions_option
@reason_option
@by_option
@json_option
def decline(week: Week, editions: tuple[str, ...], reason: str, by: str | None, as_json: bool) -> None:
    """Keep the amber issue of WEEK from going out; the data team is told."""
    _decide(week, editions, reason, by, approve=False, as_json=as_json)


@click.command()
@week_argument
@json_option
def status(week: Week, as_json: bool) -> None:
    """Show what became of WEEK at each recipient of each edition."""
    from worker_services.mailing.sending import status as standings

    rows = [vars(one) for one in standings(Settings.load(), week)]
    show(rows, as_json=as_json, empty=f"no edition of {week} has a recipient")


@click.command()
@click.option(
    "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Read .eml files of this folder."
)
@json_option
def bounces(folder: Path | None, as_json: bool) -> None:
    """Note which mails came back: from the mailbox of connection imap_bounces, or from a folder of .eml files."""
    from worker_services.mailing.bounces import MailboxUnreadable, note_from_folder, note_from_mailbox

    settings, mailbox = Settings.load(), _connection("imap_bounces")
    if folder:
        noted = note_from_folder(settings, folder)
    elif mailbox:
        try:
            noted = note_from_mailbox(settings, mailbox)
        except MailboxUnreadable as error:
            raise click.ClickException(str(error)) from error
    else:
        raise click.UsageError("give --folder, or set the connection imap_bounces")
    show([vars(one) for one in noted], as_json=as_json, empty="nothing came back")


@click.command()
@week_argument
@edition_option
@click.option("--build", "build_id", help="Read this build instead of the published one.")
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1; by default a free one.")
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@json_option
def preview(week: Week, edition: str, build_id: str | None, port: int, open_it: bool, as_json: bool) -> None:
    """Show PDF and mail of WEEK in a page that follows every change of templates and configuration. ^C ends it."""
    from worker_services.briefing.errors import BriefingError
    from worker_services.mailing.preview import serve

    def announce(url: str) -> None:
        show_one({"page": url}, as_json=as_json)
        if open_it:
            click.launch(url)

    try:
        serve(Settings.load(), week, edition, build_id, port, announce)
    except BriefingError as error:
        raise click.ClickException(str(error)) from error


commands = (send, gate, approve, decline, status, bounces, preview)


def _connection(conn_id: str) -> Connection | None:
    try:
        return from_environment(conn_id)
    except LookupError:
        return None


def _my_address() -> str:
    if address := os.environ.get(ME):
        return address
    raise click.UsageError(f"who is 'me'? export {ME}=your mail address")
