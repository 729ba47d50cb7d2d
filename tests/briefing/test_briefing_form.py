"""How the pages are set, read back from the finished PDF."""

import itertools
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.config import load_config
from worker_services.briefing.errors import FormFault
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.form import LEAST_FILLED, TEXT_MARGINS, check_form, filled, type_area
from worker_services.briefing.pages import MM, Bookmark, Page, read_bookmarks, read_page
from worker_services.briefing.render import render
from worker_services.briefing.typesetter import print_pdf
from worker_services.briefing.verify import verify
from worker_services.settings import PROJECT_ROOT

TEMPLATES = PROJECT_ROOT / "templates"


def read(pdf: bytes | Path) -> tuple[list[Page], list[Bookmark]]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [read_page(document, number) for number in range(len(document))], read_bookmarks(document)


@pytest.fixture(scope="module")
def issue_pages(issue) -> tuple[list[Page], list[Bookmark]]:
    return read(BriefingFiles.at(issue, WEEK, "city").pdf)


@pytest.fixture(scope="module")
def imprint(issue):
    return load_config(issue).imprint[0]


def only(page: Page, keep) -> Page:
    return replace(page, chars=[char for char in page.chars if char.top < 30 * MM or keep(char)])


@pytest.fixture(scope="module")
def full_pages() -> list[Page]:
    """Text pages of one character only, so that every line is as full as the grid lets it be."""
    html = (
        '<html lang="zh-CN"><head><link rel="stylesheet" href="../fonts/fonts.css"/>'
        '<link rel="stylesheet" href="briefing.css"/></head><body><section class="text">'
        f"<p>{'国' * (28 * 22 * 3 - 2)}</p></section></body></html>"
    )
    return read(print_pdf(TEMPLATES, html, lambda _: []))[0]


def test_a_full_page_has_22_lines_of_28_characters_in_156_by_225_mm(full_pages):
    """GB/T 9704-2012, 5.2.1 to 5.2.3."""
    assert len(full_pages) == 3
    for page in full_pages:
        left, bottom, right, top = type_area(page)
        assert (right - left, top - bottom) == pytest.approx((156 * MM, 225 * MM))
        assert left == pytest.approx((28 if page.number % 2 else 26) * MM)
        assert TEXT_MARGINS["top"] == pytest.approx(37 * MM)
        text = [char for char in page.chars if char.text == "国"]
        heights = sorted({round(char.bottom, 1) for char in text}, reverse=True)
        assert len(heights) == 22
        lines = [sorted(c.left for c in text if round(c.bottom, 1) == height) for height in heights]
        assert [len(line) for line in lines] == [28 - 2 * (page.number == 1), *[28] * 21]
        pitch = 156 * MM / 28
        for line in lines:
            assert line[0] - left == pytest.approx(pitch * (28 - len(line)), abs=3.0)  # the ink in its square
            assert right - (line[-1] + pitch) == pytest.approx(0, abs=3.0)
            for one, two in itertools.pairwise(line):
                assert two - one == pytest.approx(pitch, abs=0.05)
        for high, low in itertools.pairwise(heights):
            assert high - low == pytest.approx(28.95, abs=0.15)
        assert 0 < top - max(char.top for char in text) < 28.95
        assert 0 < min(char.bottom for char in text) - bottom < 28.95


def test_the_issue_is_well_set(issue_pages, imprint):
    pages, bookmarks = issue_pages
    assert len(bookmarks) > 20
    check_form(pages, bookmarks, imprint)


def test_the_first_page_has_masthead_rule_title_and_text_in_their_places(issue, issue_pages):
    """GB/T 9704-2012, 7.2.7, 7.3.1 and 7.3.3."""
    page = issue_pages[0][0]
    left, _, right, _ = type_area(page)
    with pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf) as document:
        image = document[0].render(scale=10).to_pil().convert("RGB")
    rule = [
        y / 10
        for y in range(image.height)
        if all(image.getpixel((round(10 * x), y)) == (208, 17, 27) for x in (left + 1, left + 200, right - 1))
    ]
    above, below = image.height / 10 - rule[0], image.height / 10 - rule[-1] - 0.1
    assert above - below == pytest.approx(2.25, abs=0.2)
    chars = {name: page.text.index(name) for name in ("长春市总工会办公室", "关于全市", "一、总体进展")}
    issuer = page.chars[chars["长春市总工会办公室"] :][:9]
    assert min(char.bottom for char in issuer) - above == pytest.approx(4 * MM, abs=0.5 * MM)
    title = page.chars[chars["关于全市"] :][:4]
    assert 2 * 28.95 < below - max(char.top for char in title) < 2.5 * 28.95
    assert page.chars[chars["一、总体进展"]].bottom < min(char.bottom for char in title)


def test_no_page_is_nearly_empty(issue_pages):
    pages, _ = issue_pages
    assert min(filled(page) for page in pages) >= LEAST_FILLED


def test_a_page_with_a_few_lines_only_is_refused(issue_pages, imprint):
    pages, _ = issue_pages
    bottom, top = type_area(pages[6])[1::2]
    highest = top - LEAST_FILLED * (top - bottom)
    cut = only(pages[6], lambda c: c.bottom > highest + 6)
    assert len(cut.chars) > 40
    with pytest.raises(FormFault, match="nearly empty"):
        check_form([*pages[:6], cut, *pages[7:]], [], imprint)


def test_a_table_is_broken_between_three_rows_and_three_rows():
    """Tables of eight rows, each begun a little lower on its page than the one before."""
    rows = "".join(f'<tr><th scope="row">行{n}</th><td>数</td></tr>' for n in range(1, 9))
    tables = "".join(
        f'<div style="break-before: page"><p style="margin: 0; height: {height}mm">上</p><h3>题</h3><table><thead><tr>'
        '<th scope="col">指标</th><th scope="col">数</th></tr></thead>'
        f'<tbody>{rows}</tbody></table><p class="remark">注</p></div>'
        for height in range(180, 240, 3)
    )
    html = (
        '<html lang="zh-CN"><head><link rel="stylesheet" href="../fonts/fonts.css"/>'
        f'<link rel="stylesheet" href="briefing.css"/></head><body><section class="figures">{tables}</section></body>'
        "</html>"
    )
    pages = [page.text for page in read(print_pdf(TEMPLATES, html, lambda _: []))[0]]
    parts = [page.count("行") for page in pages]
    assert set(parts) == {0, 3, 4, 5, 8}
    for page, next_page in itertools.pairwise(pages):
        assert ("题" in page) == ("行1" in page)
        assert ("注" in page) == ("行8" in page)
        assert "行8" in page or "上" not in page or "行1" in next_page or "行1" in page


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (".figures h3 { ", ".figures h3 { position: relative; top: 14pt; ", "it lies over"),
        (".wide { ", ".wide { position: relative; left: 8mm; ", "out of the type area"),
    ],
)
def test_verification_refuses_what_is_badly_set(own_templates, old, new, reason):
    settings = own_templates("briefing.css", old, new)
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(FormFault, match=reason):
        verify(settings, WEEK, "city")


def test_a_heading_may_not_stand_last_on_its_page(issue_pages, imprint):
    pages, bookmarks = issue_pages
    heading = next(b for b in bookmarks if b.level == 1 and b.page == 2)
    cut = [only(page, lambda c: c.top > heading.top - 29) if page.number == 2 else page for page in pages]
    with pytest.raises(FormFault, match="the heading stands last") as fault:
        check_form(cut, [heading], imprint)
    assert (fault.value.page, fault.value.text) == (2, heading.title)


def test_a_bookmark_must_lead_to_its_heading(issue_pages, imprint):
    pages, bookmarks = issue_pages
    astray = replace(bookmarks[1], page=bookmarks[1].page + 1)
    with pytest.raises(FormFault, match="no such heading"):
        check_form(pages, [astray], imprint)


def test_the_imprint_may_not_stand_alone(issue_pages, imprint):
    pages, _ = issue_pages
    start = pages[-1].text.index(f"{imprint.label}：")
    foot = pages[-1].chars[start].top
    alone = [*pages[:-1], only(pages[-1], lambda c: c.top <= foot + 3 or c.bottom > 272 * MM)]
    with pytest.raises(FormFault, match="alone on its page"):
        check_form(alone, [], imprint)
    with pytest.raises(FormFault, match="does not close the last page"):
        check_form(pages[:-1], [], imprint)


def test_only_the_page_number_stands_below_the_type_area(issue_pages, imprint):
    pages, _ = issue_pages
    first = replace(pages[0], chars=[c for c in pages[0].chars if c.top > 30 * MM])
    with pytest.raises(FormFault, match="stands the page number"):
        check_form([first, *pages[1:]], [], imprint)
