"""Past issues made again: every figure and every byte, week by week.

    python -m benchmarks.reproduce --folder DIR [--weeks 10] [--edition city --edition nanguan]

Makes a house in DIR (which must not exist, or hold one that an earlier run has made): the history of the simulated
partners up to the first week, then week after week what each partner delivers, a build, and the issue of the week, put
on record as if it had gone out. So each issue rests on a build of its own moment; all are deleted before anything
is made again. Exit code 1 when anything comes out otherwise.
"""

import json
import os
import shutil
import time
from datetime import date, timedelta
from pathlib import Path

import click
import pyrage
from pydantic import SecretStr

import simulators
from worker_services import connections
from worker_services.audit.reproduce import reproduce
from worker_services.briefing.render import render
from worker_services.intervals import Interval, Week, utc_now
from worker_services.landing.ingest import ingest
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import printed
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import build
from worker_services.warehouse.publish import publish

LAST = Week.parse("2025-W43")
YEAR = date(2025, 1, 1)


def weeks_before(last: Week, count: int) -> list[Week]:
    found = [last]
    while len(found) < count:
        found.append(found[-1].previous())
    return found[::-1]


def print_issues(settings: Settings, weeks: list[Week], editions: tuple[str, ...]) -> None:
    """Land, build and print week by week."""
    intervals = [Interval(YEAR, weeks[0].start)]
    intervals += [Interval(week.start, week.end + timedelta(days=1)) for week in weeks]
    secrets = Secrets(
        worker_key_secret=SecretStr("key of this benchmark"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )
    with simulators.running(deliver=[str(interval) for interval in intervals]) as partners:
        os.environ.update(partners.connections)
        for number, interval in enumerate(intervals):
            for partner_id, partner in load_partners().items():
                for feed in partner.feeds:
                    connection = connections.from_environment(partner.connection)
                    ingest(settings, partner_id, feed, interval, connection, secrets)
            if number == 0:
                continue
            made = build(settings, utc_now())
            audit(settings, made.build_id)
            publish(settings, made.build_id)
            for edition in editions:
                files = render(settings, weeks[number - 1], edition, made.build_id)
                issue, rendering = (
                    json.loads(path.read_text("utf-8")) for path in (files.figures_json, files.provenance)
                )
                printed.record(settings, issue, catalogue(), rendering)
            print(f"{weeks[number - 1]}: {made.build_id}, on {made.incremental_from}", flush=True)


@click.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--weeks", "count", default=10, show_default=True)
@click.option("--edition", "editions", multiple=True, default=["city"], show_default=True)
def main(folder: Path, count: int, editions: tuple[str, ...]) -> None:
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    weeks = weeks_before(LAST, count)
    if not folder.exists():
        settings.data_root.mkdir(parents=True)
        (settings.data_root / "DEMO").touch()
        print_issues(settings, weeks, editions)
    shutil.rmtree(settings.warehouse, ignore_errors=True)
    print("| issue | figures | differing | PDF | build printed from | seconds |\n|---|---|---|---|---|---|")
    began, same, figures = time.monotonic(), 0, 0
    for found in reproduce(settings, weeks, editions):
        now = time.monotonic()
        pdf = "the same bytes" if found.pdf_sha256 == found.pdf_sha256_again else "other bytes"
        print(
            f"| {found.week}/{found.edition} | {found.figures} | {len(found.differences)} | {pdf} | {found.build_id} "
            f"| {now - began:.0f} |",
            flush=True,
        )
        for change in found.changes:
            print(f"  {change.kind}: {change.detail}")
        began, same, figures = now, same + found.is_same, figures + found.figures
    total = len(weeks) * len(editions)
    print(f"{same} of {total} issues came out the same, {figures} figures compared")
    raise SystemExit(same != total)


if __name__ == "__main__":
    main()
