"""The chapter's first visualisation: the weight matrix, its columns as vectors, and the angles of all pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.matrix import COLORS, draw_matrix
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, PAPER, drawing, palette

#: Share of the colour's range beyond which dark entries are written in white.
_DARK = 0.6


def weights(details: Mapping[str, Any]) -> Picture:
    """W as a matrix, as vectors, and the angle of every pair in the colour of its cosine."""
    W = upright(np.array(details["W"]))
    names = [str(i + 1) for i in range(W.shape[1])]
    with drawing():
        figure = Figure(figsize=(PAGE, 2.35))
        left = figure.add_axes((0.045, 0.34, 0.27, 0.3))
        draw_matrix(left, W, float(np.abs(W).max()), ["$h_1$", "$h_2$"], names, "weight matrix $W$")
        draw_vectors(figure.add_axes((0.36, 0.06, 0.27, 0.82)), W, "its columns")
        _draw_angles(figure.add_axes((0.69, 0.1, 0.275, 0.76)), W, names)
        return picture(
            figure,
            "weights",
            "The weight matrix of five features in two dimensions, its columns as vectors, and all pairs' angles.",
            "Best weights of five binary features in two dimensions at on-probability 0.01, features numbered around "
            "the circle. Angles in degrees, in the colour of their cosine: blue positive, vermilion negative. "
            "Grey: unit circle, on which the chapter draws them.",
        )


def upright(W: np.ndarray) -> np.ndarray:
    """The arrangement turned so that its first vector points up, the others following clockwise."""
    turn = np.pi / 2 - np.arctan2(W[1, 0], W[0, 0])
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ W
    return turned * np.array([[-1.0], [1.0]])


def draw_vectors(ax: Axes, W: np.ndarray, title: str = "", color: str = "", numbered: bool = True) -> None:
    """The columns as vectors, each in a colour of its own unless all share one, with numbers beyond the tips."""
    ring = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(ring), np.sin(ring), color=GUIDE, lw=0.8, zorder=1)
    for i, (x, y) in enumerate(W.T):
        own = color or (palette(5)[i] if i < 5 else INK)
        ax.plot([0, x], [0, y], color=own, lw=1.4, solid_capstyle="round", zorder=2)
        ax.scatter([x], [y], s=16, color=own, edgecolors=PAPER, linewidths=0.4, zorder=3)
        far = 1 + 0.17 / np.hypot(x, y)
        if numbered:
            ax.text(far * x, far * y, str(i + 1), size=6.5, ha="center", va="center", color=MUTED if color else INK)
    reach = 1.5 if numbered else 1.3
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_title(title, pad=2)
    ax.axis("off")


def _draw_angles(ax: Axes, W: np.ndarray, names: list[str]) -> None:
    unit = W / np.linalg.norm(W, axis=0)
    cosines = np.clip(unit.T @ unit, -1, 1)
    ax.pcolormesh(cosines, cmap=COLORS, vmin=-1, vmax=1, edgecolors=PAPER, linewidth=0.6)
    for (row, column), cosine in np.ndenumerate(cosines):
        words = f"{np.degrees(np.arccos(cosine)):.0f}°"
        ink = PAPER if abs(cosine) > _DARK else INK
        ax.text(column + 0.5, row + 0.5, words, size=6, ha="center", va="center", color=ink)
    ax.set(xlim=(0, len(names)), ylim=(len(names), 0), aspect="equal")
    places = np.arange(len(names)) + 0.5
    ax.set_xticks(places, names, size=5.5)
    ax.set_yticks(places, names, size=5.5)
    ax.tick_params(length=0, pad=1.5)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_title("angles of all pairs", pad=4)
