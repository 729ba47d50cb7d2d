"""worker-services audit …: the ledger, and whether all that it names is as it was."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from worker_services.audit import ledger
from worker_services.audit.ledger import LedgerUnusable
from worker_services.console import json_option, show, show_one
from worker_services.intervals import SHANGHAI
from worker_services.settings import Settings


@click.command()
@click.option(
    "--public-key", "keys", multiple=True, help="A key known from elsewhere, such as a briefing; by default one's own."
)
@click.option(
    "--head", "held", multiple=True, help="What somebody kept: a file, or as printed, 123:0f3a… (repeatable)."
)
@json_option
def verify(keys: tuple[str, ...], held: tuple[str, ...], as_json: bool) -> None:
    """Check the ledger's chain, its signatures, each file it names, each printed figure. Exit code 1 on any finding."""
    from worker_services.audit import heads
    from worker_services.audit.verify import verify as check

    settings = Settings.load()
    try:
        trusted = [key.replace(" ", "") for key in keys] or ledger.public_keys(settings)
    except LedgerUnusable as error:
        raise click.UsageError(f"say which key to trust: --public-key, as every briefing has it ({error})") from error
    try:
        kept = [heads.read(Path(text)) if Path(text).is_file() else heads.parse(text) for text in held]
    except heads.HeadUnreadable as error:
        raise click.UsageError(str(error)) from error
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("files")
        found = check(settings, trusted, kept, lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        show_one(found, as_json=True)
    else:
        counted = dataclasses.asdict(found)
        del counted["findings"], counted["head"]
        show_one(counted | {"head": f"{found.head['seq']}:{found.head['hash']}" if found.head else ""}, as_json=False)
        rows = [dataclasses.asdict(finding) for finding in found.findings]
        show(rows, as_json=False, empty="Nothing was changed.", title=f"{len(rows)} findings")
    if found.findings:
        raise SystemExit(1)


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="From then on (Asia/Shanghai).")
@click.option("--actor", help="Who did it.")
@click.option("--action", help="What was done, such as briefing.approve, or briefing.* for all that begins so.")
@click.option("--subject", help="To what, such as 2025-W43/city or a batch; * stands for anything.")
@json_option
def log(since: datetime | None, actor: str | None, action: str | None, subject: str | None, as_json: bool) -> None:
    """Who did what to what, when. Each row is an entry of the ledger."""
    start = since.replace(tzinfo=SHANGHAI) if since else None
    rows = [
        _row(entry, as_json)
        for entry in ledger.entries(Settings.load())
        if (start is None or datetime.fromisoformat(entry.time) >= start)
        and (actor is None or entry.actor == actor)
        and (action is None or fnmatchcase(entry.action, action))
        and (subject is None or fnmatchcase(entry.subject, subject))
    ]
    show(rows, as_json=as_json, empty="The ledger has no such entry.")


@click.command("public-key")
@click.option("--pem", is_flag=True, help="As a file for OpenSSL.")
@json_option
def public_key(pem: bool, as_json: bool) -> None:
    """The key that signatures of new entries are checked by. Briefings carry it too."""
    from worker_services.audit.signing import as_pem, key_id

    current = ledger.public_keys(Settings.load())[0]
    if pem:
        click.echo(as_pem(current), nl=False)
    else:
        show_one({"public_key": current, "key": key_id(current), "algorithm": "Ed25519"}, as_json=as_json)


@click.command()
@json_option
def head(as_json: bool) -> None:
    """The signed head of the ledger, for somebody outside to keep; the DAG `maintain` keeps one a night."""
    from worker_services.audit.heads import as_head

    last = ledger.head(Settings.load())
    if last is None:
        raise click.ClickException("the ledger has no entry yet")
    show_one(as_head(last), as_json=as_json)


commands: Sequence[click.Command] = (verify, log, public_key, head)


def _row(entry: ledger.Entry, as_json: bool) -> dict[str, object]:
    row = dataclasses.asdict(entry)
    if as_json:
        return row
    said = {name: value for name, value in entry.details.items() if name not in ("files", "deleted") and value}
    files = [f"{len(entry.details[name])} {name}" for name in ("files", "deleted") if entry.details.get(name)]
    local = datetime.fromisoformat(entry.time).astimezone(SHANGHAI)
    return {
        "seq": entry.seq,
        "time": f"{local:%Y-%m-%d %H:%M:%S}",
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": "; ".join([*(f"{name}: {value}" for name, value in said.items()), *files]),
    }
