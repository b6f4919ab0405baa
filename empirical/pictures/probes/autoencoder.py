"""Figure of the autoencoder probe: recovered directions and dead units over density."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.probes.frame import SERIES, density_axis, legend, over_runs
from tegum.empirical.pictures.style import GHOST, MUTED, PAGE, drawing
from tegum.empirical.probes.recovery import Recovery


def autoencoder_picture(cells: Sequence[Recovery], kind: str) -> Picture:
    """Two panels over density: mean max cosine with its control and chance, and the share of dead units."""
    with drawing():
        figure = Figure(figsize=(PAGE, 2.6))
        left, right = figure.subplots(1, 2)
        _draw_cosines(left, cells, kind)
        _draw_dead(right, cells, kind)
        figure.tight_layout()
        strengths = ", ".join(_label(kind, value) for value in cells[0].strength)
        return picture(
            figure,
            "autoencoder",
            f"Mean max cosine of sparse autoencoders with the features' directions, and dead units, over density; "
            f"{strengths}.",
            "Left, mean over the represented features of the largest cosine of their direction with a live unit's "
            "(mean and standard error over runs); dashed, the same autoencoders on Gaussian states of equal mean and "
            "covariance; grey, random directions. Right, share of units that are never on.",
        )


def _draw_cosines(ax: Axes, cells: Sequence[Recovery], kind: str) -> None:
    densities = [cell.density for cell in cells]
    for place, (value, color) in enumerate(zip(cells[0].strength, _colors(cells), strict=True)):
        over_runs(ax, densities, [cell.cosine[place] for cell in cells], _label(kind, value), color)
        control = [float(np.mean(cell.control[place])) for cell in cells]
        ax.plot(densities, control, "--", color=color, lw=0.8)
    ax.plot(densities, [cell.chance for cell in cells], color=GHOST, lw=2, zorder=0, label="chance")
    ax.axhline(0.95, color=MUTED, lw=0.5)
    ax.set_ylim(top=1.0)
    ax.set_ylabel("mean max cosine similarity")
    density_axis(ax, densities)
    legend(ax, 3)


def _draw_dead(ax: Axes, cells: Sequence[Recovery], kind: str) -> None:
    densities = [cell.density for cell in cells]
    for place, (value, color) in enumerate(zip(cells[0].strength, _colors(cells), strict=True)):
        over_runs(ax, densities, [cell.dead[place] for cell in cells], _label(kind, value), color)
    ax.set_ylim(0, 1)
    ax.set_ylabel("share of dead units")
    density_axis(ax, densities)
    legend(ax, 3)


def _colors(cells: Sequence[Recovery]) -> list[str]:
    return [SERIES[place % len(SERIES)] for place in range(len(cells[0].strength))]


def _label(kind: str, value: float) -> str:
    return f"$\\lambda = {value:g}$" if kind == "l1" else f"$k = {value:g}$"
