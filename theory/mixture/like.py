"""Pieces for like features: the table of factors and the catalogue, refitted at the density asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import numpy as np

from tegum.theory.candidates.factors import fitted_factors
from tegum.theory.geometry.factor import DEDICATED, DROPPED, factor_named, simplex
from tegum.theory.loss.law import law_of
from tegum.theory.mixture.piece import Piece, parts_of, piece, undominated
from tegum.theory.search.descent import descend
from tegum.theory.table.cell import Cell, setting_of
from tegum.theory.table.shipped import factor_table, indecomposable

#: Vertices of the largest simplex, and of the largest piece.
_MOST_SIMPLEX, MOST_VERTICES = 12, 56
#: Entries of the catalogue with more vertices or dimensions than the table that mixtures are made of at some density
#: from 0.005 up.  The others lie above the hull of these (tests), and to fit them takes longer than all the rest.
BEYOND_THE_TABLE = ("gosset-5", "gosset-6", "gosset-7")


@lru_cache(maxsize=256)
def like_pieces(density: float, most_vertices: int = MOST_VERTICES) -> tuple[Piece, ...]:
    """The best known piece of each size for features of one density and importance 1.

    Every indecomposable cell of the table at the two nearest densities is followed by `descend` to the critical point
    of its basin at this density; the catalogue's factors are fitted in their ansatz; a dropped and a dedicated feature
    stand beside them.  Nothing is interpolated: every loss is exact for weights that are given.

    The table keeps only the best arrangement of each size, and that is enough.  A mixture's factor of k features in d
    dimensions can be replaced by the cell (k, d) at no loss, and a cell that is itself a sum by the cells of its parts,
    until only indecomposable cells, dropped and dedicated features are left.

    Args:
        density: p in [0, 1]; where it is 0 a feature can only be dropped.
        most_vertices: features that a piece may hold.

    Returns:
        By rising number of vertices and dimensions, one of each size.
    """
    dropped = piece(DROPPED.name, np.zeros((0, 1)), np.array([density / 2]), (density,), (1.0,))
    if density == 0:
        return (dropped,)
    return tuple(undominated([dropped, *_from_table(density, most_vertices), *_from_catalogue(density, most_vertices)]))


def _from_table(density: float, most_vertices: int) -> Iterator[Piece]:
    for (vertices, dimensions), column in _columns():
        near = _nearest(column, density)
        if near and vertices <= most_vertices:
            setting = setting_of(vertices, dimensions, density)
            rest = descend(
                np.stack([cell.W for cell in near]), np.stack([cell.b for cell in near]), law_of(setting, len(near))
            )
            for k in np.flatnonzero(rest.converged):
                yield from (part for _, part in parts_of(rest.W[k], rest.b[k], setting.density, setting.importance))


@lru_cache(maxsize=1)
def _columns() -> list[tuple[tuple[int, int], list[Cell | None]]]:
    """The cells of each size by rising density; None for those that are sums of smaller ones."""
    return [
        (size, [cell if indecomposable(cell) else None for cell in column])
        for size, column in groupby(factor_table().cells, key=lambda cell: (cell.vertices, cell.dimensions))
    ]


def _nearest(column: list[Cell | None], density: float) -> list[Cell]:
    """The indecomposable ones among the cells at the nearest densities below and above."""
    place = int(np.searchsorted(factor_table().plan.densities, density))
    return [cell for cell in column[max(place - 1, 0) : place + 1] if cell is not None]


def _from_catalogue(density: float, most_vertices: int) -> Iterator[Piece]:
    simplices = [simplex(d) for d in range(factor_table().plan.most_dimensions + 1, _MOST_SIMPLEX)]
    known = (DEDICATED, *simplices, *map(factor_named, BEYOND_THE_TABLE))
    for factor in (one for one in known if one.vertices <= most_vertices):
        content = np.full((1, factor.vertices), density), np.ones((1, factor.vertices))
        [fit] = fitted_factors(factor, *content)
        if fit is not None:
            yield piece(factor.name, fit.W, fit.b, (density,) * factor.vertices, (1.0,) * factor.vertices)
