"""One sequential scale for shares: from the paper's white to a dark blue, even in lightness."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap, to_rgb

from tegum.empirical.pictures.style import INK, PAPER

#: Lightness falls steadily, so that the scale reads the same in grey.
SHADES = LinearSegmentedColormap.from_list("shares", ["#f7f9fb", "#c6dbef", "#6baed6", "#2171b5", "#08306b"])
_DARK = 0.45


def ink_on(color: object) -> str:
    """The colour of text that can be read on a shade."""
    red, green, blue = to_rgb(color)  # type: ignore[arg-type]
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < _DARK else INK
