"""The data-quality report of one night: reports/quality/<date>/index.html, for auditors and the data team.

It reads what other stages published: outcomes, manifests, reasons of quarantine, results of checks, and the rpt_
marts of the published build. It shows counts and never a value.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from worker_services.audit.protected import enter_files, files_below
from worker_services.briefing.language import TAGS, Language
from worker_services.files import write_json
from worker_services.intervals import Week
from worker_services.quality import data_docs
from worker_services.quality.checks import DIMENSIONS, OWNERS
from worker_services.quality.site import checked
from worker_services.quality.site.arrivals import IN_STORE, NO_OUTCOME, OUTCOMES, Arrival, Held, arrivals_of, held_of
from worker_services.quality.site.checked import LEVELS, CheckGroup, CheckLine
from worker_services.quality.site.home import NIGHT
from worker_services.quality.site.layout import Site, open_site, write_page
from worker_services.quality.site.restated import CHANGES, read_restated
from worker_services.quality.site.week import Figures, read_figures
from worker_services.seeds import read_seed
from worker_services.settings import Settings
from worker_services.warehouse.publish import Published


@dataclass(frozen=True)
class Report:
    """Everything the page shows, whatever its language, but printed figures that have changed since."""

    day: date
    week: Week
    build: Published | None
    arrivals: list[Arrival]
    held: list[Held]
    groups: list[CheckGroup]
    marts: list[CheckGroup]
    figures: Figures | None

    @property
    def problems(self) -> list[CheckLine]:
        """Every check that did not pass, the worst first."""
        return sorted((line for line in self._lines if line.level != "passed"), key=lambda line: LEVELS[line.level])

    @property
    def levels(self) -> dict[str, int]:
        """How many checks there are of each level."""
        found = Counter(line.level for line in self._lines)
        return {level: found[level] for level in LEVELS}

    @property
    def outcome_counts(self) -> dict[str, int]:
        found = Counter(arrival.outcome for arrival in self.arrivals)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def in_store(self) -> int:
        return sum(self.outcome_counts[outcome] for outcome in IN_STORE)

    @property
    def totals(self) -> dict[str, int]:
        return {
            name: sum(getattr(arrival, name) or 0 for arrival in self.arrivals)
            for name in ("received", "accepted", "quarantined")
        }

    @property
    def dimensions(self) -> list[dict[str, Any]]:
        """Checks and held rows by the six dimensions of GB/T 36344-2018."""
        lines = list(self._lines)
        return [
            {
                "name": name,
                "checks": sum(line.dimension == name for line in lines),
                "held": sum(held.rows for held in self.held if held.dimension == name),
                **{level: sum(line.dimension == name and line.level == level for line in lines) for level in LEVELS},
            }
            for name in DIMENSIONS
        ]

    @property
    def in_numbers(self) -> dict[str, Any]:
        """The night as the home page lists it, and as other programs may read it."""
        return {
            "date": self.day.isoformat(),
            "build_id": self.build.build_id if self.build else None,
            "expected": len(self.arrivals),
            "landed": self.in_store,
            **{name: self.outcome_counts[name] for name in ("partly_quarantined", "rejected", "missing", NO_OUTCOME)},
            **{f"rows_{name}": number for name, number in self.totals.items()},
            "checks": sum(self.levels.values()),
            **self.levels,
        }

    @property
    def _lines(self) -> Iterator[CheckLine]:
        return (line for group in [*self.groups, *self.marts] for line in group.lines)


def render(settings: Settings, day: date) -> Path:
    """Write the report of the batches whose interval ends with `day`; the same inputs give the same bytes.

    In both editions, as pages and as PDF; Great Expectations' own pages and `night.json` beside the Chinese one.
    """
    site = open_site(settings)
    folder = site.root / day.isoformat()
    documents = checked.documents_of(settings, day)
    of_build = checked.document_of_build(settings, site.build.build_id) if site.build else None
    everything = [*documents, *([of_build] if of_build else [])]
    links = {}
    if everything:
        pages = data_docs.build(settings, day, everything, folder / "data_docs")
        links = {key: f"data_docs/{page}" for key, page in pages.items()}
    else:
        shutil.rmtree(folder / "data_docs", ignore_errors=True)
    arrivals = arrivals_of(settings, day)
    report = Report(
        day=day,
        week=Week.of(day),
        build=site.build,
        arrivals=arrivals,
        held=held_of(settings, arrivals, day),
        groups=[checked.batch_group(document, links) for document in documents],
        marts=checked.mart_groups(of_build, links) if of_build else [],
        figures=read_figures(site.build.path, Week.of(day)) if site.build else None,
    )
    write_json(folder / NIGHT, report.in_numbers)
    write_page(site, f"{day}/index.html", "night.html.j2", lambda language: _shown(site, report, language))
    folders = [folder, *(site.root / code / day.isoformat() for code in TAGS if code != "zh")]
    enter_files(settings, "quality.report", day.isoformat(), [file for each in folders for file in files_below(each)])
    return folder / "index.html"


def _shown(site: Site, report: Report, language: Language) -> dict[str, Any]:
    return {
        "report": report,
        "restated": read_restated(site.settings, report.build, report.week, language) if report.build else None,
        "rules": {row["rule"]: row for row in read_seed("rules/rules")},
        "outcomes": OUTCOMES,
        "changes": CHANGES,
        "owners": OWNERS,
    }
