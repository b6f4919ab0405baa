"""Directions of a dictionary's features in fixed point, so that every cosine is the same however it is summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tegum.theory.errors import InputError

#: One in fixed point.  Products of two directions, and all partial sums in any order, are integers below 2^53
#: (Cauchy-Schwarz), which a matrix product in double precision adds without rounding.
ONE = 2.0**26
_ROWS = 4096  # read at a time


@dataclass(frozen=True, eq=False)
class Directions:
    """Features of a dictionary as unit vectors.

    Attributes:
        units: rounded to multiples of 1/ONE, times ONE; features without a length are left out.
        norms: lengths of the features that are not.
        features: their numbers in the dictionary.
        count: features of the dictionary, those of no length included.
    """

    units: Float[np.ndarray, "kept hidden"]
    norms: Float[np.ndarray, " kept"]
    features: Int[np.ndarray, " kept"]
    count: int

    @property
    def error(self) -> float:
        """Bound on |computed - true cosine|: (|u||δ'| + |δ||u'| + |δ||δ'|) with |δ| ≤ √m (1/(2 ONE) + 4 eps)."""
        moved = np.sqrt(self.units.shape[1]) * (0.5 / ONE + 4 * np.finfo(float).eps)
        return float(2 * moved + moved**2)

    @property
    def pairs(self) -> int:
        return len(self.units) * (len(self.units) - 1) // 2


def directions(vectors: np.ndarray) -> Directions:
    """Unit vectors of the rows of a dictionary, of any float type, converted a few thousand rows at a time.

    Raises:
        InputError: a number is not finite, or fewer than two features have a length.
    """
    norms = np.empty(len(vectors))
    units = np.empty(vectors.shape)
    for begin in range(0, len(vectors), _ROWS):
        rows = slice(begin, begin + _ROWS)
        norms[rows], units[rows] = _units(vectors[rows].astype(float), begin)
    kept = np.flatnonzero(norms > 0)
    if len(kept) < 2:
        raise InputError(f"has {len(kept)} features of non-zero length; at least 2 are needed")
    return Directions(units if len(kept) == len(units) else units[kept], norms[kept], kept, len(vectors))


def _units(rows: np.ndarray, begin: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths, and directions in fixed point; 0 where there is none."""
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise InputError(f"feature {begin + int(np.argmin(finite))} has an entry that is not a finite number")
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1.0)  # squares of very small and very large entries stay in range
    norms = np.sqrt((scaled * scaled).sum(axis=1, keepdims=True))
    units = np.rint(scaled / np.where(norms > 0, norms, 1.0) * ONE)
    return (largest * norms)[:, 0], units
