"""worker-services partner …"""

from dataclasses import asdict

import click

from worker_services import connections, secrets
from worker_services.console import json_option, show
from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.partners.registry import load_partners
from worker_services.settings import Settings


@click.group()
def partner() -> None:
    """Partners and their deliveries."""


@partner.command("list")
@json_option
def list_partners(as_json: bool) -> None:
    """Every partner with its feeds, and what became of the last batch of each."""
    from worker_services.landing import outcomes

    settings = Settings.load()
    rows = []
    for partner_id, item in load_partners().items():
        for feed, supply in item.feeds.items():
            nights = outcomes.nights(settings, partner_id, feed)
            rows.append(
                {
                    "partner": partner_id,
                    "name": item.name,
                    "domain": item.domain,
                    "feed": feed,
                    "feed_name": load_contract(feed).label,
                    "protocol": supply.source.kind,
                    "connection": item.connection,
                    "last_interval": str(nights[-1].interval) if nights else None,
                    "last_outcome": nights[-1].outcome if nights else None,
                }
            )
    if not as_json:
        shown = ("partner", "name", "feed", "protocol", "last_interval", "last_outcome")
        rows = [{column: row[column] for column in shown} for row in rows]
    show(rows, as_json=as_json, empty="No partner yet: add a file to partners/.")


@partner.command()
@click.argument("partner_id")
@click.argument("feed")
@click.option("--interval", required=True, help="Half-open ISO dates, e.g. 2025-10-25/2025-10-26.")
@json_option
def ingest(partner_id: str, feed: str, interval: str, as_json: bool) -> None:
    """Fetch one batch and bring it to its outcome. Exit code 1 when nothing landed."""
    from worker_services.landing.ingest import ingest as bring_in

    known = load_partners().get(partner_id)
    if not known or feed not in known.feeds:
        supplies = ", ".join(f"{name} {each}" for name, item in load_partners().items() for each in item.feeds)
        raise click.UsageError(f"no partner '{partner_id}' with a feed '{feed}'; there are: {supplies}")
    try:
        span = Interval.parse(interval)
        connection, keys = connections.from_environment(known.connection), secrets.from_environment()
    except (ValueError, LookupError) as error:
        raise click.UsageError(str(error)) from error
    outcome = bring_in(Settings.load(), partner_id, feed, span, connection, keys)
    row = asdict(outcome) | {"interval": str(outcome.interval)}
    show([row], as_json=as_json, empty="")
    raise SystemExit(0 if outcome.is_landed else 1)
