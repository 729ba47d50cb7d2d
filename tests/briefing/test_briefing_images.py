"""What the pages look like: to two renderers, and against the reference images (page_images.py makes them anew)."""

import pytest
from page_images import by_mupdf, by_pdfium, by_poppler, distance, ink, reference_pages
from PIL import Image, ImageDraw
from rpt_marts import WEEK

from worker_services.briefing.files import BriefingFiles

BLANK = 0.005
# Each smooths edges in its own way: thin rules are 0.18 apart at most. Another page is 0.5 away, one moved by 1 mm 0.2.
TWO_RENDERERS = 0.19
# One renderer, the same version everywhere: what is left is the coarse greys of the reference.
ONE_RENDERER = 0.006


@pytest.fixture(scope="module")
def pdf(issue):
    return BriefingFiles.at(issue, WEEK, "city").pdf


@pytest.fixture(scope="module")
def drawn(pdf, tmp_path_factory) -> list[Image.Image]:
    return by_pdfium(pdf, tmp_path_factory.mktemp("pdfium"))


def test_poppler_and_mupdf_draw_the_same_pages(pdf, tmp_path):
    poppler, mupdf = by_poppler(pdf, tmp_path), by_mupdf(pdf, tmp_path)
    assert len(poppler) == len(mupdf) == len(reference_pages())
    for number, (one, two) in enumerate(zip(poppler, mupdf, strict=True), 1):
        assert min(ink(one), ink(two)) > BLANK, f"page {number} is blank"
        assert distance(one, two) < TWO_RENDERERS, f"page {number} differs between poppler and mupdf"


def test_the_pages_are_those_of_the_reference(drawn):
    reference = reference_pages()
    assert len(reference) == len(drawn)
    apart = [distance(one, two) for one, two in zip(drawn, reference, strict=True)]
    far = {number: round(value, 3) for number, value in enumerate(apart, 1) if value >= ONE_RENDERER}
    assert not far, (
        f"pages no longer look like tests/briefing/reference: {far}; if they are meant to look otherwise, "
        "run 'python tests/briefing/page_images.py', look at the images, and commit them"
    )


def test_a_blank_a_moved_and_another_page_are_told_apart(drawn):
    first, second = drawn[:2]
    assert ink(Image.new("L", first.size, 255)) < BLANK
    assert distance(first, Image.new("L", first.size, 255)) > TWO_RENDERERS
    assert distance(first, second) > TWO_RENDERERS
    assert distance(first, first.transform(first.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -2))) > TWO_RENDERERS
    without_a_line = second.copy()
    ImageDraw.Draw(without_a_line).rectangle((0, 160, second.width, 180), fill=255)
    assert distance(second, without_a_line) > ONE_RENDERER
