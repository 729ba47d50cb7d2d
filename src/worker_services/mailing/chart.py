"""The mail's one chart, as a PNG: mail clients show no SVG. Set by the briefing's typesetter, in its fonts."""

import io
from pathlib import Path

import pypdfium2
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker_services.briefing.model import Briefing
from worker_services.briefing.typesetter import print_pdf

CHART_CID = "progress"
CHART_WIDTH = 552
"""In CSS pixels; the image has twice as many, for screens that show them."""
_PIXELS_PER_POINT = 2 * 96 / 72
_COLOURS = 64


def progress_png(templates: Path, briefing: Briefing) -> bytes:
    """Each target's completion as a bar, with a mark where it should be by now. Raises RenderFault."""
    environment = Environment(
        loader=FileSystemLoader(templates / "mail"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    briefing.language.speak_in(environment)
    rows = [row for group in briefing.status for row in group.rows]
    html = environment.get_template("chart.html.j2").render(b=briefing, rows=rows, width=CHART_WIDTH)
    with pypdfium2.PdfDocument(print_pdf(templates, html, lambda _: [])) as document:
        image = document[0].render(scale=_PIXELS_PER_POINT).to_pil()
    png = io.BytesIO()
    image.quantize(_COLOURS).save(png, "png", optimize=True)
    return png.getvalue()
