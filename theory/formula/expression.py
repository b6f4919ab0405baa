"""Formulas: the loss of a geometry as a symbolic expression, exact, with the range in which it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy.polys.rings import PolyElement

from tegum.theory.candidates.factors import FittedFactor, fitted_factors
from tegum.theory.errors import InputError
from tegum.theory.formula.digon import digon_at, digon_rows
from tegum.theory.formula.orbit import Orbit, orbits_of, rational
from tegum.theory.formula.profile import Profile, profile_at, profiles
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.geometry.tegum import name, parse_geometry

#: The formula is the one valid around the optimum at this density.
REFERENCE_DENSITY = 0.1
#: Biases below this are zero up to rounding.
_ZERO = 1e-12


@dataclass(frozen=True)
class Piece:
    """A part of the loss on one range of its scalars.

    Attributes:
        loss: an expression in the density, g and b.
        valid_when: inequalities between g and b that bound the range.
    """

    loss: sympy.Expr
    valid_when: tuple[sympy.Rel, ...]


@dataclass(frozen=True)
class Reduced:
    """One orbit with its squared norm eliminated, on the range of the formula.

    Attributes:
        ratio: β = b/g.
        interval: the closed range of β.
        stationarity: S(p, β), a polynomial that vanishes at a critical point: 2 A′B - A B′ without trivial factors.
        norm: g* = A/(2B), the best g for this β.
        loss: of the whole orbit at g*, k I [p/3 - A²/(2B)] for each of its factors.
    """

    ratio: sympy.Symbol
    interval: tuple[sympy.Expr, sympy.Expr]
    stationarity: sympy.Expr
    norm: sympy.Expr
    loss: sympy.Expr


@dataclass(frozen=True)
class Formula:
    """The loss of a whole geometry, orbit by orbit.

    Attributes:
        geometry: its name.
        loss: L as an expression in p (density), g (squared norm) and b (bias), numbered by orbit if there is more
            than one orbit: g1, b1, …, and p1, … where densities differ.  A polynomial in p, piecewise in g and b.
        valid_when: the inequalities between g and b that bound the piece, on top of g > 0 and 0 <= p <= 1.
        stationarity: expressions that vanish at a critical point within the ansatz, ∂L/∂g and ∂L/∂b of each orbit.
        reduced: each orbit that has both g and b and like features, with g eliminated.
    """

    geometry: str
    loss: sympy.Expr
    valid_when: tuple[sympy.Rel, ...]
    stationarity: tuple[sympy.Expr, ...]
    reduced: tuple[Reduced, ...]


def formula(
    geometry: str, importance: Sequence[float] | None = None, density: float | Sequence[float] = REFERENCE_DENSITY
) -> Formula:
    """The loss of a geometry in closed form, derived from the box integrals over active subsets.

    L = Σ_i I_i [ p/3 - 2 E x_i (z_i)_+ + E (z_i)_+² ];  with overlaps g C and β = b/g every expectation is a power of
    g times a polynomial in p and β, one for each interval of β between knots -Σ_{j on} C_0j.

    Args:
        geometry: name; each of its factors of at most `profile.MOST_VERTICES` vertices.
        importance: I of each feature, in the order of the name's factors and their vertices; 1 unless given.  Within a
            factor they must be equal, but for a digon, which then has a norm and a bias for each feature.
        density: p at whose optimum the piece is chosen; the expression holds for any p where ``valid_when`` does.  A
            list of one for each feature makes unlike ones p1, p2, …, numbered as the biases are.

    Returns:
        `Formula`, with exact rational or algebraic coefficients.

    Raises:
        InputError: an unknown or too large factor, unlike features in anything but a digon, a density outside
            (0, 1), or no optimum of this type at that density.

    Source: ∫_{[0,1]^k} (a·x + b)_+^m dx = m!/((m+k)! Πa) Σ_v (-1)^{k-|v|} (a·v + b)_+^{m+k}.

    Validity: of the expression, where ``valid_when`` holds; of the ansatz, regular factors with equal norms and biases.

    >>> print(formula("dropped").loss)
    b**2 + p*(1/3 - b)
    """
    orbits = orbits_of(geometry, importance, density)
    pieces = [_reference_piece(orbit) for orbit in orbits]
    loss = sum((piece.loss for piece in pieces), sympy.Integer(0))
    return Formula(
        name(parse_geometry(geometry)),
        _collected(loss, orbits),
        tuple(condition for piece in pieces for condition in piece.valid_when),
        tuple(sympy.expand(sympy.diff(loss, scalar)) for orbit in orbits for scalar in orbit.scalars),
        tuple(_reduced(orbit) for orbit in orbits if orbit.alike and orbit.factor != DROPPED),
    )


def formula_pieces(
    geometry: str, importance: Sequence[float] | None = None, density: float | Sequence[float] = REFERENCE_DENSITY
) -> tuple[tuple[Piece, ...], ...]:
    """All pieces of a geometry's loss: groups whose sum is the loss, each a list of pieces on adjacent ranges.

    L = Σ_groups Piecewise(pieces); a group is an orbit's factors together, or one feature of an unequal digon.

    Args:
        geometry, importance, density: as in `formula`.

    Returns:
        For each group its pieces, by rising bias; neighbours share the boundary of their ranges and agree on it.

    Raises:
        InputError: as `formula`.

    Validity: as in `formula`.

    Source: see `formula`.
    """
    groups: list[tuple[Piece, ...]] = []
    for orbit in orbits_of(geometry, importance, density):
        if orbit.factor == DROPPED:
            b = orbit.b[0]
            blind = Piece(orbit.weight * orbit.p[0] / 3, (b <= 0,))
            groups.append((blind, Piece(_dropped_loss(orbit), (b >= 0,))))
        elif orbit.alike:
            groups.append(tuple(_piece(orbit, profile) for profile in profiles(orbit.factor)))
        else:
            for row, weight in zip(digon_rows(orbit.p, orbit.g, orbit.b), orbit.importance, strict=True):
                scale = orbit.copies * rational(weight)
                groups.append(tuple(Piece(scale * loss, conditions) for loss, conditions in row))
    return tuple(groups)


def _reference_piece(orbit: Orbit) -> Piece:
    if orbit.factor == DROPPED:
        return Piece(_dropped_loss(orbit), (orbit.b[0] >= 0,))
    if orbit.alike:
        return _piece(orbit, _reference_profile(orbit))
    fit = _fit(orbit)
    reference = dict(zip([*orbit.g, *orbit.b], [*map(float, fit.W[0] ** 2), *map(float, fit.b)], strict=True))
    rows = digon_at(orbit.p, orbit.g, orbit.b, reference)
    losses = [rational(weight) * loss for weight, (loss, _) in zip(orbit.importance, rows, strict=True)]
    return Piece(orbit.copies * sum(losses), tuple(condition for _, conditions in rows for condition in conditions))


def _dropped_loss(orbit: Orbit) -> sympy.Expr:
    """x̂ = b for a bias b >= 0: E(x - b)² = p/3 - p b + b²."""
    (p,), (b,) = orbit.p, orbit.b
    return orbit.weight * (p / 3 - p * b + b**2)


def _reference_profile(orbit: Orbit) -> Profile:
    fit = _fit(orbit)
    ratio = float(fit.b[0] / (fit.W[:, 0] @ fit.W[:, 0]))
    # A dedicated feature's bias is zero up to rounding; its sign must not choose the range.
    return profile_at(orbit.factor, ratio if abs(ratio) > _ZERO else 0.0)


def _fit(orbit: Orbit) -> FittedFactor:
    weights = np.array([float(value) for value in orbit.importance])
    usable = weights if weights.any() else weights + 1
    (fit,) = fitted_factors(orbit.factor, np.array([orbit.density]), usable[None])
    if fit is None:
        raise InputError(
            f"a {orbit.factor.name} with importance {weights.tolist()} is no critical point at density "
            f"{orbit.density[0]!r}"
        )
    return fit


def _piece(orbit: Orbit, profile: Profile) -> Piece:
    """k I ℓ(g C, b) on one interval of β = b/g."""
    (p,), (g,), (b,) = orbit.p, orbit.g, orbit.b
    loss = p / 3 - 2 * homogeneous(profile.A, 1, profile.field, p, g, b)
    loss += 2 * homogeneous(profile.B, 2, profile.field, p, g, b)
    low, high = profile.ends()
    conditions = [] if low == -sympy.oo else [b - g * low >= 0]
    conditions += [] if high == sympy.oo else [b - g * high <= 0]
    return Piece(orbit.weight * loss, tuple(conditions))


def homogeneous(
    polynomial: PolyElement, degree: int, field: Any, p: sympy.Symbol, g: sympy.Expr, b: sympy.Symbol
) -> sympy.Expr:
    """g^degree × a polynomial in p and β, β = b/g."""
    terms = (
        field.to_sympy(coefficient) * p**i * b**j * g ** (degree - j) for (i, j), coefficient in polynomial.terms()
    )
    return sympy.Add(*terms)


def _reduced(orbit: Orbit) -> Reduced:
    profile, (p,) = _reference_profile(orbit), orbit.p
    label = str(orbit.b[0]).removeprefix("b")
    ratio = sympy.Symbol(f"beta{label}", real=True)
    A, B, S = (
        homogeneous(polynomial, 0, profile.field, p, sympy.Integer(1), ratio)
        for polynomial in (profile.A, profile.B, profile.stationarity())
    )
    return Reduced(ratio, profile.ends(), S, A / (2 * B), orbit.weight * (p / 3 - A**2 / (2 * B)))


def _collected(loss: sympy.Expr, orbits: list[Orbit]) -> sympy.Expr:
    return sympy.collect(sympy.expand(loss), list(dict.fromkeys(p for orbit in orbits for p in orbit.p)))
