"""The pages about all nights, made again from what lies there: home, ledger, exceptions, catalogue, and the search."""

from pathlib import Path

from worker_services.audit.protected import enter_files
from worker_services.quality.site import acts, exceptions, home, ledger_pages
from worker_services.quality.site.layout import open_site
from worker_services.settings import Settings


def make(settings: Settings) -> Path:
    """Write them in both editions and enter them in the ledger; the same inputs give the same bytes.

    Returns the home page. Raises LedgerUnusable.
    """
    site, entries = open_site(settings), acts.known(settings)
    files = [
        *home.write(site, entries),
        *ledger_pages.write(site, entries),
        *exceptions.write(site, entries),
    ]
    enter_files(settings, acts.OWN, "site", files)
    return site.root / "index.html"
