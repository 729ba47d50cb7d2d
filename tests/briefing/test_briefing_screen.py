"""The HTML file of an issue: the same content, and nothing that must be fetched."""

import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.render import render


class Reader(HTMLParser):
    """What the page links to, what it can be linked to, and its figures in document order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: Counter[str] = Counter()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.tags: set[str] = set()
        self.figures: list[str] = []
        self._in_figure = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.add(tag)
        self.attributes.update(found.keys())
        if "href" in found:
            self.links.add(found["href"])
        if "id" in found:
            self.anchors.add(found["id"])
        self._in_figure = tag == "a" and found.get("class") == "n"

    def handle_data(self, data):
        if self._in_figure:
            self.figures.append(data)
            self._in_figure = False


@pytest.fixture(scope="module")
def html(issue) -> str:
    return BriefingFiles.at(issue, WEEK, "city").html.read_text(encoding="utf-8")


def test_it_needs_no_other_file_and_no_network(html):
    page = Reader(html)
    assert not page.tags & {"link", "script", "img", "iframe", "object", "embed", "base", "video", "audio"}
    assert "src" not in page.attributes
    assert not re.findall(r"url\(|@import|@font-face", html)
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    assert page.links
    assert page.links <= {f"#{anchor}" for anchor in page.anchors}


def test_it_states_every_figure_of_the_pdf_in_the_same_order(issue, html):
    record = json.loads(BriefingFiles.at(issue, WEEK, "city").figures_json.read_text(encoding="utf-8"))
    printed = {figure["id"]: figure["printed"] for figure in record["figures"]}
    assert Reader(html).figures == [printed[placement["id"]] for placement in record["placements"]]


def test_it_fits_a_phone_and_says_that_its_data_are_made_up(issue, html, house):
    assert '<meta name="viewport" content="width=device-width, initial-scale=1"/>' in html
    assert '<html lang="zh-CN">' in html
    widths = [float(width) for width in re.findall(r'class="plot" style="width: ([\d.]+)px', html)]
    assert widths
    assert max(widths) <= 360 - 2 * 8  # a small phone, less the margins
    assert 'data-demo="演示数据' in html
    real = render(house(["update marts.rpt_build set is_demo = false"]), WEEK, "city", BUILD_ID)
    assert "演示" not in real.html.read_text(encoding="utf-8")
