"""worker-services audit …: from a figure to its rows, from a column to where it comes from, an issue made again."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from worker_services.console import WeekType, json_option, secrets_at_hand, show, show_one, week_argument
from worker_services.intervals import Week
from worker_services.settings import Settings


@click.group()
def audit() -> None:
    """For those who check: a figure down to its rows, an issue made again, the ledger of who did what."""


@audit.command()
@week_argument
@click.argument("edition")
@click.argument("metric")
@click.option("--column", default="value", show_default=True, help="Column of rpt_metric_weekly.")
@click.option("--scope", "unit", metavar="CODE", help="A unit of the issue (220102, eye_hospital …); default: its own.")
@click.option("--limit", default=10, show_default=True, help="How many rows to show of each part.")
@click.option("--rows", "rows_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all rows here (CSV).")
@click.option("--open-vault", is_flag=True, help="Unseal each raw delivery and hash it; needs the vault's identity.")
@json_option
def trace(
    week: Week,
    edition: str,
    metric: str,
    column: str,
    unit: str | None,
    limit: int,
    rows_file: Path | None,
    open_vault: bool,
    as_json: bool,
) -> None:
    """Follow a printed figure to its rows, their batches, the raw bytes and the ledger. Exit code 1 on a difference."""
    from worker_services.audit.issues import NotTraceable
    from worker_services.audit.trace import trace as follow
    from worker_services.briefing.errors import BriefingError
    from worker_services.warehouse.build import BuildFailed

    secrets = secrets_at_hand() if open_vault else None
    try:
        found = follow(
            Settings.load(), week, edition, metric, column, unit, limit=limit, rows_file=rows_file, secrets=secrets
        )
    except (NotTraceable, BriefingError, BuildFailed) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2, default=str))
    else:
        _show_trace(found)
    if found.faults:
        raise SystemExit(1)


@audit.command()
@click.argument("column", metavar="RELATION.COLUMN")
@click.option("--build", "build_id", help="Of this build instead of the published one.")
@json_option
def lineage(column: str, build_id: str | None, as_json: bool) -> None:
    """Say what a column (rpt_metric_weekly.value) is made of, model by model, down to landing and the seeds."""
    from worker_services.audit.issues import NotTraceable
    from worker_services.audit.trace import lineage_of

    try:
        rows = lineage_of(Settings.load(), column, build_id)
    except NotTraceable as error:
        raise click.ClickException(str(error)) from error
    show(rows, as_json=as_json, empty="It is a constant of its model.")


@audit.command()
@click.argument("weeks", nargs=-1, required=True, type=WeekType())
@click.option("--edition", "editions", multiple=True, default=["city"], show_default=True, help="Repeatable.")
@json_option
def reproduce(weeks: tuple[Week, ...], editions: tuple[str, ...], as_json: bool) -> None:
    """Make issues again from landing, in a clean folder, and compare each figure and each byte.

    Exit code 1 on a difference; what has changed since is named: code, packages, configuration, batches, files.
    """
    from worker_services.audit.issues import NotTraceable
    from worker_services.audit.reproduce import reproduce as make_again
    from worker_services.briefing.errors import BriefingError

    try:
        found = list(make_again(Settings.load(), weeks, editions))
    except (NotTraceable, BriefingError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        rows = [dataclasses.asdict(each) | {"is_same": each.is_same} for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    else:
        rows = [
            {
                "issue": f"{each.week}/{each.edition}",
                "as of": each.as_of,
                "code": each.code_version,
                "figures": each.figures,
                "differing": len(each.differences),
                "PDF": "the same bytes" if each.pdf_sha256 == each.pdf_sha256_again else "other bytes",
                "as it was": "yes" if each.is_same else "NO",
            }
            for each in found
        ]
        show(rows, as_json=False, empty="")
        for each in found:
            issue = f"{each.week}/{each.edition}"
            for difference in each.differences:
                click.echo(f"{issue}: {difference.figure}: {difference.recorded} on record, {difference.again} now")
            what = "changed since, without effect" if each.is_same else "changed since"
            for change in each.changes:
                click.echo(f"{issue}: {what}: {change.kind}: {change.detail}")
    if not all(each.is_same for each in found):
        raise SystemExit(1)


@audit.command()
@click.argument("period")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Here instead of reports/packs/.")
@json_option
def pack(period: str, out: Path | None, as_json: bool) -> None:
    """Make one archive of a quarter (2025-Q4) or a week (2025-W43) for an outside auditor.

    Its README tells how to check it with public tools alone. No landed row and no raw byte is in it.
    """
    from worker_services.audit.issues import NotTraceable
    from worker_services.audit.ledger import LedgerUnusable
    from worker_services.audit.pack import NotPackable
    from worker_services.audit.pack import pack as make_pack
    from worker_services.briefing.errors import BriefingError
    from worker_services.warehouse.build import BuildFailed

    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("files")
            made = make_pack(
                Settings.load(), period, out, lambda done, total: bar.update(task, completed=done, total=total)
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except (NotPackable, NotTraceable, BriefingError, BuildFailed, LedgerUnusable) as error:
        raise click.ClickException(str(error)) from error
    show_one(made, as_json=as_json)


def _show_trace(found: Any) -> None:
    """The trace as tables, from the figure down."""
    from worker_services.audit.counting import said as amount_said

    printed = (
        f"printed as {found.printed.printed}{found.printed.unit}" if found.printed else "not printed in this issue"
    )
    click.echo(f"{found.name_zh} ({found.metric}.{found.column}), {found.scope}, {found.week}: {printed}")
    click.echo(f"record: {found.record or 'no issue'}; entry in the ledger: {found.record_entry or 'none'}")
    again = ", made again from landing" if found.build_is_made_again else ""
    click.echo(f"build: {found.build_id}{again}, as of {found.build_as_of}; in the ledger: {found.build_entry or 'no'}")
    click.echo(f"code: {found.code_version}, {found.code_fingerprint}")
    if found.is_suppressed:
        click.echo("The figure is not published, or rests on one that is not: a small cell. Its rows are not shown.")
    for cell in found.cells:
        for part in cell.parts:
            measure, since = part.measure, part.first_day or "the beginning"
            click.echo(
                f"\n{cell.column} of {cell.week} = {amount_said(cell.value)}; {part.part}: {measure.aggregation} of"
            )
            click.echo(f"{measure.expr} over {measure.fact} by {measure.event_date}, {since} to {part.last_day}")
            steps = [
                dataclasses.asdict(step)
                | {"amount": amount_said(step.amount) if step.rows is None or step.amount else ""}
                for step in part.steps
            ]
            show(steps, as_json=False, empty="")
            for name, ends in part.columns.items():
                click.echo(f"{part.measure.fact}.{name} comes of {', '.join(ends) or 'a constant of the model'}")
            rows = [{name: value for name, value in row.items() if name != "raw_sha256"} for row in part.rows]
            show(rows, as_json=False, empty="no row to show")
            if part.rows_hidden:
                click.echo(f"{part.rows_hidden} rows stand in cells that are not published, and are not shown.")
    batches = [
        {
            "batch": each.batch.batch_id,
            "role": each.batch.role,
            "records": "＊" if each.batch.records is None else each.batch.records,
            "contract": each.batch.contract_version,
            "landed at": each.batch.landed_at,
            "raw bytes (SHA-256)": each.batch.raw_sha256,
            "raw": each.raw,
            "ledger": ", ".join(map(str, each.ledger_numbers)),
        }
        for each in found.deliveries
    ]
    show(batches, as_json=False, empty="", title="Batches")
    models = [{"model": each.name, "file": each.file_sha256, "SQL": each.compiled_sha256} for each in found.models]
    show(models, as_json=False, empty="", title="Models, with the SHA-256 of file and SQL")
    for fault in found.faults:
        click.secho(f"DIFFERENCE: {fault}", fg="red")
    if not found.faults and not found.is_suppressed:
        click.echo("Each step adds up to the figure.")
