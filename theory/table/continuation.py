"""The second stage of the table: every cell tries what its neighbours found, until none improves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby, product

import numpy as np

from tegum.theory.candidates.factors import fitted_factors
from tegum.theory.geometry.factor import DEDICATED
from tegum.theory.limits import dropped_loss
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import SAME_LOSS
from tegum.theory.table.cell import Cell, setting_of
from tegum.theory.weights import Weights

#: Loss, weights and biases of one part of a start.
Block = tuple[float, np.ndarray, np.ndarray]
#: What a start gets added, relative to unit weights: enough to leave a saddle, too little to leave a basin.
_NUDGE = 1e-3


def continued_cells(cells: list[Cell], advance: Callable[[int, int], object] = lambda done, total: None) -> list[Cell]:
    """The cells after each has also tried the weights of its neighbours in density and the best sum of smaller cells.

    L(k, d) <= L(k₁, d₁) + L(k - k₁, d - d₁) then holds for all sizes, since orthogonal parts do not interact; and no
    cell's basin, followed to the next density, is better there than what the table holds.

    Args:
        cells: of the first stage, every size at the same densities.
        advance: told how many cells are done, and how many there are.

    Returns:
        As many cells in the same order, ``continued`` counted; ``hits`` is 0 where a further start was better than all
        random ones.
    """
    finished: dict[tuple[int, int, float], Cell] = {}
    groups = [list(group) for _, group in groupby(cells, key=lambda cell: (cell.vertices, cell.dimensions))]
    for column in groups:
        for cell in _swept(_with_sums(column, finished)):
            finished[cell.vertices, cell.dimensions, cell.density] = cell
        advance(len(finished), len(cells))
    return list(finished.values())


def _with_sums(column: list[Cell], finished: dict[tuple[int, int, float], Cell]) -> list[Cell]:
    return [_improved(cell, [best_sum(cell, finished)]) for cell in column]


def _swept(column: list[Cell]) -> list[Cell]:
    """One size at all densities: up and down, until no cell improves."""
    while True:
        before = [cell.loss for cell in column]
        for i, j in [*_upwards(len(column)), *_downwards(len(column))]:
            column[i] = _improved(column[i], [(column[j].loss, column[j].W, column[j].b)])
        if all(cell.loss >= (1 - SAME_LOSS) * loss for cell, loss in zip(column, before, strict=True)):
            return column


def _upwards(count: int) -> Iterator[tuple[int, int]]:
    yield from ((i, i - 1) for i in range(1, count))


def _downwards(count: int) -> Iterator[tuple[int, int]]:
    yield from ((i, i + 1) for i in reversed(range(count - 1)))


def best_sum(cell: Cell, smaller: dict[tuple[int, int, float], Cell]) -> Block:
    """The best orthogonal sum of two smaller cells, of dropped and of dedicated features among them."""
    k, d, p = cell.vertices, cell.dimensions, cell.density
    ways = [(part, rest) for part, rest in product(range(1, k), range(d + 1)) if part <= k - part]
    sums = [(block(part, dim, p, smaller), block(k - part, d - dim, p, smaller)) for part, dim in ways]
    one, other = min(sums, key=lambda pair: pair[0][0] + pair[1][0])
    W = np.zeros((one[1].shape[0] + other[1].shape[0], k))
    W[: one[1].shape[0], : one[2].size] = one[1]
    W[one[1].shape[0] :, one[2].size :] = other[1]
    W = np.concatenate([W, np.zeros((max(d - len(W), 0), k))])
    return one[0] + other[0], W, np.concatenate([one[2], other[2]])


def block(k: int, d: int, density: float, cells: dict[tuple[int, int, float], Cell]) -> Block:
    """The best known weights of k features in d dimensions: all dropped, all dedicated, or a cell."""
    if d == 0:
        return k * dropped_loss(density), np.zeros((0, k)), np.full(k, density / 2)
    if d >= k:
        [alone] = fitted_factors(DEDICATED, np.full((1, 1), density), np.ones((1, 1)))
        assert alone is not None
        return k * alone.loss, alone.W[0, 0] * np.eye(d, k), np.repeat(alone.b, k)
    cell = cells[k, d, density]
    return cell.loss, cell.W, cell.b


def _improved(cell: Cell, blocks: list[Block]) -> Cell:
    """The cell, or what one of the blocks leads to if that is better."""
    setting = setting_of(cell.vertices, cell.dimensions, cell.density)
    law = law_of(setting, len(blocks))
    random = np.random.default_rng((cell.seed, cell.continued))
    W = np.stack([W for _, W, _ in blocks])
    rest = descend(W + _NUDGE * random.normal(size=W.shape), np.stack([b for *_, b in blocks]), law)
    counted = replace(cell, continued=cell.continued + len(blocks))
    best = int(np.argmin(np.where(rest.converged, rest.loss, np.inf)))
    if not rest.converged[best] or rest.loss[best] >= (1 - SAME_LOSS) * cell.loss:
        return counted
    exact = population_loss(Weights(rest.W[best], rest.b[best]), setting)
    return replace(
        counted,
        W=rest.W[best],
        b=rest.b[best],
        loss=float(exact.loss),
        error=float(exact.error),
        gradient_norm=float(rest.gradient_norm[best]),
        hessian_min=float(least_curvatures(rest.W[[best]], rest.b[[best]], law[:1])[0]),
        hits=0,
    )
