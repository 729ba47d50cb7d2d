"""The pages about all nights, made again from what lies there: home, ledger, exceptions, figures, checks, lineage …"""

from collections.abc import Iterable
from pathlib import Path

from worker_services.audit.protected import enter_files, files_below
from worker_services.quality.catalogue import collect, manifest_of_last_build
from worker_services.quality.site import (
    acts,
    catalogue_page,
    exceptions,
    figures_page,
    home,
    ledger_pages,
    lineage,
    search,
)
from worker_services.quality.site.layout import MODELS, open_site
from worker_services.settings import Settings


def make(settings: Settings) -> Path:
    """Write them in both editions and enter them in the ledger; the same inputs give the same bytes.

    Returns the home page. Raises LedgerUnusable, and SuiteError when a steward's file cannot be used.
    """
    site, entries = open_site(settings), acts.known(settings)
    checks = collect(settings, manifest_of_last_build(settings))
    files = [
        *home.write(site, entries),
        *ledger_pages.write(site, entries),
        *exceptions.write(site, entries),
        *figures_page.write(site, checks),
        *catalogue_page.write(site, checks),
        *lineage.write(site),
        *search.write(site, checks),
        *files_below((site.root / MODELS).parent),
    ]
    enter_files(settings, acts.OWN, "site", files)
    return site.root / "index.html"


def make_after_findings(settings: Settings, found: Iterable[str]) -> Path | None:
    """Write them so that they say what the ledger's check found, by the names of the entries and files in question.

    None, and nothing is written, where one of the site's own pages is among them: it is left as somebody made it.
    """
    return None if any(name.startswith("reports/quality/") for name in found) else make(settings)
