"""The ledger's pages: who decided what, and what was corrected, since the beginning; every entry, by month."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from worker_services.audit import ledger
from worker_services.briefing.language import Language
from worker_services.quality.site import acts, corrections
from worker_services.quality.site.layout import Site, write_page

INDEX = "ledger/index.html"


@dataclass(frozen=True)
class Month:
    """A month of the ledger; `kinds` counts its entries by kind, in the order of kinds."""

    name: str
    entries: int
    kinds: list[tuple[str, int]]


def write(site: Site, entries: Sequence[ledger.Entry]) -> list[Path]:
    """Write the ledger's page and one for each month, in both editions."""
    by_month: dict[str, list[ledger.Entry]] = {}
    for entry in entries:
        by_month.setdefault(acts.month_of(entry), []).append(entry)
    decided = [entry for entry in entries if acts.kind_of(entry.action) in acts.DECISIONS]
    files = write_page(
        site,
        INDEX,
        "ledger.html.j2",
        lambda language: {
            "acts": acts.shown(language, decided),
            "corrections": corrections.collect(site, language, entries),
            "months": [_month(language, name, found) for name, found in sorted(by_month.items(), reverse=True)],
            "last": entries[-1] if entries else None,
        },
        section=INDEX,
    )
    for name, found in by_month.items():
        files += write_page(
            site,
            f"ledger/{name}.html",
            "ledger_month.html.j2",
            lambda language, name=name, found=found: {"month": name, "acts": acts.shown(language, found)},  # type: ignore[misc]
            section=INDEX,
            crumbs=lambda language: [(language.gettext("台账"), INDEX)],
        )
    return files


def _month(language: Language, name: str, entries: list[ledger.Entry]) -> Month:
    counted = Counter(acts.kind_of(entry.action) for entry in entries)
    kinds = [kind for kind in dict.fromkeys([*acts.KINDS.values(), *counted]) if counted[kind]]
    return Month(name, len(entries), [(language.gettext(kind), counted[kind]) for kind in kinds])
