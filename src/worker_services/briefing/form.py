"""Whether a finished PDF is well set: nothing outside the type area, over other text, or left alone on a page."""

import re
from collections import defaultdict
from collections.abc import Iterator

from worker_services.briefing.config import ImprintLine
from worker_services.briefing.errors import FormFault
from worker_services.briefing.pages import MM, Bookmark, Char, Page

# GB/T 9704-2012, 5.2.1 and 5.2.2: 37 mm above, 28 mm on the bound side, 156 x 225 mm of text. Pages of figures have
# margins of their own and a running line above (templates/briefing/briefing.css).
HEIGHT, WIDTH = 297 * MM, 210 * MM
TEXT_MARGINS = {"top": 37 * MM, "bottom": 35 * MM, "bound": 28 * MM, "open": 26 * MM}
FIGURES_MARGINS = {"top": 25 * MM, "bottom": 23 * MM, "bound": 20 * MM, "open": 20 * MM}
PAGE_NUMBER = re.compile(r"—\d+—")
# Of the smaller of two characters, how much the other may cover; Latin neighbours are kerned.
MOST_COVERED, MOST_KERNED = 0.15, 0.5
SLACK = 1.5
# A page with less on it should have been spared: its few lines go with those before or after them.
LEAST_FILLED = 0.15
CELL = 24.0


def check_form(pages: list[Page], bookmarks: list[Bookmark], imprint: ImprintLine) -> None:
    """Raises FormFault at the first page that is badly set. `imprint` is the first line of the closing block (版记)."""
    for page in pages:
        _check_type_area(page)
        _check_overlaps(page)
    for bookmark in bookmarks:
        _check_heading(pages[bookmark.page - 1], bookmark)
    _check_imprint(pages[-1], imprint)
    for page in pages:
        _check_filled(page)


def type_area(page: Page) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in points; odd pages are bound on their left side."""
    has_running_line = any(char.bottom > HEIGHT - FIGURES_MARGINS["top"] for char in page.chars)
    margins = FIGURES_MARGINS if has_running_line else TEXT_MARGINS
    left, right = margins["bound"], margins["open"]
    if page.number % 2 == 0:
        left, right = right, left
    return left, margins["bottom"], WIDTH - right, HEIGHT - margins["top"]


def _check_type_area(page: Page) -> None:
    left, bottom, right, top = type_area(page)
    below = ""
    for char in page.chars:
        if char.left < left - SLACK or char.right > right + SLACK:
            raise FormFault(page.number, _around(page, char), "it runs out of the type area")
        if char.top < bottom:
            below += char.text
        elif char.bottom < bottom - SLACK or char.top > top + SLACK > char.bottom:
            raise FormFault(page.number, _around(page, char), "it runs out of the type area")
    if not PAGE_NUMBER.fullmatch(below):
        raise FormFault(page.number, below, "below the type area stands the page number, and nothing else")


def _check_overlaps(page: Page) -> None:
    grid: dict[tuple[int, int], list[Char]] = defaultdict(list)
    before: Char | None = None
    for char in page.chars:
        for cell in _cells(char):
            for other in grid[cell]:
                is_kerned = other is before and (other.text + char.text).isascii()
                if _covered(char, other) > (MOST_KERNED if is_kerned else MOST_COVERED):
                    raise FormFault(page.number, _around(page, char), f"it lies over '{_around(page, other)}'")
            grid[cell].append(char)
        before = char


def _cells(char: Char) -> Iterator[tuple[int, int]]:
    for x in range(int(char.left // CELL), int(char.right // CELL) + 1):
        for y in range(int(char.bottom // CELL), int(char.top // CELL) + 1):
            yield x, y


def _covered(one: Char, two: Char) -> float:
    """The share of the smaller box that both have in common."""
    width = min(one.right, two.right) - max(one.left, two.left)
    height = min(one.top, two.top) - max(one.bottom, two.bottom)
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((c.right - c.left) * (c.top - c.bottom) for c in (one, two))
    return width * height / smaller if smaller else 0.0


def filled(page: Page) -> float:
    """The share of the type area's height that its largest gap leaves, from 0 to 1; charts count by their labels."""
    _, bottom, _, top = type_area(page)
    low, gap = bottom, 0.0
    for char in sorted(_inside(page), key=lambda char: char.bottom):
        gap = max(gap, char.bottom - low)
        low = max(low, char.top)
    return 1 - max(gap, top - low) / (top - bottom)


def _inside(page: Page) -> list[Char]:
    _, bottom, _, top = type_area(page)
    return [char for char in page.chars if bottom <= char.middle[1] <= top]


def _check_filled(page: Page) -> None:
    if (share := filled(page)) < LEAST_FILLED:
        text = "".join(char.text for char in _inside(page)[:20])
        raise FormFault(page.number, text, f"the page is nearly empty: {share:.0%} of it is filled")


def _check_heading(page: Page, bookmark: Bookmark) -> None:
    """What a heading heads begins on its page: in its own line or below."""
    words = "".join(bookmark.title.split())
    start = next((i for i in _occurrences(page.text, words) if page.chars[i].top <= bookmark.top + SLACK), None)
    if start is None:
        raise FormFault(page.number, bookmark.title, "a bookmark leads here, but no such heading stands here")
    end = start + len(words)
    low = min(char.bottom for char in page.chars[start:end])
    if end < len(page.chars) and page.chars[end].middle[1] > low:
        return
    bottom = type_area(page)[1]
    if not any(bottom <= char.bottom and char.top < low for char in page.chars):
        raise FormFault(page.number, bookmark.title, "the heading stands last on its page")


def _occurrences(text: str, words: str) -> Iterator[int]:
    start = text.find(words)
    while start >= 0:
        yield start
        start = text.find(words, start + 1)


def _check_imprint(page: Page, imprint: ImprintLine) -> None:
    line = f"{imprint.label}：{imprint.to}".replace("：", ":")  # which of the two is the language's
    start = page.text.replace("：", ":").find("".join(line.split())[:20])
    if start < 0:
        raise FormFault(page.number, line, "the imprint does not close the last page")
    _, bottom, _, top = type_area(page)
    highest = page.chars[start].top
    if not any(char.bottom > highest and char.top < top for char in page.chars):
        raise FormFault(page.number, line, "the imprint stands alone on its page")
    if min(char.bottom for char in page.chars[start:] if char.top > bottom) > bottom + 12 * MM:
        raise FormFault(page.number, line, "the imprint does not stand at the foot of the page")


def _around(page: Page, char: Char) -> str:
    """A few characters of the line, so that a person finds the place."""
    at = page.chars.index(char)
    return page.text[max(0, at - 6) : at + 7]
