"""worker-services quarantine …, worker-services corrections …"""

import getpass
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from worker_services.console import json_option, secrets_at_hand, show
from worker_services.contracts import load_contract
from worker_services.settings import Settings

if TYPE_CHECKING:
    from worker_services.landing.quarantine import Held


@click.group()
def quarantine() -> None:
    """Rows that broke their contract, and what people decide about them."""


@quarantine.command("list")
@click.option("--partner", help="Only this partner.")
@click.option("--feed", help="Only this feed.")
@click.option("--all", "with_settled", is_flag=True, help="Also batches of which no row is open.")
@json_option
def list_held(partner: str | None, feed: str | None, with_settled: bool, as_json: bool) -> None:
    """Batches with open rows: how many, for how long, and what is wrong by column and rule. No cell is shown."""
    from worker_services.landing import decisions

    rows = []
    for batch in decisions.held(Settings.load(), partner, feed):
        if not (batch.rows or batch.unfinished or with_settled):
            continue
        row: dict[str, Any] = {
            "batch_id": batch.batch_id,
            "partner": batch.partner,
            "feed": batch.feed,
            "interval": batch.interval,
            "age_days": batch.age_days,
            "rows": batch.rows,
            "reasons": batch.reasons,
            "states": batch.states,
            "unfinished": batch.unfinished,
        }
        if not as_json:
            row = {name: row[name] for name in ("batch_id", "age_days", "rows")} | {
                "reasons": _counts(batch.reasons),
                "states": _counts(batch.states),
            }
        rows.append(row)
    show(rows, as_json=as_json, empty="Nothing is in quarantine.")


@quarantine.command("show")
@click.argument("batch_id")
@click.option("--row", type=int, help="Only this row.")
@click.option("--reveal", is_flag=True, help="Decrypt the row for whoever must act. Noted in the ledger first.")
@click.option("--reason", help="Why the row is revealed.")
@click.option("--by", "actor", default=getpass.getuser, help="Who looks; by default the user of this process.")
@json_option
def show_held(batch_id: str, row: int | None, reveal: bool, reason: str | None, actor: str, as_json: bool) -> None:
    """Each reason: where, which column, which rule, what the value looks like. No cell, unless --reveal."""
    from worker_services.audit import ledger
    from worker_services.landing import decisions
    from worker_services.landing import quarantine as held_rows
    from worker_services.seeds import read_seed

    settings = Settings.load()
    batch = _held_batch(settings, batch_id)
    reasons = decisions.reasons(settings, batch, row)
    if not reasons:
        raise click.ClickException(f"row {row} of {batch_id} is not held")
    if not reveal:
        rules = {rule["rule"]: rule["rule_zh"] for rule in read_seed("rules/rules")}
        contract = load_contract(batch.feed)
        explained = [
            reason | {"label": contract.label_of(reason["column_name"]), "rule_zh": rules[reason["rule"]]}
            for reason in reasons
        ]
        show(explained, as_json=as_json, empty="")
        return
    if row is None or not (reason or "").strip():
        raise click.UsageError("--reveal shows one row to one person for one reason: give --row and --reason as well")
    secrets = secrets_at_hand()
    ledger.append(settings, actor, "quarantine.reveal", batch_id, {"row": row, "reason": reason})
    try:
        (found,) = held_rows.rows(batch, secrets, {row})
    except held_rows.RowsGone as error:
        raise click.ClickException(str(error)) from error
    cells = [{"delivered_column": name, "value": value} for name, value in found.whole.items()]
    show(cells, as_json=as_json, empty="")


def _decision(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every decision."""
    options = [
        click.argument("batch_id"),
        click.option("--reason", required=True, help="Why; kept in the record, so without personal data."),
        click.option("--by", "actor", default=getpass.getuser, help="Who; by default the user of this process."),
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


_rows_option = click.option(
    "--rows", "rows_text", required=True, help="Row numbers such as 3,7-9, or all that are open."
)


@quarantine.command()
@_decision
@_rows_option
@click.option("--waive", "waived", multiple=True, metavar="RULE", help="Let pass although this rule is broken.")
def release(batch_id: str, reason: str, actor: str, as_json: bool, rows_text: str, waived: tuple[str, ...]) -> None:
    """Send rows through the door again, by today's contract, code lists and mapping. Twice lands once."""
    from worker_services.landing import decisions

    rows = _rows(rows_text)
    _show_decided(
        lambda: decisions.release(
            Settings.load(), batch_id, rows, actor=actor, reason=reason, waived=waived, secrets=secrets_at_hand()
        ),
        as_json,
    )


@quarantine.command()
@_decision
@click.option("--row", type=int, required=True)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    required=True,
    metavar="COLUMN=VALUE",
    help="Contract column and what it should be, as the partner would write it. Of a personal column give the name "
    "alone: the value is asked for, or read from standard input, a line a column.",
)
def correct(batch_id: str, reason: str, actor: str, as_json: bool, row: int, assignments: tuple[str, ...]) -> None:
    """Send one row through the door with corrected values. The values are kept sealed."""
    from worker_services.landing import decisions

    settings = Settings.load()
    batch = _held_batch(settings, batch_id)
    personal = {column.name for column in load_contract(batch.feed).columns if column.privacy != "keep"}
    values = dict(_assignment(text, personal) for text in assignments)
    _show_decided(
        lambda: decisions.correct(
            settings, batch_id, row, values, actor=actor, reason=reason, secrets=secrets_at_hand()
        ),
        as_json,
    )


@quarantine.command()
@_decision
@_rows_option
def reject(batch_id: str, reason: str, actor: str, as_json: bool, rows_text: str) -> None:
    """Settle that rows never land."""
    from worker_services.landing import decisions

    rows = _rows(rows_text)
    _show_decided(
        lambda: decisions.reject(
            Settings.load(), batch_id, rows, actor=actor, reason=reason, secrets=secrets_at_hand()
        ),
        as_json,
    )


def _show_decided(decide: Callable[[], list[Any]], as_json: bool) -> None:
    """Take a decision and say what came of it. Exit code 1 when rows were refused at the door again."""
    from worker_services.landing import decisions
    from worker_services.landing.quarantine import RowsGone

    try:
        taken = decide()
    except (decisions.CannotDecide, RowsGone) as error:
        raise click.ClickException(str(error)) from error
    rows = [
        {
            "batch_id": decision.batch_id,
            "action": decision.action,
            "rows": decisions.rows_text(decision.rows),
            "settled": decisions.rows_text(decision.settled),
            "landed_as": decision.result.batch_id if decision.result else None,
            "refused": decision.result.reasons if decision.result else {},
            "actor": decision.actor,
            "decided_at": decision.decided_at.isoformat(),
        }
        for decision in taken
    ]
    refused = any(row["refused"] for row in rows)
    if not as_json:
        rows = [row | {"refused": _counts(row["refused"])} for row in rows]
    show(rows, as_json=as_json, empty="Nothing to do: these rows are decided already.")
    if refused:
        raise SystemExit(1)


def _assignment(text: str, personal: set[str]) -> tuple[str, str]:
    column, given, value = text.partition("=")
    if column not in personal:
        if not given:
            raise click.UsageError(f"--set {column}: write COLUMN=VALUE")
        return column, value
    if given:
        raise click.UsageError(f"--set {column}: personal data does not belong on a command line; give the name alone")
    if sys.stdin.isatty():
        return column, str(click.prompt(column, hide_input=True))
    return column, click.get_text_stream("stdin").readline().rstrip("\r\n")


def _rows(text: str) -> list[int] | None:
    from worker_services.landing.decisions import parse_rows

    try:
        return parse_rows(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _held_batch(settings: Settings, batch_id: str) -> "Held":
    from worker_services.landing import decisions

    try:
        return decisions.held_batch(settings, batch_id)
    except decisions.CannotDecide as error:
        raise click.ClickException(str(error)) from error


def _counts(counted: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.items())


@click.group()
def corrections() -> None:
    """The corrections register: expectations/corrections.yaml."""


@corrections.command()
@json_option
def check(as_json: bool) -> None:
    """Every correction, and whether the source still needs it. Exit code 1 when one is not needed any more."""
    from worker_services.landing import corrections as register

    try:
        rows = register.table(Settings.load()).to_pylist()
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    show(rows, as_json=as_json, empty="The register has no corrections.")
    obsolete = [row["id"] for row in rows if not row["is_needed"]]
    if obsolete:
        click.echo(f"The source is mended, or the record is gone: take out {', '.join(obsolete)}.", err=True)
        raise SystemExit(1)
