"""Figures of one model's matrices: its weights, and its overlaps with the features factor by factor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from tegum.empirical.pictures.matrix import draw_color_bar, draw_matrix
from tegum.empirical.pictures.style import COLUMN, INK, MUTED, PAGE
from tegum.empirical.pictures.subject import Subject
from tegum.theory.geometry.identify import IdentifiedFactor
from tegum.theory.weights import overlap_matrix

#: Inches: margins, room between two matrices, the colour bar with its numbers, and the largest square of an entry.
_LEFT, _HEAD, _FOOT, _GAP, _BAR, _ENTRY = 0.42, 0.24, 0.36, 0.3, 0.45, 0.3
#: Rows of many hidden units are drawn this high together, inches.
_TALL = 2.6
#: Least width that the names of the factors need.
_NARROWEST = 2.6
#: Names of factors that fit below the overlaps.
_NAMED = 12


def weights_figure(one: Subject) -> Figure:
    """W [hidden, features], W_out transposed if untied, and b, with one scale of colours."""
    order, weights = list(one.order), one.weights
    stack = [(weights.W, "W" if weights.W_out is None else "W_in")]
    if weights.W_out is not None:
        stack.append((weights.W_out.T, "W_out, transposed"))
    stack.append((weights.b[None], "b"))
    largest = max(float(np.abs(matrix).max()) for matrix, _ in stack) or 1.0
    features = len(order)
    entry = min(_ENTRY, (PAGE - _LEFT - _BAR) / features, _TALL / weights.W.shape[0])
    across = max(entry * features, 1.2)
    heights = [max(entry * len(matrix), 0.12) for matrix, _ in stack]
    width, height = _LEFT + across + _BAR, _HEAD + sum(heights) + _GAP * (len(stack) - 1) + _FOOT
    figure = Figure(figsize=(width, height))
    top = height - _HEAD
    for (matrix, title), tall in zip(stack, heights, strict=True):
        ax = figure.add_axes((_LEFT / width, (top - tall) / height, across / width, tall / height))
        rows = [""] if title == "b" else [str(unit) for unit in range(len(matrix))]
        draw_matrix(ax, matrix[:, order], largest, rows, one.names, title)
        ax.set_ylabel("" if title == "b" else "hidden unit" if tall > 0.6 else "unit")
        ax.tick_params(labelbottom=title == "b")
        top -= tall + _GAP
    ax.set_xlabel("feature")
    bar = figure.add_axes(((width - _BAR + 0.1) / width, _FOOT / height, 0.07 / width, 1 - (_FOOT + _HEAD) / height))
    draw_color_bar(bar, largest, "")
    return figure


def overlap_figure(one: Subject) -> Figure:
    """G = W_out W, rows and columns factor by factor, a frame around each factor."""
    order = np.array(one.order)
    G = overlap_matrix(one.weights)[np.ix_(order, order)]
    largest = float(np.abs(G).max()) or 1.0
    side = min(max(0.26 * len(order), 1.3), COLUMN - _LEFT - _BAR)
    handles = [Patch(facecolor="none", edgecolor=color, label=name) for name, color in _legend(one)]
    below = 0.14 * -(-len(handles) // 2) + 0.04 if handles else 0.0
    width, height = max(_LEFT + side + _BAR + 0.1, _NARROWEST), _HEAD + side + _FOOT + below
    figure = Figure(figsize=(width, height))
    ax = figure.add_axes((_LEFT / width, (_FOOT + below) / height, side / width, side / height))
    draw_matrix(ax, G, largest, one.names, one.names, "overlaps, factor by factor")
    ax.set_xlabel("feature $j$ (input)")
    ax.set_ylabel("feature $i$ (output)")
    for first, factor in _places(one):
        color = one.colors[factor.features[0]] or MUTED
        extent = len(factor.features)
        frame = Rectangle((first, first), extent, extent, fill=False, edgecolor=color, linewidth=1.2, zorder=3)
        ax.add_patch(frame).set_clip_on(False)
    left = _LEFT + side + 0.12
    draw_color_bar(figure.add_axes((left / width, (_FOOT + below) / height, 0.07 / width, side / height)), largest, "G")
    if handles:
        figure.legend(
            handles=handles, ncols=2, frameon=False, loc="lower left", fontsize=5.8, labelcolor=INK, borderaxespad=0.1
        )
    return figure


def _places(one: Subject) -> Iterator[tuple[int, IdentifiedFactor]]:
    """Each factor with the place at which it starts in the order."""
    first = 0
    for factor in one.identity.factors:
        yield first, factor
        first += len(factor.features)


def _legend(one: Subject) -> list[tuple[str, str]]:
    """Name and colour of each factor, dropped features as one; nothing where there are too many."""
    named = [(factor.name, one.colors[factor.features[0]]) for factor in one.identity.factors]
    found = [(name, color) for name, color in named if color is not None]
    if len(found) < len(named):
        found.append(("dropped", MUTED))
    return found if len(found) <= _NAMED else []
