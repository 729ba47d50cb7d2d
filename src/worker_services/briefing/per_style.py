"""What WeasyPrint works out anew for each box and each piece of text, worked out once for each style.

No result differs: a test sets the same issue without this. It reaches into WeasyPrint's layout, so it holds for the
version that justify.py names. What is kept lies on the style itself and goes with its document.
"""

from typing import Any

from weasyprint.layout import block, inline, percent, table
from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, gobject, pango

SIZES = (
    *("margin_left", "margin_right", "margin_top", "margin_bottom"),
    *("padding_left", "padding_right", "padding_top", "padding_bottom"),
    *("width", "min_width", "max_width", "height", "min_height", "max_height"),
)
BORDERS = ("border_top_width", "border_right_width", "border_bottom_width", "border_left_width")
SET_UP = (
    *("layout", "language", "ascent", "underline_position", "strikethrough_position"),
    *("underline_thickness", "strikethrough_thickness"),
)

ffi.cdef("PangoLayout * pango_layout_copy (PangoLayout *src);")

set_up = line_break.Layout.setup
font_key = line_break._font_style_cache_key
resolve = percent.resolve_percentages


def copied_set_up(layout: Any, style: Any) -> None:
    """For Layout.setup: a copy of the layout that was set up first for the style."""
    kept = vars(style)
    if "layout" in kept:
        vars(layout).update(kept["layout"])
        layout.style, layout.first_line_direction = style, 0
    else:
        set_up(layout, style)
        kept["layout"] = {name: value for name, value in vars(layout).items() if name in SET_UP}
    layout.layout = ffi.gc(pango.pango_layout_copy(kept["layout"]["layout"]), gobject.g_object_unref)


def kept_font_key(style: Any, include_size: bool = False) -> Any:
    """For _font_style_cache_key: what it says of the style."""
    kept, name = vars(style), "font_size_key" if include_size else "font_key"
    if name not in kept:
        kept[name] = font_key(style, include_size)
    return kept[name]


def kept_sizes(box: Any, containing_block: Any) -> None:
    """For resolve_percentages: the sizes of the style, where none depends on what the box lies in."""
    style = box.style
    kept = vars(style)
    if "sizes" not in kept:
        kept["sizes"] = _fixed_sizes(style)
    if kept["sizes"] is None:
        resolve(box, containing_block)
        return
    own = vars(box)
    own.update(kept["sizes"])
    is_collapsed = style["border_collapse"] == "collapse"
    for name in BORDERS:
        if not (is_collapsed and name in own):
            own[name] = style[name]


def _fixed_sizes(style: Any) -> dict[str, Any] | None:
    if style["box_sizing"] != "content-box":
        return None
    sizes = {}
    for name in SIZES:
        value = style[name]
        if value == "auto":
            sizes[name] = 0 if name in ("min_width", "min_height") else value
        elif getattr(value, "unit", None) == "px":
            sizes[name] = value.value
        else:
            return None
    return sizes


line_break.Layout.setup = copied_set_up
line_break._font_style_cache_key = kept_font_key
for module in (block, inline, table):
    module.resolve_percentages = kept_sizes
