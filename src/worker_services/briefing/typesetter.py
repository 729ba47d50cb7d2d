"""HTML in XML's syntax to PDF/A-3a with the project's fonts and files only; whatever is not as it should be, fails."""

import gc
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

from cssselect2 import ElementWrapper  # type: ignore[import-untyped]
from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.html import UA
from weasyprint.logger import LOGGER
from weasyprint.text.ffi import ffi, fontconfig, pangoft2
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from worker_services.briefing import per_style  # noqa: F401 - its import is its effect
from worker_services.briefing.errors import RenderFault
from worker_services.briefing.justify import flush_right
from worker_services.briefing.tags import finish_tags
from worker_services.briefing.writing import write_once

VARIANT = "pdf/a-3a"


def print_pdf(templates: Path, html: str, attach: Callable[[Document], list[Attachment]]) -> bytes:
    """HTML in XML's syntax to PDF/A-3a with our fonts and files only.

    `attach` makes the attachments of the laid-out document. Raises RenderFault.
    """
    with _strict(), flush_right():
        page = _Page(html, f"{templates / 'briefing'}/", _LocalFetcher(templates))
        fonts = _fonts(templates)
        document = page.render(
            font_config=fonts, stylesheets=[fonts.sheet(url) for url in page.take_sheets()], pdf_variant=VARIANT
        )
        pdf = bytes(document.write_pdf(pdf_variant=VARIANT, attachments=attach(document), finisher=_finish))
    if strangers := {font.family for font in document.fonts.values() if not font.family.startswith("Briefing")}:
        raise RenderFault(
            f"the briefing was not written: no font of the project has every glyph it needs; the system's "
            f"{', '.join(sorted(strangers))} stood in, and other machines may not have it"
        )
    return pdf


def _finish(document: Document, pdf: Any) -> None:
    finish_tags(document, pdf)
    write_once(pdf)


class _Page(HTML):  # type: ignore[misc]
    """A page of our templates. They are XML, which Python's C parser reads thirty times faster than HTML is read."""

    def __init__(self, html: str, base_url: str, url_fetcher: URLFetcher) -> None:
        super().__init__(string="", base_url=base_url, url_fetcher=url_fetcher)
        try:
            page = ElementTree.fromstring(html)  # noqa: S314 - our own, no entities but XML's five
        except ElementTree.ParseError as error:
            raise RenderFault(f"the briefing was not written: a template made no well-formed XML: {error}") from error
        if page.find(".//svg") is not None:
            raise RenderFault("the briefing was not written: an <svg> without xmlns is no drawing in XML")
        self.wrapper_element = ElementWrapper.from_html_root(page, content_language=None)
        self.etree_element = page

    def take_sheets(self) -> list[str]:
        """The URLs of the style sheets it links to, which it does no longer: they are kept for all documents."""
        urls = []
        for parent in self.etree_element.findall(".//link[@rel='stylesheet']/.."):
            for link in parent.findall("link[@rel='stylesheet']"):
                urls.append(urljoin(self.base_url, link.attrib["href"]))
                parent.remove(link)
        return urls

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return [_elements_css()]


@lru_cache(maxsize=1)
def _elements_css() -> CSS:
    """WeasyPrint's own style sheet, less what it says of five kinds of notes and markers.

    It says it of every element, and would compute six more styles for each of thousands: a tenth of the time.
    """
    return CSS(string=re.sub(r"^::.*$", "", UA, flags=re.MULTILINE))


class _LocalFetcher(URLFetcher):  # type: ignore[misc]
    """Reads files below the templates folder and data: URLs; anything else is a fault."""

    def __init__(self, root: Path) -> None:
        super().__init__(allowed_protocols={"file", "data"})
        self._root = root.absolute()

    def path(self, url: str) -> Path | None:
        """The file that a file: URL names. Raises ValueError when it lies outside the folder."""
        parts = urlsplit(url)
        if parts.scheme != "file":
            return None
        path = Path(unquote(parts.path))
        if ".." in path.parts or not path.is_relative_to(self._root):
            raise ValueError(f"{url} lies outside the templates folder")
        return path

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        self.path(url)
        return super().fetch(url, headers)


class _Fonts(FontConfiguration):  # type: ignore[misc]
    """Fonts from where they lie, and the style sheets that name them, for all documents of a process.

    WeasyPrint would copy the fonts to a temporary folder and read both again for each document: a tenth of the time.
    """

    def __init__(self, templates: Path) -> None:
        super().__init__()
        self._fetcher = _LocalFetcher(templates)
        self._sheets: dict[tuple[str, int], CSS] = {}

    def sheet(self, url: str) -> CSS:
        """A style sheet, read again when it has changed. Raises RenderFault when it is not there."""
        try:
            path = self._fetcher.path(url)
            key = url, path.stat().st_mtime_ns if path else 0
            if key not in self._sheets:
                self._sheets[key] = CSS(url=url, url_fetcher=self._fetcher, font_config=self)
        except (OSError, ValueError) as error:
            raise RenderFault(f"the briefing was not written: no style sheet {url}: {error}") from error
        return self._sheets[key]

    def add_font_face(self, rule_descriptors: dict[str, Any], url_fetcher: URLFetcher) -> None:
        """Take in the file of an @font-face rule, which bears the family and weight that the rule says."""
        for kind, url in rule_descriptors["src"]:
            path = self._fetcher.path(url) if kind == "external" else None
            if path and fontconfig.FcConfigAppFontAddFile(self._config, os.fsencode(path)):
                pangoft2.pango_fc_font_map_config_changed(ffi.cast("PangoFcFontMap *", self.font_map))
                return
        LOGGER.warning("Font-face '%s' cannot be loaded", rule_descriptors["font_family"])


@lru_cache(maxsize=1)
def _fonts(templates: Path) -> _Fonts:
    return _Fonts(templates)


@contextmanager
def _strict() -> Iterator[None]:
    """Turn whatever WeasyPrint only warns about (a missing glyph, font, image, a bad rule) into a RenderFault."""
    faults: dict[str, None] = {}
    thread = threading.get_ident()

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                faults[record.getMessage()] = None

    handler, logger = Keep(logging.WARNING), logging.getLogger("weasyprint")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if faults:
            _fonts.cache_clear()  # or a sheet that was at fault would be kept
            shown = "; ".join(list(faults)[:5]) + (f"; and {len(faults) - 5} more" if len(faults) > 5 else "")
            raise RenderFault(f"the briefing was not written, the typesetter reported: {shown}")


@contextmanager
def no_collection() -> Iterator[None]:
    """Boxes live until their document is done; looking for garbage among them would take a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.collect(0)
            gc.enable()
