"""Matrices as they are drawn: a square for each entry, blue above zero and vermilion below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from tegum.empirical.pictures.style import INK, PAPER

#: Vermilion and blue ends, told apart by readers with any colour vision, white at zero.  These and the entries' colours
#: stay the same in the dark: entries stand on the matrix, not on the page.
COLORS = LinearSegmentedColormap.from_list("overlap", ["#d55e00", "#fafafa", "#0072b2"])
_DARK, _LIGHT = "#1c1c1c", "#fdfdfd"
#: Entries are written into squares of at least so many inches.
_WRITTEN = 0.2
#: Rows and columns are numbered one by one up to so many.
_NUMBERED = 24


def draw_matrix(
    ax: Axes,
    matrix: Float[np.ndarray, "rows columns"],
    largest: float,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
) -> None:
    """One matrix, its first row on top.

    Args:
        matrix: numbers from -largest to largest.
        rows, columns: their names; every so many of them are written where there are many.
        title: above it.
    """
    down, across = matrix.shape
    many = max(down, across) > _NUMBERED
    ax.pcolormesh(matrix, cmap=COLORS, vmin=-largest, vmax=largest, edgecolors=PAPER, linewidth=0.0 if many else 0.6)
    ax.set_xlim(0, across)
    ax.set_ylim(down, 0)
    for side in ax.spines.values():
        side.set_visible(False)
    for set_ticks, names in ((ax.set_xticks, columns), (ax.set_yticks, rows)):
        step = -(-len(names) // _NUMBERED)
        set_ticks(np.arange(len(names))[::step] + 0.5, list(names)[::step], size=5.5)
    ax.tick_params(length=0, pad=1.5)
    ax.set_title(title, pad=4)
    if _inches_wide(ax) >= _WRITTEN * across:
        _write_entries(ax, matrix, largest)


def draw_color_bar(ax: Axes, largest: float, title: str) -> None:
    """What the colours mean, as a bar with numbers on its right."""
    edges = np.linspace(-largest, largest, 65)
    shades = ((edges[1:] + edges[:-1]) / 2)[:, None]
    ax.pcolormesh(np.array([0, 1]), edges, shades, cmap=COLORS, linewidth=0.5, edgecolors="face")
    ax.set_xticks([])
    ax.yaxis.tick_right()
    ax.set_ylim(-largest, largest)
    ax.tick_params(labelsize=5.5, length=1.5, pad=1.5)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_title(title, pad=4, color=INK)


def _write_entries(ax: Axes, matrix: np.ndarray, largest: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        ink = _LIGHT if value > 0.6 * largest else _DARK
        text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
        ax.text(column + 0.5, row + 0.5, text, size=4.6, ha="center", va="center", color=ink)


def _inches_wide(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.get_position().width * figure.get_size_inches()[0])
