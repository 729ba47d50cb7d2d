"""The pages of a finished PDF, read back: characters with their boxes, and links."""

import ctypes
from dataclasses import dataclass
from functools import cached_property

import pypdfium2
import pypdfium2.raw as pdfium

MM = 72 / 25.4
"""One millimetre in points."""
# What PDFium makes of a hyphen at the end of a line.
LINE_END_HYPHEN = "\x02"


@dataclass(frozen=True)
class Char:
    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


@dataclass(frozen=True)
class Link:
    target: str
    left: float
    bottom: float
    right: float
    top: float
    leads_to_page: int

    def holds(self, char: Char) -> bool:
        x, y = char.middle
        return self.left - 0.5 <= x <= self.right + 0.5 and self.bottom - 0.5 <= y <= self.top + 0.5


@dataclass
class Page:
    number: int
    chars: list[Char]
    links: list[Link]

    @cached_property
    def text(self) -> str:
        return "".join(char.text for char in self.chars)

    def inside(self, link: Link) -> list[int]:
        return [i for i, char in enumerate(self.chars) if link.holds(char)]


@dataclass(frozen=True)
class Bookmark:
    """`level` counts from 0, `page` from 1; `top` is the height on the page that it leads to."""

    title: str
    level: int
    page: int
    top: float


def read_page(document: pypdfium2.PdfDocument, number: int) -> Page:
    """Characters with their boxes, in content order, without the spaces that PDFium makes up; and links."""
    page = document[number]
    text = page.get_textpage()
    box = [ctypes.c_double() for _ in range(4)]
    chars = []
    for i in range(text.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(text.raw, i)).replace(LINE_END_HYPHEN, "-")
        if character.isspace() or pdfium.FPDFText_IsGenerated(text.raw, i) == 1:
            continue
        left, right, bottom, top = box
        pdfium.FPDFText_GetCharBox(text.raw, i, left, right, bottom, top)
        chars.append(Char(character, left.value, bottom.value, right.value, top.value))
    found = Page(number + 1, chars, _read_links(document, page))
    text.close()
    page.close()
    return found


def read_bookmarks(document: pypdfium2.PdfDocument) -> list[Bookmark]:
    """In document order."""
    bookmarks = []
    for item in document.get_toc():
        destination = item.get_dest()
        _, (_, top, *_) = destination.get_view()
        bookmarks.append(Bookmark(item.get_title(), item.level, destination.get_index() + 1, top))
    return bookmarks


def _read_links(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> list[Link]:
    links = []
    for i in range(pdfium.FPDFPage_GetAnnotCount(page.raw)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, i)
        if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_LINK:
            size = pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
            buffer = ctypes.create_string_buffer(size)
            pdfium.FPDFAnnot_GetStringValue(
                annotation, b"Contents", ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size
            )
            rectangle = pdfium.FS_RECTF()
            pdfium.FPDFAnnot_GetRect(annotation, rectangle)
            link = pdfium.FPDFAnnot_GetLink(annotation)
            destination = pdfium.FPDFLink_GetDest(document.raw, link)
            links.append(
                Link(
                    buffer.raw[: size - 2].decode("utf-16-le"),
                    rectangle.left,
                    min(rectangle.bottom, rectangle.top),
                    rectangle.right,
                    max(rectangle.bottom, rectangle.top),
                    pdfium.FPDFDest_GetDestPageIndex(document.raw, destination) + 1,
                )
            )
        pdfium.FPDFPage_CloseAnnot(annotation)
    return links
