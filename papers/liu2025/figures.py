"""Loss against width in strong and weak superposition, trained and of random directions, and how exponents settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, PAGE, drawing, palette

#: One colour for each α in all panels.
_ALPHAS = (-1.0, -0.5, 0.0, 1.0)
Record = Mapping[str, Any]


def pictures(records: Mapping[str, Record]) -> list[Picture]:
    """The four panels, from the records of LI03, LI03a and LI04c."""
    if not {"LI03", "LI03a", "LI04c"} <= set(records):
        return []
    strong, random, weak = (records[one] for one in ("LI03", "LI03a", "LI04c"))
    with drawing():
        figure = Figure(figsize=(PAGE * 0.85, 4.8))
        panels = figure.subplots(2, 2).ravel()
        _losses(panels[0], strong, "strong superposition, trained")
        _settling(panels[1], strong["details"])
        _losses(panels[2], random, "random directions")
        _losses(panels[3], weak, "weak superposition, trained")
        _tails(panels[3], weak)
        figure.tight_layout()
        return [
            picture(
                figure,
                "loss-over-width",
                "Loss over hidden dimensions in strong and weak superposition and of random directions, and the "
                "exponents of trained models over the steps of their training.",
                "Frequencies are as i^-(1 + α). Grey lines: 1/m. Top right: the exponent fitted over all dimensions, "
                "over the length of training, with -1 ± 0.15 in grey. Dashed: expected mass of all but the first m "
                "features.",
            )
        ]


def _losses(ax: Axes, record: Record, title: str) -> None:
    details = record["details"]
    m = np.array(details["m"])
    guide = details["loss"][0][-1] * m[-1] / m
    ax.plot(m, guide, color=GHOST, lw=2.5, zorder=1)
    _curves(ax, details["m"], details["alpha"], details["loss"])
    ax.set(xscale="log", yscale="log", xlabel="hidden dimensions $m$", ylabel="loss", xticks=m)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    ax.set_title(f"{title}, {record['claim']['arguments']['count']} features", fontsize=7)
    ax.legend(frameon=False, fontsize=6)


def _settling(ax: Axes, details: Mapping[str, Any]) -> None:
    ax.axhspan(-1.15, -0.85, color=GHOST, lw=0, alpha=0.6, zorder=0)
    _curves(ax, details["steps"], details["alpha"], details["exponents"])
    ax.set(xscale="log", xlabel="steps of training", ylabel="fitted exponent", xticks=details["steps"])
    ax.set_xticklabels([f"{steps:,}" for steps in details["steps"]])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_title("strong superposition, trained", fontsize=7)


def _tails(ax: Axes, record: Record) -> None:
    m, count = record["details"]["m"], record["claim"]["arguments"]["count"]
    for alpha in record["details"]["alpha"]:
        rates = np.arange(1, count + 1) ** -(1.0 + alpha)
        tails = [4 / 3 * rates[width:].sum() / rates.sum() for width in m]
        ax.plot(m, tails, color=_color(alpha), lw=0.8, ls="--")


def _curves(ax: Axes, x: Sequence[int], alphas: Sequence[float], curves: Sequence[Sequence[float]]) -> None:
    for alpha, curve in zip(alphas, curves, strict=True):
        ax.plot(x, curve, color=_color(alpha), lw=1.0, marker="o", ms=2.5, label=f"α = {alpha:g}")


def _color(alpha: float) -> str:
    return palette(len(_ALPHAS))[_ALPHAS.index(alpha)]
