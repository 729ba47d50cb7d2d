"""The mail's HTML beside what mail clients are known to support.

caniemail.csv is what caniemail.com has tested, as the npm package caniemail 1.0.5 bundles it (data of 2025-09-09, MIT):
y supported, a partly, n not, u unknown, in the newest version tested of each client. It has no QQ Mail, NetEase 163 or
WeChat Work; for those the mail keeps to what is safe anywhere: tables, inline styles, no file loaded from elsewhere.
"""

import csv
import re
from pathlib import Path

import pypdfium2
import pytest
from lxml import html as markup
from rpt_marts import BUILD_ID, WEEK
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from worker_services.briefing.config import load_config
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.pages import read_page
from worker_services.mailing.chart import progress_png
from worker_services.mailing.compose import summarise

with Path(__file__).with_name("caniemail.csv").open(encoding="utf-8", newline="") as file:
    SUPPORT = {row.pop("feature"): row for row in csv.DictReader(file)}

# What caniemail tests under another name, or as part of something larger.
FEATURES = {
    **{f"padding-{side}": "css-padding" for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}": "css-border" for side in ("top", "right", "bottom", "left")},
    "font-family": "css-font",
}
SAFE = {"color"}
"""Not tested by caniemail, since no client is without it."""
# Where a client does without, and what the reader then sees.
LOST = {
    ("css-overflow", "outlook windows"): "the preheader, which mso-hide hides there",
    ("css-max-height", "outlook windows"): "the preheader, which mso-hide hides there",
    ("css-white-space", "outlook windows"): "a long status may break over two lines",
    ("css-white-space", "samsung-email android"): "a long status may break over two lines",
}
TAGS = {
    "table": "html-table",
    "h1": "html-h1-h6",
    "h2": "html-h1-h6",
    "div": "html-div",
    "span": "html-span",
    "img": "html-img",
    "style": "html-style",
}
PARTS_OF_A_TABLE = {"thead", "tbody", "tr", "td", "th"}
PARTS_OF_A_PAGE = {"html", "head", "body", "meta", "title", "br", "a"}


@pytest.fixture(scope="module")
def briefing(rendered):
    return read_briefing(build_path(rendered, BUILD_ID), load_config(rendered), "city", WEEK)


@pytest.fixture(scope="module")
def page(rendered, briefing):
    summary = summarise(rendered.project_root / "templates", briefing, "https://reports.example/city.pdf")
    return markup.document_fromstring(summary.html)


def declarations(element) -> dict[str, str]:
    parts = (part.partition(":") for part in (element.get("style") or "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in parts}


def test_every_client_knows_what_the_mail_is_made_of(page):
    used = {name for element in page.iter("*") for name in declarations(element) if not name.startswith("mso-")}
    assert len(used) > 15
    features = {FEATURES.get(name, f"css-{name}") for name in used - SAFE}
    tags = {element.tag for element in page.iter("*")}
    assert tags - PARTS_OF_A_TABLE - PARTS_OF_A_PAGE <= set(TAGS), "say in TAGS how caniemail names it"
    features |= {TAGS[tag] for tag in tags if tag in TAGS} | {"image-png"}
    assert features <= set(SUPPORT), "say in FEATURES or SAFE how caniemail names it"
    without = {
        f"{feature}: {client}"
        for feature in features
        for client, support in SUPPORT[feature].items()
        if support == "n" and (feature, client) not in LOST
    }
    assert sorted(without) == []


def test_what_outlook_knows_only_on_tables_is_used_only_there(page):
    for element in page.iter("*"):
        found = declarations(element)
        if any(name.startswith("padding") for name in found):
            assert element.tag in ("td", "th", "body"), f"padding on <{element.tag}>"
        if "width" in found:
            assert element.tag in ("table", "td", "th") or element.get("width"), f"width on <{element.tag}>"
        assert "margin" not in found or found["margin"] == "0"
        assert not re.search(r"flex|grid|var\(|calc\(|url\(", element.get("style", ""))
    assert "<!--[if mso]><table" in markup.tostring(page).decode(), "Outlook has no max-width for the page"


def test_nothing_is_loaded_and_no_rule_is_needed_from_the_head(page):
    (style,) = page.iter("style")
    rules = re.sub(r"@media[^{]+\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", style.text)
    assert rules.strip() == "", "every rule outside @media is inline"
    assert style.text.count("@media") == 2
    assert len(style.text) < 8192, "Gmail drops a longer style element"
    assert {element.get("src") for element in page.iter("img")} == {"cid:progress"}
    assert [element.get("href") for element in page.iter("a")] == ["https://reports.example/city.pdf"]
    assert not list(page.iter("link", "script", "iframe", "form"))


def test_every_text_is_read_in_light_and_in_dark(page):
    """WCAG 2.1: 4.5 to 1, or 3 to 1 in large type."""
    (style,) = page.iter("style")
    dark = dict(re.findall(r"\.([a-z_-]+)[^{}]*\{[^{}]*?(?<!-)color: (#[0-9a-f]{6})", style.text))
    assert len(dark) > 8
    for name, ground in (("light", "#f5f6f8"), ("dark", "#2a3037")):
        colours = set(dark.values()) if name == "dark" else set()
        if name == "light":
            for element in page.xpath("//td[contains(@class, 'cell') or contains(@class, 'point')] | //span"):
                colours |= {value for key, value in declarations(element).items() if key == "color"}
        assert colours
        for colour in colours - {"#ffdf8f", "#14171b"}:  # on a ground of its own; hidden
            assert contrast(colour, ground) >= 4.5, f"{name}: {colour} on {ground}"


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, 'contrast ratio'."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_chart_is_the_same_bytes_each_time_and_says_in_words_what_it_shows(rendered, briefing, page):
    templates = rendered.project_root / "templates"
    assert progress_png(templates, briefing) == progress_png(templates, briefing)
    (image,) = page.iter("img")
    assert image.get("alt") == "各项年度目标的累计完成率与序时进度对照图，数字见下表。"


def test_the_longest_figures_stay_on_a_phone_that_reads_no_rules_from_the_head(house, bend):
    """390 px wide; WeasyPrint knows no width in @media, as many a mail program."""
    for table, where in (
        ("rpt_metric_weekly", "scope_type = 'city' and numerator is null"),
        ("rpt_fault_weekly", "cumulative_numerator is null"),
    ):
        bend(f"update marts.{table} set value = 1234567890, cumulative_value = 9876543210 where {where}")
    bend("update marts.rpt_metric_weekly set completion_rate = 35273.3683 where target > 1")
    templates = house.project_root / "templates"
    huge = read_briefing(build_path(house, BUILD_ID), load_config(house), "city", WEEK)
    html = summarise(templates, huge).html.replace('src="cid:progress"', "")
    fonts = FontConfiguration()
    sheets = [
        CSS(filename=templates / "fonts" / "fonts.css", font_config=fonts),
        CSS(string='@page { size: 390px 4000px; margin: 0 } * { font-family: "Briefing Hei" !important }'),
    ]
    with pypdfium2.PdfDocument(HTML(string=html).write_pdf(stylesheets=sheets, font_config=fonts)) as document:
        assert len(document) == 1
        page = read_page(document, 0)
    assert page.text.count("9,876,543,210") >= 5
    assert max(char.right for char in page.chars) <= (390 - 24) * 72 / 96
