"""What commands share: the arguments they take alike, and what they print: a table for people, JSON for programs."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from worker_services.intervals import Week
from worker_services.secrets import Secrets, from_environment

PIPED_WIDTH = 200


class WeekType(click.ParamType[Week]):
    """An ISO week, such as 2025-W43."""

    name = "week"

    def convert(self, value: object, parameter: click.Parameter | None, context: click.Context | None) -> Week:
        try:
            return Week.parse(str(value))
        except ValueError as error:
            self.fail(str(error), parameter, context)


week_argument = click.argument("week", type=WeekType())
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, empty: str, title: str | None = None) -> None:
    """Print rows; `empty` is the sentence for when there are none."""
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str))
        return
    if not rows:
        click.echo(empty)
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(table)


def show_one(record: Any, *, as_json: bool) -> None:
    """Print one record (a dataclass or a dict), a line a field."""
    fields = dataclasses.asdict(record) if dataclasses.is_dataclass(record) and not isinstance(record, type) else record
    if as_json:
        click.echo(json.dumps(fields, ensure_ascii=False, indent=2, default=str))
        return
    for name, value in fields.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


def secrets_at_hand() -> Secrets:
    """The secrets of the environment; where they are not set or not readable, the command was used wrongly."""
    try:
        return from_environment()
    except (LookupError, ValueError) as error:
        raise click.UsageError(str(error)) from error
