"""Figure of the confusion: which geometry was predicted, and which one training found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tegum.compare.agreement.intervals import wilson_interval
from tegum.compare.agreement.statistics import Record
from tegum.compare.report.shades import SHADES, ink_on
from tegum.empirical.pictures.labels import text_width
from tegum.empirical.pictures.numerals import percent, span
from tegum.empirical.pictures.style import INK, MUTED, PAPER, Look, shown_name

#: Inches: a field's width and height, and what margins take besides the names.
_FIELD, _ROW, _EDGE, _RATE = 0.46, 0.27, 0.12, 0.95
_TEXT, _SMALL = 6.5, 6.0
#: Columns at most; the rarest geometries beyond share the last.
_MOST = 10
_OTHERS = "others"
_CORNER = "predicted ↓ learned →"
_SLANT = np.deg2rad(35)


def confusion_figure(records: Sequence[Record], known: Mapping[str, Look]) -> Figure:
    """Predicted geometries down, learned ones across, each row shaded by its shares."""
    pairs = _named(records, known)
    rows = [name for name, _ in Counter(one.predicted for one in pairs).most_common()]
    learned = Counter(one.learned for one in pairs)
    columns = [name for name in rows if name in learned] + [name for name, _ in learned.most_common()]
    columns = list(dict.fromkeys(columns))
    left = _EDGE + max(text_width(name, _TEXT) for name in (*rows, _CORNER)) + 0.18
    longest = max(text_width(name, _TEXT) for name in columns)
    head = 0.14 + longest * float(np.sin(_SLANT))
    right = max(_RATE, longest * float(np.cos(_SLANT)) - 0.3)
    width, height = left + _FIELD * len(columns) + right, _EDGE + _ROW * len(rows) + head
    figure = Figure(figsize=(width, height))
    frame = (left / width, _EDGE / height, _FIELD * len(columns) / width, _ROW * len(rows) / height)
    _draw(figure.add_axes(frame), pairs, rows, columns)
    return figure


def _named(records: Sequence[Record], known: Mapping[str, Look]) -> list[Record]:
    """Records under the names that are drawn, the rarest learned ones together."""
    names = [shown_name(one.learned, known) for one in records]
    predicted = [shown_name(one.predicted, known) for one in records]
    common = {name for name, _ in Counter(names).most_common(_MOST)} | set(predicted)
    return [
        Record(row, name if name in common else _OTHERS, one.matches, one.gap, one.optimum)
        for one, row, name in zip(records, predicted, names, strict=True)
    ]


def _draw(ax: Axes, pairs: Sequence[Record], rows: list[str], columns: list[str]) -> None:
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, size=_TEXT)
    ax.xaxis.tick_top()
    ax.set_xticks([])
    slanted: dict[str, Any] = {"rotation": np.rad2deg(_SLANT), "rotation_mode": "anchor", "ha": "left", "va": "bottom"}
    for k, name in enumerate(columns):
        ax.text(k + 0.42, -0.12, name, size=_TEXT, color=INK, **slanted)
    for j, row in enumerate(rows):
        here = [one for one in pairs if one.predicted == row]
        for k, column in enumerate(columns):
            _draw_field(ax, (k, j), [one.matches for one in here if one.learned == column], len(here), row == column)
        hits = sum(one.matches for one in here)
        rate = f"{percent(hits / len(here))} ({span(wilson_interval(hits, len(here)))})"
        ax.text(len(columns) + 0.2, j + 0.5, rate, size=_SMALL, va="center_baseline", color=INK)
    ax.text(-0.14, -0.14, _CORNER, size=_SMALL, va="bottom", ha="right", color=MUTED)


def _draw_field(ax: Axes, corner: tuple[int, int], matches: list[bool], trials: int, same: bool) -> None:
    """The number of runs on the shade of their share; where some of one name do not match, how many do."""
    color = SHADES(len(matches) / trials)
    edge: dict[str, Any] = {"edgecolor": INK if same else PAPER, "lw": 1.1 if same else 0.8, "zorder": 3 if same else 2}
    ax.add_patch(Rectangle(corner, 1, 1, facecolor=color, clip_on=False, **edge))
    if matches:
        words = f"{sum(matches)}/{len(matches)}" if same and not all(matches) else str(len(matches))
        x, y = corner[0] + 0.5, corner[1] + 0.5
        ax.text(x, y, words, size=_SMALL, ha="center", va="center_baseline", color=ink_on(color), zorder=4)
