"""The optimum of a geometry at a rational density as algebraic numbers, least over all ranges of the bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq_mpoly

from tegum.theory.errors import InputError
from tegum.theory.formula.algebraic import (
    DIGITS,
    AlgebraicNumber,
    X,
    algebraic_number,
    ball,
    constant,
    in_one_variable,
    norm,
    rational_number,
)
from tegum.theory.formula.branch import Branch, StationaryPoint, eliminated, least_stationary_point
from tegum.theory.formula.orbit import Orbit, orbits_of
from tegum.theory.geometry.factor import DEDICATED, DROPPED
from tegum.theory.geometry.tegum import name, parse_geometry

#: Degree of β over the rationals beyond which no other number is eliminated from it: 51 (polygon-7), the greatest of
#: all factors that have a formula, takes five seconds.
MOST_DEGREE = 60
_PRECISION = 700


@dataclass(frozen=True)
class AlgebraicFactor:
    """One kind of factor at its optimum.

    Attributes:
        factor: its name; copies: how many the geometry has.
        ratio: β = b/g; None for dropped features.
        norm: g, squared norm; bias: b; loss: of one copy, importance included.  None where β's degree is above
            the most that is eliminated.
    """

    factor: str
    copies: int
    ratio: AlgebraicNumber | None
    norm: AlgebraicNumber | None
    bias: AlgebraicNumber | None
    loss: AlgebraicNumber | None


@dataclass(frozen=True)
class AlgebraicOptimum:
    """A geometry at its optimum.

    Attributes:
        geometry: its name.
        density: p, exactly.
        factors: each kind of factor.
        decimal: the loss, 30 digits.
        loss: the loss as an algebraic number; None where two kinds of factors are irrational or one is too large.
    """

    geometry: str
    density: Fraction
    factors: tuple[AlgebraicFactor, ...]
    decimal: str
    loss: AlgebraicNumber | None


def algebraic_optimum(
    geometry: str, density: Fraction, importance: Sequence[float] | None = None, most_degree: int = MOST_DEGREE
) -> AlgebraicOptimum:
    """The optimum of a geometry within its ansatz at a rational density, exactly.

    Each factor's loss, least over g, is k I [p/3 - A(β)²/(2B(β))]; β is a root of S = 2 A′B - A B′, a polynomial over
    the field of the cosines.  All roots on all intervals are isolated and the one of least loss is taken; its minimal
    polynomial is a factor of the norm of S, those of g = A/(2B), b = β g and the loss follow by resultants.

    Args:
        geometry: name; features alike within each factor.
        density: p, in (0, 1).
        importance: I of each feature in the order of the name; 1 unless given.
        most_degree: of β, beyond which no other number is eliminated from it.

    Returns:
        `AlgebraicOptimum`; every number with its minimal polynomial, the root meant, and digits.

    Raises:
        InputError: a density outside (0, 1), unlike features within a factor, or a factor without a formula.
        ArithmeticError: two stationary points whose losses are not told apart, or none.

    Validity: the least stationary point with g > 0 of the regular ansatz; whether it is stable is `candidate`'s
    business.

    Source: real roots and norms of polynomials over number fields, Cohen, A Course in Computational Algebraic Number
    Theory (1993), sections 3.6 and 4.3.

    >>> algebraic_optimum("dropped", Fraction(1, 10)).loss.expression()
    37/1200
    """
    if not 0 < density < 1:
        raise InputError(f"density = {density} is outside (0, 1)")
    orbits = orbits_of(geometry, importance, float(density))
    if any(not orbit.alike for orbit in orbits):
        raise InputError("importances differ within a digon; its optimum is not eliminated")
    with ctx.workprec(_PRECISION):
        found = [(orbit, None if orbit.factor == DROPPED else _point(orbit, density)) for orbit in orbits]
        loss = sum((orbit.copies * _loss(orbit, density, point) for orbit, point in found), arb(0))
        total = _total(found, density, loss, most_degree)
        return AlgebraicOptimum(
            name(parse_geometry(geometry)),
            density,
            tuple(_factor(orbit, density, point, most_degree) for orbit, point in found),
            total.decimal if total is not None else loss.str(DIGITS, radius=False),
            total,
        )


def _point(orbit: Orbit, density: Fraction) -> StationaryPoint:
    return least_stationary_point(orbit.factor, constant(density))


def _loss(orbit: Orbit, density: Fraction, point: StationaryPoint | None) -> arb:
    """Of one copy, as a ball."""
    weight = ball(orbit.factor.vertices * orbit.importance[0])
    gain = ball(density**2 / 4) if point is None else point.gain
    return weight * (ball(density / 3) - gain)


def _factor(orbit: Orbit, density: Fraction, point: StationaryPoint | None, most_degree: int) -> AlgebraicFactor:
    if point is None:
        bias, loss = rational_number(density / 2), rational_number(orbit.importance[0] * (density / 3 - density**2 / 4))
        return AlgebraicFactor(orbit.factor.name, orbit.copies, None, None, bias, loss)
    one = point.branch
    ratio = algebraic_number(in_one_variable(norm(one.S, one.over), 2), point.ratio)
    others: list[AlgebraicNumber | None] = [None, None, None]
    if one.degree <= most_degree:
        near_loss = _loss(orbit, density, point)
        others = [
            algebraic_number(in_one_variable(eliminated(one, numerator, one.dB), 3), near)
            for numerator, near in (
                (one.dA, point.norm),
                (X * one.dA, point.ratio * point.norm),
                (_loss_numerator(orbit, density, one, Fraction(0), 1), near_loss),
            )
        ]
    return AlgebraicFactor(orbit.factor.name, orbit.copies, ratio, *others)


def _loss_numerator(orbit: Orbit, density: Fraction, one: Branch, rest: Fraction, copies: int) -> fmpq_mpoly:
    """Of rest + copies k I [p/3 - A A′/B′] over B′: where S = 0, A/(2B) = A′/B′."""
    weight = copies * orbit.factor.vertices * orbit.importance[0]
    return constant(rest + weight * density / 3) * one.dB - constant(weight) * one.A * one.dA


def _total(
    found: list[tuple[Orbit, StationaryPoint | None]], density: Fraction, near: arb, most_degree: int
) -> AlgebraicNumber | None:
    """The whole loss, where at most one kind of factor is irrational."""
    rest, irrational = Fraction(0), []
    for orbit, point in found:
        loss = _rational_loss(orbit, density, point)
        rest += orbit.copies * (loss or 0)
        irrational += [] if loss is not None or point is None else [(orbit, point.branch)]
    if not irrational:
        return rational_number(rest)
    (orbit, one), *others = irrational
    if others or one.degree > most_degree:
        return None
    numerator = _loss_numerator(orbit, density, one, rest, orbit.copies)
    return algebraic_number(in_one_variable(eliminated(one, numerator, one.dB), 3), near)


def _rational_loss(orbit: Orbit, density: Fraction, point: StationaryPoint | None) -> Fraction | None:
    """Loss of one copy where it is rational at every rational density: p/3 - p²/4 if dropped, 0 if dedicated."""
    if point is None:
        return orbit.importance[0] * (density / 3 - density**2 / 4)
    return Fraction(0) if orbit.factor == DEDICATED else None
