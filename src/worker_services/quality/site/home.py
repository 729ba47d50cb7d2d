"""The home page: every night, every week's scorecard, every issue that went out, and the state of the ledger."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from worker_services.audit import ledger
from worker_services.briefing.config import BriefingConfig, load_config
from worker_services.briefing.language import Language
from worker_services.briefing.marts import Row, read_rows, reading
from worker_services.intervals import Interval, Week
from worker_services.landing import outcomes
from worker_services.mailing.approvals import ANSWERS
from worker_services.quality.site.arrivals import IN_STORE
from worker_services.quality.site.layout import Site, write_page
from worker_services.quality.site.names import edition_name
from worker_services.settings import Settings

SENT = "briefing.send"
NIGHT = "night.json"
"""What a night's report says in numbers, beside it: so that the home page need not read every night again."""


@dataclass(frozen=True)
class Night:
    """A night that has a report; `told` is its night.json, None where the report was made before there was one.

    `since` is how many of the batches that had not landed by then have landed after all.
    """

    day: str
    told: dict[str, Any] | None
    since: int
    pdf: bool


@dataclass(frozen=True)
class Scored:
    """The city's score of a week that has a scorecard."""

    week: str
    score: Row


@dataclass(frozen=True)
class Issue:
    """An issue that went out: its editions, when the first and the last left, and whether people let it out."""

    number: int
    week: str
    editions: list[str]
    first: str
    last: str
    approved_by: list[str]
    printed: str
    trace: str


@dataclass(frozen=True)
class LedgerState:
    """`kept` is the last head that was kept, after everything was found as it ought to be."""

    last: ledger.Entry | None
    kept: ledger.Entry | None
    findings: ledger.Entry | None
    keys: int


def write(site: Site, entries: Sequence[ledger.Entry]) -> list[Path]:
    """Write the home page in both editions."""
    nights, scored, state = _nights(site), _scored(site), _state(entries)

    def shown(language: Language) -> dict[str, Any]:
        return {
            "nights": nights,
            "scored": list(reversed(scored)),
            "trend": [float(each.score["score"]) for each in scored],
            "issues": _issues(site, entries, language),
            "state": state,
        }

    return write_page(site, "index.html", "home.html.j2", shown)


def _nights(site: Site) -> list[Night]:
    found = []
    for page in sorted(site.root.glob("????-??-??/index.html"), reverse=True):
        numbers = page.with_name(NIGHT)
        told = json.loads(numbers.read_text(encoding="utf-8")) if numbers.is_file() else None
        found.append(
            Night(
                day=page.parent.name,
                told=told,
                since=_landed_since(site.settings, told) if told else 0,
                pdf=page.with_name("report.pdf").is_file(),
            )
        )
    return found


def _landed_since(settings: Settings, told: dict[str, Any]) -> int:
    day = date.fromisoformat(told["date"])
    night = Interval(day, day + timedelta(days=1))
    now = [outcomes.latest(settings, partner, feed, night) for partner, feed in told.get("not_landed", ())]
    return sum(outcome is not None and outcome.outcome in IN_STORE for outcome in now)


def _scored(site: Site) -> list[Scored]:
    """The oldest first."""
    if not site.build:
        return []
    with reading(site.build.path) as database:
        rows = read_rows(
            database,
            "select * from marts.rpt_quality_scorecard where scope_type = 'city' and characteristic_code = 'overall' "
            "order by week_id",
        )
    folder = site.root / "scorecards"
    return [Scored(row["week_id"], row) for row in rows if (folder / row["week_id"] / "index.html").is_file()]


def _issues(site: Site, entries: Sequence[ledger.Entry], language: Language) -> list[Issue]:
    """The newest first."""
    config = load_config(site.settings)
    weeks: dict[str, list[ledger.Entry]] = {}
    for entry in entries:
        if entry.action == SENT:
            weeks.setdefault(entry.subject.split("/")[0], []).append(entry)
    answers: dict[str, list[str]] = {}
    for entry in entries:
        if ANSWERS.get(entry.action) == "approved":
            answers.setdefault(entry.subject.split("/")[0], []).append(entry.actor)
    found = []
    for week, sent in sorted(weeks.items(), reverse=True):
        printed = site.settings.reports_root / "briefings" / week / "city.pdf"
        trace = f"issues/{week}/index.html"
        found.append(
            Issue(
                number=config.issue(Week.parse(week)),
                week=week,
                editions=list(dict.fromkeys(_edition_name(config, entry, language) for entry in sent)),
                first=sent[0].time,
                last=sent[-1].time,
                approved_by=list(dict.fromkeys(answers.get(week, []))),
                printed=f"../briefings/{week}/city.pdf" if printed.is_file() else "",
                trace=trace if (site.root / trace).is_file() else "",
            )
        )
    return found


def _edition_name(config: BriefingConfig, entry: ledger.Entry, language: Language) -> str:
    """The name of the edition that was sent; its id where the configuration has it no more."""
    edition = entry.subject.split("/")[1]
    return edition_name(language, config.editions[edition]) if edition in config.editions else edition


def _state(entries: Sequence[ledger.Entry]) -> LedgerState:
    def last_of(action: str) -> ledger.Entry | None:
        return next((entry for entry in reversed(entries) if entry.action == action), None)

    kept, findings = last_of("ledger.head"), last_of("ledger.findings")
    return LedgerState(
        last=entries[-1] if entries else None,
        kept=kept,
        findings=findings if findings and (kept is None or findings.seq > kept.seq) else None,
        keys=len({entry.public_key for entry in entries}),
    )
