"""The page of all published figures: what each counts, from which feeds, and who answers for it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from worker_services.briefing.language import Language
from worker_services.briefing.marts import read_rows, reading
from worker_services.metrics import catalogue
from worker_services.quality.catalogue import Entry
from worker_services.quality.site.layout import Site, write_page

PATH = "figures.html"


def write(site: Site, checks: Sequence[Entry]) -> list[Path]:
    """Write the catalogue of figures in both editions; before anything is published it says so."""
    rows = []
    if site.build:
        with reading(site.build.path) as database:
            rows = read_rows(database, "select * from marts.rpt_metric_catalogue order by display_order, metric_id")
    touching = Counter(metric_id for check in checks for metric_id in check.figures)

    def shown(language: Language) -> dict[str, Any]:
        return {
            "metrics": rows,
            "feeds": {each.metric_id: sorted(each.feeds) for each in catalogue().values()},
            "touching": touching,
        }

    return write_page(site, PATH, "figures.html.j2", shown, section=PATH)
