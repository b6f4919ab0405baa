"""Elhage et al.'s phase diagrams: the optimum's phases, their boundaries, and those of the published fixed weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import INK, PAGE, drawing, palette
from tegum.theory.diagram.pieces import CONTINUOUS, FIRST_ORDER

#: How much of its colour a phase shows: curves must stay readable on it.
_STRENGTH = 0.45
_LINES: dict[str, dict[str, Any]] = {
    FIRST_ORDER: {"color": INK, "lw": 1.2, "ls": "-"},
    CONTINUOUS: {"color": INK, "lw": 1.0, "ls": (0, (3, 1.5))},
}
_FIXED: dict[str, Any] = {"color": "#b00020", "lw": 1.1, "ls": (0, (5, 1.5, 1, 1.5))}
_WORDS = {FIRST_ORDER: "losses of two minima cross", CONTINUOUS: "the optimum destabilises"}
_TICKS = {"density": (0.01, 0.1, 1.0), "importance": (0.1, 1.0, 10.0)}


def phases(diagrams: Sequence[Mapping[str, Any]]) -> Picture:
    """A panel for each diagram, the fewest features first."""
    with drawing():
        figure = Figure(figsize=(PAGE, 4.0))
        panels = np.ravel(figure.subplots(1, len(diagrams), squeeze=False))
        for ax, record in zip(panels, diagrams, strict=True):
            features = record["claim"]["setting"]
            _draw(ax, record["details"], features["features"]["count"], features["model"]["hidden"])
        panels[0].set_ylabel("importance of the last feature")
        figure.legend(handles=_line_handles(), loc="lower center", ncols=3, frameon=False, fontsize=6.5)
        figure.tight_layout(rect=(0, 0.05, 1, 1))
        return picture(
            figure,
            "phases",
            "Phase diagrams over density and importance of the last feature, computed, beside published boundaries.",
            "Colours: phases of the optimum; a feature is represented if its vector is longer than a half. Black: "
            "boundaries of the optimum. Red: boundaries between the published solutions of fixed unit weights. Dots: "
            "cells in which the two represent different features.",
        )


def _draw(ax: Axes, details: Mapping[str, Any], count: int, hidden: int) -> None:
    names = list(dict.fromkeys(name for row in details["phase"] for name in row))
    colors = {name: _pale(one) for name, one in zip(names, palette(len(names)), strict=True)}
    x, y = (np.log10(details[key]) for key in ("density", "importance"))
    across, up = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    extent = (x[0] - across, x[-1] + across, y[0] - up, y[-1] + up)
    cells = np.array([[colors[name] for name in row] for row in details["phase"]])
    ax.imshow(cells, origin="lower", extent=extent, aspect="auto", zorder=0)
    rows, columns = np.nonzero(~np.array(details["alike"]))
    ax.plot(x[columns], y[rows], ls="", marker="o", ms=2, color=INK, zorder=2)
    for one in details["fixed"]:
        ax.plot(*np.log10(one["points"]).T, zorder=3, **_FIXED)
    for one in details["boundaries"]:
        ax.plot(*np.log10(one["points"]).T, zorder=4, **_LINES[one["kind"]])
    for one_axis, key in ((ax.xaxis, "density"), (ax.yaxis, "importance")):
        one_axis.set_ticks(np.log10(_TICKS[key]).tolist(), [f"{value:g}" for value in _TICKS[key]])
    ax.set(xlim=extent[:2], ylim=extent[2:], xlabel="density $p = 1 - S$")
    ax.set_title(f"$n = {count}$, $m = {hidden}$", size=8, color=INK)
    patches = [Patch(facecolor=tuple(color), label=name) for name, color in colors.items()]
    ax.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=6)


def _pale(color: str) -> np.ndarray:
    return _STRENGTH * np.array(to_rgb(color)) + 1 - _STRENGTH  # on white


def _line_handles() -> list[Line2D]:
    own = [Line2D([], [], label=_WORDS[kind], **look) for kind, look in _LINES.items()]
    return [*own, Line2D([], [], label="fixed unit weights, published", **_FIXED)]
