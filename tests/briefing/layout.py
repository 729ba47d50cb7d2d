"""Reads the pages of a rendered issue, and says what must hold of every page of every issue."""

import pypdfium2

from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.form import type_area
from worker_services.briefing.pages import MM, Page, read_page
from worker_services.intervals import Week
from worker_services.settings import Settings


def read_pages(settings: Settings, week: Week, edition: str = "city") -> list[Page]:
    document = pypdfium2.PdfDocument(BriefingFiles.at(settings, week, edition).pdf)
    return [read_page(document, number) for number in range(len(document))]


def words(pages: list[Page]) -> str:
    """The text of all pages, without spaces, running lines and page numbers."""
    return "".join(
        char.text
        for page in pages
        for _, bottom, _, top in [type_area(page)]
        for char in page.chars
        if bottom < char.middle[1] < top
    )


def assert_nothing_is_clipped(pages: list[Page]) -> None:
    """Nothing runs over the edge of a page, and no figure covers another."""
    for page in pages:
        assert min(char.left for char in page.chars) > 18 * MM, page.number
        assert max(char.right for char in page.chars) < (210 - 18) * MM, page.number
        links = [link for link in page.links if link.target.startswith("d-")]
        for i, one in enumerate(links):
            for two in links[i + 1 :]:
                apart = one.right <= two.left + 0.5 or two.right <= one.left + 0.5
                assert apart or one.top <= two.bottom + 1 or two.top <= one.bottom + 1, (page.number, one, two)
