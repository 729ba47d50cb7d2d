"""worker-services briefing …"""

import click

from worker_services.console import json_option, show_one
from worker_services.intervals import Week
from worker_services.settings import Settings


class _WeekType(click.ParamType[Week]):
    name = "week"

    def convert(self, value: object, parameter: click.Parameter | None, context: click.Context | None) -> Week:
        try:
            return Week.parse(str(value))
        except ValueError as error:
            self.fail(str(error), parameter, context)


week_argument = click.argument("week", type=_WeekType())
edition_option = click.option("--edition", default="city", show_default=True, help="Edition in config/briefing.yaml.")


@click.group()
def briefing() -> None:
    """The weekly briefing: render it, hold it against the marts, decide about it, mail it."""


@briefing.command()
@week_argument
@edition_option
@click.option("--build", "build_id", help="Read this build instead of the published one.")
@click.option("--open", "open_it", is_flag=True, help="Open the PDF when it is done.")
@json_option
def render(week: Week, edition: str, build_id: str | None, open_it: bool, as_json: bool) -> None:
    """Write the PDF of WEEK (such as 2025-W43) and its figures as JSON and CSV."""
    from worker_services.briefing.errors import BriefingError
    from worker_services.briefing.render import render as make

    try:
        files = make(Settings.load(), week, edition, build_id)
    except BriefingError as error:
        raise click.ClickException(str(error)) from error
    show_one(files, as_json=as_json)
    if open_it:
        click.launch(str(files.pdf))


@briefing.command()
@week_argument
@edition_option
@json_option
def verify(week: Week, edition: str, as_json: bool) -> None:
    """Hold every number in the PDF of WEEK against the marts. Exit code 1 at the first that differs."""
    from worker_services.briefing.errors import BriefingError
    from worker_services.briefing.verify import verify as check

    try:
        show_one(check(Settings.load(), week, edition), as_json=as_json)
    except BriefingError as error:
        raise click.ClickException(str(error)) from error
