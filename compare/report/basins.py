"""Figure of the basins: into which geometries training falls, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tegum.compare.report.axis import axis_name, scale_of, value_names
from tegum.compare.study import Study
from tegum.empirical.pictures.labels import text_width
from tegum.empirical.pictures.style import COLUMN, MUTED, PAPER, Look, shown_name

#: Size of the bars' frame in inches, and of the words below it in points.
_WIDTH, _HEIGHT, _TICKS = COLUMN - 0.48, 1.33, 6.0
#: Opacity of the runs that are not the predicted optimum.
_FAINT = 0.35


def basins_figure(study: Study, known: Mapping[str, Look]) -> Figure:
    """Stacked shares of runs at each value of the axis, at the width of one column."""
    names = {shown_name(verdict.geometry, known) for cell in study.comparisons for verdict in cell.verdicts}
    learned = [name for name in known if name in names]
    head = 0.14 * (len(learned) // 2 + 1) + 0.06
    height = 0.42 + _HEIGHT + head
    figure = Figure(figsize=(COLUMN, height))
    ax = figure.add_axes((0.44 / COLUMN, 0.4 / height, _WIDTH / COLUMN, _HEIGHT / height))
    _draw_bars(ax, study, learned, known)
    handles = [Patch(facecolor=known[name].color, label=name) for name in learned]
    handles.append(Patch(facecolor=MUTED, alpha=_FAINT, label="faint: not the optimum"))
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.02), "borderaxespad": 0.0, "borderpad": 0.0}
    ax.legend(handles=handles, ncols=2, frameon=False, handlelength=1.0, handleheight=0.8, columnspacing=1.5, **place)
    return figure


def _draw_bars(ax: Axes, study: Study, learned: list[str], known: Mapping[str, Look]) -> None:
    """Full colour for runs that are the predicted optimum, faint for the others."""
    scale = scale_of(study.plan.axes[0])
    places = np.arange(len(scale.values))
    floor = np.zeros(len(places))
    for matching in (True, False):
        for name in learned:
            shares = _shares(study, name, matching, known)[list(scale.order)]
            style: dict[str, Any] = {
                "color": known[name].color,
                "alpha": 1.0 if matching else _FAINT,
                "edgecolor": PAPER,
            }
            ax.bar(places, shares, bottom=floor, width=0.86, linewidth=0.4, **style)
            floor += shares
    ax.set_xlim(-0.5, len(places) - 0.5)
    ax.set_ylim(0, 1)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    names = value_names(scale.values)
    step = ceil(max(text_width(name, _TICKS) for name in names) * 1.2 * len(places) / _WIDTH)
    ax.set_xticks(places[::step], names[::step], size=_TICKS)
    ax.set_xlabel(axis_name(scale.key, math=True))
    ax.set_ylabel("share of runs")


def _shares(study: Study, name: str, matching: bool, known: Mapping[str, Look]) -> np.ndarray:
    """Share of each cell's runs with this name that match, or do not, in the order of the plan."""
    return np.array(
        [
            np.mean([one.matches == matching and shown_name(one.geometry, known) == name for one in cell.verdicts])
            for cell in study.comparisons
        ]
    )
