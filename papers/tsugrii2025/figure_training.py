"""The chapter's third visualisation: one descent from random directions to the pentagon, and 31 others behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, INK, MUTED, PAGE, drawing, palette
from tegum.papers.tsugrii2025.figure_weights import draw_vectors

#: Steps of the frames, and the last one that the curves show.
_FRAMES = (0, 15, 30, 45, 60, 80, 100, 200)
_LAST = 300


def training(details: Mapping[str, Any]) -> Picture:
    """Frames of one run, the directions of its features over steps, and all runs' losses and least angles."""
    steps, W = np.array(details["steps"]), np.array(details["W"])
    with drawing():
        figure = Figure(figsize=(PAGE, 3.75))
        grid = figure.add_gridspec(
            2, 1, height_ratios=(1, 1.75), hspace=0.14, top=0.95, bottom=0.12, left=0.075, right=0.985
        )
        for ax, step in zip(
            grid[0].subgridspec(1, len(_FRAMES), wspace=0.05).subplots(squeeze=False)[0], _FRAMES, strict=True
        ):
            draw_vectors(ax, _turned(W)[int(np.flatnonzero(steps == step)[0])], f"step {step}", numbered=False)
        angles, loss, least = grid[1].subgridspec(1, 3, wspace=0.36).subplots(squeeze=False)[0]
        _draw_angles(angles, steps, details)
        _draw_runs(loss, steps, np.array(details["losses"]), details["run"])
        loss.set(yscale="log", ylabel="exact loss")
        _draw_runs(least, steps, np.array(details["least_angles"]), details["run"])
        least.axhline(72, color=MUTED, lw=0.7, ls=(0, (3, 2)))
        least.set(ylabel="least angle of a pair", ylim=(0, 78))
        least.set_yticks([0, 24, 48, 72], ["0°", "24°", "48°", "72°"])
        for ax in (angles, loss, least):
            ax.set(xlabel="step", xlim=(0, _LAST))
        return picture(
            figure,
            "training",
            "A descent from random feature directions to the pentagon: frames, directions, loss and least angle.",
            "Five binary features in two dimensions at on-probability 0.01, by Adam along the exact gradient. Above "
            "and on the left one run, a colour for each feature; dashed, directions 72° apart. Loss and least angle "
            "of a pair: that run in black among 31 others.",
        )


def _turned(W: np.ndarray) -> np.ndarray:
    """All snapshots turned alike, so that feature 1 points up in the end."""
    turn = np.pi / 2 - np.arctan2(W[-1, 1, 0], W[-1, 0, 0])
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ W


def _draw_angles(ax: Axes, steps: np.ndarray, details: Mapping[str, Any]) -> None:
    angles = np.array(details["angles"])
    angles = angles + (90 - angles[-1, 0])
    angles -= 360 * np.round((angles[-1] - 90) / 360)
    for k in range(-3, 4):
        ax.axhline(90 + 72 * k, color=MUTED, lw=0.6, ls=(0, (3, 2)), zorder=1)
    for line, color in zip(angles.T, palette(5), strict=True):
        ax.plot(steps, line, color=color, lw=1.3, zorder=2)
    ax.set(ylabel="direction of the feature", ylim=(angles.min() - 12, angles.max() + 12))
    ax.yaxis.set_major_locator(MultipleLocator(90))
    ax.yaxis.set_major_formatter("{x:g}°")


def _draw_runs(ax: Axes, steps: np.ndarray, curves: np.ndarray, run: int) -> None:
    ax.plot(steps, np.delete(curves, run, axis=1), color=GHOST, lw=0.5, alpha=0.8, zorder=1)
    ax.plot(steps, curves[:, run], color=INK, lw=1.4, zorder=2)
