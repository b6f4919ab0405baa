"""The chapter's second visualisation: hidden activation and outputs for three inputs of the best pentagon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, INK, MUTED, PAGE, drawing, palette
from tegum.papers.tsugrii2025.figure_weights import draw_vectors, upright

#: Outputs below this are written as 0 with no digits: the ReLU has cut them off.
_NOTHING = 1e-12


def patterns(details: Mapping[str, Any]) -> Picture:
    """A column for each input: the hidden state among the feature vectors, and all outputs below it."""
    W = np.array(details["W"])
    with drawing():
        figure = Figure(figsize=(PAGE, 3.7))
        panels = figure.subplots(2, len(details["active"]), gridspec_kw={"height_ratios": (1.25, 1)}, sharey="row")
        for (above, below), active, answer in zip(panels.T, details["active"], details["outputs"], strict=True):
            _draw_hidden(above, upright(W), active)
            _draw_outputs(below, active, answer)
        panels[1, 0].set_ylabel("output $\\hat x_i$")
        figure.tight_layout(h_pad=0.4, w_pad=1.2)
        return picture(
            figure,
            "activation-patterns",
            "Hidden activation and outputs of the best pentagon with feature 1 on, features 1 and 3, and 1 and 2.",
            "Best weights of five binary features in two dimensions at on-probability 0.01. Above, in black, the sum "
            "of the directions of the features that are on. Below, blue the features that are on and vermilion those "
            "that are off; dashed what is wanted.",
        )


def _draw_hidden(ax: Axes, W: np.ndarray, active: Sequence[int]) -> None:
    draw_vectors(ax, W, color=GHOST)
    blue = palette(1)[0]
    for i in active:
        ax.plot([0, W[0, i]], [0, W[1, i]], color=blue, lw=1.6, solid_capstyle="round", zorder=4)
        ax.scatter([W[0, i]], [W[1, i]], s=16, color=blue, linewidths=0, zorder=4)
    x, y = W[:, list(active)].sum(axis=1)
    ax.annotate(
        "", xy=(x, y), xytext=(0, 0), zorder=5, arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.3, "shrinkB": 0}
    )
    ax.set(xlim=(-1.5, 1.7), ylim=(-1.25, 1.75))
    names = " and ".join(str(i + 1) for i in active)
    ax.set_title(f"feature{'s' if len(active) > 1 else ''} {names} on", pad=2)


def _draw_outputs(ax: Axes, active: Sequence[int], answer: Sequence[float]) -> None:
    blue, vermilion = palette(2)
    for i, value in enumerate(answer):
        on = i in active
        ax.bar(i, value, width=0.62, color=blue if on else vermilion, zorder=2)
        ax.plot([i - 0.42, i + 0.42], [float(on)] * 2, color=INK, lw=0.9, ls=(0, (2.5, 1.5)), zorder=3)
        words = "0" if value < _NOTHING else f"{value:.3f}"
        ax.text(i, _above(value, on), words, size=6, ha="center", va="bottom", color=INK)
    ax.axhline(0, color=MUTED, lw=0.6, zorder=1)
    ax.set_xticks(range(len(answer)), [str(i + 1) for i in range(len(answer))])
    ax.set(ylim=(0, 1.62), xlabel="feature $i$")
    ax.tick_params(axis="x", length=0)


def _above(value: float, on: bool) -> float:
    """Where an output's number stands: over its bar, and clear of the dashes where those are close above it."""
    return 1.04 if on and 0.8 < value < 1 else value + 0.04
