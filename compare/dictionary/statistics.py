"""Statistics of all pairs of a dictionary: histogram, moments, nearest features, dimensionality."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tegum.compare.dictionary.directions import ONE, Directions
from tegum.compare.dictionary.scan import BINS, scanned
from tegum.compare.dictionary.tiles import SIDE, Answer, Told, Visit, over_tiles

#: Edges of the histogram's bins, each exact in binary.
EDGES = np.linspace(-1.0, 1.0, BINS + 1)


@dataclass(frozen=True, eq=False)
class Statistics:
    """Cosines of all n(n-1)/2 pairs of features that have a length.

    Attributes:
        counts: pairs in each bin of `EDGES`, of computed cosines: exact, the same for any tiles and any order.
        mean, variance, excess: first moments of the cosines, the last one the excess kurtosis.
        nearest: of each feature, the cosine of largest modulus with another.
        partner: which other, as a row of the directions.
        dimensionality: |W_i|² / Σ_j (Ŵ_i·W_j)² of each feature: its share of a dimension.
        dimensions_per_feature: m / ‖W‖² (Frobenius).
    """

    counts: Int[np.ndarray, " bins"]
    mean: float
    variance: float
    excess: float
    nearest: Float[np.ndarray, " features"]
    partner: Int[np.ndarray, " features"]
    dimensionality: Float[np.ndarray, " features"]
    dimensions_per_feature: float


def statistics(given: Directions, told: Told, side: int = SIDE) -> Statistics:
    """Statistics of all pairs, tile by tile; see `statistics_and`."""
    return statistics_and(given, lambda tile, i, j: None, told, side)[0]


def statistics_and(
    given: Directions, also: Visit[Answer], told: Told, side: int = SIDE
) -> tuple[Statistics, list[Answer]]:
    """Statistics of all pairs, tile by tile, and what else is made of each tile while it is there.

    Args:
        given: directions of the features.
        also: visits each tile as well.
        told: called with tiles done and all tiles.
        side: features along a side of a tile.

    Returns:
        `Statistics`, whose moments are sums in double precision, of rounding error 1e-12 at most; and the answers of
        ``also``.
    """
    answers: list[Answer] = []
    counts = np.zeros(BINS, dtype=np.int64)
    powers: list[np.ndarray] = []
    nearest, partner = np.zeros(len(given.units)), np.full(len(given.units), -1)

    def visit(tile: np.ndarray, i: int, j: int):
        return i, j, scanned(tile, i == j, ONE**-2), also(tile, i, j)

    for i, j, (found, sums, rows, columns), answer in over_tiles(given.units, visit, told, side):
        answers.append(answer)
        counts += found
        powers.append(sums)
        _keep_nearest(nearest, partner, rows, i, j)
        _keep_nearest(nearest, partner, columns, j, i)
    mean, variance, excess = _moments([math.fsum(sums) / given.pairs for sums in zip(*powers, strict=True)])
    weights, total = dimensionality(given)
    hidden = given.units.shape[1]
    return Statistics(counts, mean, variance, excess, nearest, partner, weights, hidden / total), answers


def _keep_nearest(nearest: np.ndarray, partner: np.ndarray, found, begin: int, other: int) -> None:
    """Take over what is nearer than all before, or as near and of a smaller number."""
    best, at = found
    place = np.where(at < 0, -1, at + other)
    held, held_by = nearest[begin : begin + len(best)], partner[begin : begin + len(best)]
    nearer = (np.abs(best) > np.abs(held)) | ((np.abs(best) == np.abs(held)) & (at >= 0) & (place < held_by))
    held[nearer], held_by[nearer] = best[nearer], place[nearer]


def _moments(means: list[float]) -> tuple[float, float, float]:
    """Mean, variance and excess kurtosis from the means of the first four powers."""
    one, two, three, four = means
    variance = two - one**2
    central = four - 4 * three * one + 6 * two * one**2 - 3 * one**4
    return one, variance, central / variance**2 - 3 if variance > 0 else math.nan


def dimensionality(given: Directions) -> tuple[Float[np.ndarray, " features"], float]:
    """Each feature's share of a dimension, |W_i|² / (Ŵ_iᵀ C Ŵ_i) with C = Σ_j W_j W_jᵀ, and ‖W‖²."""
    units = given.units / ONE
    weighted = units * given.norms[:, None]
    heard = np.einsum("ih,ih->i", units @ (weighted.T @ weighted), units)
    return given.norms**2 / heard, float((given.norms**2).sum())
