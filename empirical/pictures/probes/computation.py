"""Figure of the computation probe: what each neuron of the best model works for, and their kinds over density."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.probes.frame import BLUE, GREEN, PINK, RED, density_axis, legend, over_runs
from tegum.empirical.pictures.style import GHOST, PAGE, drawing
from tegum.empirical.probes.computation import Computation

#: Neurons drawn beside each other; the strongest where there are more.
_MOST_NEURONS = 60


def computation_picture(
    cells: Sequence[Computation], strengths: Sequence[Float[np.ndarray, "hidden features"]]
) -> Picture:
    """For each cell a strip of neurons, each a stack of its features' strengths; below, their kinds over density.

    Args:
        cells: what was counted.
        strengths: W_ai ‖W_out,a‖ of each cell's best model.
    """
    with drawing():
        rows = len(cells)
        figure = Figure(figsize=(PAGE, 2.2 + 1.1 * rows))
        grid = figure.add_gridspec(rows + 1, 2, height_ratios=[1.0] * rows + [2.0])
        for row, (cell, strength) in enumerate(zip(cells, strengths, strict=True)):
            _draw_neurons(figure.add_subplot(grid[row, :]), cell, strength)
        _draw_kinds(figure.add_subplot(grid[rows, 0]), cells)
        _draw_alignment(figure.add_subplot(grid[rows, 1]), cells)
        figure.tight_layout()
        return picture(
            figure,
            "computation",
            "Neurons of a ReLU hidden layer as stacks of the features they work for, and the number of monosemantic "
            "and polysemantic ones over density.",
            "Above, the best model at each density: each bar is a neuron, its parts the strengths of its features, "
            "input weight times the norm of the output weights, upward where the input weight is positive. Below "
            "left, neurons with one feature, with several and with none (mean and standard error over runs). Below "
            "right, features that point along one neuron, and as many as a hidden layer turned at random would show.",
        )


def _draw_neurons(ax: Axes, cell: Computation, strength: np.ndarray) -> None:
    order = np.lexsort((-np.abs(strength).max(axis=1), np.abs(strength).argmax(axis=1)))[:_MOST_NEURONS]
    colors = colormaps["viridis"](np.linspace(0, 0.95, strength.shape[1]))
    up, down = np.zeros(len(order)), np.zeros(len(order))
    for feature, color in enumerate(colors):
        part = strength[order, feature]
        bottom = np.where(part >= 0, up, down)
        ax.bar(np.arange(len(order)), part, 0.8, bottom=bottom, color=color, linewidth=0)
        up, down = up + np.maximum(part, 0), down + np.minimum(part, 0)
    ax.axhline(0, color=GHOST, lw=0.5)
    ax.set_xticks([])
    ax.set_ylabel("strength")
    ax.set_title(f"$p = {cell.density:.3g}$, loss {cell.loss[0]:.4g}", loc="left", pad=2)


def _draw_kinds(ax: Axes, cells: Sequence[Computation]) -> None:
    densities = [cell.density for cell in cells]
    for name, color in (("monosemantic", BLUE), ("polysemantic", RED), ("dead", GHOST)):
        over_runs(ax, densities, [getattr(cell, name) for cell in cells], name, color)
    _finish(ax, densities, "neurons")


def _draw_alignment(ax: Axes, cells: Sequence[Computation]) -> None:
    densities = [cell.density for cell in cells]
    over_runs(ax, densities, [cell.aligned for cell in cells], "aligned with a neuron", GREEN)
    chance: dict[str, Any] = {"ls": "--", "marker": None}
    over_runs(ax, densities, [cell.aligned_by_chance for cell in cells], "by chance", PINK, **chance)
    _finish(ax, densities, "features")


def _finish(ax: Axes, densities: list[float], label: str) -> None:
    ax.set_ylim(bottom=0)
    ax.set_ylabel(label)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    density_axis(ax, densities)
    legend(ax, 3)
