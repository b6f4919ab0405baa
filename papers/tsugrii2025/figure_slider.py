"""The chapter's slider as a table: the k-gon that it draws for each k, and below it the best arrangement computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, inches_axes, picture
from tegum.empirical.pictures.sticks import Frame, draw_guide, draw_sticks
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, drawing, palette
from tegum.papers.tsugrii2025.angles import neighbour_gaps, represented
from tegum.papers.tsugrii2025.slider import is_polygon

#: Inches: a panel's height with its words, the margin on the left, the heads of the columns, a vector of length one.
_ROW, _LEFT, _HEAD, _UNIT = 1.16, 0.95, 0.3, 0.25


def slider(details: Mapping[str, Any]) -> Picture:
    """A column for each number of features, a row for the drawing and for each on-probability."""
    counts = details["rows"][0]["count"]
    with drawing():
        height = _HEAD + _ROW * (1 + len(details["rows"])) + 0.02
        figure = Figure(figsize=(PAGE, height))
        ax = inches_axes(figure)
        across = (PAGE - _LEFT) / len(counts)
        for column, k in enumerate(counts):
            x = _LEFT + across * (column + 0.5)
            ax.text(x, height - 0.16, f"k = {k}", size=8, ha="center", va="center", color=INK)
            _panel(ax, _polygon(k), x, height - _HEAD, MUTED, _drawn_words(k))
            for row, found in enumerate(details["rows"]):
                W = np.array(found["optima"][column]["W"])
                _panel(ax, W, x, height - _HEAD - _ROW * (row + 1), _color(W), _words(W))
        _name_rows(ax, ["as drawn,\nany on-\nprobability", *(f"computed,\n{p:g}" for p in details["density"])], height)
        return picture(
            figure,
            "slider",
            "For three to eight features in two dimensions the regular polygon that the slider draws, and the best "
            "arrangement computed at four on-probabilities.",
            "Above, what the slider draws. Below, the best weights of k binary features in two dimensions, at four "
            "on-probabilities: blue where all neighbours are at 360°/k to within four degrees, vermilion where not; "
            "with the least angle between two. Grey: unit circle.",
        )


def _panel(ax: Axes, W: np.ndarray, x: float, top: float, color: str, words: str) -> None:
    kept = _upright(represented(W))
    frame = Frame(np.array([x, top - _ROW / 2 + 0.1]), _UNIT, False)
    draw_guide(ax, frame)
    draw_sticks(ax, kept, (color,) * kept.shape[1], frame, 1.2, 11, 2.0)
    ax.text(x, top - _ROW + 0.1, words, size=6, ha="center", va="center", color=color if color != MUTED else INK)


def _name_rows(ax: Axes, names: list[str], height: float) -> None:
    for row, name in enumerate(names):
        middle = height - _HEAD - _ROW * (row + 0.5) + 0.1
        ax.text(0.12, middle, name, size=7.5, ha="left", va="center", color=INK, linespacing=1.25)
        if row:
            edge = height - _HEAD - _ROW * row + 0.02
            ax.plot([0.12, PAGE - 0.1], [edge, edge], color=GUIDE, lw=0.6)


def _polygon(count: int) -> np.ndarray:
    turn = 2 * np.pi * np.arange(count) / count
    return np.array([np.sin(turn), np.cos(turn)])


def _upright(W: np.ndarray) -> np.ndarray:
    """The arrangement turned so that its longest vector points up."""
    x, y = W[:, np.round(np.linalg.norm(W, axis=0), 4).argmax()]
    turn = np.pi / 2 - np.arctan2(y, x)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ W


def _color(W: np.ndarray) -> str:
    blue, vermilion = palette(2)
    return blue if is_polygon(W) else vermilion


def _drawn_words(count: int) -> str:
    cosine = np.cos(2 * np.pi / count)
    return f"{_degrees(360 / count)}, cos {cosine:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _words(W: np.ndarray) -> str:
    kept = represented(W)
    angle = _degrees(float(neighbour_gaps(kept).min()))
    left_out = W.shape[1] - kept.shape[1]
    return angle if not left_out else f"{angle}, {left_out} dropped"


def _degrees(angle: float) -> str:
    return f"{angle:.1f}".removesuffix(".0") + "°"
