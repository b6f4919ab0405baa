"""Figure of the losses: the candidates' exact curves, and every trained run on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.compare.report.axis import Scale, applied, axis_symbol, share
from tegum.compare.report.chart import Chart, Dots, Line
from tegum.empirical.pictures.labels import Points, label_spots, levels, text_width
from tegum.empirical.pictures.style import COLUMN, GHOST, INK, MUTED, Look
from tegum.theory.phases import Boundary

_TEXT, _SMALL = 6.5, 6.0
#: Height of a line of text, and room that a label's marker takes, inches.
_LINE, _MARK = 0.11, 0.2
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.44, 0.04, 0.36, 0.06


def losses_figure(shown: Chart, boundaries: Sequence[Boundary], known: Mapping[str, Look]) -> Figure:
    """The figure at the width of one column."""
    width = COLUMN - _LEFT - _RIGHT
    head = _TOP + digits_height(boundaries, shown.scale, width)
    height = 1.95 + head + _BOTTOM
    figure = Figure(figsize=(COLUMN, height))
    ax = figure.add_axes((_LEFT / COLUMN, _BOTTOM / height, width / COLUMN, 1.95 / height))
    draw_losses(ax, shown, boundaries, known)
    return figure


def draw_losses(ax: Axes, shown: Chart, boundaries: Sequence[Boundary], known: Mapping[str, Look]) -> None:
    """Curves, boundaries, runs and labels on given axes."""
    applied(ax, shown.scale)
    ax.set_ylim(0, shown.top)
    ax.set_ylabel("exact loss / loss of the empty model")
    _draw_boundaries(ax, boundaries, shown.scale)
    for line in shown.lines:
        _draw_line(ax, line, known.get(line.geometry))
    _draw_predicted(ax, shown, known)
    _draw_dots(ax, shown.dots, shown.top, known)
    _draw_labels(ax, shown, boundaries, known)


def digits_height(boundaries: Sequence[Boundary], scale: Scale, width: float) -> float:
    """Inches that the boundaries' digits need above a frame of this width."""
    return _LINE * (1 + max(_levels(boundaries, scale, width))) if boundaries else 0.0


def _levels(boundaries: Sequence[Boundary], scale: Scale, width: float) -> list[int]:
    return levels([_digits_span(one, scale, width) for one in boundaries])


def _digits_span(one: Boundary, scale: Scale, width: float) -> tuple[float, float]:
    """Where a boundary's digits lie: over its line, moved to stay within the frame."""
    half = text_width(_digits(one), _SMALL) / 2 + 0.03
    middle = min(max(width * share(scale, one.value), half), width - half)
    return middle - half, middle + half


def _digits(one: Boundary) -> str:
    return f"{axis_symbol(one.axis, math=True)} = {one.decimal}"


def _draw_boundaries(ax: Axes, boundaries: Sequence[Boundary], scale: Scale) -> None:
    width, height = frame_of(ax)
    for one, level in zip(boundaries, _levels(boundaries, scale, width), strict=True):
        end = 1 + (0.03 + _LINE * level) / height
        ax.plot([one.value] * 2, [0, end], color=MUTED, lw=0.6, transform=ax.get_xaxis_transform(), clip_on=False)
        middle = sum(_digits_span(one, scale, width)) / 2 / width
        words: dict[str, Any] = {"size": _SMALL, "ha": "center", "va": "bottom", "color": INK}
        ax.text(middle, end + 0.015 / height, _digits(one), transform=ax.transAxes, **words)


def _draw_line(ax: Axes, line: Line, look: Look | None) -> None:
    """Solid where it is a local minimum, dotted where it is a critical point only; grey if nobody's."""
    color, order = (look.color, 2.0) if look else (GHOST, 1.0)
    joined = line.stable | np.append(line.stable[1:], False) | np.insert(line.stable[:-1], 0, False)
    ax.plot(line.values, np.where(joined, line.ratio, np.nan), color=color, zorder=order)
    ax.plot(line.values, np.where(line.stable, np.nan, line.ratio), ":", color=color, zorder=order)
    if len(line.values) == 1:
        ax.plot(line.values, line.ratio, "_", color=color, ms=14, zorder=order)


def _draw_predicted(ax: Axes, shown: Chart, known: Mapping[str, Look]) -> None:
    """A broad faint band where a curve is the lowest, and a bar at an optimum that has no curve."""
    for line in shown.lines:
        if line.geometry in known:
            band = np.where(line.lowest, line.ratio, np.nan)
            style: dict[str, Any] = {"lw": 5, "alpha": 0.22, "solid_capstyle": "butt", "zorder": 1.5}
            ax.plot(line.values, band, color=known[line.geometry].color, **style)
    drawn = {line.geometry for line in shown.lines}
    for value, ratio, geometry in shown.predicted:
        if geometry not in drawn:
            ax.plot([value], [ratio], "_", color=known[geometry].color, ms=9, mew=2, zorder=2)


def _draw_dots(ax: Axes, dots: Dots, top: float, known: Mapping[str, Look]) -> None:
    inside = dots.ratio <= top
    for name, look in known.items():
        here, above = dots.of(name) & inside, dots.of(name) & ~inside
        style: dict[str, Any] = {"color": look.color, "marker": look.marker, "alpha": 0.5, "linewidths": 0}
        ax.scatter(dots.values[here], dots.ratio[here], s=11, zorder=3, **style)
        if above.any():
            ax.scatter(dots.values[above], np.full(above.sum(), top), s=14, color=look.color, marker=6, clip_on=False)
    best = dots.best & inside
    ring: dict[str, Any] = {"facecolors": "none", "edgecolors": INK, "linewidths": 0.7}
    ax.scatter(dots.values[best], dots.ratio[best], s=30, zorder=4, **ring)


def _draw_labels(ax: Axes, shown: Chart, boundaries: Sequence[Boundary], known: Mapping[str, Look]) -> None:
    """Marker and name of each geometry beside its curve, or beside its runs if it has none, where there is room."""
    frame = frame_of(ax)
    curves = {line.geometry: _inches(line.values, line.ratio, shown, frame) for line in shown.lines}
    dots = {name: _inches(*_lowest(shown.dots, name), shown, frame) for name in dict.fromkeys(shown.dots.names)}
    labelled = {name: points for name, points in (dots | curves).items() if len(points)}
    walls = [_inches(np.full(30, one.value), np.linspace(0, shown.top, 30), shown, frame) for one in boundaries]
    runs = _inches(shown.dots.values, shown.dots.ratio, shown, frame)
    sizes = [(_MARK + text_width(name, _TEXT), _LINE) for name in labelled]
    spots = label_spots(list(labelled.values()), sizes, np.concatenate([runs, *walls]), frame)
    for name, (x, y), (width, _) in zip(labelled, spots, sizes, strict=True):
        _draw_label(ax, name, (x - width / 2) / frame[0], y / frame[1], known.get(name), name in curves)


def _draw_label(ax: Axes, name: str, left: float, middle: float, look: Look | None, curve: bool) -> None:
    """A stroke with the marker for a curve, three markers for runs without one; then the name."""
    width = frame_of(ax)[0]
    stroke = left + np.array([0, 0.5, 1]) * (_MARK - 0.05) / width
    style: dict[str, Any] = {"ms": 3.4, "markevery": [1]} if curve else {"ms": 2.6, "linestyle": ""}
    style |= {"color": look.color if look else GHOST, "marker": look.marker if look else None, "mew": 0, "zorder": 5}
    ax.plot(stroke, [middle] * 3, transform=ax.transAxes, **style)
    words: dict[str, Any] = {"size": _TEXT, "va": "center_baseline", "color": INK if look else MUTED, "zorder": 5}
    ax.text(left + _MARK / width, middle, name, transform=ax.transAxes, **words)


def _lowest(dots: Dots, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The best run of a name at each value where it has one."""
    here = dots.of(name)
    values = np.unique(dots.values[here])
    return values, np.array([dots.ratio[here & (dots.values == value)].min() for value in values])


def _inches(values: np.ndarray, ratio: np.ndarray, shown: Chart, frame: tuple[float, float]) -> Points:
    """Points of a curve inside the frame, in inches from its lower left corner."""
    across = np.array([share(shown.scale, value) for value in values.tolist()])
    points = np.column_stack([across * frame[0], ratio / shown.top * frame[1]])
    return points[np.isfinite(ratio) & (ratio <= shown.top)]


def frame_of(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes' frame in inches."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box, (width, height) = ax.get_position(), figure.get_size_inches()
    return float(box.width * width), float(box.height * height)
