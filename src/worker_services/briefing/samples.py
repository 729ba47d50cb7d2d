"""The sample issue in reports/samples/: a finished demo issue, and pictures of its pages for the READMEs."""

import json
from pathlib import Path

import pypdfium2

from worker_services.briefing.errors import BriefingError
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.verify import verify
from worker_services.files import write_bytes
from worker_services.intervals import Week
from worker_services.settings import Settings

PAGE_WIDTH = 900
"""Pixels."""


def write_sample(settings: Settings, week: Week, edition: str) -> list[Path]:
    """Copy a verified issue of demo data into reports/samples/ of the project, as PDF, HTML and a WebP picture a page.

    Replaces what lies there; returns the files. Raises BriefingError for an issue of real data, FigureMismatch and
    FormFault for one that must not be sent.
    """
    verify(settings, week, edition)
    issue = BriefingFiles.at(settings, week, edition)
    if not json.loads(issue.figures_json.read_text(encoding="utf-8"))["is_demo"]:
        raise BriefingError(f"{issue.pdf} is made from real data, which is never kept with the project's source")
    folder = settings.project_root / "reports" / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("briefing*"):
        old.unlink()
    written = [folder / "briefing.pdf", folder / "briefing.html"]
    for path, source in zip(written, (issue.pdf, issue.html), strict=True):
        write_bytes(path, source.read_bytes())
    with pypdfium2.PdfDocument(issue.pdf) as document:
        for number, page in enumerate(document, 1):
            path = folder / f"briefing-{number:02}.webp"
            page.render(scale=PAGE_WIDTH / page.get_width()).to_pil().save(path, quality=80, method=6)
            written.append(path)
    return written
