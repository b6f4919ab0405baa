"""Figure of one model's feature vectors: as they are in one and two dimensions, with depth in three and more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.sticks import Colors, Frame, draw_guide, draw_numbers, draw_sticks
from tegum.empirical.pictures.style import COLUMN, GHOST, INK, MUTED, PAPER
from tegum.empirical.pictures.subject import Subject
from tegum.empirical.pictures.views import View, view
from tegum.theory.geometry.critical import feature_vectors

#: Inches: a side of the picture, its height in one dimension, room for words below, and from a tip to its number.
_SIDE, _LINES, _FOOT, _BEYOND = 2.9, 1.3, 0.44, 0.11
#: How much of its colour the farthest vector loses, and how much wider the nearest is than the farthest.
_FADED, _WIDER = 0.6, 2.2


def arrangement_figure(one: Subject) -> Figure:
    """The vectors from their common origin, numbered, in the colours of their factors."""
    shown = view(feature_vectors(one.weights))
    tall = _LINES if shown.lines else _SIDE
    figure = Figure(figsize=(COLUMN, tall + _FOOT))
    ax = inches_axes(figure)
    draw_arrangement(ax, shown, one.colors, np.array([COLUMN / 2, _FOOT + tall / 2]), _SIDE)
    ax.text(COLUMN / 2, 0.3, one.identity.geometry, size=7, ha="center", va="center", color=INK)
    ax.text(COLUMN / 2, 0.13, words(shown, one.weights.W.shape[0]), size=5.8, ha="center", va="center", color=MUTED)
    return figure


def draw_arrangement(
    ax: Axes,
    shown: View,
    colors: Colors,
    centre: Float[np.ndarray, " 2"],
    side: float,
    reach: float = 0.0,
    features: Sequence[int] | None = None,
    numbered: bool = True,
) -> None:
    """Vectors in a square of a side, inches, on axes whose units are inches.

    Args:
        reach: the least length that fits.
        features: numbers of the vectors; their places unless given.
        numbered: whether they are written.
    """
    frame = frame_in(shown, centre, side, reach)
    draw_guide(ax, frame)
    near = nearness(shown)
    if shown.axes.shape[1] == 3:
        _draw_axes(ax, shown, frame, max(1.0, reach, extent(shown)))
    order = np.argsort(near, kind="stable")
    paler = tuple(faded(color, share) for color, share in zip(colors, near, strict=True))
    size = 1.0 + (_WIDER - 1.0) * near
    widths, colored = min(1.0, side / 1.6) * size[order], tuple(paler[k] for k in order)
    draw_sticks(ax, shown.flat[:, order], colored, frame, widths, 11 * widths, order=2.0)
    if numbered:
        numbers = range(shown.flat.shape[1]) if features is None else features
        draw_numbers(ax, shown.flat, numbers, frame, _BEYOND, size=6 if side > 1.5 else 4.8)


def frame_in(shown: View, centre: Float[np.ndarray, " 2"], side: float, reach: float = 0.0) -> Frame:
    """Where vectors stand that fill a square of a side."""
    return Frame(centre, (side / 2 - _BEYOND - 0.08) / max(1.0, reach, extent(shown)), shown.lines)


def extent(shown: View) -> float:
    """Length of the longest vector in the plane."""
    return float(np.abs(shown.flat[0]).max() if shown.lines else np.hypot(*shown.flat).max())


def words(shown: View, hidden: int) -> str:
    """What the view leaves out."""
    if hidden <= 2:
        return "unit circle in grey" if hidden == 2 else "one hidden unit; each feature at a height of its own"
    if hidden == 3:
        return "three dimensions; nearer vectors are broader and darker"
    parts = ", ".join(f"{100 * share:.0f}" for share in shown.shares)
    return f"three principal components of {hidden} ({parts}% of the squared length); nearer is darker"


def nearness(shown: View) -> Float[np.ndarray, " features"]:
    """0 for the farthest vector, 1 for the nearest; 1 for all where there is no depth."""
    deep = float(np.ptp(shown.depth))
    return (shown.depth - shown.depth.min()) / deep if deep > 0 else np.ones(len(shown.depth))


def faded(color: str | None, near: float) -> str | None:
    """The colour towards the paper's, the farther the paler."""
    if color is None:
        return None
    share = _FADED * (1 - near)
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(color), to_rgb(PAPER), strict=True))
    return to_hex((red, green, blue))


def _draw_axes(ax: Axes, shown: View, frame: Frame, longest: float) -> None:
    for direction in shown.axes.T:
        (x, y), (tip_x, tip_y) = frame.centre, frame.centre + 0.9 * longest * frame.unit * direction
        ax.plot([2 * x - tip_x, tip_x], [2 * y - tip_y, tip_y], color=GHOST, lw=0.5, zorder=1.5)
