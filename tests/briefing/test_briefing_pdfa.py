"""The issue is PDF/A-3a (ISO 19005-3) in the eyes of veraPDF, and tagged so that it can be read aloud."""

from collections import Counter
from collections.abc import Iterator

import pikepdf
import pytest
from rpt_marts import BUILD_ID, WEEK

from tests.verapdf import validate
from worker_services.briefing.errors import RenderFault
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.render import render
from worker_services.briefing.typesetter import print_pdf
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def pdf(issue) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(BriefingFiles.at(issue, WEEK, "city").pdf) as opened:
        yield opened


def elements(parent: pikepdf.Dictionary) -> Iterator[pikepdf.Dictionary]:
    """The elements of the structure tree, in reading order."""
    kids = parent.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


def of_kind(pdf: pikepdf.Pdf, *kinds: str) -> list[pikepdf.Dictionary]:
    return [element for element in elements(pdf.Root.StructTreeRoot) if element.S in kinds]


def test_verapdf_accepts_the_issue_in_both_languages_and_rejects_what_is_broken(issue, tmp_path):
    good = BriefingFiles.at(issue, WEEK, "city").pdf
    english = render(Settings(issue.project_root, issue.data_root, tmp_path), WEEK, "city_en", BUILD_ID).pdf
    broken = {
        "no_metadata": ("6.6.2.1-1", lambda root: root.__delitem__("/Metadata")),
        "no_tags": ("6.7.3.3-1", lambda root: root.__delitem__("/StructTreeRoot")),
        "no_colour_profile": ("6.2.4.3-2", lambda root: root.__delitem__("/OutputIntents")),
        "stray_attachment": ("6.8-", lambda root: root.__delitem__("/AF")),
    }
    for name, (_, spoil) in broken.items():
        with pikepdf.open(good) as opened:
            spoil(opened.Root)
            opened.save(tmp_path / f"{name}.pdf")
    chinese, in_english, *rejected = validate(good, english, *(tmp_path / f"{name}.pdf" for name in broken))
    for result in (chinese, in_english):
        assert (result["is_compliant"], result["broken"]) == (True, {})
        assert result["rules"] > 140
        assert result["checks"] > 20_000
    for (name, (clause, _)), result in zip(broken.items(), rejected, strict=True):
        assert not result["is_compliant"], name
        assert [found for found in result["broken"] if found.startswith(clause)], (name, result["broken"])


def test_language_title_and_tags_are_declared(pdf):
    assert str(pdf.Root.Lang) == "zh-CN"
    assert bool(pdf.Root.MarkInfo.Marked)
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert metadata["dc:title"]


def test_every_heading_is_tagged_and_has_a_bookmark_of_its_level(pdf):
    def flat(items, level=1):
        for item in items:
            yield level, "".join(item.title.split())
            yield from flat(item.children, level + 1)

    with pdf.open_outline() as outline:
        bookmarks = list(flat(outline.root))
    levels = Counter(level for level, _ in bookmarks)
    headings = Counter(str(element.S) for element in of_kind(pdf, "/H1", "/H2", "/H3"))
    assert bookmarks[0][0] == 1
    assert levels[1] == headings["/H1"] == 1
    assert levels[2] == headings["/H2"] >= 10
    # Second-level headings of the text open their paragraph (GB/T 9704-2012, 7.3.3): no block, but a bookmark.
    assert levels[3] > headings["/H3"] >= 5


def test_every_figure_has_words_in_place_of_it(pdf):
    figures = of_kind(pdf, "/Figure")
    assert len(figures) >= 10
    words = [str(figure.get("/Alt", "")) for figure in figures]
    assert all(len(text) > 5 for text in words)
    assert len(set(words)) == len(words)


def test_every_table_has_heads_with_a_scope_on_each_of_its_pages(pdf, issue):
    tables = of_kind(pdf, "/Table")
    pages = {table.Pg.objgen for table in tables}
    assert len(tables) > len(pages) >= 5
    for table in tables:
        rows = list(elements(table))
        assert rows[0].S == "/THead"
        assert "/Column" in {str(head.A.Scope) for head in elements(rows[0]) if head.S == "/TH"}
    scopes = Counter(str(head.A.Scope) for head in of_kind(pdf, "/TH"))
    assert set(scopes) == {"/Row", "/Column"}


def test_a_table_that_goes_on_has_its_head_again(house):
    settings = house(
        [
            "insert into marts.rpt_partner_freshness select feeds.* replace (partner_id || n as partner_id) "
            "from marts.rpt_partner_freshness as feeds, range(1, 12) many(n)"
        ]
    )
    render(settings, WEEK, "city", BUILD_ID)
    with pikepdf.open(BriefingFiles.at(settings, WEEK, "city").pdf) as pdf:
        heads = [next(elements(table)) for table in of_kind(pdf, "/Table")]
        assert {str(head.S) for head in heads} == {"/THead"}
        of_sources = [head for head in heads if sum(part.S == "/TH" for part in elements(head)) == 9]
        assert len({head.Pg.objgen for head in of_sources}) == len(of_sources) >= 3


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<table><thead><tr><th>指标</th></tr></thead></table>", "the table head '指标' has no scope"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
            "a figure has no alternative text",
        ),
    ],
)
def test_what_cannot_be_read_aloud_fails_the_render(html, fault):
    page = (
        '<html lang="zh-CN"><head><link rel="stylesheet" href="../fonts/fonts.css"/></head>'
        f"<body style=\"font-family: 'Briefing Hei'\">{html}</body></html>"
    )
    with pytest.raises(RenderFault, match=fault):
        print_pdf(PROJECT_ROOT / "templates", page, lambda _: [])
