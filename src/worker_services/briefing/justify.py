"""Flush right edges for Chinese text.

WeasyPrint stretches spaces only, and Chinese lines have none. While `flush_right` is open, lines that are to be
justified share the room left over between their Chinese characters, by letter-spacing; digits and Latin letters that
stand in inline boxes of their own keep their shape. This reaches into WeasyPrint's layout, so it names the version.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import weasyprint
from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline

KNOWN_VERSION = "70.0"
# A line this loose (in ems between two characters) ends early on purpose; stretching it would look gappy.
LOOSEST = 0.35

_chinese = re.compile("^[\u2014\u2018-\u201d\u2026\u25a0-\u26ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+$")
_lock = threading.RLock()


@contextmanager
def flush_right() -> Iterator[None]:
    """Justify Chinese lines in everything WeasyPrint lays out meanwhile; one thread at a time."""
    if weasyprint.__version__ != KNOWN_VERSION:
        raise RuntimeError(
            f"justification is written for WeasyPrint {KNOWN_VERSION}, this is {weasyprint.__version__}: "
            "check worker_services/briefing/justify.py against its layout/inline.py and run its tests"
        )
    with _lock:
        original = inline.justify_line

        def justify_line(context: Any, line: Any, room: float) -> None:
            if not _spread(line, room):
                original(context, line, room)

        inline.justify_line = justify_line
        try:
            yield
        finally:
            inline.justify_line = original


def _spread(line: Any, room: float) -> bool:
    texts = list(_text_boxes(line))
    stretched = {id(text) for text in texts if _chinese.match(text.text)}
    gaps = sum(len(text.text) for text in texts if id(text) in stretched)
    if texts and id(texts[-1]) in stretched:
        gaps -= 1
    if gaps < 1 or room / gaps > LOOSEST * line.style["font_size"]:
        return False
    _shift(line, room / gaps, 0.0, stretched)
    return True


def _text_boxes(box: Any) -> Iterator[Any]:
    if isinstance(box, boxes.TextBox):
        yield box
    elif isinstance(box, boxes.LineBox | boxes.InlineBox):
        for child in box.children:
            if child.is_in_normal_flow():
                yield from _text_boxes(child)


def _shift(box: Any, gap: float, moved: float, stretched: set[int]) -> float:
    """Move a box right by what its forerunners grew, grow it, and say how far the next one moves."""
    if isinstance(box, boxes.TextBox):
        box.position_x += moved
        if id(box) not in stretched:
            return moved
        box.style = box.style.copy()
        spacing = box.style["letter_spacing"]
        box.style["letter_spacing"] = gap + (0 if spacing == "normal" else spacing)
        box.width += gap * len(box.text)
        return moved + gap * len(box.text)
    if isinstance(box, boxes.LineBox | boxes.InlineBox):
        box.position_x += moved
        before = moved
        for child in box.children:
            if child.is_in_normal_flow():
                moved = _shift(child, gap, moved, stretched)
        box.width += moved - before
        return moved
    box.translate(moved, 0)
    return moved
