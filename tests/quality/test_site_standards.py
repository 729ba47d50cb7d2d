"""Every kind of page but those of issues, in both languages, held to what tests/site_standards.py asks; and what the
site's script does there, and what is left without it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.site_standards import (
    NIGHT,
    OF_ISSUES,
    OF_NIGHTS,
    VIEWS,
    assert_accessible,
    assert_valid,
    browsing,
    open_tab,
    pages_of,
)
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def pages(whole_site: Settings) -> list[Path]:
    root = whole_site.reports_root / "quality"
    details = [sorted((root / edition / NIGHT / "data_docs").glob("*.html")) for edition in ("", "en")]
    return [*pages_of(root, OF_NIGHTS), *(page for each in details for page in (each[0], each[-1]))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


def test_every_template_of_a_page_is_a_kind() -> None:
    templates = (PROJECT_ROOT / "templates" / "quality").glob("*.html.j2")
    kinds = {path.name.removesuffix(".html.j2") for path in templates if "{% extends" in path.read_text("utf-8")}
    assert kinds == OF_NIGHTS.keys() | OF_ISSUES.keys()


def test_the_nu_checker_finds_nothing_and_would(pages: list[Path], tmp_path: Path) -> None:
    assert_valid(pages, tmp_path)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_screen(
    browser: Browser, pages: list[Path], width: int, scheme: str
) -> None:
    assert_accessible(browser, pages, width, scheme)


def test_the_search_leads_to_figures_and_checks(browser: Browser, whole_site: Settings) -> None:
    tab = open_tab(browser)
    tab.goto((whole_site.reports_root / "quality" / NIGHT / "index.html").as_uri())
    field = tab.get_by_role("searchbox", name="检索全站")
    field.focus()
    field.press_sequentially("mediation_success_rate")
    link = tab.locator("#found a").first
    link.wait_for()
    link.click()
    assert tab.url.endswith("/quality/figures.html#mediation_success_rate")
    field = tab.get_by_role("searchbox", name="检索全站")
    field.fill("没有这样的东西")
    tab.locator("#found li.nothing").wait_for()
    tab.context.close()


def test_rows_are_picked_by_kind_person_day_and_words(browser: Browser, whole_site: Settings) -> None:
    tab = open_tab(browser)
    tab.goto((whole_site.reports_root / "quality" / "ledger" / "index.html").as_uri())
    rows = tab.locator("section[aria-labelledby=acts] tbody tr:visible")
    everything = rows.count()
    tab.get_by_label("类别").first.select_option("隔离处置")
    assert rows.count() == 3 < everything
    tab.get_by_label("文字").first.fill("重复")
    assert rows.count() == 1
    tab.get_by_label("文字").first.fill("")
    tab.get_by_label("类别").first.select_option("")
    tab.get_by_label("经办人").first.select_option("王审核")
    assert rows.count() == 2
    tab.get_by_label("自", exact=True).first.fill("2999-01-01")
    assert rows.count() == 0
    tab.context.close()


def test_without_a_script_everything_is_there_and_on_paper_no_controls(browser: Browser, whole_site: Settings) -> None:
    address = (whole_site.reports_root / "quality" / "ledger" / "index.html").as_uri()
    plain = open_tab(browser, java_script_enabled=False)
    plain.goto(address)
    assert plain.locator("form:visible").count() == 0
    assert plain.locator("section[aria-labelledby=acts] tbody tr:visible").count() == 8
    printed = open_tab(browser)
    printed.goto(address)
    assert printed.locator("form:visible, nav:visible").count() > 0
    printed.emulate_media(media="print")
    assert printed.locator("form:visible, nav:visible").count() == 0
    assert printed.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    plain.context.close()
    printed.context.close()
