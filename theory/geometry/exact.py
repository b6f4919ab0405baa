"""Exact cosines of rigid catalogue entries: recognised as a + b √m, and proved to be a tight frame's."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from tegum.theory.geometry.factor import Factor, is_rigid, regular_cosines

#: Roots tried, and the largest denominator; cosines of the catalogue's entries are rational or in Q(√5).
_ROOTS = (1, 5)
_MOST_DENOMINATOR = 60
_CLOSE = 1e-10


@dataclass(frozen=True)
class ExactCosines:
    """Cosines a + b √m of a rigid entry, as numerators of one quadratic field.

    Attributes:
        root: m, 1 where all cosines are rational (then b = 0).
        rational: a of each pair of vertices.
        irrational: b of each pair of vertices.
    """

    root: int
    rational: tuple[tuple[Fraction, ...], ...]
    irrational: tuple[tuple[Fraction, ...], ...]


@lru_cache(maxsize=64)
def exact_entry_cosines(factor: Factor) -> ExactCosines:
    """The exact cosines of a rigid single entry of the catalogue.

    Numbers close to the computed cosines are taken, and C² = (k/d) C with ones on the diagonal is verified exactly:
    then C is the overlap matrix of k unit vectors in d dimensions.

    Raises:
        ArithmeticError: the shape is free, or its cosines are in none of the fields tried.
    """
    if is_rigid(factor):
        cosines = regular_cosines(factor)
        for root in _ROOTS:
            found = {float(value): _recognised(float(value), root) for value in np.unique(cosines)}
            parts = {value: part for value, part in found.items() if part is not None}
            if len(parts) == len(found):
                exact = ExactCosines(
                    root,
                    tuple(tuple(parts[value][0] for value in row) for row in cosines.tolist()),
                    tuple(tuple(parts[value][1] for value in row) for row in cosines.tolist()),
                )
                if _is_tight(exact, Fraction(factor.vertices, factor.dimension)):
                    return exact
    raise ArithmeticError(f"the cosines of a {factor.name} are not known exactly")


def _recognised(value: float, root: int) -> tuple[Fraction, Fraction] | None:
    """(a, b) of the simplest a + b √root within rounding, b = c/d with the denominators that occur."""
    slopes = [Fraction(0)] if root == 1 else [Fraction(c, d) for d in (1, 2, 3, 4, 5, 8, 10) for c in range(-d, d + 1)]
    for b in sorted(set(slopes), key=lambda slope: (abs(slope), slope)):
        rest = value - float(b) * root**0.5
        a = Fraction(rest).limit_denominator(_MOST_DENOMINATOR)
        if abs(float(a) - rest) < _CLOSE:
            return a, b
    return None


def _is_tight(C: ExactCosines, ratio: Fraction) -> bool:
    """C² = ratio × C with ones on the diagonal, in exact numbers."""
    A, B = np.array(C.rational, dtype=object), np.array(C.irrational, dtype=object)
    squared = (A @ A + C.root * (B @ B) == ratio * A).all() and (A @ B + B @ A == ratio * B).all()
    return bool(squared and (np.diagonal(A) == 1).all() and (np.diagonal(B) == 0).all())
