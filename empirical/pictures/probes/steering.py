"""Figure of the steering probe: what leaks at the largest dose, and over the doses."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.probes.frame import BLUE, RED, legend
from tegum.empirical.pictures.style import MUTED, PAGE, drawing
from tegum.empirical.probes.steering import Steering

#: Features beyond which single cells of the matrix are not numbered.
_MOST_TICKS = 20


def steering_picture(found: Steering) -> Picture:
    """Two panels: the matrix of leaks at the largest dose, and own effect and leaks of every feature over the dose."""
    with drawing():
        figure = Figure(figsize=(PAGE, 2.9))
        left, right = figure.subplots(1, 2)
        _draw_matrix(figure, left, found)
        _draw_doses(right, found)
        figure.tight_layout()
        return picture(
            figure,
            "steering",
            "Mean change of every output when the direction of each feature is added to the hidden state.",
            "Left, change of the mean of each output (row) when a feature (column) is steered by the largest dose; the "
            "diagonal is wanted, all else leaks. Right, over the dose: the steered feature's own output, and the sum "
            "of the sizes of all other changes, a line for each feature. Exact, no sampling.",
        )


def _draw_matrix(figure: Figure, ax: Axes, found: Steering) -> None:
    place = max(range(len(found.doses)), key=lambda dose: (abs(found.doses[dose]), found.doses[dose]))
    leak = found.leak[place]
    reach = float(np.abs(leak).max()) or 1.0
    image = ax.imshow(leak, cmap="RdBu_r", vmin=-reach, vmax=reach)
    figure.colorbar(image, ax=ax, shrink=0.85)
    ax.set_title(f"dose {found.doses[place]:g}", loc="left", pad=3)
    ax.set_xlabel("steered feature")
    ax.set_ylabel("output")
    if len(leak) <= _MOST_TICKS:
        ax.set_xticks(range(len(leak)))
        ax.set_yticks(range(len(leak)))


def _draw_doses(ax: Axes, found: Steering) -> None:
    order = np.argsort(found.doses)
    doses = np.array(found.doses)[order]
    own = np.diagonal(found.leak, axis1=1, axis2=2)[order]
    others = (np.abs(found.leak).sum(axis=1) - np.abs(np.diagonal(found.leak, axis1=1, axis2=2)))[order]
    style: dict[str, Any] = {"lw": 0.9, "marker": "o", "ms": 2}
    for values, color, label in ((own, BLUE, "own output"), (others, RED, "all other outputs, sizes summed")):
        lines = ax.plot(doses, values, color=color, alpha=0.7, **style)
        lines[0].set_label(label)
    ax.axhline(0, color=MUTED, lw=0.5)
    ax.set_xlabel("dose, in magnitudes of a feature")
    ax.set_ylabel("change of the mean output")
    legend(ax)
