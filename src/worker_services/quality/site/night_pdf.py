"""A night's report as PDF/A: what a reader needs of it on a few pages, from the same facts as the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from worker_services.briefing.language import Language
from worker_services.quality.site.arrivals import Held
from worker_services.quality.site.layout import Site, environment
from worker_services.quality.site.night import Report


@dataclass(frozen=True)
class HeldFeed:
    """What was held of one feed: rows and reasons, the most frequent first."""

    partner: str
    feed: str
    rows: int
    reasons: list[Held]


def print_report(site: Site, report: Report, language: Language, shown: Mapping[str, Any]) -> bytes:
    """The report in one language. The same inputs give the same bytes. Raises RenderFault."""
    from worker_services.briefing.typesetter import print_pdf

    made_at = report.build.as_of if report.build else datetime.combine(report.day, time(), UTC)
    template = environment(site.settings, language).get_template("night_pdf.html.j2")
    page = template.render(
        site=site,
        language=language,
        held=_by_feed(report.held),
        made_at=f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **shown,
    )
    return print_pdf(site.settings.project_root / "templates", page, lambda document: [])


def _by_feed(held: Sequence[Held]) -> list[HeldFeed]:
    """The most rows first."""
    feeds: dict[tuple[str, str], list[Held]] = {}
    for each in held:
        feeds.setdefault((each.partner, each.feed), []).append(each)
    found = [
        HeldFeed(partner, feed, sum(each.rows for each in reasons), reasons)
        for (partner, feed), reasons in feeds.items()
    ]
    return sorted(found, key=lambda each: -each.rows)
