"""Sheets: polynomials with integer coefficients, laid out for values modulo primes."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm

import numpy as np
from flint import fmpq_mpoly
from jaxtyping import Int

from tegum.theory.formula.modular.primes import Prime
from tegum.theory.formula.modular.residues import add_terms, transform


@dataclass(frozen=True, eq=False)
class Sheet:
    """A polynomial in t, to be eliminated, the generator c of a number field, and two variables that are kept.

    Attributes:
        powers: of (t, c, first kept, second kept) in each term.
        coefficients: of the terms, integers without common divisor.
    """

    powers: Int[np.ndarray, "terms 4"]
    coefficients: tuple[int, ...]

    @property
    def degree(self) -> int:
        """Degree in t."""
        return int(self.powers[:, 0].max())


def sheet(polynomial: fmpq_mpoly, places: tuple[int, int, int, int]) -> Sheet:
    """The sheet of a polynomial, up to a constant; t, c and the kept variables by their places in the ring."""
    terms = [(powers, int(a.p), int(a.q)) for powers, a in polynomial.terms()]
    scale = lcm(*(denominator for _, _, denominator in terms))
    whole = [a * (scale // denominator) for _, a, denominator in terms]
    common = gcd(*whole)
    powers = np.array([powers for powers, _, _ in terms], np.int64)[:, list(places)]
    return Sheet(powers, tuple(a // common for a in whole))


def values(one: Sheet, prime: Prime, generator: int, sizes: tuple[int, int]) -> Int[np.ndarray, "points coefficients"]:
    """Coefficients by powers of t, constant first, at all pairs of roots of unity of two orders."""
    residues = np.array([a % prime.q for a in one.coefficients], np.int64)
    grid = np.zeros((one.degree + 1, *sizes), np.int64)
    add_terms(grid, one.powers, residues, generator, prime.q)
    grid = transformed(grid, prime)
    return np.ascontiguousarray(grid.reshape(len(grid), -1).T)


def transformed(
    grid: Int[np.ndarray, "layers rows columns"], prime: Prime, exponent: int = 1
) -> Int[np.ndarray, "layers rows columns"]:
    """Each layer's coefficients become its values at the roots of unity; with exponent -1 back, but for its size."""
    for _ in range(2):
        size = grid.shape[-1]
        rows = np.ascontiguousarray(grid).reshape(-1, size)
        transform(rows, pow(prime.root_of(size), exponent, prime.q), prime.q)
        grid = rows.reshape(grid.shape).swapaxes(1, 2)
    return grid
