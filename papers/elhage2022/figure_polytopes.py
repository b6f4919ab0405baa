"""Elhage et al.'s plot of dimensionalities over density, with the lines of polytopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import INK, MUTED, PAGE, drawing, palette

_LINES = {
    "alone, 1": 1,
    "tetrahedron, 3/4": 3 / 4,
    "triangle, 2/3": 2 / 3,
    "digon, 1/2": 1 / 2,
    "pentagon, 2/5": 2 / 5,
    "square antiprism, 3/8": 3 / 8,
}


def dimensionalities(details: Mapping[str, Any]) -> Picture:
    """Dimensionalities of the represented features of the best mixtures over 1/p, areas by their number."""
    blue, orange = palette(2)
    with drawing():
        figure = Figure(figsize=(PAGE * 0.8, 3.4))
        ax = figure.subplots()
        for name, line in _LINES.items():
            ax.axhline(line, color=MUTED, lw=0.6, ls=(0, (4, 2)), zorder=1)
            side = "top" if name.startswith("square") else "bottom"
            ax.text(150, line, name, size=6, color=MUTED, va=side, ha="right")
        sparsity = [1 / p for p in details["density"]]
        for x, D in zip(sparsity, details["dimensionality"], strict=True):
            values, counts = np.unique(np.round(D, 3), return_counts=True)
            ax.scatter([x] * len(values), values, s=4 + counts, color=blue, alpha=0.6, linewidths=0, zorder=3)
        names = [_main(mixture) for mixture in details["mixture"]]
        for before, name, x, D in zip(["", *names], names, sparsity, details["dimensionality"], strict=False):
            if name != before:
                below = -np.sqrt(4 + len(D)) / 2 - 1.5  # points, from the middle of its marker
                place: dict[str, Any] = {"xytext": (0, below), "textcoords": "offset points", "ha": "center"}
                ax.annotate(name, (x, np.median(D)), size=5, color=INK, va="top", **place)
        ax.plot(sparsity, details["dimensions_per_feature"], color=orange, lw=1.2, marker="o", ms=2.5, zorder=2)
        ax.plot([], [], color=orange, lw=1.2, marker="o", ms=2.5, label=r"$D^* = m / \|W\|_F^2$")
        ax.scatter([], [], s=16, color=blue, alpha=0.6, linewidths=0, label="$D_i$ of features, areas by number")
        ax.set(xscale="log", xlim=(0.9, 160), ylim=(0, 1.07), xlabel="$1/p = 1/(1 - S)$", ylabel="dimensionality")
        ax.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
        ax.tick_params(which="minor", bottom=False, colors=INK)
        ax.legend(frameon=False, fontsize=6.5, loc="lower left")
        figure.tight_layout()
        return picture(
            figure,
            "dimensionalities",
            "Dimensionalities of features in the best mixtures over the inverse density, with the lines of polytopes.",
            "Four hundred features in thirty dimensions: mixtures of least exact loss. Dashed: the published lines of "
            "polytopes of up to three dimensions. Gosset's have 16, 27 and 56 vertices in five, six and seven.",
        )


def _main(mixture: str) -> str:
    """The factor that is named first, without its number."""
    return mixture.split(" + ")[0].rpartition("*")[2]
