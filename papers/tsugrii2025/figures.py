"""The chapter's figures, computed: phase transition, slider, and its three visualisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, INK, MUTED, PAGE, drawing, palette
from tegum.papers.tsugrii2025.figure_patterns import patterns
from tegum.papers.tsugrii2025.figure_slider import slider
from tegum.papers.tsugrii2025.figure_training import training
from tegum.papers.tsugrii2025.figure_weights import weights


def pictures(records: Mapping[str, Mapping[str, Any]]) -> list[Picture]:
    """Figure 11.2, the slider, weights, activation patterns and training, each where its record is there."""
    drawn = {"TS15": _transition, "TS24": slider, "TS16": weights, "TS39": patterns, "TS43": training}
    return [draw(records[claim]["details"]) for claim, draw in drawn.items() if claim in records]


def _transition(curves: Mapping[str, Any]) -> Picture:
    with drawing():
        figure = Figure(figsize=(PAGE, 2.6))
        left, right = figure.subplots(1, 2)
        p = np.array(curves["density"])
        _draw_represented(left, p, curves)
        _draw_losses(right, p, curves)
        figure.tight_layout()
        return picture(
            figure,
            "transition",
            "Features represented and losses over on-probability: simulated as printed, and computed.",
            "Left: features represented in the best weights, and the printed curve, which is simulated. Right: exact "
            "loss of the best weights and of two dedicated features, and the two printed curves.",
        )


def _draw_represented(ax: Axes, p: np.ndarray, curves: Mapping[str, Any]) -> None:
    sharp = 1 / (1 + np.exp(25 * (p - 0.15)))
    ax.plot(p, 5 * sharp + 2 * (1 - sharp), color=GHOST, lw=1.5, label="as printed (simulated)")
    ax.step(p, curves["represented"], where="mid", color=INK, lw=1.2, label="best weights (computed)")
    ax.set(xlabel="on-probability", ylabel="features represented", ylim=(0, 5.4))
    ax.legend(frameon=False, fontsize=6, loc="lower left")


def _draw_losses(ax: Axes, p: np.ndarray, curves: Mapping[str, Any]) -> None:
    blue, red, *_ = palette(2)
    ax.plot(p, 0.02 + 0.5 * p**2, color=blue, lw=1, ls=":", label="superposition, as printed")
    ax.plot(p, np.full_like(p, 0.15), color=red, lw=1, ls=":", label="dedicated, as printed")
    ax.plot(p, curves["optimum"], color=blue, lw=1.3, label="best weights, computed")
    ax.plot(p, curves["dedicated"], color=red, lw=1.3, label="two dedicated, computed")
    ax.axvline(0.15, color=MUTED, lw=0.6, ls="--")
    ax.text(0.153, 0.97, "printed threshold", size=5.5, color=MUTED, va="top", transform=ax.get_xaxis_transform())
    ax.set(xlabel="on-probability", ylabel="loss")
    ax.legend(frameon=False, fontsize=6, loc="center right")
