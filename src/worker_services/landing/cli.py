"""worker-services quarantine …"""

from dataclasses import asdict

import click

from worker_services.console import json_option, show
from worker_services.landing import quarantine as held_rows
from worker_services.settings import Settings


@click.group()
def quarantine() -> None:
    """Rows that broke their contract."""


@quarantine.command("list")
@click.option("--partner", help="Only this partner.")
@click.option("--feed", help="Only this feed.")
@json_option
def list_held(partner: str | None, feed: str | None, as_json: bool) -> None:
    """Batches with rows in quarantine, counted by column and rule. No cell of a row is shown."""
    rows = []
    for batch in held_rows.held(Settings.load(), partner, feed):
        row = asdict(batch)
        if not as_json:
            row["reasons"] = ", ".join(f"{reason} {count}" for reason, count in batch.reasons.items())
        rows.append(row)
    show(rows, as_json=as_json, empty="Nothing is in quarantine.")
