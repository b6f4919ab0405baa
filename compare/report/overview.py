"""The main picture: the losses, and below each value of the axis what was learned there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.compare.report.axis import axis_name, share
from tegum.compare.report.chart import Chart
from tegum.compare.report.losses import digits_height, draw_losses
from tegum.compare.report.panel import Panel
from tegum.compare.report.rows import LINE, WORD_ROWS, draw_row, row_of
from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, Look
from tegum.theory.phases import Boundary

#: More panels than this would be too small to read; so many are picked, evenly.
MOST_PANELS = 16
_LEFT, _RIGHT, _LOSSES, _LEADERS = 0.84, 0.06, 2.5, 0.14
_LARGEST_SLOT = 0.9


def overview_figure(
    shown: Chart, panels: Sequence[Panel], boundaries: Sequence[Boundary], known: Mapping[str, Look]
) -> Figure:
    """The losses over the arrangements, at the width of a page; a leader joins each panel to its value."""
    picked = picked_panels(len(panels))
    width = PAGE - _LEFT - _RIGHT
    slot = min(width / len(picked), _LARGEST_SLOT)
    centres = [_LEFT + (k + 0.5) * width / len(picked) for k in range(len(picked))]
    row = row_of([panels[k] for k in picked], centres, slot, PAGE)
    foot = slot + row.words + _LEADERS
    height = 0.08 + digits_height(boundaries, shown.scale, width) + _LOSSES + foot
    figure = Figure(figsize=(PAGE, height))
    strip = inches_axes(figure)
    ax = figure.add_axes((_LEFT / PAGE, foot / height, width / PAGE, _LOSSES / height))
    draw_losses(ax, shown, boundaries, known)
    ax.set_xlabel("")
    ax.set_xticks([shown.scale.values[k] for k in picked], [])
    for k, x in zip(picked, row.centres, strict=True):
        start = _LEFT + width * share(shown.scale, shown.scale.values[k])
        strip.plot([start, x], [foot - 0.05, foot - _LEADERS], color=GUIDE, lw=0.8)
    middle = foot - _LEADERS - slot / 2
    draw_row(strip, row, middle, known)
    _draw_margin(strip, shown, middle, slot)
    return figure


def picked_panels(count: int) -> list[int]:
    """Which of so many panels are shown: all, or `MOST_PANELS` evenly picked ones with both ends."""
    if count <= MOST_PANELS:
        return list(range(count))
    return np.linspace(0, count - 1, MOST_PANELS).round().astype(int).tolist()


def _draw_margin(strip: Axes, shown: Chart, y: float, slot: float) -> None:
    """What the rows of the strip are, in the left margin."""
    below = [y - slot / 2 - row * LINE for row in WORD_ROWS]
    rows = [(y + 0.06, "learned", INK), (y - 0.06, "over predicted", MUTED)]
    rows += [(below[0], axis_name(shown.scale.key, math=True), INK)]
    rows += [(below[1], "runs that match", MUTED), (below[2], "predicted", MUTED)]
    for height, words, color in rows:
        strip.text(_LEFT - 0.1, height, words, size=6, ha="right", va="center", color=color)
