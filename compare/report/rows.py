"""Rows of panels: the arrangements side by side, and the words below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from tegum.compare.report.panel import Panel
from tegum.empirical.pictures.labels import levels, text_width
from tegum.empirical.pictures.sticks import Frame, draw_guide, draw_sticks
from tegum.empirical.pictures.style import GHOST, INK, MUTED, Look

_TEXT, _SMALL = 6.5, 5.8
#: Height of a line of text in inches, and how many of them below a panel its title, its note and its group are.
LINE, WORD_ROWS = 0.115, (0.6, 1.55, 3.0)
#: A panel's share of its slot.
_FILL = 0.84


@dataclass(frozen=True)
class Row:
    """Panels side by side, and the stretches of them with one predicted geometry.

    Attributes:
        slot: width and height of a panel, inches.
        centres: of the panels, inches from the figure's left edge.
        groups: name, first and last panel of each stretch.
        spans: where the names lie, inches from the figure's left edge.
        levels: lines below the first on which they stand.
    """

    panels: tuple[Panel, ...]
    slot: float
    centres: tuple[float, ...]
    groups: tuple[tuple[str, int, int], ...]
    spans: tuple[tuple[float, float], ...]
    levels: tuple[int, ...]

    @property
    def words(self) -> float:
        """Inches that the words below the panels need."""
        return LINE * (WORD_ROWS[-1] + 0.7 + max(self.levels))


def row_of(panels: Sequence[Panel], centres: Sequence[float], slot: float, width: float) -> Row:
    """A row of panels at their centres, in a figure of a width; inches."""
    groups = tuple(_groups(panels))
    spans = []
    for name, first, last in groups:
        half = text_width(name, _TEXT) / 2 + 0.05
        at = max(half, min((centres[first] + centres[last]) / 2, width - half))
        spans.append((at - half, at + half))
    return Row(tuple(panels), slot, tuple(centres), groups, tuple(spans), tuple(levels(spans)))


def draw_row(ax: Axes, row: Row, y: float, known: Mapping[str, Look]) -> None:
    """A row of panels at a height, with their words below, on axes whose units are inches."""
    unit = _FILL * row.slot / 2 / max(1.0, *(one.reach for one in row.panels))
    bottom = y - row.slot / 2
    for one, x in zip(row.panels, row.centres, strict=True):
        _draw_panel(ax, one, Frame(np.array([x, y]), unit, one.linear), row.slot)
        ax.text(x, bottom - WORD_ROWS[0] * LINE, one.title, size=_TEXT, ha="center", va="center", color=INK)
        ax.text(x, bottom - WORD_ROWS[1] * LINE, one.note, size=_SMALL, ha="center", va="center", color=MUTED)
    _draw_groups(ax, row, bottom, known)


def _draw_panel(ax: Axes, one: Panel, frame: Frame, slot: float) -> None:
    """The prediction grey and broad, what was learned over it in the colours of its factors."""
    weight = slot / 0.5
    grey = (GHOST,) * len(one.places)
    draw_guide(ax, frame)
    draw_sticks(ax, one.flat_predicted, grey, frame, width=2.8 * weight, dot=13 * weight**2, order=2.0)
    draw_sticks(ax, one.flat_learned, one.learned_colors, frame, width=1.0 * weight, dot=6.5 * weight**2, order=3.0)
    if not one.same:
        x, y = frame.centre + 0.37 * slot
        ax.text(x, y, "≠", size=8 * weight**0.5, ha="center", va="center", color=INK, zorder=5)


def _groups(panels: Sequence[Panel]) -> list[tuple[str, int, int]]:
    """Stretches of neighbours with one predicted geometry: its name, the first and the last of them."""
    found: list[tuple[str, int, int]] = []
    for k, one in enumerate(panels):
        if found and found[-1][0] == one.group:
            found[-1] = (one.group, found[-1][1], k)
        else:
            found.append((one.group, k, k))
    return found


def _draw_groups(ax: Axes, row: Row, bottom: float, known: Mapping[str, Look]) -> None:
    """Below each stretch of one prediction, a line in its colour and its name."""
    y = bottom - (WORD_ROWS[2] - 0.75) * LINE
    for (name, first, last), (left, right), level in zip(row.groups, row.spans, row.levels, strict=True):
        ends = [row.centres[first] - 0.46 * row.slot, row.centres[last] + 0.46 * row.slot]
        ax.plot(ends, [y, y], color=known[name].color, lw=1.6, solid_capstyle="butt")
        below = bottom - (WORD_ROWS[2] + level) * LINE
        ax.text((left + right) / 2, below, name, size=_TEXT, ha="center", va="center", color=INK)
