"""Eliminants: the norm of a resultant, exact and proved, from its images modulo primes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from math import ceil, log2, prod

import numpy as np
from flint import arb, fmpq_mpoly, fmpz_poly
from jaxtyping import Int

from tegum.theory.formula.algebraic import RING, in_one_variable, real_roots
from tegum.theory.formula.modular.bounds import degree_range, height_bits
from tegum.theory.formula.modular.chinese import integers_of
from tegum.theory.formula.modular.primes import Prime, splitting_primes
from tegum.theory.formula.modular.residues import BITS, multiply, resultants
from tegum.theory.formula.modular.sheet import Sheet, sheet, transformed, values

#: Told how many primes are done, and how many there are.
Progress = Callable[[int, int], None]


#: Multiplications beyond which an elimination is not begun, half an hour or so: the boundary of the pentagon takes
#: 4e8, that of the hexagon and the pentagon 2e9.
MOST_WORK = 10**11


class TooLargeError(ArithmeticError):
    """An elimination that would take too long."""


@dataclass(frozen=True, eq=False)
class Elimination:
    """The norm of a resultant that is to be computed:  E = a^k Π_c Res_t(f, g)  over the conjugates of c.

    Attributes:
        f, g: as sheets.
        minimal: minimal polynomial of c, with integer coefficients; None over the rationals.
        least, most: exponents between which those of the two kept variables lie.
        power: k, the degree of Res_t(f, g) in c at most; with a, the leading coefficient of the minimal polynomial,
            E has integer coefficients.
        bits: log2 of a bound on their size.
    """

    f: Sheet
    g: Sheet
    minimal: fmpz_poly | None
    least: tuple[int, int]
    most: tuple[int, int]
    power: int
    bits: float

    @property
    def sizes(self) -> tuple[int, int]:
        """Orders, powers of two, of the roots of unity at which E is evaluated."""
        first, second = (1 << (high - low).bit_length() for low, high in zip(self.least, self.most, strict=True))
        return first, second

    @property
    def primes(self) -> int:
        """How many determine E, and one more, by which a wrong image shows."""
        return ceil((self.bits + 1) / (BITS - 1)) + 1

    @property
    def work(self) -> int:
        """Multiplications modulo primes, about."""
        conjugates = 1 if self.minimal is None else self.minimal.degree()
        return self.primes * conjugates * prod(self.sizes) * (self.f.degree + 1) * (self.g.degree + 1)


def elimination(f: fmpq_mpoly, g: fmpq_mpoly, variable: str, over: fmpq_mpoly | None) -> Elimination:
    """What there is to compute, with proved bounds, to eliminate a variable of the ring and the field's generator.

    Args:
        f, g: in the ring's variables.
        variable: "x" or "r".
        over: minimal polynomial of c; None over the rationals.
    """
    names = RING.names()
    kept = [names.index(name) for name in names if name not in ("c", variable)]
    places = (names.index(variable), names.index("c"), kept[0], kept[1])
    one, other = (sheet(f if over is None else divmod(f, over)[1], places) for f in (f, g))
    minimal = None if over is None else in_one_variable(over, 0)
    conjugates = [arb(0)] if minimal is None else real_roots(minimal)
    lead = 1 if minimal is None else abs(int(minimal.leading_coefficient()))
    power = degree_range(one, other, 1)[1]
    (low, high), (bottom, top) = (degree_range(one, other, place) for place in (2, 3))
    bits = power * log2(lead) + sum(height_bits(one, other, c) for c in conjugates)
    count = len(conjugates)
    return Elimination(one, other, minimal, (count * low, count * bottom), (count * high, count * top), power, bits)


def eliminant(what: Elimination, progress: Progress = lambda done, total: None) -> list[fmpz_poly]:
    """The elimination carried out: E by powers of the second kept variable, each coefficient a polynomial in the first.

    Modulo each prime, the resultant is computed at roots of unity, as many as E can have coefficients, and
    interpolated; the primes' product exceeds twice what the coefficients can be, so that their residues fix them.

    Args:
        what: of `elimination`.
        progress: told primes done, primes in all.

    Raises:
        TooLargeError: before more than `MOST_WORK`.
        ArithmeticError: E vanishes identically; or the images contradict each other.

    Source: Collins (1971), The calculation of multivariate polynomial resultants.
    """
    if what.work > MOST_WORK:
        raise TooLargeError(f"an elimination of {what.work:.1e} multiplications")
    images, primes = [], []
    for prime in islice(splitting_primes(max(what.sizes), what.minimal), what.primes):
        images.append(image(what, prime))
        primes.append(prime.q)
        progress(len(primes), what.primes)
    found = integers_of(np.array(images), primes, what.bits)
    if not any(found):
        raise ArithmeticError("an elimination vanished identically")
    grid = np.array(found, dtype=object).reshape(what.sizes)
    shifted = np.roll(grid, [-low for low in what.least], axis=(0, 1))
    columns = [fmpz_poly([0] * what.least[0] + column.tolist()) for column in shifted.T]
    return [fmpz_poly(0)] * what.least[1] + columns[: what.most[1] - what.least[1] + 1]


def image(what: Elimination, prime: Prime) -> Int[np.ndarray, " coefficients"]:
    """E modulo a prime, its exponents modulo the orders of the roots of unity."""
    q, count = prime.q, prod(what.sizes)
    lead = 1 if what.minimal is None else int(what.minimal.leading_coefficient())
    result = np.full(count, pow(lead, what.power, q) * pow(count, -1, q) % q)
    one = np.empty(count, np.int64)
    for generator in prime.generators:
        f, g = (values(part, prime, generator, what.sizes) for part in (what.f, what.g))
        resultants(f, g, q, one)
        multiply(result, one, q)
    return transformed(result.reshape(1, *what.sizes), prime, -1).reshape(-1)
