"""Figure of one model's overlaps: the predicted matrix G beside the learned one, features in one order."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from tegum.compare.report.style import COLUMN, INK, PAPER
from tegum.compare.verdict import Comparison
from tegum.theory.weights import Weights, overlap_matrix

#: Inches: side of a matrix, left margin, room between the two, colour bar's, foot and head.
_SIDE, _LEFT, _GAP, _HEAD, _FOOT = 1.28, 0.22, 0.2, 0.2, 0.3
#: Entries are written into the matrix up to so many features.
_WRITTEN = 8
#: Vermilion and blue ends, told apart by readers with any colour vision, white at zero overlap.  These and the entries'
#: colours stay the same in the dark: entries stand on the matrix, not on the page.
_COLORS = LinearSegmentedColormap.from_list("overlap", ["#d55e00", "#fafafa", "#0072b2"])
_DARK, _LIGHT = "#1c1c1c", "#fdfdfd"


def overlaps_figure(comparison: Comparison, run: int, places: tuple[int, ...], title: str) -> Figure:
    """Both overlap matrices, rows and columns in the order of the predicted features.

    Args:
        places: predicted feature that each learned feature is laid over.
        title: of the learned matrix.
    """
    order = np.argsort(places)
    predicted = overlap_matrix(comparison.optimum.weights)
    learned = overlap_matrix(Weights(comparison.weights.W[run][:, order], comparison.weights.b[run][order]))
    largest = float(max(np.abs(predicted).max(), np.abs(learned).max())) or 1.0
    height = _HEAD + _SIDE + _FOOT
    figure = Figure(figsize=(COLUMN, height))
    pairs = ((predicted, np.arange(len(order)), "predicted"), (learned, order, title))
    for k, (matrix, features, name) in enumerate(pairs):
        left = _LEFT + k * (_SIDE + _GAP + 0.02)
        ax = figure.add_axes((left / COLUMN, _FOOT / height, _SIDE / COLUMN, _SIDE / height))
        _draw_matrix(ax, matrix, [str(feature) for feature in features], name, largest)
    left = _LEFT + 2 * _SIDE + _GAP + 0.12
    bar = figure.add_axes((left / COLUMN, _FOOT / height, 0.07 / COLUMN, _SIDE / height))
    _draw_bar(bar, largest)
    return figure


def _draw_matrix(ax: Axes, matrix: np.ndarray, features: list[str], name: str, largest: float) -> None:
    count = len(matrix)
    ax.pcolormesh(matrix, cmap=_COLORS, vmin=-largest, vmax=largest, edgecolors=PAPER, linewidth=0.6)
    ax.set_xlim(0, count)
    ax.set_ylim(count, 0)
    for side in ax.spines.values():
        side.set_visible(False)
    middles = np.arange(count) + 0.5
    ax.set_xticks(middles, features, size=5.5)
    ax.set_yticks(middles, features, size=5.5)
    ax.tick_params(length=0, pad=1.5)
    ax.set_title(name, pad=4)
    if count <= _WRITTEN:
        _write_entries(ax, matrix, largest)


def _write_entries(ax: Axes, matrix: np.ndarray, largest: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        ink = _LIGHT if value > 0.6 * largest else _DARK
        text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
        ax.text(column + 0.5, row + 0.5, text, size=4.6, ha="center", va="center", color=ink)


def _draw_bar(ax: Axes, largest: float) -> None:
    edges = np.linspace(-largest, largest, 65)
    shades = ((edges[1:] + edges[:-1]) / 2)[:, None]
    ax.pcolormesh(np.array([0, 1]), edges, shades, cmap=_COLORS, linewidth=0.5, edgecolors="face")
    ax.set_xticks([])
    ax.yaxis.tick_right()
    ax.set_ylim(-largest, largest)
    ax.tick_params(labelsize=5.5, length=1.5, pad=1.5)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_title("G", pad=4, color=INK)
