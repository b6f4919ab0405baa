"""The Persian Rug's loss against the ratio of dimensions to features, at several densities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import PAGE, drawing, palette


def pictures(records: Mapping[str, Mapping[str, Any]]) -> list[Picture]:
    """Loss over ratio from the record of PR01."""
    return [_losses(records["PR01"]["details"])] if "PR01" in records else []


def _losses(curves: Mapping[str, Any]) -> Picture:
    with drawing():
        figure = Figure(figsize=(PAGE * 0.6, 3.0))
        ax = figure.subplots()
        rows = zip(curves["density"], curves["mean_field"], curves["hadamard"], strict=True)
        for (p, field, exact), color in zip(rows, palette(len(curves["density"])), strict=True):
            ax.plot(curves["ratio"], field, color=color, lw=1.2, label=f"p = {p:g}")
            ax.scatter(curves["ratio"], exact, s=9, color=color, linewidths=0, zorder=3)
            linear = [(1 - r) * (p / 3 - p**2 / 4) for r in curves["ratio"]]
            ax.plot(curves["ratio"], linear, color=color, lw=0.7, ls=":")
        ax.set(xlabel="dimensions per feature $r$", ylabel="loss per feature", yscale="log")
        ax.legend(frameon=False, fontsize=6)
        figure.tight_layout()
        return picture(
            figure,
            "loss-over-ratio",
            "Loss per feature over the ratio of dimensions to features: mean field, Hadamard weights, linear readout.",
            f"Lines: Gaussian mean field. Dots: exact loss of Hadamard weights of {curves['count']} features. Dotted: "
            "the best linear readout.",
        )
