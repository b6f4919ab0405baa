"""Figure of one model's vectors: the prediction beside what was learned, feature by feature."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tegum.compare.report.panel import Panel
from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.sticks import Frame, draw_guide, draw_numbers, draw_sticks
from tegum.empirical.pictures.style import COLUMN, INK, MUTED

#: Inches: a panel's side, the room between two, above and below them; a feature's number beyond its vector's tip.
_SIDE, _GAP, _HEAD, _FOOT, _BEYOND = 1.6, 0.15, 0.02, 0.36, 0.1


def vectors_figure(one: Panel, predicted: str, learned: str) -> Figure:
    """Predicted vectors on the left, the learned ones on the right, turned onto them; numbers are features.

    Args:
        predicted, learned: names of the two geometries.
    """
    figure = Figure(figsize=(COLUMN, _HEAD + _SIDE + _FOOT))
    ax = inches_axes(figure)
    unit = (_SIDE / 2 - _BEYOND - 0.08) / max(1.0, one.reach)
    features = tuple(range(len(one.places)))
    sides = (
        (-1, one.predicted, one.predicted_colors, one.places, "predicted", predicted),
        (1, one.learned, one.learned_colors, features, one.title, learned),
    )
    for side, vectors, colors, numbers, title, geometry in sides:
        x = COLUMN / 2 + side * (_SIDE + _GAP) / 2
        frame = Frame(np.array([x, _FOOT + _SIDE / 2]), unit, one.linear)
        draw_guide(ax, frame)
        draw_sticks(ax, vectors, colors, frame, width=1.8, dot=22, order=2.0)
        draw_numbers(ax, vectors, numbers, frame, _BEYOND, size=6)
        ax.text(x, _FOOT - 0.1, title, size=7, ha="center", va="center", color=INK)
        ax.text(x, _FOOT - 0.24, geometry, size=6, ha="center", va="center", color=MUTED)
    return figure
