"""Terms of a crossing: the gains of the factors that two geometries do not share, and where they add up to zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce

from flint import ctx, fmpq_mpoly, fmpz_poly

from tegum.theory.formula.algebraic import C, R, V, X, constant, in_one_variable, without_content
from tegum.theory.formula.branch import Branch, branch, eliminated, least_stationary_point
from tegum.theory.formula.modular.eliminant import eliminant, elimination
from tegum.theory.formula.system import Content
from tegum.theory.geometry.factor import DEDICATED, DROPPED

#: Told what is eliminated, the primes done, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Term:
    """A kind that enters the crossing, on its branch: ± copies × k I A A′/B′ of gain."""

    content: Content
    copies: int
    branch: Branch

    @property
    def weight(self) -> fmpq_mpoly:
        return self.copies * self.content.factor.vertices * _number(self.content.importance[0])


def irrational_terms(contents: dict[Content, int], value: Fraction, precision: int) -> list[Term]:
    """The kinds whose gain is no polynomial in density and importance, each on its branch at a value of the axis."""
    with ctx.workprec(precision):
        return [_term(content, copies, value) for content, copies in contents.items() if not _is_rational(content)]


def _term(content: Content, copies: int, value: Fraction) -> Term:
    density = content.density[0]
    at = constant(value if density is None else density)
    profile = least_stationary_point(content.factor, at).branch.profile
    return Term(content, copies, branch(profile, _number(density)))


def rational_gain(contents: dict[Content, int]) -> fmpq_mpoly:
    """What the other kinds gain: loss of the empty model less the loss, p/3 if dedicated, p²/4 if dropped."""
    total = 0 * V
    for content, copies in contents.items():
        if _is_rational(content):
            p = _number(content.density[0])
            one = p / 3 if content.factor == DEDICATED else p**2 / 4
            total += copies * _number(content.importance[0]) * one
    return total


def _is_rational(content: Content) -> bool:
    return content.factor in (DROPPED, DEDICATED)


def _number(value: Fraction | None) -> fmpq_mpoly:
    return V if value is None else constant(value)


def degree_bound(terms: list[Term], gain: fmpq_mpoly) -> int:
    """Of a polynomial in the axis by resultants of what is given, extraneous factors and all."""
    bounds = []
    for term in terms:
        one = term.branch
        (_, s_v, s_x, _), (_, e_v, e_x, _) = one.S.degrees(), _closing(term, gain).degrees()
        conjugates = int(one.over.degrees()[0]) if one.over else 1
        bounds.append((conjugates * int(s_v * e_x + e_v * s_x), one.degree))
    if not bounds:
        return int(gain.degrees()[1])
    return reduce(lambda one, other: (one[0] * other[1] + other[0] * one[1], one[1] * other[1]), bounds)[0]


def crossing_polynomial(terms: list[Term], gain: fmpq_mpoly, progress: Progress) -> fmpz_poly:
    """A polynomial in the axis that vanishes where the terms' gains and the rational one add up to zero.

    One term's β is eliminated with the closing equation itself.  Of several, each is eliminated by itself into a
    polynomial in r, its gain; then all gains but that of greatest degree are added up, and that one is what is missing.

    Raises:
        TooLargeError: an elimination would take too long.
    """
    if not terms:
        return in_one_variable(gain, 1)
    if len(terms) == 1:
        one = terms[0].branch
        what = elimination(one.S, _closing(terms[0], gain), "x", one.over)
        return eliminant(what, partial(progress, "crossing"))[0]
    gains = [_gain_polynomial(term, progress) for term in terms]
    *others, last = sorted(gains, key=lambda gain: int(gain.degrees()[3]))
    total = reduce(partial(_sum, progress=progress), others)
    what = elimination(total, last.compose(C, V, X, -gain - R), "r", None)
    return eliminant(what, partial(progress, "crossing"))[0]


def _closing(term: Term, gain: fmpq_mpoly) -> fmpq_mpoly:
    """Vanishes where the term's gain and the rational one add up to zero."""
    one = term.branch
    return term.weight * one.A * one.dA + gain * one.dB


def _gain_polynomial(term: Term, progress: Progress) -> fmpq_mpoly:
    """A polynomial in the axis and r that vanishes where r is the term's gain."""
    one = term.branch
    numerator = term.weight * one.A * one.dA
    return eliminated(one, numerator, one.dB, partial(progress, f"gain of {term.content.factor.name}"))


def _sum(first: fmpq_mpoly, second: fmpq_mpoly, progress: Progress) -> fmpq_mpoly:
    """A polynomial that vanishes where r is a root of the first and one of the second added up."""
    what = elimination(first.compose(C, V, X, X), second.compose(C, V, X, R - X), "x", None)
    return without_content(eliminant(what, partial(progress, "sum of gains")))
