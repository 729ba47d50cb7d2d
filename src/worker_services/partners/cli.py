"""worker-services partner …"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from worker_services import connections
from worker_services.console import json_option, secrets_at_hand, show
from worker_services.contracts import load_contract
from worker_services.intervals import Interval, utc_now
from worker_services.partners.registry import Partner, load_partners
from worker_services.settings import Settings

if TYPE_CHECKING:
    from worker_services.partners.check import FeedReport, Finding, Mistake
    from worker_services.partners.samples import DeliveredColumn


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
        connection = connections.from_environment(known.connection)
    except (ValueError, LookupError) as error:
        raise click.UsageError(str(error)) from error
    outcome = bring_in(Settings.load(), partner_id, feed, span, connection, secrets_at_hand())
    row = asdict(outcome) | {"interval": str(outcome.interval)}
    show([row], as_json=as_json, empty="")
    raise SystemExit(0 if outcome.is_landed else 1)


@partner.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sample", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read this, ask nobody.")
@click.option("--feed", "feed_name", help="Only this feed; needed with --sample when the file has several.")
@click.option("--interval", help="Half-open ISO dates; by default yesterday.")
@click.option("--rows", default=1000, show_default=True, help="How many rows to look at.")
@json_option
def check(
    path: Path, sample: Path | None, feed_name: str | None, interval: str | None, rows: int, as_json: bool
) -> None:
    """Try a partner file: is it right, what maps to what, what would be held and why, what personal data is there.

    Without a sample the partner is asked, by the connection that the file names. Nothing is kept. Exit code 1 when the
    file is wrong, a required column is missing or no row would be accepted.
    """
    from worker_services.partners import check as trial

    known, mistakes = trial.mistakes_in(path)
    if known is None:
        _show_trial([], mistakes, as_json)
        raise SystemExit(1)
    feeds = [feed_name] if feed_name else list(known.feeds)
    if feed_name and feed_name not in known.feeds:
        raise click.UsageError(f"{path} has no feed '{feed_name}'; it has: {', '.join(known.feeds)}")
    if sample and len(feeds) > 1:
        raise click.UsageError(f"a sample is of one feed: add --feed, one of {', '.join(feeds)}")
    span = _interval(interval)
    reports = [_try(known, feed, sample, span, rows) for feed in feeds]
    _show_trial(reports, [], as_json)
    raise SystemExit(0 if all(report.is_ready for report in reports) else 1)


@partner.command()
@click.option("--sample", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--feed", "feed_name", required=True, help="The contract to map onto.")
@click.option("--partner", "partner_id", default="new_partner", show_default=True, help="Id of the partner.")
@click.option("--interval", help="Half-open ISO dates that the sample is of; by default up to yesterday.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the draft here.")
@json_option
def suggest(
    sample: Path, feed_name: str, partner_id: str, interval: str | None, output: Path | None, as_json: bool
) -> None:
    """Draft a partner file from a sample: which delivered column is probably which."""
    from worker_services.contracts import contract_feeds
    from worker_services.landing.reading import UnreadableDelivery
    from worker_services.partners import suggest as drafting

    if feed_name not in contract_feeds():
        raise click.UsageError(f"no contract '{feed_name}'; there are: {', '.join(contract_feeds())}")
    try:
        suggestion = drafting.suggest(sample, feed_name, _interval(interval))
    except (UnreadableDelivery, ValueError) as error:
        raise click.ClickException(str(error)) from error
    text = drafting.draft(suggestion, partner_id)
    if output:
        if output.exists():
            raise click.ClickException(f"{output} is there already; nothing was written")
        output.write_text(text, encoding="utf-8")
    if as_json:
        matches = [
            {"column": match.column.name, "delivered": match.delivered, "score": round(match.score, 3)}
            for match in suggestion.matches
        ]
        show(matches, as_json=True, empty="")
    else:
        click.echo(f"written to {output}" if output else text, nl=bool(output))


@partner.command()
@json_option
def schema(as_json: bool) -> None:
    """Write partners/partner.schema.json, by which editors check and complete partner files."""
    from worker_services.partners.registry import write_schema

    path = write_schema()
    show([{"written": str(path)}], as_json=as_json, empty="")


def _interval(text: str | None) -> Interval:
    try:
        return Interval.parse(text) if text else Interval.night(utc_now())
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _try(known: Partner, feed_name: str, sample: Path | None, interval: Interval, rows: int) -> "FeedReport":
    from worker_services.landing.reading import UnreadableDelivery
    from worker_services.partners import check as trial
    from worker_services.partners import samples
    from worker_services.partners.delivery import DeliveryFault

    feed, contract = known.feeds[feed_name], load_contract(feed_name)
    try:
        if sample:
            seen = samples.from_file(sample, feed, contract, interval, rows)
        else:
            connection = connections.from_environment(known.connection)
            seen = samples.from_partner(connection, feed, contract, interval, rows)
        return trial.report(feed_name, feed, seen, interval)
    except (UnreadableDelivery, DeliveryFault) as fault:
        return trial.unreadable(feed_name, fault)
    except LookupError as error:
        raise click.UsageError(f"{error}; or give --sample") from error
    except samples.SampleTooBig as error:
        raise click.ClickException(str(error)) from error


def _show_trial(reports: list["FeedReport"], mistakes: list["Mistake"], as_json: bool) -> None:
    if as_json:
        rows = [asdict(report) | {"is_ready": report.is_ready} for report in reports]
        found = [asdict(mistake) for mistake in mistakes]
        click.echo(json.dumps({"mistakes": found, "feeds": rows}, ensure_ascii=False, indent=2))
        return
    if mistakes:
        show([asdict(mistake) for mistake in mistakes], as_json=False, empty="", title="What is wrong in the file")
    for report in reports:
        click.echo(f"\n{report.feed} {report.label}")
        if report.fault:
            click.echo(f"cannot be read: {report.fault}")
            continue
        click.echo(f"{report.rows} rows: {report.accepted} would be accepted, {report.rows - report.accepted} held")
        mapped = [
            {
                "contract column": f"{each.column} {each.label}{' *' if each.is_required else ''}",
                "delivered as": each.delivered,
                "looks like": each.shape,
                "filled": _share(each.filled),
                "accepted": _share(each.accepted),
            }
            for each in report.mapped
        ]
        show(mapped, as_json=False, empty="", title="What maps to what (* required)")
        for title, rows in (
            ("What does not map", [_unmapped(each) for each in report.unmapped]),
            ("What would be held, and why", [asdict(each) for each in report.reasons]),
            ("Personal data", [_finding(each) for each in report.personal]),
        ):
            if rows:
                show(rows, as_json=False, empty="", title=title)
        if report.absent:
            click.echo(f"mapped, but not in the sample: {', '.join(report.absent)}")


def _unmapped(column: "DeliveredColumn") -> dict[str, str]:
    return {"delivered": column.name, "looks like": column.shape, "filled": _share(column.filled)}


def _share(share: float) -> str:
    """Rounded down: what is not whole is never shown as 100.0%."""
    return f"{math.floor(share * 1000) / 10:.1f}%"


def _finding(found: "Finding") -> dict[str, str]:
    return {"delivered": found.delivered, "kind": ", ".join(found.kinds), "becomes": found.becomes}
