"""The model through the templates to a PDF/A-3a with its figures attached and a page for phones, or a clear failure."""

import base64
import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Literal

from fontTools.pens.svgPathPen import SVGPathPen  # type: ignore[import-untyped]
from fontTools.pens.transformPen import TransformPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from weasyprint import Attachment
from weasyprint.document import Document

from worker_services.audit import ledger
from worker_services.audit.heads import as_head
from worker_services.audit.protected import named
from worker_services.briefing.charts import place_labels
from worker_services.briefing.config import load_config
from worker_services.briefing.errors import RenderFault
from worker_services.briefing.figures import Figure
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.language import N_, AsRecorded, Language
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import Briefing, read_briefing
from worker_services.briefing.provenance import of_rendering
from worker_services.briefing.seal import make_seal, publication
from worker_services.briefing.typesetter import no_collection, print_pdf
from worker_services.files import write_bytes, write_json
from worker_services.intervals import Week
from worker_services.settings import Settings

Place = Literal["text", "table", "list", "chart"]

CHINESE = re.compile(r"[\u3001-\u9fff\uff00-\uffef]+")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
ATTACHED = (N_("本期全部数据及其在文中的位置"), N_("本期全部数据"))
# Stands in the page until all figures are printed: the seal names their hash.
SEAL_PLACE = "\ue000seal\ue000"
CSV_COLUMNS = ("id", "metric", "scope", "week", "column", "value", "printed", "unit", "as_of")


@dataclass
class Printing:
    """What the templates print: figures in document order, and every other number as a declared constant.

    `language` is the edition's; `repeated` are numbers in table heads and running lines, which may stand on several
    pages.
    """

    language: Language
    placements: list[tuple[Figure, Place]] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)

    def fig(self, figure: Figure | None, place: Place = "text") -> Markup:
        """Print a figure as a link to its definition."""
        if figure is None:
            return Markup("")
        self.placements.append((figure, place))
        title = f' title="{escape(figure.reason)}"' if figure.reason else ""
        printed = escape(figure.printed).replace(" ", "\u00a0")  # a figure is never broken over two lines
        return Markup(  # noqa: S704 - every part is escaped
            f'<a class="n" href="#{definition_anchor(figure)}"{title}>{printed}</a>'
        )

    def say(self, text: str, repeats: bool = False) -> Markup:
        """Print text as it is, with its numbers declared; digits get a box of their own, for justification."""
        self.plain(text, repeats)
        boxed = re.sub(r"\d[\d,.%]*", r'<span class="d">\g<0></span>', escape(text, quote=False))
        if isinstance(text, AsRecorded) and self.language.code != "zh":
            boxed = CHINESE.sub(r'<span lang="zh-CN">\g<0></span>', boxed)
        return Markup(boxed)  # noqa: S704 - every part is escaped

    def plain(self, text: object, repeats: bool = False) -> str:
        """The same without markup, for SVG."""
        numbers = NUMBER.findall(str(text))
        if repeats:
            self.repeated.update(numbers)
        else:
            self.constants.extend(numbers)
        return str(text)


def definition_anchor(figure: Figure) -> str:
    """The anchor in the notes that a figure leads to; anchors of figures begin with 'd-', no others do."""
    kind, _, scope_code, *_ = figure.id.split("/")
    if kind.startswith("freshness"):
        return "d-freshness"
    if kind in ("service_category", "status_count", "target_count", "uneven", "calendar"):
        return f"d-{kind}"
    if kind in ("action", "action_count", "action_meeting"):
        return "d-actions"
    if kind in ("uneven_last", "fault_last", "printed", "restated"):
        return f"d-{scope_code.partition('.')[0]}"
    return "d-quality" if kind.startswith("quality") else f"d-{figure.metric}"


@no_collection()
def render(settings: Settings, week: Week, edition: str, build_id: str | None = None) -> BriefingFiles:
    """Write <reports>/briefings/<week>/<edition>.html, .figures.json, .figures.csv and .pdf, each whole or not at all.

    Beside them .provenance.json says what they were made with.

    Reads the given build, by default the published one. The same build gives the same bytes.
    Raises NoPublishedBuild, WeekNotCovered, UnknownEdition, RenderFault.
    """
    briefing = read_briefing(build_path(settings, build_id), load_config(settings), edition, week)
    pdf, figures_json, figures_csv = typeset(settings, briefing)
    files = BriefingFiles.at(settings, week, edition)
    for path, content in (
        (files.html, screen_page(settings, briefing)),
        (files.figures_json, figures_json),
        (files.figures_csv, figures_csv),
        (files.pdf, pdf),
    ):
        write_bytes(path, content)
    write_json(files.provenance, asdict(of_rendering(settings, briefing, pdf)))
    details = {"build_id": briefing.marts.build_id, "files": named(settings, astuple(files))}
    ledger.append_once(settings, settings.actor, "briefing.render", f"{week}/{edition}", details)
    return files


def typeset(settings: Settings, briefing: Briefing) -> tuple[bytes, bytes, bytes]:
    """The PDF, the figures as JSON, the figures as CSV. Raises RenderFault."""
    templates = settings.project_root / "templates"
    printing = Printing(briefing.language)
    html = paper_page(settings, briefing, printing)
    figures_csv = _figures_csv(briefing, printing)
    files: list[bytes] = []

    def attach(document: Document) -> list[Attachment]:
        published = publication(settings, briefing.marts.build_id)
        files.extend((_figures_json(briefing, printing, _pages(document, printing), published), figures_csv))
        when = briefing.marts.as_of.replace(tzinfo=UTC)
        return [
            Attachment(
                string=content,
                name=f"{briefing.week}-{briefing.edition_id}.figures.{kind}",
                description=description,
                created=when,
                modified=when,
                relationship="Data",
            )
            for kind, content, description in zip(
                ("json", "csv"), files, map(briefing.language.gettext, ATTACHED), strict=True
            )
        ]

    with no_collection():
        pdf = print_pdf(templates, html, attach)
    return pdf, files[0], figures_csv


def _pages(document: Document, printing: Printing) -> list[int]:
    """The page of each figure, in document order."""
    pages = [
        number
        for number, page in enumerate(document.pages, 1)
        for kind, target, _, _ in page.links
        if kind == "internal" and target.startswith("d-")
    ]
    if len(pages) != len(printing.placements):
        raise RenderFault(
            f"{len(printing.placements)} figures were printed but {len(pages)} stand on the pages: "
            "a template broke one over two lines or hid it"
        )
    return pages


def paper_page(settings: Settings, briefing: Briefing, printing: Printing) -> str:
    """The issue as HTML for the typesetter; `printing` takes down what it prints."""
    watermark = None
    if briefing.marts.is_demo:
        fonts_css = settings.project_root / "templates" / "fonts" / "fonts.css"
        watermark = _watermark(fonts_css, briefing.config.demo.watermark)
    return _html(settings, briefing, printing, watermark=watermark)


def screen_page(settings: Settings, briefing: Briefing) -> bytes:
    """The same issue as one HTML file for a phone or a wide screen, which needs no other file and no network."""
    sheet = settings.project_root / "templates" / "briefing" / "screen.css"
    styles = Markup(sheet.read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return _html(settings, briefing, Printing(briefing.language), screen=styles).encode()


def _html(
    settings: Settings,
    briefing: Briefing,
    printing: Printing,
    watermark: str | None = None,
    screen: Markup | None = None,
) -> str:
    """The issue's HTML: for print, or for the screen with the styles given."""
    environment = _environment(settings.project_root / "templates" / "briefing", briefing.language)
    html = environment.get_template("briefing.html.j2").render(
        b=briefing,
        fig=printing.fig,
        say=printing.say,
        plain=printing.plain,
        seal_place=SEAL_PLACE,
        watermark=watermark,
        screen=screen,
    )
    seal = make_seal(settings, briefing, _figures_csv(briefing, printing))
    template = environment.get_template("seal.html.j2")
    return html.replace(SEAL_PLACE, template.render(b=briefing, seal=seal, say=printing.say, plain=printing.plain))


@lru_cache(maxsize=4)
def _environment(folder: Path, language: Language) -> Environment:
    """Keeps its templates compiled from one edition to the next, and compiles again what has changed on disk."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    language.speak_in(environment)
    environment.globals["place_labels"] = place_labels
    environment.tests["figure"] = lambda value: isinstance(value, Figure)
    return environment


def _figures_json(briefing: Briefing, printing: Printing, pages: list[int], published: ledger.Entry | None) -> bytes:
    placed = list(zip(printing.placements, pages, strict=True))
    where: dict[str, list[int]] = {}
    for (figure, _), page in placed:
        where.setdefault(figure.id, []).append(page)
    content = {
        "issue": briefing.issue,
        "week": str(briefing.week),
        "edition": briefing.edition_id,
        "title": briefing.document_title,
        "issued_on": briefing.issued_on.isoformat(),
        "build_id": briefing.marts.build_id,
        "as_of": f"{briefing.marts.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "is_demo": briefing.marts.is_demo,
        "ledger": as_head(published) if published else None,
        "figures": [
            {**_record(figure), "reason": figure.reason, "pages": sorted(set(where[figure.id]))}
            for figure in _distinct(printing)
        ],
        "placements": [{"id": figure.id, "place": place, "page": page} for (figure, place), page in placed],
        "constants": sorted(printing.constants),
        "repeated_constants": sorted(printing.repeated),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _figures_csv(briefing: Briefing, printing: Printing) -> bytes:
    """With a byte-order mark, so that spreadsheets read the Chinese."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_record(figure) for figure in _distinct(printing))
    return buffer.getvalue().encode("utf-8-sig")


def _distinct(printing: Printing) -> Iterable[Figure]:
    return {figure.id: figure for figure, _ in printing.placements}.values()


def _record(figure: Figure) -> dict[str, str]:
    record = {column: str(getattr(figure, column)) for column in CSV_COLUMNS}
    value = format(figure.value.normalize(), "f") if isinstance(figure.value, Decimal) else figure.value
    return {**record, "value": "" if value is None else str(value)}


@lru_cache(maxsize=4)
def _watermark(fonts_css: Path, text: str) -> str:
    """The words as outlines in a data: URL, so that they are seen but never mixed into extracted text."""
    font = TTFont(_font_file(fonts_css, "Briefing Hei", "700"), lazy=True)
    glyphs, names, em = font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
    pen, x = SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}"), 0
    for character in text:
        if ord(character) not in names:
            raise RenderFault(f"the watermark font has no glyph for '{character}'")
        glyph = glyphs[names[ord(character)]]
        glyph.draw(TransformPen(pen, (1, 0, 0, -1, x, em)))
        x += glyph.width + em // 5
    width, height = x, round(em * 1.25)
    side = round(width * 0.85)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path transform="translate({side / 2} {side / 2}) rotate(-35) translate({-width / 2} {-height / 2})" '
        f'fill="#f3f3f3" d="{pen.getCommands()}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _font_file(fonts_css: Path, family: str, weight: str) -> Path:
    for rule in re.findall(r"@font-face\s*{(.*?)}", fonts_css.read_text(encoding="utf-8"), re.DOTALL):
        source = re.search(r"url\(['\"]?([^'\")]+)", rule)
        if source and family in rule and re.search(rf"font-weight:\s*{weight}", rule):
            return fonts_css.parent / source[1]
    raise RenderFault(f"{fonts_css} has no font '{family}' of weight {weight}")
