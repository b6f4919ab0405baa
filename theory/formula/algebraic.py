"""Algebraic numbers: polynomials over a number field eliminated to the integers, and which of their roots is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy
from flint import Ordering, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_poly
from sympy.polys.rings import PolyElement

#: Polynomials in c (generator of the number field), v (what varies), x (β = b/g) and r (what is wanted).
RING = fmpq_mpoly_ctx.get(("c", "v", "x", "r"), Ordering.lex)
C, V, X, R = RING.gens()
#: Decimal digits of an algebraic number in print.
DIGITS = 30


@dataclass(frozen=True)
class AlgebraicNumber:
    """A real root of an irreducible polynomial with integer coefficients.

    Attributes:
        polynomial: coefficients, constant first, without common divisor.
        index: which of the real roots, from 0 in rising order, as `sympy.CRootOf` counts them.
        decimal: `DIGITS` digits.
    """

    polynomial: tuple[int, ...]
    index: int
    decimal: str

    def expression(self) -> sympy.Expr:
        """Closed in radicals up to degree two, `sympy.CRootOf` beyond."""
        polynomial = sympy.Poly([*reversed(self.polynomial)], sympy.Symbol("x"))
        if len(self.polynomial) > 3:
            return sympy.CRootOf(polynomial, self.index)
        return sorted(sympy.roots(polynomial), key=float)[self.index]


def algebraic_number(polynomial: fmpz_poly, near: arb) -> AlgebraicNumber:
    """The only real root of a polynomial in a ball.

    Raises:
        ArithmeticError: no root in the ball, or more than one.
    """
    roots = [
        (factor, index, root)
        for factor, _ in polynomial.factor()[1]
        for index, root in enumerate(real_roots(factor))
        if root.overlaps(near)
    ]
    if len(roots) != 1:
        raise ArithmeticError(f"{len(roots)} roots of a polynomial of degree {polynomial.degree()} near {near}")
    factor, index, root = roots[0]
    return AlgebraicNumber(integers(factor), index, root.str(DIGITS, radius=False))


def rational_number(value: Fraction) -> AlgebraicNumber:
    """A fraction as an algebraic number of degree one."""
    return AlgebraicNumber((-value.numerator, value.denominator), 0, ball(value).str(DIGITS, radius=False))


def ball(value: Fraction) -> arb:
    """A fraction as a ball."""
    return arb(fmpq(value.numerator, value.denominator))


def constant(value: Fraction) -> fmpq_mpoly:
    """A fraction as a constant polynomial."""
    return RING.from_dict({(0, 0, 0, 0): fmpq(value.numerator, value.denominator)}) if value else 0 * V


def integers(polynomial: fmpz_poly) -> tuple[int, ...]:
    """Coefficients, constant first, the leading one positive."""
    sign = 1 if polynomial.leading_coefficient() > 0 else -1
    return tuple(sign * int(a) for a in polynomial.coeffs())


def real_roots(polynomial: fmpz_poly) -> list[arb]:
    """Disjoint balls around the real roots of an irreducible polynomial, rising; ``flint.ctx`` sets the precision."""
    roots: list[Any] = polynomial.complex_roots()  # flint proves which are real
    real = [root.real for root, _ in roots if root.imag.is_zero()]
    return sorted(real, key=lambda root: float(root.mid()))


def lifted(polynomial: PolyElement, p: fmpq_mpoly, field: Any) -> fmpq_mpoly:
    """A polynomial in p and β over a number field as one in c, what p is given as, and x."""
    terms: dict[tuple[int, ...], Any] = {}
    for (i, j), coefficient in polynomial.terms():
        for power, part in enumerate(_in_generator(coefficient, field)):
            if part:
                terms[power, i, j, 0] = fmpq(int(part.numerator), int(part.denominator))
    return RING.from_dict(terms).compose(C, p, X, R)


def _in_generator(coefficient: Any, field: Any) -> list:
    return [coefficient] if field is sympy.QQ else coefficient.to_list()[::-1]


def modulus(field: Any) -> fmpq_mpoly | None:
    """Minimal polynomial of the field's generator c; None for the rationals."""
    if field is sympy.QQ:
        return None
    parts = field.mod.to_list()[::-1]
    return RING.from_dict(
        {(power, 0, 0, 0): fmpq(int(a.numerator), int(a.denominator)) for power, a in enumerate(parts) if a}
    )


def generator(field: Any) -> arb:
    """The field's generator as a ball: the root of its minimal polynomial that the cosines mean."""
    minimal = modulus(field)
    if minimal is None:
        return arb(0)
    return min(real_roots(in_one_variable(minimal, 0)), key=lambda root: abs(float(root.mid()) - float(field.ext)))


def enclosed(polynomial: fmpq_mpoly, c: arb, x: arb) -> arb:
    """Value of a polynomial in c and x by balls."""
    return sum((arb(a) * c ** powers[0] * x ** powers[2] for powers, a in polynomial.terms()), arb(0))


def norm(polynomial: fmpq_mpoly, over: fmpq_mpoly | None) -> fmpq_mpoly:
    """Product of the conjugates: c eliminated by the resultant with its minimal polynomial."""
    if over is None:
        return polynomial
    return divmod(polynomial, over)[1].resultant(over, "c")


def without_content(columns: Sequence[fmpz_poly]) -> fmpq_mpoly:
    """A polynomial from its coefficients by powers of r, each one in v, less the divisor that these have in common."""
    common = reduce(fmpz_poly.gcd, columns)
    return RING.from_dict(
        {
            (0, i, 0, j): fmpq(a)
            for j, column in enumerate(columns)
            for i, a in enumerate((column // common).coeffs())
            if a
        }
    )


def in_one_variable(polynomial: fmpq_mpoly, place: int) -> fmpz_poly:
    """A polynomial in one of the ring's variables only, up to a constant, with integer coefficients."""
    if not polynomial:
        raise ArithmeticError("an elimination vanished identically")
    terms = {exponents[place]: coefficient for exponents, coefficient in polynomial.terms()}
    scale = fmpq(1)
    for coefficient in terms.values():
        scale *= (coefficient * scale).q
    whole = fmpz_poly([int((terms.get(power, fmpq(0)) * scale).p) for power in range(max(terms) + 1)])
    return whole // fmpz_poly([whole.content()])
