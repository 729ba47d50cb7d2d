"""The demo, with a short history, one night and a few editions, run twice in one place."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from simulators.demo import Place, Plan, run
from worker_services.intervals import Week
from worker_services.settings import PROJECT_ROOT, Settings

EDITIONS = ("city", "maternity_hospital")
PLAN = Plan(Week.parse("2025-W43"), date(2025, 9, 1), count_of_nights=1, editions=EDITIONS)


@dataclass(frozen=True)
class Lived:
    """A place in which the demo ran, what it said each time, and its files' bytes after each time."""

    place: Place
    said: list[str]
    files: list[dict[str, bytes]]


def live(folder: Path) -> Lived:
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    place = Place(settings, folder / "state", folder / "airflow")
    place.state.mkdir()
    lived = Lived(place, [], [])
    for _ in range(2):
        said = io.StringIO()
        run(PLAN, place, Console(file=said, width=200))
        lived.said.append(said.getvalue())
        lived.files.append(dict(_contents(settings.data_root, settings.reports_root)))
    return lived


def _contents(*roots: Path) -> Iterator[tuple[str, bytes]]:
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(root.parent)), path.read_bytes()
