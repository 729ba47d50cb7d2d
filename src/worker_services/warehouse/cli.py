"""worker-services warehouse …"""

import getpass
from datetime import date, datetime

import click

from worker_services.console import json_option, show_one
from worker_services.intervals import SHANGHAI, utc_now
from worker_services.settings import Settings
from worker_services.warehouse.publish import NotPublishable, current
from worker_services.warehouse.publish import publish as make_current
from worker_services.warehouse.publish import rollback as go_back

by_option = click.option("--by", "actor", default=getpass.getuser, help="Who; by default the user of this process.")


@click.group()
def warehouse() -> None:
    """Builds of the warehouse, and the one that readers see."""


@warehouse.command()
@click.option("--as-of", help="Take what had landed by this time (ISO 8601; Asia/Shanghai without an offset).")
@click.option("--full-refresh", is_flag=True, help="Make all of it anew, not from the published build.")
@json_option
def build(as_of: str | None, full_refresh: bool, as_json: bool) -> None:
    """Build a new warehouse file. Readers notice nothing until it is published."""
    from worker_services.warehouse.build import BuildFailed
    from worker_services.warehouse.build import build as make

    moment = datetime.fromisoformat(as_of) if as_of else utc_now()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
    try:
        show_one(make(Settings.load(), moment, full_refresh=full_refresh), as_json=as_json)
    except BuildFailed as error:
        raise click.ClickException(str(error)) from error


@warehouse.command()
@click.argument("build_id")
@json_option
def audit(build_id: str, as_json: bool) -> None:
    """Check a build. Exit code 1 when it must not be published."""
    from worker_services.warehouse.audit import audit as check
    from worker_services.warehouse.build import BuildFailed

    try:
        show_one(check(Settings.load(), build_id), as_json=as_json)
    except (BuildFailed, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error


@warehouse.command()
@click.argument("build_id")
@by_option
@json_option
def publish(build_id: str, actor: str, as_json: bool) -> None:
    """Make an audited build the one that readers see."""
    try:
        show_one(make_current(Settings.load(), build_id, actor), as_json=as_json)
    except NotPublishable as error:
        raise click.ClickException(str(error)) from error


@warehouse.command()
@click.option("--to", metavar="BUILD_ID", help="A build that is kept (warehouse status); by default the one before.")
@click.option("--reason", required=True, help="Why; kept with the pointer and in the ledger. No personal data.")
@by_option
@json_option
def rollback(to: str | None, reason: str, actor: str, as_json: bool) -> None:
    """Give readers an earlier build back, at once. The next build that passes its audit is published as usual."""
    try:
        show_one(go_back(Settings.load(), reason, to, actor), as_json=as_json)
    except NotPublishable as error:
        raise click.ClickException(str(error)) from error


@warehouse.command()
@json_option
def status(as_json: bool) -> None:
    """The published build, how it came to be that one, and the builds to go back to."""
    standing = current(Settings.load())
    if standing is None:
        raise click.ClickException("nothing is published yet; run: worker-services warehouse build")
    show_one(standing, as_json=as_json)


@warehouse.command()
@click.option("--by-day", help="Take months as closed that were by this day (ISO 8601); by default today.")
@click.option("--verify", "verifies", is_flag=True, help="Only compare what is compacted with landing, row by row.")
@json_option
def compact(by_day: str | None, verifies: bool, as_json: bool) -> None:
    """Copy the small files of closed months into few large ones. Exit code 1 when a batch in landing is damaged."""
    from worker_services.landing.compaction import DamagedBatch, verify
    from worker_services.warehouse.landing_schema import compact as compact_landing

    settings = Settings.load()
    if verifies:
        found = verify(settings)
        show_one(found, as_json=as_json)
        if found.differing:
            raise click.ClickException(f"{len(found.differing)} differ from what landed; run it without --verify")
        return
    try:
        day = date.fromisoformat(by_day) if by_day else utc_now().astimezone(SHANGHAI).date()
        show_one(compact_landing(settings, day), as_json=as_json)
    except DamagedBatch as error:
        raise click.ClickException(str(error)) from error
