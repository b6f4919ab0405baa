"""Signed edges of a dictionary's overlap graph: the pairs whose |cosine| exceeds a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from tegum.compare.dictionary.directions import ONE, Directions
from tegum.compare.dictionary.tiles import SIDE, Told, Visit, over_tiles
from tegum.theory.errors import InputError

#: Pairs that are held at most: 16 bytes each, and as many again while they are sorted.
MOST_PAIRS = 2**25
#: Rows, columns and cosines of some pairs.
Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Edges:
    """The thresholded overlap graph.

    Attributes:
        cosines: [features, features], sparse, above the diagonal; a row and a column for each feature with a length.
        threshold: |cosines| above it are edges.
        undecided: pairs, edges or not, that are closer to the threshold than the cosines' rounding error.
    """

    cosines: csr_array
    threshold: float
    undecided: int

    @property
    def count(self) -> int:
        return int(self.cosines.nnz)


def edges(given: Directions, threshold: float, told: Told, side: int = SIDE) -> Edges:
    """Every pair whose |cosine| exceeds a threshold, tile by tile."""
    return edges_among(given, list(over_tiles(given.units, near_pairs(given, threshold), told, side)), threshold)


def near_pairs(given: Directions, threshold: float) -> Visit[Pairs]:
    """What collects of each tile the pairs that may be edges, or undecided, at a threshold and above.

    It stops once it has more than `MOST_PAIRS`, about which the histogram knows as well.
    """
    held = 0

    def visit(tile: np.ndarray, i: int, j: int) -> Pairs:
        nonlocal held
        near = np.abs(tile) > (threshold - given.error) * ONE**2 if held <= MOST_PAIRS else np.zeros((0, 0), bool)
        if i == j and near.size:
            near &= ~np.tri(len(tile), dtype=bool)
        rows, columns = np.nonzero(near)
        held += len(rows)
        return (rows + i).astype(np.int32), (columns + j).astype(np.int32), tile[rows, columns] * ONE**-2

    return visit


def edges_among(given: Directions, found: Sequence[Pairs], threshold: float) -> Edges:
    """The graph at a threshold not below the one at which the pairs of all tiles were collected.

    Raises:
        InputError: not all of them were, since they are too many.
    """
    one, other, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if len(one) > MOST_PAIRS:
        raise InputError(f"threshold = {threshold!r} leaves too many edges; allowed are {MOST_PAIRS}")
    sizes = np.abs(cosines)
    kept = sizes > threshold
    undecided = int((np.abs(sizes - threshold) <= given.error).sum())
    # The tiles of each row come from left to right, so that its columns are in order whatever the tiles.
    graph = coo_array((cosines[kept], (one[kept], other[kept])), shape=(len(given.units),) * 2).tocsr()
    return Edges(graph, threshold, undecided)
