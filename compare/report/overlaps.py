"""Figure of one model's overlaps: the predicted matrix G beside the learned one, features in one order."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.matrix import draw_color_bar, draw_matrix
from tegum.empirical.pictures.style import COLUMN
from tegum.theory.weights import overlap_matrix

#: Inches: side of a matrix, left margin, room between the two, colour bar's, foot and head.
_SIDE, _LEFT, _GAP, _HEAD, _FOOT = 1.28, 0.22, 0.2, 0.2, 0.3


def overlaps_figure(comparison: Comparison, run: int, places: tuple[int, ...], title: str) -> Figure:
    """Both overlap matrices, rows and columns in the order of the predicted features.

    Args:
        places: predicted feature that each learned feature is laid over.
        title: of the learned matrix.
    """
    order = np.argsort(places)
    predicted = overlap_matrix(comparison.optimum.weights)
    learned = overlap_matrix(comparison.weights[run])[np.ix_(order, order)]
    largest = float(max(np.abs(predicted).max(), np.abs(learned).max())) or 1.0
    height = _HEAD + _SIDE + _FOOT
    figure = Figure(figsize=(COLUMN, height))
    pairs = ((predicted, np.arange(len(order)), "predicted"), (learned, order, title))
    for k, (matrix, features, name) in enumerate(pairs):
        left = _LEFT + k * (_SIDE + _GAP + 0.02)
        ax = figure.add_axes((left / COLUMN, _FOOT / height, _SIDE / COLUMN, _SIDE / height))
        numbers = [str(feature) for feature in features]
        draw_matrix(ax, matrix, largest, numbers, numbers, name)
    left = _LEFT + 2 * _SIDE + _GAP + 0.12
    bar = figure.add_axes((left / COLUMN, _FOOT / height, 0.07 / COLUMN, _SIDE / height))
    draw_color_bar(bar, largest, "G")
    return figure
