"""One pass over a tile of cosines: counts in bins, sums of powers, the largest of each row and column."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Bins of the histogram over [-1, 1].  A power of two: then the bin of a cosine in fixed point is found exactly.
BINS = 2048


@njit(cache=True, nogil=True)
def scan(tile, same, scale, counts, powers, row_best, row_at, column_best, column_at):
    """Add a tile to the counts and to the sums of the first four powers; of ``same`` rows and columns, half of it.

    The largest |cosine| of each row and column comes with its sign, and with its place, the first of equals.
    """
    rows, columns = tile.shape
    for i in range(rows):
        first = i + 1 if same else 0
        one = two = three = four = 0.0
        best, at = row_best[i], row_at[i]
        for j in range(first, columns):
            c = tile[i, j] * scale
            place = int((c + 1.0) * (BINS // 2))
            counts[min(max(place, 0), BINS - 1)] += 1  # rounded, equal directions may have a cosine just above 1
            square = c * c
            one += c
            two += square
            three += square * c
            four += square * square
            if abs(c) > abs(best):
                best, at = c, j
            if abs(c) > abs(column_best[j]):
                column_best[j], column_at[j] = c, i
        row_best[i], row_at[i] = best, at
        powers[0] += one
        powers[1] += two
        powers[2] += three
        powers[3] += four


def scanned(tile: np.ndarray, same: bool, scale: float):
    """Counts, sums of powers, and for rows and columns the largest |cosine| with its place."""
    counts, powers = np.zeros(BINS, dtype=np.int64), np.zeros(4)
    row_best, column_best = np.zeros(tile.shape[0]), np.zeros(tile.shape[1])
    row_at, column_at = np.full(tile.shape[0], -1), np.full(tile.shape[1], -1)
    scan(tile, same, scale, counts, powers, row_best, row_at, column_best, column_at)
    return counts, powers, (row_best, row_at), (column_best, column_at)
