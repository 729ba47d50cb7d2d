"""Where the files of an issue lie."""

from dataclasses import dataclass
from pathlib import Path

from worker_services.intervals import Week
from worker_services.settings import Settings


@dataclass(frozen=True)
class BriefingFiles:
    pdf: Path
    figures_json: Path
    figures_csv: Path
    html: Path
    provenance: Path

    @classmethod
    def at(cls, settings: Settings, week: Week, edition: str) -> "BriefingFiles":
        """The files of an issue, whether or not it has been rendered."""
        folder = settings.reports_root / "briefings" / str(week)
        return cls(
            pdf=folder / f"{edition}.pdf",
            figures_json=folder / f"{edition}.figures.json",
            figures_csv=folder / f"{edition}.figures.csv",
            html=folder / f"{edition}.html",
            provenance=folder / f"{edition}.provenance.json",
        )
