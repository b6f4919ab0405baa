"""Vectors as they are drawn: from a common origin, with a dot at each tip, in the colours of their factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection

from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAPER, tint
from tegum.empirical.pictures.views import Flat
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.geometry.identify import Identity

#: Colour of each feature's vector; None for a dropped feature, whose tip is an empty ring.
Colors = tuple[str | None, ...]
Size = float | Float[np.ndarray, " features"]
#: Tips this close, relative to the unit, bear one label.
_TOGETHER = 0.08
#: Vectors with this cosine at least lie over each other.
_SAME_WAY = 0.97


@dataclass(frozen=True)
class Frame:
    """Where an arrangement is drawn.

    Attributes:
        centre: of the arrangement, in data units.
        unit: length of a unit vector, in data units.
        linear: whether there is one hidden dimension: vectors are horizontal, each at a height of its own.
    """

    centre: Float[np.ndarray, " 2"]
    unit: float
    linear: bool

    def tips(self, vectors: Flat) -> Float[np.ndarray, "features 2"]:
        """Where the vectors end."""
        return self.centre + self.unit * vectors.T


def factor_colors(identity: Identity, places: Sequence[int], color: str) -> Colors:
    """The geometry's colour in a tint for each factor, dropped features without.

    Args:
        places: rank of each feature; factors are tinted in the order of their first-ranking feature.
    """
    found: list[str | None] = [None] * len(places)
    factors = [factor for factor in identity.factors if factor.name != DROPPED.name]
    factors.sort(key=lambda factor: min(places[feature] for feature in factor.features))
    for k, factor in enumerate(factors):
        for feature in factor.features:
            found[feature] = tint(color, k)
    return tuple(found)


def draw_guide(ax: Axes, frame: Frame) -> None:
    """The unit circle, or its one-dimensional cut."""
    (x, y), unit = frame.centre, frame.unit
    if frame.linear:
        ax.plot([x - unit, x + unit], [y, y], color=GUIDE, lw=0.6, zorder=1)
        return
    style: dict[str, Any] = {"facecolors": "none", "edgecolors": GUIDE, "linewidths": 0.6, "zorder": 1}
    style |= {"units": "x", "offsets": [(x, y)], "offset_transform": ax.transData}
    ax.add_collection(EllipseCollection([2 * unit], [2 * unit], [0], **style))


def draw_sticks(ax: Axes, vectors: Flat, colors: Colors, frame: Frame, width: Size, dot: Size, order: float) -> None:
    """The vectors, with lines of a width and dots of an area in points, the same for all or one for each."""
    tips = frame.tips(vectors)
    roots = np.tile(frame.centre, (len(tips), 1))
    if frame.linear:
        roots[:, 1] = tips[:, 1]
    edges = [color or MUTED for color in colors]
    faces = [color or PAPER for color in colors]
    lines = list(np.stack([roots, tips], axis=1))
    ax.add_collection(LineCollection(lines, colors=edges, linewidths=width, capstyle="round", zorder=order))
    ax.scatter(tips[:, 0], tips[:, 1], s=dot, c=faces, edgecolors=edges, linewidths=0.5, zorder=order + 0.5)


def draw_numbers(ax: Axes, vectors: Flat, features: Sequence[int], frame: Frame, beyond: float, size: float) -> None:
    """The features' numbers beyond the tips, those of one direction together."""
    tips = frame.tips(vectors)
    left = list(range(len(tips)))
    while left:
        near = np.linalg.norm(tips[left] - tips[left[0]], axis=1) <= _TOGETHER * frame.unit
        together = [k for k, close in zip(left, near, strict=True) if close]
        left = [k for k in left if k not in together]
        words = ", ".join(str(feature) for feature in sorted(features[k] for k in together))
        x, y = tips[together[0]] + beyond * _outward(vectors, together[0], frame.linear)
        ax.text(x, y, words, size=size, ha="center", va="center", color=INK, zorder=6)


def _outward(vectors: Flat, feature: int, linear: bool) -> Float[np.ndarray, " 2"]:
    """Unit direction from a tip to its number: along the vector, or beside it where a longer one goes on."""
    vector = vectors[:, feature]
    if linear:
        return np.array([1.0 if vector[0] >= 0 else -1.0, 0.0])
    norm = float(np.hypot(*vector))
    if norm <= _TOGETHER:
        return np.array([0.75, -0.75])
    along, lengths = vector / norm, np.hypot(*vectors)
    covered = (along @ vectors > _SAME_WAY * lengths) & (lengths > norm + _TOGETHER)
    return np.array([along[1], -along[0]]) if covered.any() else along
