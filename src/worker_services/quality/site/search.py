"""What the search over the site finds: pages by title, figures, checks. A script, for files cannot fetch."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from worker_services.briefing.language import TAGS, Code, Language, load_language
from worker_services.files import write_bytes
from worker_services.metrics import catalogue as metric_catalogue
from worker_services.quality.catalogue import Entry
from worker_services.quality.site.catalogue_page import PATH as CATALOGUE
from worker_services.quality.site.figures_page import PATH as FIGURES
from worker_services.quality.site.layout import DOMAIN, Site, edition_path
from worker_services.quality.site.names import dimension_name, metric_name
from worker_services.quality.site.texts import check_text

SCRIPT = "search.js"
TITLE = re.compile(rb"<title>([^<]*)</title>")
HEAD_BYTES = 1024
"""A page's title stands within as many bytes."""

Found = tuple[str, str, str]
"""Title, a note, and the path below the edition's root."""


def write(site: Site, checks: Sequence[Entry]) -> list[Path]:
    """Write the index of each edition beside its home page, after all other pages."""
    files = []
    for code in TAGS:
        language = load_language(code, DOMAIN)
        found = [*_pages(site, code), *_figures(site, language), *_checks(language, checks)]
        file = site.root / edition_path(code, SCRIPT)
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        write_bytes(file, f"window.siteIndex = {text};\n".encode())
        files.append(file)
    return files


def _pages(site: Site, code: Code) -> Iterator[Found]:
    """Every page of the edition, the newest night first; Great Expectations' and dbt's own are found by their links."""
    root = site.root / edition_path(code, ".")
    for page in sorted(root.rglob("*.html"), key=lambda page: page.relative_to(root).as_posix(), reverse=True):
        path = page.relative_to(root).as_posix()
        if "data_docs" in path or path.startswith(("dbt/", *(f"{other}/" for other in TAGS))):
            continue
        with page.open("rb") as file:
            title = TITLE.search(file.read(HEAD_BYTES))
        if title:
            yield html.unescape(title[1].decode()), path, path


def _figures(site: Site, language: Language) -> Iterator[Found]:
    for metric_id in metric_catalogue():
        yield metric_name(language, metric_id), metric_id, f"{FIGURES}#{metric_id}"


def _checks(language: Language, checks: Sequence[Entry]) -> Iterator[Found]:
    for check in checks:
        note = f"{check.check_id} · {dimension_name(language, check.dimension)}"
        yield check_text(language, check.what, check.subject), note, f"{CATALOGUE}#{check.check_id}"
