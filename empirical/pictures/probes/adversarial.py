"""Figure of the adversarial probe: vulnerability over density, and against features per dimension."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.probes.frame import BLUE, GREEN, RED, density_axis, legend, over_runs
from tegum.empirical.pictures.style import MUTED, PAGE, drawing
from tegum.empirical.probes.adversarial import Vulnerability


def adversarial_picture(cells: Sequence[Vulnerability]) -> Picture:
    """Two panels: vulnerability relative to the model without superposition over density, and over ‖W‖²_F / m."""
    with drawing():
        figure = Figure(figsize=(PAGE, 2.6))
        left, right = figure.subplots(1, 2)
        _draw_over_density(left, cells)
        _draw_over_features(right, cells)
        figure.tight_layout()
        return picture(
            figure,
            "adversarial",
            "Adversarial vulnerability relative to a model without superposition, over density and over features per "
            "dimension.",
            "What the best attack found costs, divided by what the optimal one costs the model that gives each "
            "dimension to one feature (exactly the squared budget times the largest importance). One attack on each "
            "input: a lower bound of the optimum, averaged over inputs; one attack on all inputs: exact. Left, with "
            "features per dimension, the squared norm of W over the hidden width (mean and standard error over runs); "
            "right, every run.",
        )


def _draw_over_density(ax: Axes, cells: Sequence[Vulnerability]) -> None:
    densities = [cell.density for cell in cells]
    over_runs(ax, densities, [cell.single / cell.baseline for cell in cells], "attack on each input", RED)
    over_runs(ax, densities, [cell.shared / cell.baseline for cell in cells], "one attack on all inputs", BLUE)
    features = [cell.features_per_dimension for cell in cells]
    over_runs(ax, densities, features, "features per dimension", GREEN, ls="--", marker=None)
    ax.axhline(1, color=MUTED, lw=0.5)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("vulnerability / without superposition")
    density_axis(ax, densities)
    legend(ax, 2)


def _draw_over_features(ax: Axes, cells: Sequence[Vulnerability]) -> None:
    across = np.concatenate([cell.features_per_dimension for cell in cells])
    for name, color, label in (("single", RED, "attack on each input"), ("shared", BLUE, "one attack on all inputs")):
        up = np.concatenate([getattr(cell, name) / cell.baseline for cell in cells])
        ax.scatter(across, up, s=9, color=color, alpha=0.6, linewidths=0, label=label)
    ax.axhline(1, color=MUTED, lw=0.5)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("features per dimension $\\|W\\|_F^2 / m$")
    ax.set_ylabel("vulnerability / without superposition")
    legend(ax, 2)
