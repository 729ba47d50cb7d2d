"""The briefing's HTML as Typst markup: the same texts, tables, charts, links, contents and pages."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, register_namespace, tostring

import tinyhtml5

SVG = "{http://www.w3.org/2000/svg}"
CSS_PIXEL = 0.75  # points
register_namespace("", SVG[1:-1])
PREAMBLE = """
#set document(title: %(title)s, date: datetime(year: 2025, month: 10, day: 27))
#set text(lang: "zh", region: "cn", font: ("Briefing Numerals", "Briefing FangSong", "Briefing Song"), size: 16pt)
#set page(paper: "a4", numbering: "— 1 —", background: %(background)s,
  margin: (top: 37mm, bottom: 35mm, inside: 28mm, outside: 26mm))
#set par(justify: true, leading: 12.95pt, spacing: 12.95pt, first-line-indent: (amount: 2em, all: true))
#set table(stroke: (x, y) => (bottom: 0.3pt + rgb("#c3cad0")), inset: 3.6pt)
#show heading: set text(font: "Briefing Hei", weight: "regular", size: 16pt)
#show heading.where(level: 1): set text(font: "Briefing XiaoBiaoSong", size: 22pt)
#show heading.where(level: 1): set align(center)
"""
FIGURES = """
#set page(margin: (top: 25mm, bottom: 23mm, x: 20mm), header: text(size: 8.5pt)[%(running)s #h(1fr) %(demo)s])
#set text(font: "Briefing Hei", size: 8.8pt)
#set par(leading: 3.4pt, spacing: 6pt, first-line-indent: 0pt)
#show heading: set text(font: "Briefing Hei", weight: "bold", size: 10.5pt)
#show heading.where(level: 2): set text(size: 15pt)
"""


def convert(html: str, folder: Path) -> str:
    """The markup; the drawings that it shows are written into the folder."""
    root = tinyhtml5.parse(html, namespace_html_elements=False)
    writer = _Writer(folder)
    title = root.find("head/title").text
    figures = next(s for s in root.iter("section") if "data-running" in s.attrib)
    background = re.search(r'url\("data:image/svg\+xml;base64,([^"]+)"\)', html)
    drawing = "none"
    if background:
        (folder / "watermark.svg").write_bytes(base64.b64decode(background[1]))
        drawing = 'image("watermark.svg", width: 150mm)'
    text, *others = root.find("body").findall("section")
    head = FIGURES % {"running": _say(figures.get("data-running")), "demo": _say(figures.get("data-demo"))}
    return "\n".join(
        [
            PREAMBLE % {"title": json.dumps(title, ensure_ascii=False), "background": drawing},
            writer.block(text),
            "#pagebreak()",
            head,
            "\n#pagebreak()\n".join(writer.block(section) for section in others),
        ]
    )


def _say(text: str | None) -> str:
    text = re.sub(r"\s+", " ", text or "")
    return f"#{json.dumps(text, ensure_ascii=False)};" if text else ""


class _Writer:
    """Turns elements into markup; keeps count of the drawings it writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drawings = 0

    def block(self, element: Element) -> str:
        return "".join(self._children(element))

    def _children(self, element: Element) -> Iterator[str]:
        if element.text and element.text.strip():
            yield _say(element.text)
        for child in element:
            if isinstance(child.tag, str):
                yield self._anchor(child) + self._element(child)
            if child.tail and child.tail.strip():
                yield _say(child.tail)

    def _anchor(self, element: Element) -> str:
        return f"#metadata(none)<{element.get('id')}>" if element.get("id") else ""

    def _element(self, element: Element) -> str:
        tag, kind = element.tag, (element.get("class") or "").split()
        if tag in ("h1", "h2", "h3"):
            return f"\n#heading(level: {tag[1]})[{self.block(element)}]\n"
        if tag == "table":
            return self._table(element)
        if tag == f"{SVG}svg":
            return self._drawing(element)
        if "plot" in kind:
            return self._plot(element)
        if tag == "nav":
            return "".join(self._entry(link) if link.tag == "a" else self._element(link) for link in element)
        if tag == "a" and (element.get("href") or "").startswith("#"):
            return f'#link(label("{element.get("href")[1:]}"))[{self.block(element)}];'
        if tag == "br":
            return " #linebreak() "
        if tag == "b" or "strong" in kind:
            return f"#strong[{self.block(element)}];"
        if tag in ("p", "div", "dt", "dd", "section", "header", "figure", "dl"):
            return f"\n\n{self.block(element)}\n\n"
        return self.block(element)

    def _entry(self, link: Element) -> str:
        target = link.get("href", "#")[1:]
        page = f"#context counter(page).at(<{target}>).first()"
        return f'\n\n#link(label("{target}"))[{self.block(link)} #box(width: 1fr, repeat[·]) {page}]\n\n'

    def _table(self, table: Element) -> str:
        rows = list(table.iter("tr"))
        columns = max(sum(int(cell.get("colspan", 1)) for cell in row) for row in rows)
        head = "".join(self._cells(row) for row in table.findall("thead/tr"))
        body = "".join(self._cells(row) for part in table.findall("tbody") for row in part)
        return f"\n#table(columns: {columns}, table.header({head}), {body})\n"

    def _cells(self, row: Element) -> str:
        made, anchor = [], self._anchor(row)
        for cell in row:
            align = "right" if "r" in (cell.get("class") or "").split() else "left"
            spans = f"colspan: {cell.get('colspan', 1)}, rowspan: {cell.get('rowspan', 1)}, align: {align}"
            made.append(f"table.cell({spans})[{anchor}{self._anchor(cell)}{self.block(cell)}],")
            anchor = ""
        return "".join(made)

    def _drawing(self, svg: Element) -> str:
        self.drawings += 1
        name = f"drawing-{self.drawings}.svg"
        for part in svg.iter():
            part.attrib = {key: value for key, value in part.attrib.items() if not key.startswith("{")}
        (self.folder / name).write_bytes(tostring(svg))
        words = json.dumps(svg.findtext(f"{SVG}title") or "", ensure_ascii=False)
        width = float(svg.get("width", "0")) * CSS_PIXEL
        return f'#box(image("{name}", width: {width}pt, alt: {words}));'

    def _plot(self, plot: Element) -> str:
        size = _pixels(plot)
        parts = []
        for child in plot:
            place = _pixels(child) if child.tag == "div" else {}
            inside = self._element(child) if child.tag != "div" else self.block(child)
            parts.append(
                f"#place(dx: {place.get('left', 0)}pt, dy: {place.get('top', 0)}pt)[#text(size: 8pt)[{inside}]]"
            )
        return f"#box(width: {size['width']}pt, height: {size['height']}pt)[{''.join(parts)}]"


def _pixels(element: Element) -> dict[str, float]:
    found = re.findall(r"(width|height|left|top): ([\d.]+)(?:px)?", element.get("style") or "")
    return {name: float(value) * CSS_PIXEL for name, value in found}
