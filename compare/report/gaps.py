"""Figure of the gaps: how far above the optimum training ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tegum.compare.verdict import DIVERGED, VERDICTS, Verdict
from tegum.empirical.pictures.style import COLUMN, PAPER, palette

#: Relative gaps below this are rounding and lie in the first bin.
_FLOOR = 1e-9
#: Bins to a power of ten.
_BINS = 4
_HEIGHT = 1.45


def relative_gaps(verdicts: Sequence[tuple[Verdict, float]]) -> list[tuple[str, float]]:
    """Kind and relative gap of each run, of which the optimum's loss is given; none of zero or of a diverged run."""
    return [(verdict.kind, verdict.gap / loss) for verdict, loss in verdicts if loss > 0 and verdict.kind != DIVERGED]


def gaps_figure(found: Sequence[tuple[str, float]]) -> Figure:
    """Histogram of the relative gaps on a logarithmic scale, stacked by verdict, at the width of one column."""
    values = np.array([max(gap, _FLOOR) for _, gap in found])
    low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()) + 1e-9)
    edges = 10 ** np.linspace(low, high, int(round((high - low) * _BINS)) + 1)
    judged = [kind for kind in VERDICTS if kind != DIVERGED]
    kinds = [kind for kind in judged if any(one == kind for one, _ in found)]
    colors = dict(zip(judged, palette(len(judged)), strict=True))
    head = 0.14 * ((len(kinds) + 1) // 2) + 0.08
    height = 0.42 + _HEIGHT + head
    figure = Figure(figsize=(COLUMN, height))
    ax = figure.add_axes((0.44 / COLUMN, 0.4 / height, (COLUMN - 0.54) / COLUMN, _HEIGHT / height))
    data = [[gap for gap, (one, _) in zip(values, found, strict=True) if one == kind] for kind in kinds]
    style: dict[str, Any] = {"stacked": True, "color": [colors[kind] for kind in kinds], "edgecolor": PAPER, "lw": 0.3}
    ax.hist(data, bins=edges.tolist(), **style)
    ax.set_xscale("log")
    ax.set_xlim(edges[0], edges[-1])
    powers = np.arange(low, high + 1, max(1, round((high - low) / 7)))
    ax.xaxis.set_major_locator(FixedLocator((10**powers).tolist()))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"$10^{{{np.log10(value):.0f}}}$"))
    ax.set_xlabel("gap / optimum's loss")
    ax.set_ylabel("runs")
    handles = [Patch(facecolor=colors[kind], label=kind) for kind in kinds]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.02), "borderaxespad": 0.0, "borderpad": 0.0}
    ax.legend(handles=handles, ncols=2, frameon=False, handlelength=1.0, handleheight=0.8, columnspacing=1.5, **place)
    return figure
