"""worker-services audit …"""

from dataclasses import asdict
from datetime import datetime

import click

from worker_services.briefing.cli import week_argument
from worker_services.console import json_option, show, show_one
from worker_services.contracts import contract_feeds
from worker_services.intervals import Week
from worker_services.quality.checks import Check, SuiteError, batch_checks, build_checks, expected_text
from worker_services.quality.suites import suites_folder
from worker_services.settings import Settings


@click.group()
def audit() -> None:
    """Data quality: the report of a night, the catalogue of checks; and the ledger of who did what."""


@audit.command()
@click.option(
    "--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day of the interval, e.g. 2025-10-26."
)
@json_option
def report(day: datetime, as_json: bool) -> None:
    """Write reports/quality/<date>/index.html."""
    from worker_services.quality.report import render

    show_one({"report": str(render(Settings.load(), day.date()))}, as_json=as_json)


@audit.command()
@week_argument
@json_option
def scorecard(week: Week, as_json: bool) -> None:
    """Write the scorecard of WEEK (2025-W43) and every partner's sheet: reports/quality/scorecards/<week>/."""
    from worker_services.quality.scorecard import NoScorecard, render

    try:
        show_one({"scorecard": str(render(Settings.load(), week))}, as_json=as_json)
    except NoScorecard as error:
        raise click.ClickException(str(error)) from error


@audit.command()
@click.option("--suite", type=click.Choice([*contract_feeds(), "marts"]), help="Only this suite.")
@json_option
def checks(suite: str | None, as_json: bool) -> None:
    """The catalogue of all checks: what each asks for, its dimension, severity, figures and owner."""
    folder = suites_folder(Settings.load())
    try:
        found = [check for feed in contract_feeds() for check in batch_checks(feed, folder)] + build_checks(folder)
    except SuiteError as error:
        raise click.ClickException(str(error)) from error
    rows = [_row(check, as_json) for check in found if suite in (None, check.suite)]
    show(rows, as_json=as_json, empty="There is no check.")


def _row(check: Check, as_json: bool) -> dict[str, object]:
    row = asdict(check) | {"expected": expected_text(check)}
    if as_json:
        return row
    shown = ("check_id", "what", "expected", "dimension", "severity", "owner")
    return {name: row[name] for name in shown} | {"figures": ", ".join(check.figures)}
