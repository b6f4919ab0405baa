"""The table of factors as one figure: for each size a strip over density, named by geometry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, inches_axes, picture
from tegum.empirical.pictures.style import INK, MUTED, PAGE, PAPER, drawing
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import write_atomically
from tegum.theory.table.cell import Cell
from tegum.theory.table.shipped import Table, identity_of

_LEFT, _TOP, _STRIP, _LINE, _GAP = 0.38, 0.32, 0.09, 0.088, 0.09
_COLORS = colormaps["viridis"]
#: Represented features per dimension that have the last colour.
_MOST = 6.0

#: First and last density of a run, the geometry there, and its represented features per dimension.
Run = tuple[float, float, str, float]


def write_factor_table(path: str | Path, shown: Table) -> None:
    """Draw a table of factors to an SVG file.

    Raises:
        InputError: another suffix, or the file cannot be written there.
    """
    if Path(path).suffix.lower() != ".svg":
        raise InputError(f"figure = {str(path)!r} has another suffix than .svg")
    write_atomically(path, factor_table_picture(shown).svg)


def factor_table_picture(shown: Table) -> Picture:
    """The periodic table: rows of k features, columns of d dimensions."""
    plan = shown.plan
    low, high = plan.densities[0], plan.densities[-1]
    with drawing():
        return picture(
            _figure(shown),
            "factor-table",
            alt=f"Best geometry of 2 to {plan.most_vertices} features in 1 to {plan.most_dimensions} dimensions at "
            f"{len(plan.densities)} densities from {low:g} to {high:g}.",
            caption=f"Best arrangement found of k like features in d dimensions at {len(plan.densities)} densities, "
            f"from {low:g} (left) to {high:g} (right) in each strip; colour: represented features per dimension. "
            f"{plan.starts} random starts each.",
        )


def runs(column: Sequence[Cell]) -> list[Run]:
    """Neighbouring densities with the same geometry, as one."""
    named = [(cell.density, identity_of(cell)) for cell in column]
    found = []
    for geometry, group in groupby(named, key=lambda pair: pair[1].geometry):
        members = list(group)
        factors = [factor for factor in members[0][1].factors if factor.dimension]
        crowding = sum(len(factor.features) for factor in factors) / sum(factor.dimension for factor in factors)
        found.append((members[0][0], members[-1][0], geometry, crowding))
    return found


def _figure(shown: Table) -> Figure:
    plan = shown.plan
    columns = {
        size: list(cells) for size, cells in groupby(shown.cells, key=lambda cell: (cell.vertices, cell.dimensions))
    }
    lines = {
        k: max(len(runs(column)) for (vertices, _), column in columns.items() if vertices == k)
        for k in range(2, plan.most_vertices + 1)
    }
    height = _TOP + sum(_STRIP + count * _LINE + _GAP for count in lines.values())
    figure = Figure(figsize=(PAGE, height))
    ax = inches_axes(figure)
    width = (PAGE - _LEFT) / plan.most_dimensions
    for d in range(1, plan.most_dimensions + 1):
        ax.text(_LEFT + (d - 1) * width, height - 0.12, f"d = {d}", size=7, color=INK, va="center")
    top = height - _TOP
    for k, count in lines.items():
        ax.text(0.02, top - _STRIP / 2, f"k = {k}", size=6, color=INK, va="center")
        for d in range(1, min(plan.most_dimensions, k - 1) + 1):
            _draw_cell(ax, columns[k, d], _LEFT + (d - 1) * width, top, width - 0.1)
        top -= _STRIP + count * _LINE + _GAP
    return figure


def _draw_cell(ax: Axes, column: Sequence[Cell], left: float, top: float, width: float) -> None:
    step, place = width / len(column), 0
    densities = [cell.density for cell in column]
    for line, (first, last, geometry, crowding) in enumerate(runs(column)):
        count = densities.index(last) - densities.index(first) + 1
        color = _COLORS(min((crowding - 1) / (_MOST - 1), 1.0))
        ax.barh(top, count * step, -_STRIP, left + place * step, align="edge", color=color, edgecolor=PAPER, lw=0.5)
        y = top - _STRIP - (line + 0.6) * _LINE
        ax.barh(y + 0.02, 0.04, -0.04, left, align="edge", color=color)
        where = f"{first:g}" if first == last else f"{first:g}–{last:g}"
        ax.text(left + 0.07, y, where, size=4, color=MUTED, va="center")
        ax.text(left + 0.5, y, geometry, size=4, color=INK, va="center")
        place += count
