"""What WeasyPrint makes anew for each piece of text, made once for each style; no result differs.

It sets up a layout of Pango's for every cell twice, and spells out the style's fonts for every line. This reaches into its
text layout, so it holds for the version that justify.py names.
"""

from typing import Any

from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, gobject, pango

ffi.cdef("PangoLayout * pango_layout_copy (PangoLayout *src);")

set_up_layout = line_break.Layout.setup
font_key = line_break._font_style_cache_key


def copy_layout(layout: Any, style: Any) -> None:
    """For Layout.setup: a copy of the first layout that was set up for a style."""
    made = vars(style).get("made_layout")
    if made is None:
        set_up_layout(layout, style)
        made = vars(style)["made_layout"] = {name: vars(layout)[name] for name in vars(layout) if name in _SET_UP}
    else:
        vars(layout).update(made)
        layout.style, layout.first_line_direction = style, 0
    layout.layout = ffi.gc(pango.pango_layout_copy(made["layout"]), gobject.g_object_unref)


_SET_UP = {"layout", "language", "ascent", "underline_position", "strikethrough_position", "underline_thickness", "strikethrough_thickness"}


def kept_font_key(style: Any, include_size: bool = False) -> str:
    """For _font_style_cache_key: what it said of the style before."""
    name = "font_size_key" if include_size else "font_key"
    if name not in vars(style):
        vars(style)[name] = font_key(style, include_size)
    return str(vars(style)[name])


line_break.Layout.setup = copy_layout
line_break._font_style_cache_key = kept_font_key
