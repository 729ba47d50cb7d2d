"""worker-services warehouse …"""

from datetime import datetime

import click

from worker_services.console import json_option, show_one
from worker_services.intervals import SHANGHAI, utc_now
from worker_services.settings import Settings
from worker_services.warehouse.publish import NotPublishable, current
from worker_services.warehouse.publish import publish as make_current


@click.group()
def warehouse() -> None:
    """Builds of the warehouse, and the one that readers see."""


@warehouse.command()
@click.option("--as-of", help="Take what had landed by this time (ISO 8601; Asia/Shanghai without an offset).")
@json_option
def build(as_of: str | None, as_json: bool) -> None:
    """Build a new warehouse file. Readers notice nothing until it is published."""
    from worker_services.warehouse.build import BuildFailed
    from worker_services.warehouse.build import build as make

    moment = datetime.fromisoformat(as_of) if as_of else utc_now()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
    try:
        show_one(make(Settings.load(), moment), as_json=as_json)
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
@json_option
def publish(build_id: str, as_json: bool) -> None:
    """Make an audited build the one that readers see."""
    try:
        show_one(make_current(Settings.load(), build_id), as_json=as_json)
    except NotPublishable as error:
        raise click.ClickException(str(error)) from error


@warehouse.command()
@json_option
def status(as_json: bool) -> None:
    """The published build, and those kept before it."""
    standing = current(Settings.load())
    if standing is None:
        raise click.ClickException("nothing is published yet; run: worker-services warehouse build")
    show_one(standing, as_json=as_json)
