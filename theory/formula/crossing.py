"""Boundaries as algebraic numbers: the polynomial whose root is where two geometries' optimised losses cross."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_poly, ctx, fmpz_poly

from tegum.theory.candidates.candidates import fitted
from tegum.theory.formula.algebraic import ball, constant, integers
from tegum.theory.formula.branch import least_stationary_point
from tegum.theory.formula.modular.eliminant import TooLargeError
from tegum.theory.formula.system import Content, system
from tegum.theory.formula.terms import Progress, crossing_polynomial, degree_bound, irrational_terms, rational_gain
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.phases import Boundary
from tegum.theory.setting import Setting, axis_parts, with_axis

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


def algebraic_boundary(
    setting: Setting, found: Boundary, progress: Progress = lambda stage, done, total: None
) -> AlgebraicBoundary:
    """The boundary between two geometries as a root of a polynomial with integer coefficients.

    Every factor's loss is k I [p/3 - A²/(2B)], and A²/(2B) = A A′/B′ where S = 2 A′B - A B′ = 0.  The sum of these
    gains is the same for both geometries at the crossing; the β are eliminated by resultants, the field of the cosines
    by the norm.  Of the irreducible factors the one is taken of which one root lies in an interval at whose ends the
    difference of the losses has proved, opposite signs.

    Args:
        setting: everything but the axis; its numbers are read as the decimals that they print as.
        found: `phases.boundary` of that setting.
        progress: told what is eliminated, the primes done, and how many there are.

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
    value, gain = Fraction(found.value), rational_gain(contents)
    terms = irrational_terms(contents, value, _PRECISION)
    bound = degree_bound(terms, gain)
    try:
        polynomial, root = _proved(crossing_polynomial(terms, gain, progress), contents, value)
    except TooLargeError:
        return AlgebraicBoundary(None, None, equations, bound)
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


def _exact(number: float, varies: bool) -> Fraction | None:
    return None if varies else Fraction(repr(number))


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
    density, importance = (value if own is None else own for own in (content.density[0], content.importance[0]))
    weight = ball(content.factor.vertices * importance)
    if content.factor == DROPPED:
        return weight * ball(density**2 / 4)
    return weight * least_stationary_point(content.factor, constant(density)).gain


def _fraction(number: arb) -> Fraction:
    """Midpoint to a few more digits than the interval is wide."""
    mantissa, exponent = number.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(round(exact * 10**60), 10**60)
