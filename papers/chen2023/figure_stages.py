"""The stages of a published notebook's descent: its polygons, one after the other, and the loss between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, GUIDE, INK, MUTED, PAGE, drawing, palette


def stages(run: Mapping[str, Any]) -> Picture:
    """A run's polygons as each stage leaves them, above its loss."""
    polygons = run["polygons"]
    reach = 1.15 * max(float(np.linalg.norm(one["W"], axis=0).max()) for one in polygons)
    with drawing():
        figure = Figure(figsize=(PAGE * 0.75, 3.6))
        grid = figure.add_gridspec(2, len(polygons), height_ratios=(2, 3))
        for place, polygon in enumerate(polygons):
            _polygon(figure.add_subplot(grid[0, place]), polygon, reach)
        _loss(figure.add_subplot(grid[1, :]), run)
        figure.tight_layout()
        return picture(
            figure,
            "stages",
            "Polygons of eight one-hot features at the ends of the stages of a run, above the run's loss over steps.",
            "Descent with momentum from a 2-gon, features of value 1: the feature vectors at the end of each stage, in "
            "colour those that are told apart, in grey dead ones; below, the training loss; stages end at the lines.",
        )


def _polygon(ax: Axes, polygon: Mapping[str, Any], reach: float) -> None:
    W, alive = np.array(polygon["W"]), np.array(polygon["vertices"])
    for vector, told in zip(W.T, alive, strict=True):
        ax.plot([0, vector[0]], [0, vector[1]], color=palette(1)[0] if told else GHOST, lw=1.1, zorder=2 + told)
    around = W[:, alive][:, np.argsort(np.arctan2(*W[::-1, alive]))]
    ax.fill(*around, facecolor=GUIDE, edgecolor=palette(1)[0], lw=0.6, zorder=1)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    ax.set_title("1 vertex" if alive.sum() == 1 else f"{alive.sum()} vertices", size=7, color=INK)


def _loss(ax: Axes, run: Mapping[str, Any]) -> None:
    steps, loss = np.array(run["steps"]), np.array(run["loss"])
    shown = loss < 1  # before, biases settle
    ax.plot(steps[shown], loss[shown], color=palette(1)[0], lw=1.2)
    for polygon in run["polygons"]:
        ax.axvline(polygon["step"], color=MUTED, lw=0.6, ls="--", zorder=1)
    ax.set(xlabel="step", ylabel="training loss", xscale="log", ylim=(0, 1))
