"""What WeasyPrint leaves out of a PDF's tags: for which cells each head of a table stands.

It lists each cell's heads instead, and misses those that span columns; with a scope on every head (ISO 32000-1,
14.8.5.7) readers find all of them. This reaches into WeasyPrint's boxes, so it holds for the version that
justify.py names.
"""

from typing import Any

from weasyprint.document import Document
from weasyprint.formatting_structure import boxes

from worker_services.briefing.errors import RenderFault

SCOPES = {"row": "/Row", "rowgroup": "/Row", "col": "/Column", "colgroup": "/Column"}


def finish_tags(document: Document, pdf: Any) -> None:
    """Give each head of a table its scope; for WeasyPrint's `finisher`.

    Raises RenderFault for a head without a scope and for a figure without words in place of it.
    """
    cells = (
        box
        for page in document.pages
        for box in page._page_box.descendants()
        if isinstance(box, boxes.TableCellBox) and hasattr(box, "mark")  # made up to fill a row: nothing to read
    )
    for cell in cells:
        attributes = cell.mark["A"]
        attributes.pop("Headers", None)
        if cell.element_tag == "th":
            if (scope := cell.element.get("scope")) not in SCOPES:
                raise RenderFault(
                    f"the briefing was not written: the table head '{''.join(cell.element.itertext()).strip()}' "
                    f'has no scope; write <th scope="..."> with one of: {", ".join(SCOPES)}'
                )
            attributes["Scope"] = SCOPES[scope]
    if any(item.get("S") == "/Figure" and not item.get("Alt") for item in pdf.objects if isinstance(item, dict)):
        raise RenderFault("the briefing was not written: a figure has no alternative text; give its <svg> a <title>")
