"""worker-services briefing …"""

import click

from worker_services.console import json_option, show, show_one, week_argument
from worker_services.intervals import Week
from worker_services.settings import Settings

edition_option = click.option("--edition", default="city", show_default=True, help="Edition in config/briefing.yaml.")


@click.group()
def briefing() -> None:
    """The weekly briefing: render it, hold it against the marts, decide about it, mail it."""


@briefing.command()
@week_argument
@click.option("--edition", "editions", multiple=True, help="Only this edition of config/briefing.yaml; repeatable.")
@click.option("--build", "build_id", help="Read this build instead of the published one.")
@click.option("--open", "open_it", is_flag=True, help="Open the PDFs when they are done.")
@json_option
def render(week: Week, editions: tuple[str, ...], build_id: str | None, open_it: bool, as_json: bool) -> None:
    """Write every edition of WEEK (such as 2025-W43) as PDF and HTML, with its figures as JSON and CSV."""
    from worker_services.briefing.editions import render_all
    from worker_services.briefing.errors import BriefingError

    try:
        rendered = render_all(Settings.load(), week, editions, build_id)
    except BriefingError as error:
        raise click.ClickException(str(error)) from error
    rows = [{"edition": edition, **vars(files)} for edition, files in rendered.items()]
    show(rows, as_json=as_json, empty="config/briefing.yaml has no edition")
    if open_it:
        for files in rendered.values():
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


@briefing.command()
@week_argument
@edition_option
@json_option
def sample(week: Week, edition: str, as_json: bool) -> None:
    """Put the demo's issue of WEEK into reports/samples/, with pictures of its pages. Real data are refused."""
    from worker_services.briefing.errors import BriefingError
    from worker_services.briefing.samples import write_sample

    try:
        written = write_sample(Settings.load(), week, edition)
    except BriefingError as error:
        raise click.ClickException(str(error)) from error
    rows = [{"file": path, "kilobytes": round(path.stat().st_size / 1024)} for path in written]
    show(rows, as_json=as_json, empty="there was nothing to write")
