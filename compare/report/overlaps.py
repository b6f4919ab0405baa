"""Figure of one model's overlaps: the predicted matrix G beside the learned one, features factor by factor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tegum.compare.report.scene import plane_order
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.matrix import draw_color_bar, draw_matrix
from tegum.empirical.pictures.style import COLUMN, INK
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.weights import overlap_matrix

#: Inches: side of a matrix, left margin, room between the two, colour bar's, foot and head.
_SIDE, _LEFT, _GAP, _HEAD, _FOOT = 1.28, 0.22, 0.2, 0.2, 0.3


def overlaps_figure(comparison: Comparison, run: int, places: tuple[int, ...], title: str) -> Figure:
    """Both overlap matrices with one scale of colours, rows and columns by the predicted factors, each in a frame.

    Args:
        places: predicted feature that each learned feature is laid over.
        title: of the learned matrix.
    """
    optimum, identity = comparison.optimum.weights, comparison.optimum.identity
    vectors = feature_vectors(optimum, comparison.setting.activation)
    factors = [plane_order(vectors, factor.features) for factor in identity.factors]
    expected = np.array([feature for factor in factors for feature in factor])
    order = np.argsort(places)[expected]
    predicted = overlap_matrix(optimum)[np.ix_(expected, expected)]
    learned = overlap_matrix(comparison.weights[run])[np.ix_(order, order)]
    largest = float(max(np.abs(predicted).max(), np.abs(learned).max())) or 1.0
    height = _HEAD + _SIDE + _FOOT
    figure = Figure(figsize=(COLUMN, height))
    pairs = ((predicted, expected, "predicted"), (learned, order, title))
    for k, (matrix, features, name) in enumerate(pairs):
        left = _LEFT + k * (_SIDE + _GAP + 0.02)
        ax = figure.add_axes((left / COLUMN, _FOOT / height, _SIDE / COLUMN, _SIDE / height))
        numbers = [str(feature) for feature in features]
        draw_matrix(ax, matrix, largest, numbers, numbers, name)
        _draw_frames(ax, [len(factor) for factor in factors])
    left = _LEFT + 2 * _SIDE + _GAP + 0.12
    bar = figure.add_axes((left / COLUMN, _FOOT / height, 0.07 / COLUMN, _SIDE / height))
    draw_color_bar(bar, largest, "G")
    return figure


def _draw_frames(ax: Axes, sizes: Sequence[int]) -> None:
    """A frame around the block of each factor of several features, where there is more than one factor."""
    first = 0
    for size in sizes:
        if 1 < size and len(sizes) > 1:
            frame = Rectangle((first, first), size, size, fill=False, edgecolor=INK, linewidth=0.9, zorder=3)
            ax.add_patch(frame).set_clip_on(False)
        first += size
