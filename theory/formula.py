"""Formulas: the loss of a geometry as a symbolic expression, exact, with the range in which it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from sympy.polys.rings import PolyElement, ring

from tegum.theory.errors import InputError
from tegum.theory.factors import fitted_factors
from tegum.theory.geometry.factor import DROPPED, Factor
from tegum.theory.geometry.tegum import name, parse_geometry
from tegum.theory.loss.boxes import box_expectation

#: Vertices beyond which a factor's subsets make an expression that nobody reads and few machines hold.
MOST_VERTICES = 8
#: The formula is the one valid around the optimum at this density.
REFERENCE_DENSITY = 0.1

_P = sympy.Symbol("p", positive=True)


@dataclass(frozen=True)
class Formula:
    """The loss of a whole geometry, orbit by orbit.

    Attributes:
        geometry: its name.
        loss: L as an expression in p (density), g (squared norm) and b (bias), numbered by orbit if there is more
            than one orbit: g1, b1, ….  A polynomial in p, piecewise in g and b.
        valid_when: the inequalities between g and b that bound the piece, on top of g > 0 and 0 <= p <= 1.
        stationarity: expressions that vanish at a critical point within the ansatz, ∂L/∂g and ∂L/∂b of each orbit.
    """

    geometry: str
    loss: sympy.Expr
    valid_when: tuple[sympy.Rel, ...]
    stationarity: tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class _Piece:
    """One orbit's part of the loss."""

    loss: sympy.Expr
    valid_when: tuple[sympy.Rel, ...]
    scalars: tuple[sympy.Symbol, ...]


def formula(geometry: str, importance: Sequence[float] | None = None, density: float = REFERENCE_DENSITY) -> Formula:
    """The loss of a geometry in closed form, derived from the box integrals over active subsets.

    L = Σ_i I_i [ p/3 - 2 E x_i (z_i)_+ + E (z_i)_+² ];  with overlaps g C and β = b/g every expectation is a power of
    g times a polynomial in p and β, one for each interval of β between knots -Σ_{j on} C_0j.

    Args:
        geometry: name; each of its factors of at most `MOST_VERTICES` vertices.
        importance: I of each feature, in the order of the name's factors and their vertices; 1 unless given.  Within a
            factor they must be equal, but for a digon, which then has a norm and a bias for each feature.
        density: p at whose optimum the piece is chosen; the expression holds for any p where ``valid_when`` does.

    Returns:
        `Formula`, with exact rational or algebraic coefficients.

    Raises:
        InputError: an unknown or too large factor, unlike importances in anything but a digon, a density outside
            (0, 1), or no optimum of this type at that density.

    Source: ∫_{[0,1]^k} (a·x + b)_+^m dx = m!/((m+k)! Πa) Σ_v (-1)^{k-|v|} (a·v + b)_+^{m+k}.

    >>> print(formula("dropped").loss)
    b**2 + p*(1/3 - b)
    """
    if not 0 < density < 1:
        raise InputError(f"density = {density!r} is outside (0, 1)")
    factors = parse_geometry(geometry).factors
    orbits = _orbits(factors, _importances(factors, importance))
    several = sum(2 if len(set(content)) > 1 else 1 for _, content in orbits) > 1
    pieces, number = [], 0
    for (factor, content), copies in orbits.items():
        labels = [str(number + k + 1) if several else "" for k in range(len(set(content)))]
        number += len(labels)
        pieces.append((copies, _piece(factor, content, labels, density)))
    loss = sum((copies * piece.loss for copies, piece in pieces), sympy.Integer(0))
    scalars = [scalar for _, piece in pieces for scalar in piece.scalars]
    return Formula(
        name(parse_geometry(geometry)),
        sympy.collect(sympy.expand(loss), _P),
        tuple(condition for _, piece in pieces for condition in piece.valid_when),
        tuple(sympy.expand(sympy.diff(loss, scalar)) for scalar in scalars),
    )


def _importances(factors: Sequence[Factor], given: Sequence[float] | None) -> list[Fraction]:
    count = sum(factor.vertices for factor in factors)
    if given is None:
        return [Fraction(1)] * count
    if len(given) != count or not all(0 <= value < float("inf") for value in given):
        raise InputError(f"importance = {list(given)} is not one number, at least 0, for each of {count} features")
    return [Fraction(repr(float(value))) for value in given]


def _orbits(factors: Sequence[Factor], importance: list[Fraction]) -> Counter:
    """Factors with their importances, and how often each occurs: equal ones are one orbit of the geometry."""
    orbits: Counter = Counter()
    for factor in factors:
        content, importance = tuple(importance[: factor.vertices]), importance[factor.vertices :]
        if len(set(content)) > 1 and factor.name != "digon":
            raise InputError(f"importance differs within a {factor.name}; a formula is known for the digon only")
        if factor.vertices > MOST_VERTICES or factor.dimension < min(1, factor.vertices - 1):
            raise InputError(f"geometry factor {factor.name!r} has more than {MOST_VERTICES} vertices; no formula")
        orbits[factor, content] += 1
    return orbits


def _piece(factor: Factor, importance: tuple[Fraction, ...], labels: list[str], density: float) -> _Piece:
    if factor == DROPPED:
        return _dropped(importance[0], labels[0])
    like = len(set(importance)) == 1
    weights = np.array([float(value) for value in importance])
    (fit,) = fitted_factors(
        factor, np.full((1, factor.vertices), density), (weights if weights.any() else weights + 1)[None]
    )
    if fit is None:
        raise InputError(f"a {factor.name} with importance {list(weights)} is no critical point at density {density!r}")
    if like:
        ratio = float(fit.b[0] / (fit.W[:, 0] @ fit.W[:, 0]))
        return _symmetric(factor, importance[0], labels[0], ratio)
    return _unequal_digon(importance, labels, fit.W[0] ** 2, fit.b)


def _dropped(importance: Fraction, label: str) -> _Piece:
    """x̂ = b for a bias b >= 0: E(x - b)² = p/3 - p b + b²."""
    b = sympy.Symbol(f"b{label}", real=True)
    return _Piece(_rational(importance) * (_P / 3 - _P * b + b**2), (b >= 0,), (b,))


def _symmetric(factor: Factor, importance: Fraction, label: str, ratio: float) -> _Piece:
    """k I ℓ(g C, b): the expectations in the ring of polynomials in p and β = b/g over the field of the cosines."""
    g, b = sympy.Symbol(f"g{label}", positive=True), sympy.Symbol(f"b{label}", real=True)
    field, cosines = _cosines(factor)
    _, p, beta = ring("p,beta", field)
    overlaps = [cosine for cosine in cosines if cosine]
    levels = _subset_sums(field, overlaps)
    row = _Row(beta, overlaps, p, lambda t: ratio + _level(field, t - beta) > 0)
    loss = _P / 3 - 2 * _homogeneous(row.expectation(1, own=True), 1, field, g, b)
    loss += 2 * _homogeneous(row.expectation(2), 2, field, g, b)
    above = [level for level in levels if ratio + float(level) > 0]
    below = [level for level in levels if ratio + float(level) <= 0]
    conditions = [b + g * min(above, key=float) >= 0] if above else []
    conditions += [b + g * max(below, key=float) <= 0] if below else []
    return _Piece(factor.vertices * _rational(importance) * loss, tuple(conditions), (g, b))


@dataclass(frozen=True)
class _Row:
    """The expectations of one row, in any ring: bias, overlaps (the own one first), density, and the sign of knots."""

    bias: Any
    overlaps: list
    density: Any
    is_positive: Any

    def expectation(self, q: int, own: bool = False) -> Any:
        """E U_q(z), or E x_own U_q(z)."""
        exponents = [int(own)] + [0] * (len(self.overlaps) - 1)
        densities = [self.density] * len(self.overlaps)

        def truncated_power(t: Any, power: int) -> Any:
            return t**power if self.is_positive(t) else 0 * t

        return box_expectation(self.bias, self.overlaps, densities, exponents, q, truncated_power)


def _homogeneous(polynomial: PolyElement, degree: int, field: Any, g: sympy.Symbol, b: sympy.Symbol) -> sympy.Expr:
    """g^degree × a polynomial in p and β, β = b/g."""
    terms = (
        field.to_sympy(coefficient) * _P**i * b**j * g ** (degree - j) for (i, j), coefficient in polynomial.terms()
    )
    return sympy.Add(*terms)


def _cosines(factor: Factor) -> tuple[Any, list]:
    """The number field of a factor's cosines, and its first row in it."""
    k = factor.vertices
    if k <= factor.dimension + 1:
        return sympy.QQ, [sympy.QQ(1)] + [sympy.QQ(-1, max(factor.dimension, 1))] * (k - 1)
    step = sympy.cos(2 * sympy.pi / k)
    field = sympy.QQ if step.is_rational else sympy.QQ.algebraic_field(step)
    once = field.from_sympy(step)
    return field, [_chebyshev(j, once, field) for j in range(k)]


def _chebyshev(j: int, x: Any, field: Any) -> Any:
    """cos(j φ) from x = cos φ."""
    before, now = field.one, x
    for _ in range(j):
        before, now = now, 2 * x * now - before
    return before


def _subset_sums(field: Any, overlaps: list) -> list[sympy.Expr]:
    """The distinct values of Σ_{j on} C_j over all subsets: minus the knots of β."""
    sums = {field.zero}
    for overlap in overlaps:
        sums |= {level + overlap for level in sums}
    return [field.to_sympy(level) for level in sums]


def _level(field: Any, constant: PolyElement) -> float:
    return float(field.to_sympy(constant.coeff(1)))


def _unequal_digon(importance: tuple[Fraction, ...], labels: list[str], g0: np.ndarray, b0: np.ndarray) -> _Piece:
    """Σ_i I_i ℓ(g_i, -√(g_1 g_2); b_i), in the field of rational functions of the overlaps."""
    g = [sympy.Symbol(f"g{label}", positive=True) for label in labels]
    b = [sympy.Symbol(f"b{label}", real=True) for label in labels]
    mixed = sympy.sqrt(g[0] * g[1])
    loss, conditions = sympy.Integer(0), []
    for i in range(2):
        reference = dict(zip([*g, *b], [*map(float, g0), *map(float, b0)], strict=True))
        for level in (0, g[i], -mixed, g[i] - mixed):
            knot = b[i] + level
            conditions.append(knot >= 0 if float(knot.subs(reference)) > 0 else knot <= 0)
        row = _Row(b[i], [g[i], -mixed], _P, lambda t, at=reference: float(sympy.sympify(t).subs(at)) > 0)
        own = _P / 3 - 2 * row.expectation(1, own=True) + 2 * row.expectation(2)
        loss += _rational(importance[i]) * sympy.expand(own)
    return _Piece(loss, tuple(conditions), (g[0], b[0], g[1], b[1]))


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)
