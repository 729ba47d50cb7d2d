"""What the checks of a night found: those of its batches, and those of the build's marts."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from worker_services.intervals import Interval
from worker_services.quality.site.arrivals import places
from worker_services.settings import Settings

LEVELS = {"error": 0, "critical": 1, "warning": 2, "passed": 3}
"""Levels of a result, and their order: the worst first."""


@dataclass(frozen=True)
class CheckLine:
    """One check's result with where it belongs: `subject` is a feed or a mart, `partner` empty for a mart."""

    subject: str
    partner: str
    check_id: str
    level: str
    dimension: str
    what: str
    why: str
    expected: str
    observed: str
    message: str
    figures: list[str]
    owner: str
    link: str


@dataclass(frozen=True)
class CheckGroup:
    """All checks of one batch, or of one mart, which has neither partner nor batch."""

    subject: str
    partner: str
    interval: Interval | None
    batch_id: str
    link: str
    lines: list[CheckLine]
    not_applicable: list[dict[str, str]]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(line.level for line in self.lines)
        return {level: found[level] for level in LEVELS}


def documents_of(settings: Settings, day: date) -> list[dict[str, Any]]:
    """The results of the night's batches, in the order of the report."""
    paths = settings.quality.glob(f"feed=*/partner=*/date={day}/*.json")
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    order = places()
    return sorted(
        documents,
        key=lambda item: (order.index((item["partner"], item["feed"])), item["interval_start"], item["batch_id"]),
    )


def document_of_build(settings: Settings, build_id: str) -> dict[str, Any] | None:
    path: Path = settings.quality / "builds" / f"{build_id}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def batch_group(document: dict[str, Any], links: dict[str, str]) -> CheckGroup:
    """The checks of one batch; `links` lead to Great Expectations' own pages."""
    partner, feed = document["partner"], document["feed"]
    link = links.get(f"{document['batch_id']}/{feed}", "")
    lines = [_line(check, feed, partner, link) for check in document["checks"]]
    interval = Interval.parse(f"{document['interval_start']}/{document['interval_end']}")
    return CheckGroup(feed, partner, interval, document["batch_id"], link, lines, document["not_applicable"])


def mart_groups(document: dict[str, Any], links: dict[str, str]) -> list[CheckGroup]:
    """The checks of a build's marts, by mart."""
    groups = []
    for table in dict.fromkeys(check["table"] for check in document["checks"]):
        link = links.get(f"{document['build_id']}/{table}", "")
        lines = [_line(check, table, "", link) for check in document["checks"] if check["table"] == table]
        skipped = [item for item in document["not_applicable"] if item["table"] == table]
        groups.append(CheckGroup(table, "", None, "", link, lines, skipped))
    return groups


def _line(check: dict[str, Any], subject: str, partner: str, link: str) -> CheckLine:
    return CheckLine(
        subject=subject,
        partner=partner,
        check_id=check["check_id"],
        level={"passed": "passed", "error": "error"}.get(check["status"], check["severity"]),
        dimension=check["dimension"],
        what=check["what"],
        why=check["why"],
        expected=check["expected"],
        observed=check["observed"],
        message=check["message_zh"],
        figures=check["figures"],
        owner=check["owner"],
        link=link,
    )
