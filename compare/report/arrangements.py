"""Figure of the arrangements: what was learned, drawn over what was predicted, one panel for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from matplotlib.figure import Figure

from tegum.compare.report.panel import Panel
from tegum.compare.report.rows import draw_row, row_of
from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.style import COLUMN, MUTED, Look

#: Most panels of one row, and the largest slot of one, inches.
_IN_A_ROW, _LARGEST = 8, 0.8
_HEAD = 0.2


def arrangements_figure(panels: Sequence[Panel], words: str, known: Mapping[str, Look]) -> Figure:
    """All panels at the width of one column, row by row, under a line of words."""
    in_a_row = ceil(len(panels) / ceil(len(panels) / _IN_A_ROW))
    slot = min(COLUMN / in_a_row, _LARGEST)
    rows = []
    for first in range(0, len(panels), in_a_row):
        some = panels[first : first + in_a_row]
        centres = [COLUMN / 2 + slot * (k - (len(some) - 1) / 2) for k in range(len(some))]
        rows.append(row_of(some, centres, slot, COLUMN))
    top = sum(slot + row.words for row in rows)
    figure = Figure(figsize=(COLUMN, top + _HEAD))
    ax = inches_axes(figure)
    ax.text(COLUMN / 2, top + _HEAD / 2, words, size=5.8, color=MUTED, ha="center", va="center")
    for row in rows:
        draw_row(ax, row, top - slot / 2, known)
        top -= slot + row.words
    return figure
