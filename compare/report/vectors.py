"""Figure of one model's vectors: the prediction beside what was learned, factor by factor above two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from tegum.compare.report.panel import Panel
from tegum.compare.report.scene import Scene, eye_of, scene, span_axes
from tegum.empirical.pictures.arrangement import draw_arrangement, extent, faded, frame_in, nearness
from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.sticks import Colors
from tegum.empirical.pictures.style import COLUMN, GHOST, INK, MUTED
from tegum.empirical.pictures.views import Flat, View
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.geometry.identify import IdentifiedFactor, Identity

#: Inches: a panel's side, its height in one dimension for each feature and at most, the room between two, and words.
_SIDE, _LINE, _LINES, _GAP, _HEAD, _NAME = 1.6, 0.16, 0.6, 0.12, 0.36, 0.16
#: Factors drawn one by one; the rest are counted.
MOST_FACTORS = 8


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One factor as it is drawn: its name, its scene, and the features and colours of its vectors."""

    name: str
    scene: Scene
    features: tuple[int, ...]
    colors: Colors

    @property
    def height(self) -> float:
        """Inches."""
        return min(_LINES, _LINE * (len(self.features) + 1)) if self.scene.view.lines else _SIDE


def vectors_figure(one: Panel, predicted: str, learned: str) -> Figure:
    """Predicted vectors on the left, the learned ones on the right, turned onto them; numbers are features.

    Up to two dimensions, and where one factor spans all of them, each model is one picture; else each factor is drawn
    in the space that it spans.

    Args:
        predicted, learned: names of the two geometries.
    """
    left, right = _sides(one)
    rows = list(zip_longest(left[:MOST_FACTORS], right[:MOST_FACTORS]))
    heights = [max(part.height for part in pair if part is not None) for pair in rows]
    named = len(rows) > 1
    foot = _NAME * len(_rest(left, one.expected) or _rest(right, one.found))
    height = _HEAD + sum(heights) + (_NAME * len(rows) if named else 0.0) + foot + 0.04
    figure = Figure(figsize=(COLUMN, height))
    ax = inches_axes(figure)
    centres = [COLUMN / 2 + side * (_SIDE + _GAP) / 2 for side in (-1, 1)]
    for x, title, name in zip(centres, ("predicted", one.title), (predicted, learned), strict=True):
        ax.text(x, height - 0.1, title, size=7, ha="center", va="center", color=INK)
        ax.text(x, height - 0.24, _short(name), size=6, ha="center", va="center", color=MUTED)
    reach = max(extent(part.scene.view) for part in (*left, *right))
    top = height - _HEAD
    for pair, tall in zip(rows, heights, strict=True):
        for x, part in zip(centres, pair, strict=True):
            if part is not None:
                _draw(ax, part, np.array([x, top - tall / 2]), reach)
                words = part.name if named else ""
                ax.text(x, top - tall - _NAME / 2, words, size=5.8, ha="center", va="center", color=MUTED)
        top -= tall + (_NAME if named else 0.0)
    for x, words in zip(centres, (_rest(left, one.expected), _rest(right, one.found)), strict=True):
        for line, text in enumerate(words):
            ax.text(x, top - _NAME * (line + 0.5), text, size=5.8, ha="center", va="center", color=MUTED)
    return figure


def _sides(one: Panel) -> tuple[list[_Drawn], list[_Drawn]]:
    """The factors of both sides; where the geometry is the same, each learned one is seen as the predicted one is."""
    hidden = len(one.predicted)
    if hidden <= 2:
        every = tuple(range(len(one.places)))
        whole = _Drawn("", _as_it_is(one.flat_predicted, hidden), one.places, one.predicted_colors)
        return [whole], [_Drawn("", _as_it_is(one.flat_learned, hidden), every, one.learned_colors)]
    left: list[_Drawn] = []
    right: list[_Drawn] = []
    for factor in _spanning(one.expected):
        members = [one.places.index(feature) for feature in factor.features]
        left.append(_factor(one, factor, members, one.predicted, one.predicted, True))
        if one.same:
            right.append(_factor(one, factor, members, one.learned, one.predicted, False))
    if not one.same:
        for factor in _spanning(one.found):
            members = list(factor.features)
            right.append(_factor(one, factor, members, one.learned, one.learned, False))
    return left, right


def _as_it_is(vectors: Flat, hidden: int) -> Scene:
    axes = np.array([[1.0], [0.0]]) if hidden == 1 else np.zeros((2, 0))
    return Scene(View(vectors, np.zeros(vectors.shape[1]), axes, ()), ())


def _factor(
    one: Panel, factor: IdentifiedFactor, members: list[int], vectors: np.ndarray, like: np.ndarray, predicted: bool
) -> _Drawn:
    """Some vectors in the space that the same ones of `like` span."""
    axes = span_axes(like[:, members], factor.dimension)
    eye = eye_of(axes @ like[:, members])
    features = tuple(one.places[k] for k in members) if predicted else tuple(members)
    colors = one.predicted_colors if predicted else one.learned_colors
    seen = scene(axes @ vectors[:, members], eye, axes @ like[:, members])
    return _Drawn(factor.name, seen, features, tuple(colors[k] for k in members))


def _spanning(identity: Identity) -> list[IdentifiedFactor]:
    return [factor for factor in identity.factors if factor.name != DROPPED.name]


def _rest(drawn: Sequence[_Drawn], identity: Identity) -> list[str]:
    """What is not drawn, in words: dropped features, and factors beyond the first."""
    if not drawn[0].name:
        return []
    dropped = [str(factor.features[0]) for factor in identity.factors if factor.name == DROPPED.name]
    words = [f"dropped: {', '.join(dropped)}" if len(dropped) <= 12 else f"dropped: {len(dropped)} features"]
    more = len(drawn) - MOST_FACTORS
    return (words if dropped else []) + ([f"and {more} more factors"] if more > 0 else [])


def _draw(ax: Axes, part: _Drawn, centre: np.ndarray, reach: float) -> None:
    view = part.scene.view
    frame, near = frame_in(view, centre, _SIDE, reach), nearness(view)
    tips = frame.tips(view.flat)
    for i, j in part.scene.edges:
        style: dict[str, Any] = {"colors": [faded(GHOST, (near[i] + near[j]) / 2)], "linewidths": 0.7, "zorder": 1.6}
        ax.add_collection(LineCollection([tips[[i, j]]], **style))
    draw_arrangement(ax, view, part.colors, centre, _SIDE, reach, part.features)


def _short(name: str) -> str:
    """A name as long as a panel is wide."""
    return name if len(name) <= 42 else name[:40] + " …"
