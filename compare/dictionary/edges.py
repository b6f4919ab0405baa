"""Signed edges of a dictionary's overlap graph: the pairs whose |cosine| exceeds a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from tegum.compare.dictionary.directions import ONE, Directions
from tegum.compare.dictionary.tiles import SIDE, Told, over_tiles


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

    def visit(tile: np.ndarray, i: int, j: int):
        near = np.abs(tile) > (threshold - given.error) * ONE**2
        if i == j:
            near &= ~np.tri(len(tile), dtype=bool)
        rows, columns = np.nonzero(near)
        return (rows + i).astype(np.int32), (columns + j).astype(np.int32), tile[rows, columns] * ONE**-2

    found = list(over_tiles(given.units, visit, told, side))
    one, other, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = np.abs(cosines) > threshold
    undecided = int((np.abs(cosines) <= threshold + given.error).sum())
    # The tiles of each row come from left to right, so that its columns are in order whatever the tiles.
    ends = (one[kept], other[kept])
    graph = coo_array((cosines[kept], ends), shape=(len(given.units),) * 2).tocsr()
    return Edges(graph, threshold, undecided)
