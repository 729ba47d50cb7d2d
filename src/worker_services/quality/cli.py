"""worker-services quality …"""

from dataclasses import asdict
from datetime import datetime

import click

from worker_services.briefing.errors import BriefingError
from worker_services.console import json_option, show, show_one, week_argument
from worker_services.intervals import Week
from worker_services.quality.catalogue import STAGES, Entry, collect, manifest_of_last_build, parsed_manifest
from worker_services.quality.checks import SuiteError
from worker_services.settings import Settings


@click.group()
def quality() -> None:
    """Data quality: reports of nights, scorecards of weeks, the auditors' site, the catalogue of all checks."""


@quality.command()
@click.option(
    "--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day of the interval, e.g. 2025-10-26."
)
@json_option
def report(day: datetime, as_json: bool) -> None:
    """Write reports/quality/<date>/index.html, the same in English below en/, and report.pdf."""
    from worker_services.quality.report import render

    show_one({"report": str(render(Settings.load(), day.date()))}, as_json=as_json)


@quality.command()
@week_argument
@json_option
def scorecard(week: Week, as_json: bool) -> None:
    """Write the scorecard of WEEK (2025-W43) and every partner's sheet: reports/quality/scorecards/<week>/."""
    from worker_services.quality.scorecard import NoScorecard, render

    try:
        show_one({"scorecard": str(render(Settings.load(), week))}, as_json=as_json)
    except NoScorecard as error:
        raise click.ClickException(str(error)) from error


@quality.command()
@week_argument
@json_option
def issue(week: Week, as_json: bool) -> None:
    """Write what stands behind each figure of WEEK's issues: reports/quality/issues/<week>/.

    Exit code 1 where a figure does not add up to its rows.
    """
    from worker_services.audit.issues import NotTraceable
    from worker_services.quality.site.issues import write_issue
    from worker_services.warehouse.build import BuildFailed

    try:
        written = write_issue(Settings.load(), week)
    except (NotTraceable, BriefingError, BuildFailed, SuiteError) as error:
        raise click.ClickException(str(error)) from error
    show_one(written, as_json=as_json)
    if written.differing:
        raise SystemExit(1)


@quality.command()
@json_option
def site(as_json: bool) -> None:
    """Write the pages about all nights: reports/quality/index.html, ledger, exceptions, figures, checks; and search."""
    from worker_services.quality.site.make import make

    try:
        show_one({"site": str(make(Settings.load()))}, as_json=as_json)
    except SuiteError as error:
        raise click.ClickException(str(error)) from error


@quality.command()
@click.option("--stage", type=click.Choice(list(STAGES)), help="Only this stage.")
@click.option("--subject", help="Only this feed or relation, such as vouchers.")
@json_option
def catalogue(stage: str | None, subject: str | None, as_json: bool) -> None:
    """Every check: what it asks for, why, dimension, severity, threshold, figures, owner, and where it stands."""
    settings = Settings.load()
    try:
        found = collect(settings, manifest_of_last_build(settings) or parsed_manifest(settings))
    except (SuiteError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error
    rows = [_row(entry, as_json) for entry in found if entry.stage == (stage or entry.stage)]
    rows = [row for row in rows if row["subject"] == (subject or row["subject"])]
    show(rows, as_json=as_json, empty="There is no such check.")


def _row(entry: Entry, as_json: bool) -> dict[str, object]:
    row = asdict(entry)
    if as_json:
        return row
    shown = ("check_id", "subject", "what", "threshold", "dimension", "severity", "owner")
    return {name: row[name] for name in shown} | {"figures": ", ".join(entry.figures)}
