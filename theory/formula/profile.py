"""Profile: the loss of one vertex of a symmetric factor as exact polynomials, one pair for each range of the bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy
from sympy.polys.rings import PolyElement, PolyRing, ring

from tegum.theory.errors import InputError
from tegum.theory.formula.orbit import rational
from tegum.theory.geometry.exact import exact_entry_cosines
from tegum.theory.geometry.factor import Factor, is_rigid, merged, polygon, simplex
from tegum.theory.loss.boxes import box_expectation

#: Vertices beyond which a factor's subsets make an expression that nobody reads and few machines hold.
MOST_VERTICES = 8


@dataclass(frozen=True)
class Row:
    """The expectations of one row, in any ring: bias, overlaps (own one first), densities, and t_+^q of a knot t."""

    bias: Any
    overlaps: list
    density: list
    truncated_power: Callable[[Any, int], Any]

    def expectation(self, q: int, own: bool = False) -> Any:
        """E U_q(z), or E x_own U_q(z), with U_q(z) = z_+^q / q!."""
        exponents = [int(own)] + [0] * (len(self.overlaps) - 1)
        return box_expectation(self.bias, self.overlaps, self.density, exponents, q, self.truncated_power)


@dataclass(frozen=True)
class Profile:
    """Loss of one vertex on one interval of β = b/g:  ℓ = I [p/3 - 2 g A(p, β) + 2 g² B(p, β)].

    Attributes:
        field: the number field of the factor's cosines.
        A: E x_own (C·x + β)_+ in the ring of polynomials in p and β over that field.
        B: ½ E (C·x + β)_+² in the same ring.
        lower, upper: ends of the interval, numbers of the field; None where it has no end.
    """

    field: Any
    A: PolyElement
    B: PolyElement
    lower: Any
    upper: Any

    def ends(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The closed interval's ends as expressions."""
        return (
            -sympy.oo if self.lower is None else self.field.to_sympy(self.lower),
            sympy.oo if self.upper is None else self.field.to_sympy(self.upper),
        )

    def stationarity(self) -> PolyElement:
        """S(p, β) = 2 A′B - A B′, which vanishes where ℓ, least over g at g* = A/(2B), is stationary in β.

        With g* put in, ℓ = I [p/3 - A²/(2B)], and (A²/(2B))′ = A (2 A′B - A B′)/(2B²).  Powers of p, and of β less the
        interval's lower end where A and B vanish together, are divided out.
        """
        _, beta = self.A.ring.gens
        S = 2 * self.A.diff(beta) * self.B - self.A * self.B.diff(beta)
        ends = [] if self.lower is None else [beta - self.lower]
        for factor in [self.A.ring.gens[0], *(end for end in ends if not self.A.rem(end))]:
            while S and not S.rem(factor):
                S = S.quo(factor)
        return S


def profiles(factor: Factor) -> tuple[Profile, ...]:
    """The profiles of a factor on all intervals of β between knots -Σ_{j on} C_0j, in rising order.

    Raises:
        InputError: a factor of more than `MOST_VERTICES` vertices, or of no family with algebraic cosines here.
    """
    return tuple(_profile(factor, place) for place in range(len(_knots(factor)) + 1))


def profile_at(factor: Factor, ratio: float) -> Profile:
    """The profile whose interval holds β = ``ratio``; at a knot, the one above it."""
    field, _ = _cosines(factor)
    return _profile(factor, sum(_float(field, knot) <= ratio for knot in _knots(factor)))


@lru_cache(maxsize=512)
def _profile(factor: Factor, place: int) -> Profile:
    """The profile between a knot and the one before it: what all knots below add."""
    field, _ = _cosines(factor)
    knots = _knots(factor)
    lower, upper = ([None, *knots][place], [*knots, None][place])
    zero = _ring(field).zero
    A, B = (sum(parts[:place], zero) for parts in _parts(factor))
    return Profile(field, A, B, lower, upper)


@lru_cache(maxsize=64)
def _parts(factor: Factor) -> tuple[list[PolyElement], list[PolyElement]]:
    """What each knot adds to A, and to B, where β lies above it."""
    field, cosines = _cosines(factor)
    overlaps, knots = [cosine for cosine in cosines if cosine], _knots(factor)
    place_of = {knot: place for place, knot in enumerate(knots)}
    _, p, beta, t, knot = ring("p,beta,t,knot", field)
    # (β - κ)_+^q stands as t^q knot^place until its coefficient, a polynomial in p, is known.
    row = Row(beta, overlaps, [p] * len(overlaps), lambda at, q: t**q * knot ** place_of[-(at - beta).coeff(1)])
    return _by_knot(row.expectation(1, own=True), field, knots), _by_knot(row.expectation(2), field, knots)


def _by_knot(collected: PolyElement, field: Any, knots: tuple) -> list[PolyElement]:
    _, beta = _ring(field).gens
    parts = [_ring(field).zero] * len(knots)
    for (power, _, q, place), coefficient in collected.terms():
        parts[place] += (beta - knots[place]) ** q * _ring(field)({(power, 0): coefficient})
    return parts


@lru_cache(maxsize=64)
def _ring(field: Any) -> PolyRing:
    return ring("p,beta", field)[0]


@lru_cache(maxsize=64)
def _cosines(factor: Factor) -> tuple[Any, list]:
    """The number field of a factor's cosines, and its first row in it."""
    k, d = factor.vertices, factor.dimension
    if k > MOST_VERTICES:
        raise InputError(f"geometry factor {factor.name!r} has more than {MOST_VERTICES} vertices; no formula")
    if factor == merged(k):
        return sympy.QQ, [sympy.QQ(1)] * k
    if k == d == 1 or factor == simplex(d):
        return sympy.QQ, [sympy.QQ(1)] + [sympy.QQ(-1, d)] * (k - 1)
    if factor != polygon(k):
        return _entry_cosines(factor)
    step = sympy.cos(2 * sympy.pi / k)
    field = sympy.QQ if step.is_rational else sympy.QQ.algebraic_field(step)
    once = field.from_sympy(step)
    return field, [_chebyshev(j, once, field) for j in range(k)]


def _entry_cosines(factor: Factor) -> tuple[Any, list]:
    """The quadratic field of a rigid catalogue entry."""
    if not is_rigid(factor):
        raise InputError(f"geometry factor {factor.name!r} has free heights or radii; no formula")
    known = exact_entry_cosines(factor)
    field = sympy.QQ if known.root == 1 else sympy.QQ.algebraic_field(sympy.sqrt(known.root))
    parts = zip(map(rational, known.rational[0]), map(rational, known.irrational[0]), strict=True)
    return field, [field.from_sympy(a + b * sympy.sqrt(known.root)) for a, b in parts]


def _chebyshev(j: int, x: Any, field: Any) -> Any:
    """cos(j φ) from x = cos φ."""
    before, now = field.one, x
    for _ in range(j):
        before, now = now, 2 * x * now - before
    return before


@lru_cache(maxsize=64)
def _knots(factor: Factor) -> tuple:
    """The distinct values of -Σ_{j on} C_j over all subsets, rising."""
    field, cosines = _cosines(factor)
    sums = {field.zero}
    for overlap in cosines:
        sums |= {level - overlap for level in sums}
    return tuple(sorted(sums, key=lambda level: _float(field, level)))


def _float(field: Any, number: Any) -> float:
    return float(field.to_sympy(number))
