"""Irreducibility over the rationals by the degrees of factors modulo primes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from flint import fmpz, fmpz_poly, nmod_poly

#: Primes tried before a polynomial is left undecided; those of most polynomials decide after three to ten.
_PRIMES = 24
#: Primes are taken from here on: much smaller ones divide leading coefficients and discriminants.
_FIRST = 10_000


def is_proved_irreducible(polynomial: fmpz_poly) -> bool:
    """Whether factorisations modulo primes leave no degree that a proper factor over the integers could have.

    A factor's degree is a sum of degrees of irreducible factors modulo every prime that keeps the polynomial's degree
    and that of its square-free part; False where a common sum is left, and says nothing then.

    Args:
        polynomial: without content.

    Source: Cohen (1993), section 3.5.
    """
    degree = polynomial.degree()
    possible = (1 << (degree + 1)) - 1  # bit d stands for degree d
    for degrees in _patterns(polynomial):
        sums = 1
        for one in degrees:
            sums |= sums << one
        possible &= sums
        if possible == 1 | 1 << degree:
            return True
    return False


def _patterns(polynomial: fmpz_poly) -> Iterator[list[int]]:
    """Degrees of the factors modulo one prime after the other, where they are simple."""
    coefficients = [int(a) for a in polynomial.coeffs()]
    primes = (q for q in count(_FIRST) if coefficients[-1] % q and fmpz(q).is_prime())
    for q in islice(primes, _PRIMES):
        _, factors = nmod_poly([a % q for a in coefficients], q).factor()
        if all(power == 1 for _, power in factors):
            yield [int(factor.degree()) for factor, _ in factors]
