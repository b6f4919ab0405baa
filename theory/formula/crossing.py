"""Boundaries as algebraic numbers: the polynomial whose root is where two geometries' optimised losses cross."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_poly, ctx, fmpq_mpoly, fmpz_poly

from tegum.theory.candidates.candidates import fitted
from tegum.theory.formula.algebraic import C, R, V, X, ball, constant, in_one_variable, integers, norm
from tegum.theory.formula.branch import Branch, branch, eliminated, least_stationary_point
from tegum.theory.formula.system import Content, system
from tegum.theory.geometry.factor import DEDICATED, DROPPED
from tegum.theory.phases import Boundary
from tegum.theory.setting import Setting, axis_parts, with_axis

#: Bound on the degree of the polynomial beyond which it is not eliminated, over the rationals and with a number field:
#: 2600 (tetrahedron against triangle) takes ten seconds, 500 with a pentagon half a minute.
MOST_DEGREE = 3000
MOST_DEGREE_OVER_FIELD = 600
#: Half the width of the interval in which the crossing is proved, relative to it.
_WIDTH = Fraction(1, 10**50)
#: Digits of a root in print.
DECIMALS = 40
_PRECISION = 900
_NEWTON_STEPS, _NEWTON_DIGITS = 60, 100


@dataclass(frozen=True)
class AlgebraicBoundary:
    """Where two optimised losses cross, as a root of an irreducible polynomial.

    Attributes:
        eliminated: integer coefficients of the polynomial in the axis, constant first; None where the elimination is
            too large, and then the system says it implicitly.
        decimal: `DECIMALS` digits of the root; None with it.
        system: polynomials that all vanish at the crossing (see `system.system`).
        degree_bound: of the elimination; None where a factor holds unlike features, which is not eliminated at all.
    """

    eliminated: tuple[int, ...] | None
    decimal: str | None
    system: tuple[str, ...]
    degree_bound: int | None


@dataclass(frozen=True)
class _Term:
    """A kind that enters the crossing, on its branch: ± copies × k I A A′/B′ of gain."""

    content: Content
    copies: int
    branch: Branch

    @property
    def weight(self) -> fmpq_mpoly:
        return self.copies * self.content.factor.vertices * _number(self.content.importance[0])


def algebraic_boundary(setting: Setting, found: Boundary) -> AlgebraicBoundary:
    """The boundary between two geometries as a root of a polynomial with integer coefficients.

    Every factor's loss is k I [p/3 - A²/(2B)], and A²/(2B) = A A′/B′ where S = 2 A′B - A B′ = 0.  The sum of these
    gains is the same for both geometries at the crossing; the β are eliminated by resultants, the field of the cosines
    by the norm.  Of the irreducible factors the one is taken of which one root lies in an interval at whose ends the
    difference of the losses has proved, opposite signs.

    Args:
        setting: everything but the axis; its numbers are read as the decimals that they print as.
        found: `phases.boundary` of that setting.

    Returns:
        `AlgebraicBoundary`.

    Raises:
        InputError: unlike features within a factor other than a digon.
        ArithmeticError: the root could not be told from others.

    Validity: the least stationary points of the regular ansätze.

    Source: elimination by resultants, Cohen (1993), section 3.3.
    """
    contents = _contents(setting, found)
    equations = system(contents, found.axis)
    if not all(content.alike for content in contents):
        return AlgebraicBoundary(None, None, equations, None)
    value = Fraction(found.value)
    terms = [_term(content, copies, value) for content, copies in contents.items() if not _is_rational(content)]
    gain = sum((copies * _rational_gain(one) for one, copies in contents.items() if _is_rational(one)), 0 * V)
    bound = _degree_bound(terms, gain)
    over_field = any(term.branch.over is not None for term in terms)
    if len(terms) > (1 if over_field else 2) or bound > (MOST_DEGREE_OVER_FIELD if over_field else MOST_DEGREE):
        return AlgebraicBoundary(None, None, equations, bound)
    polynomial, root = _proved(in_one_variable(_eliminated(terms, gain), 1), contents, value)
    return AlgebraicBoundary(integers(polynomial), root.str(DECIMALS, radius=False), equations, bound)


def _contents(setting: Setting, found: Boundary) -> dict[Content, int]:
    """What the two geometries do not share: copies in the first less copies in the second."""
    at = with_axis(setting, found.axis, found.value)
    field, feature = axis_parts(found.axis)
    counts: Counter = Counter()
    for geometry, sign in zip(found.between, (1, -1), strict=True):
        fit = fitted(geometry, at)
        assert fit is not None  # the boundary was found on it
        for part, features in zip(fit.factors, fit.features, strict=True):
            density, importance = (
                tuple(_exact(getattr(setting, key)[i], field == key and feature in (None, i)) for i in features)
                for key in ("density", "importance")
            )
            counts[Content(part.factor, density, importance, part)] += sign
    return {content: copies for content, copies in counts.items() if copies}


def _term(content: Content, copies: int, value: Fraction) -> _Term:
    with ctx.workprec(_PRECISION):
        profile = least_stationary_point(content.factor, constant(_at(content.density[0], value))).branch.profile
    return _Term(content, copies, branch(profile, _number(content.density[0])))


def _is_rational(content: Content) -> bool:
    """Whether its loss is a polynomial in density and importance."""
    return content.factor in (DROPPED, DEDICATED)


def _at(number: Fraction | None, value: Fraction) -> Fraction:
    return value if number is None else number


def _exact(number: float, varies: bool) -> Fraction | None:
    return None if varies else Fraction(repr(number))


def _number(value: Fraction | None) -> fmpq_mpoly:
    return V if value is None else constant(value)


def _rational_gain(content: Content) -> fmpq_mpoly:
    """Loss of the empty model less the loss: p/3 if dedicated, p²/4 if dropped."""
    p = _number(content.density[0])
    return _number(content.importance[0]) * (p / 3 if content.factor == DEDICATED else p**2 / 4)


def _degree_bound(terms: list[_Term], gain: fmpq_mpoly) -> int:
    """Of the eliminated polynomial in the axis, by the degrees of what goes into each resultant."""
    bounds = []
    for term in terms:
        one = term.branch
        (_, s_v, s_x, _), (_, e_v, e_x, _) = one.S.degrees(), _closing(term, gain).degrees()
        conjugates = int(one.over.degrees()[0]) if one.over else 1
        bounds.append((conjugates * int(s_v * e_x + e_v * s_x), one.degree))
    if len(bounds) <= 1:
        return bounds[0][0] if bounds else int(gain.degrees()[1])
    total, degree = bounds[0]
    for next_total, next_degree in bounds[1:]:
        total, degree = total * next_degree + next_total * degree, degree * next_degree
    return total


def _eliminated(terms: list[_Term], gain: fmpq_mpoly) -> fmpq_mpoly:
    """A polynomial in the axis that vanishes where the terms' gains and the rational one add up to zero."""
    if not terms:
        return gain
    if len(terms) == 1:
        return norm(terms[0].branch.S.resultant(_closing(terms[0], gain), "x"), terms[0].branch.over)
    first, second = (_gain_polynomial(term) for term in terms)
    return first.resultant(second.compose(C, V, X, -gain - R), "r")


def _closing(term: _Term, gain: fmpq_mpoly) -> fmpq_mpoly:
    """Vanishes where the term's gain and the rational one add up to zero."""
    one = term.branch
    return term.weight * one.A * one.dA + gain * one.dB


def _gain_polynomial(term: _Term) -> fmpq_mpoly:
    """A polynomial in the axis and r that vanishes where r is the term's gain."""
    one, product = term.branch, 0 * V + 1
    for factor, _ in eliminated(one, term.weight * one.A * one.dA, one.dB).factor()[1]:
        if factor.degrees()[3] > 0:
            product *= factor
    return product


def _proved(polynomial: fmpz_poly, contents: dict[Content, int], value: Fraction) -> tuple[fmpz_poly, arb]:
    """The irreducible factor whose root the crossing is, and the root."""
    found = []
    for factor, _ in polynomial.factor()[1]:
        with ctx.workprec(2 * int(factor.height_bits()) + 8 * factor.degree() + _PRECISION):
            root = _newton(factor, ball(value))
            if root is not None and _crosses(factor, root, contents):
                found.append((factor, root))
    if len(found) != 1:
        raise ArithmeticError(f"{len(found)} factors of the eliminated polynomial have a root at {float(value)!r}")
    return found[0]


def _newton(polynomial: fmpz_poly, start: arb) -> arb | None:
    """The root that Newton's method reaches from nearby; None where it goes elsewhere."""
    slope, x = polynomial.derivative(), start
    for _ in range(_NEWTON_STEPS):
        step = (polynomial(x) / slope(x)).mid()
        x = (x - step).mid()
        if not abs(x - start) < abs(start) * arb(10) ** -9:
            return None
        if abs(step) < abs(start) * arb(10) ** -_NEWTON_DIGITS:
            return x
    return None


def _crosses(polynomial: fmpz_poly, root: arb, contents: dict[Content, int]) -> bool:
    """Whether the interval around a root holds no other one, and the losses' difference changes sign over it."""
    near = _fraction(root)
    width = abs(near) * _WIDTH
    before, after = (_difference(contents, end) for end in (near - width, near + width))
    changes = (before < 0 and after > 0) or (before > 0 and after < 0)
    return bool(changes) and _has_one_root(polynomial, ball(near), ball(width))


def _has_one_root(polynomial: fmpz_poly, middle: arb, width: arb) -> bool:
    """Whether Σ_k a_k t^k, the polynomial about the middle, has one root in |t| < w.

    It has where |a_1| w > |a_0| + Σ_{k>1} |a_k| w^k.

    Source: Rouché's theorem.
    """
    around = [abs(a) * width**k for k, a in enumerate(arb_poly(polynomial)(arb_poly([middle, 1])).coeffs())]
    return bool(around[1] > sum(around, arb(0)) - around[1])


def _difference(contents: dict[Content, int], value: Fraction) -> arb:
    """Loss of the second geometry less that of the first."""
    with ctx.workprec(_PRECISION):
        return sum((copies * _gain(content, value) for content, copies in contents.items()), arb(0))


def _gain(content: Content, value: Fraction) -> arb:
    density = _at(content.density[0], value)
    weight = ball(content.factor.vertices * _at(content.importance[0], value))
    if content.factor == DROPPED:
        return weight * ball(density**2 / 4)
    return weight * least_stationary_point(content.factor, constant(density)).gain


def _fraction(number: arb) -> Fraction:
    """Midpoint to a few more digits than the interval is wide."""
    mantissa, exponent = number.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(round(exact * 10**60), 10**60)
