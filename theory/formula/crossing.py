"""Boundaries as algebraic numbers: the polynomial whose root is where two geometries' optimised losses cross."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_poly, ctx, fmpz_poly

from tegum.theory.candidates.candidates import fitted
from tegum.theory.formula.algebraic import ball, constant, integers
from tegum.theory.formula.branch import least_stationary_point
from tegum.theory.formula.modular.eliminant import TooLargeError
from tegum.theory.formula.modular.irreducible import is_proved_irreducible
from tegum.theory.formula.system import Content, system
from tegum.theory.formula.terms import Progress, crossing_polynomial, degree_bound, irrational_terms, rational_gain
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.loss.law import require_basic
from tegum.theory.phases import Boundary
from tegum.theory.setting import Setting, axis_parts, with_axis

#: Half the width of the interval in which the crossing is proved, relative to it.
_WIDTH = Fraction(1, 10**50)
#: Degree beyond which a polynomial that no degrees modulo primes prove irreducible is not factored.
MOST_FACTORED = 3000
#: Digits of a root in print.
DECIMALS = 40
_PRECISION = 900
_NEWTON_STEPS, _NEWTON_DIGITS = 60, 100


@dataclass(frozen=True)
class AlgebraicBoundary:
    """Where two optimised losses cross, as a root of a polynomial.

    Attributes:
        eliminated: integer coefficients of the polynomial in the axis, constant first; None where the elimination is
            too large, and then the system says it implicitly.
        irreducible: whether the polynomial is proved to be; where not, it was too large to factor.  None with it.
        decimal: `DECIMALS` digits of the root; None with it.
        system: polynomials that all vanish at the crossing (see `system.system`).
        degree_bound: of the elimination; None where a factor holds unlike features, which is not eliminated at all.
    """

    eliminated: tuple[int, ...] | None
    irreducible: bool | None
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
    difference of the losses has proved, opposite signs, and where no other factor has a root.

    Args:
        setting: everything but the axis; independent uniform features.  Its numbers are read as the decimals that they
            print as.
        found: `phases.boundary` of that setting.
        progress: told what is eliminated, the primes done, and how many there are.

    Returns:
        `AlgebraicBoundary`.

    Raises:
        InputError: another setting, or unlike features within a factor other than a digon.
        ArithmeticError: the root could not be told from others.

    Validity: the least stationary points of the regular ansätze.

    Source: elimination by resultants, Cohen (1993), section 3.3.
    """
    require_basic(setting, "an elimination")
    contents = _contents(setting, found)
    equations = system(contents, found.axis)
    if not all(content.alike for content in contents):
        return AlgebraicBoundary(None, None, None, equations, None)
    value, gain = Fraction(found.value), rational_gain(contents)
    terms = irrational_terms(contents, value, _PRECISION)
    bound = degree_bound(terms, gain)
    try:
        polynomial, irreducible, root = _proved(crossing_polynomial(terms, gain, progress), contents, value)
    except TooLargeError:
        return AlgebraicBoundary(None, None, None, equations, bound)
    decimal = root.str(DECIMALS, radius=False)
    return AlgebraicBoundary(integers(polynomial), irreducible, decimal, equations, bound)


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


def _proved(polynomial: fmpz_poly, contents: dict[Content, int], value: Fraction) -> tuple[fmpz_poly, bool, arb]:
    """The factor whose root the crossing is, whether it is proved irreducible, and the root.

    The losses' difference changes sign over an interval where that factor has one root and no other factor has any.
    """
    factors = _factors(polynomial)
    for factor, irreducible in factors:
        with _precise_for(factor):
            root = _newton(factor, ball(value))
        if root is None or not _changes_sign(root, contents):
            continue
        if all(_roots_near(root, other) == int(other is factor) for other, _ in factors):
            return factor, irreducible, root
    raise ArithmeticError(f"of {len(factors)} factors none is proved to vanish at the crossing {float(value)!r}")


def _factors(polynomial: fmpz_poly) -> list[tuple[fmpz_poly, bool]]:
    """Factors but for powers of the axis, and whether each is proved irreducible."""
    free = next(place for place, a in enumerate(polynomial.coeffs()) if a)
    rest = polynomial.right_shift(free)
    rest //= rest.content()
    proved = is_proved_irreducible(rest)
    if proved or rest.degree() > MOST_FACTORED:
        return [(rest, proved)]
    return [(factor, True) for factor, _ in rest.factor()[1]]


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


def _changes_sign(root: arb, contents: dict[Content, int]) -> bool:
    """Whether the losses' difference has opposite, proved signs at the ends of the interval around a root."""
    before, after = (_difference(contents, end) for end in (_middle(root) - _width(root), _middle(root) + _width(root)))
    return bool((before < 0 and after > 0) or (before > 0 and after < 0))


def _roots_near(root: arb, polynomial: fmpz_poly) -> int | None:
    """How many roots a polynomial has in the interval around a number: none, one, or undecided.

    Of Σ_k a_k t^k, the polynomial about the middle, as many as the k whose |a_k| w^k exceeds all others together.

    Source: Rouché's theorem.
    """
    with _precise_for(polynomial):
        middle, width = ball(_middle(root)), ball(_width(root))
        around = [abs(a) * width**k for k, a in enumerate(arb_poly(polynomial)(arb_poly([middle, 1])).coeffs())]
        total = sum(around, arb(0))
        return next((k for k, size in enumerate(around[:2]) if size > total - size), None)


def _precise_for(polynomial: fmpz_poly) -> AbstractContextManager:
    return ctx.workprec(2 * int(polynomial.height_bits()) + 8 * int(polynomial.degree()) + _PRECISION)


def _middle(root: arb) -> Fraction:
    """A root's midpoint to a few more digits than the interval is wide."""
    mantissa, exponent = root.mid().man_exp()
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(round(exact * 10**60), 10**60)


def _width(root: arb) -> Fraction:
    return abs(_middle(root)) * _WIDTH


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
