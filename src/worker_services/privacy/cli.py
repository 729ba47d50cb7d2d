"""worker-services privacy …"""

import getpass
from collections import Counter

import click

from worker_services.console import json_option, secrets_at_hand, show
from worker_services.landing import batches
from worker_services.partners.registry import load_partners
from worker_services.privacy import retention
from worker_services.settings import Settings


@click.group()
def privacy() -> None:
    """Secrets, pseudonyms and the time that sealed data is kept."""


@privacy.command()
@json_option
def keys(as_json: bool) -> None:
    """Which secret keyed how many batches, and which of them are still at hand to join by."""
    settings = Settings.load()
    held = secrets_at_hand()
    landed = [
        manifest
        for partner_id, partner in load_partners().items()
        for feed in partner.feeds
        for manifest in batches.of_feed(settings, partner_id, feed)
    ]
    counts = Counter(manifest.worker_key_id for manifest in landed)
    known = [held.worker_key_id, *held.previous_worker_key_ids]
    rows = [
        {
            "key": key_id,
            "state": "current" if key_id == known[0] else "previous" if key_id in known else "no longer held",
            "batches": counts[key_id],
        }
        for key_id in [*known, *sorted(counts.keys() - set(known))]
    ]
    show(rows, as_json=as_json, empty="")


@privacy.command()
@click.option("--by", "actor", default=getpass.getuser, help="Who does it, for the ledger.")
@json_option
def expire(actor: str, as_json: bool) -> None:
    """Delete sealed deliveries and held rows whose time of retention (config/privacy.yaml) is over."""
    settings = Settings.load()
    rows = [{"deleted": str(path.relative_to(settings.data_root))} for path in retention.expire(settings, actor)]
    show(rows, as_json=as_json, empty="Nothing is older than its time of retention.")
