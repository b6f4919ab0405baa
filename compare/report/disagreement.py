"""Figure of the disagreement: a map over two axes of what was predicted, what was learned, and how often they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tegum.compare.diagram.figure import LINES, pale
from tegum.compare.plane import scale_of_values
from tegum.compare.report.axis import Scale, applied, scale_of, share
from tegum.compare.report.shades import SHADES
from tegum.compare.study import Study
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.labels import text_width
from tegum.empirical.pictures.style import INK, PAGE, PAPER, Look, shown_name
from tegum.theory.diagram.pieces import METASTABILITY

#: Inches: a map's side, margins, the space between the maps, and the bar of shades.
_SIDE, _LEFT, _BOTTOM, _TOP, _BETWEEN, _BAR = 2.62, 0.52, 0.42, 0.24, 0.72, 0.09
_LINE, _TEXT = 0.145, 6.5
_MISSED: dict[str, Any] = {"marker": "x", "color": "#d55e00", "linewidths": 1.0}
_FOUND: dict[str, Any] = {"marker": "*", "facecolors": "#e69f00", "edgecolors": INK, "linewidths": 0.5}
_WORDS = {"first-order": "boundary: losses cross", "continuous": "boundary: the optimum destabilises"}


@dataclass(frozen=True)
class Grid:
    """The cells of a study over two axes, both in rising order.

    Attributes:
        x, y: the axes as drawn.
        cells: comparisons, row by row: y rises from row to row.
    """

    x: Scale
    y: Scale
    cells: tuple[tuple[Comparison, ...], ...]


def grid_of(study: Study) -> Grid:
    """The cells as they are drawn: the plan's first axis from left to right, the second upwards."""
    x, y = (scale_of(axis, scale_of_values(sorted(axis.values)) == "log") for axis in study.plan.axes)
    across = len(y.order)
    return Grid(x, y, tuple(tuple(study.comparisons[i * across + j] for i in x.order) for j in y.order))


def disagreement_figure(study: Study, known: Mapping[str, Look]) -> Figure:
    """Two maps at the width of a page: the geometries, and the share of runs that are the predicted optimum."""
    grid = grid_of(study)
    rows = _legend_rows(study, grid, known)
    foot = _LINE * len(rows) + 0.1
    height = _TOP + _SIDE + _BOTTOM + foot
    figure = Figure(figsize=(PAGE, height))
    lefts = _LEFT, _LEFT + _SIDE + _BETWEEN
    first, second = (
        figure.add_axes((left / PAGE, (foot + _BOTTOM) / height, _SIDE / PAGE, _SIDE / height)) for left in lefts
    )
    _draw_geometries(first, grid, known)
    _draw_shares(second, grid)
    for ax, title in (
        (first, "predicted (area), learned where another (marker)"),
        (second, "share of runs that are the optimum"),
    ):
        _draw_boundaries(ax, study)
        applied(ax, grid.x)
        applied(ax, grid.y, vertical=True)
        ax.set_title(title, size=7, pad=5)
    bar = ((lefts[1] + _SIDE + 0.09) / PAGE, (foot + _BOTTOM) / height, _BAR / PAGE, _SIDE / height)
    _draw_bar(figure.add_axes(bar))
    _draw_legend(figure, rows, foot, height)
    return figure


def _draw_geometries(ax: Axes, grid: Grid, known: Mapping[str, Look]) -> None:
    colors = [
        [to_rgb(pale(known[shown_name(cell.optimum.geometry, known)].color)) for cell in row] for row in grid.cells
    ]
    ax.pcolormesh(*_edges(grid), np.array(colors), edgecolors=PAPER, linewidth=0.2)
    for x, y, cell in _cells(grid):
        if not cell.best.matches:
            look = known[shown_name(cell.best.geometry, known)]
            ax.scatter(x, y, s=_size(grid), marker=look.marker, color=look.color, zorder=5, linewidths=0)


def _draw_shares(ax: Axes, grid: Grid) -> None:
    shares = np.array([[cell.fraction for cell in row] for row in grid.cells])
    style: dict[str, Any] = {"cmap": SHADES, "vmin": 0, "vmax": 1, "edgecolors": PAPER, "linewidth": 0.2}
    ax.pcolormesh(*_edges(grid), shares, **style)
    for x, y, cell in _cells(grid):
        if not cell.best.matches:
            ax.scatter(x, y, s=_size(grid), zorder=5, **_MISSED)
        if cell.resolution is not None:
            ax.scatter(x, y, s=2 * _size(grid), zorder=6, **_FOUND)


def _draw_bar(ax: Axes) -> None:
    """The shades with their shares: as areas, since pages refuse the image that a colour bar would be."""
    levels = np.linspace(0, 1, 65)
    ax.pcolormesh([0, 1], levels, (levels[1:, None] + levels[:-1, None]) / 2, cmap=SHADES, vmin=0, vmax=1, lw=0)
    ax.yaxis.tick_right()
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    ax.set_xticks([])
    for side in ax.spines.values():
        side.set_visible(False)


def _edges(grid: Grid) -> list[Float[np.ndarray, " edges"]]:
    """Where the cells of each axis begin and end: halfway between their values, as drawn."""
    return [_axis_edges(scale) for scale in (grid.x, grid.y)]


def _axis_edges(scale: Scale) -> Float[np.ndarray, " edges"]:
    shares = np.array([share(scale, value) for value in scale.values])
    edges = np.concatenate([[0.0], (shares[1:] + shares[:-1]) / 2, [1.0]])
    if scale.logarithmic:
        return scale.low * (scale.high / scale.low) ** edges
    return scale.low + (scale.high - scale.low) * edges


def _cells(grid: Grid) -> list[tuple[float, float, Comparison]]:
    return [
        (x, y, cell)
        for y, row in zip(grid.y.values, grid.cells, strict=True)
        for x, cell in zip(grid.x.values, row, strict=True)
    ]


def _size(grid: Grid) -> float:
    """Area in square points of a marker that fits its cell."""
    cell = 72 * _SIDE / max(len(grid.x.values), len(grid.y.values))
    return min(0.42 * cell, 6.0) ** 2


def _draw_boundaries(ax: Axes, study: Study) -> None:
    for one in study.diagram.boundaries if study.diagram else ():
        if one.kind != METASTABILITY:
            ax.plot(one.points[:, 0], one.points[:, 1], zorder=4, **LINES[one.kind])


def _legend_rows(study: Study, grid: Grid, known: Mapping[str, Look]) -> list[list[Any]]:
    """Handles, filled into rows as wide as the page."""
    cells = [cell for row in grid.cells for cell in row]
    names = {shown_name(cell.optimum.geometry, known) for cell in cells}
    missed = {shown_name(cell.best.geometry, known) for cell in cells if not cell.best.matches}
    handles: list[Any] = [Patch(facecolor=pale(known[name].color), label=name) for name in known if name in names]
    point: dict[str, Any] = {"ls": "", "ms": 4.5, "mew": 0}
    handles += [
        Line2D([], [], marker=known[name].marker, color=known[name].color, label=f"learned: {name}", **point)
        for name in known
        if name in missed
    ]
    kinds = {one.kind for one in study.diagram.boundaries} if study.diagram else set()
    handles += [Line2D([], [], label=words, **LINES[kind]) for kind, words in _WORDS.items() if kind in kinds]
    if missed:
        words = "best run is not the optimum"
        handles.append(Line2D([], [], ls="", marker="x", ms=4.5, color=_MISSED["color"], label=words))
    if any(cell.resolution for cell in cells):
        style: dict[str, Any] = {"ls": "", "marker": "*", "ms": 7, "mfc": _FOUND["facecolors"], "mec": INK, "mew": 0.5}
        handles.append(Line2D([], [], label="training beat the first search", **style))
    return _filled(handles)


def _filled(handles: list[Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [[]]
    used = 0.0
    for handle in handles:
        width = text_width(handle.get_label(), _TEXT) + 0.47
        if rows[-1] and used + width > PAGE - _LEFT:
            rows.append([])
            used = 0.0
        rows[-1].append(handle)
        used += width
    return rows


def _draw_legend(figure: Figure, rows: list[list[Any]], foot: float, height: float) -> None:
    for k, row in enumerate(rows):
        place: dict[str, Any] = {"loc": "upper left", "borderaxespad": 0.0, "borderpad": 0.0}
        anchor = (_LEFT / PAGE, (foot - 0.02 - _LINE * k) / height)
        place |= {"handlelength": 2.0, "handletextpad": 0.5, "columnspacing": 1.4}
        figure.legend(handles=row, ncols=len(row), bbox_to_anchor=anchor, frameon=False, fontsize=_TEXT, **place)
