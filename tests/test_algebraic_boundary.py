"""Boundaries as algebraic numbers: the eliminated polynomial's root is the crossing that ball arithmetic proves."""

from fractions import Fraction

import pytest
import sympy

from tegum.theory.errors import InputError
from tegum.theory.formula import crossing
from tegum.theory.formula.crossing import AlgebraicBoundary, algebraic_boundary
from tegum.theory.formula.optimum import algebraic_optimum
from tegum.theory.phases import Boundary, boundary
from tegum.theory.setting import Setting

TRIANGLE = ("triangle", "digon + dedicated")


def found(setting, between, over, start, stop, digits=15) -> tuple[Boundary, AlgebraicBoundary]:
    proved = boundary(setting, between, over, start, stop, digits)
    return proved, algebraic_boundary(setting, proved)


def value_at(coefficients, x: Fraction) -> Fraction:
    total = Fraction(0)
    for a in reversed(coefficients):
        total = total * x + a
    return total


@pytest.fixture(scope="module")
def triangle():
    return found(Setting(3, 2, 0.1), TRIANGLE, "density", 0.3, 0.8, 30)


def test_the_root_is_the_proved_crossing(triangle):
    proved, exact = triangle
    assert exact.decimal.startswith(proved.decimal[:30])
    around = [Fraction(exact.decimal) + sign * Fraction(1, 10**35) for sign in (-1, 1)]
    assert value_at(exact.eliminated, around[0]) * value_at(exact.eliminated, around[1]) < 0
    assert Fraction(proved.lower) < around[0] < around[1] < Fraction(proved.upper)


def test_the_polynomial_is_irreducible_without_common_divisor(triangle):
    from flint import fmpz_poly

    assert triangle[1].irreducible
    polynomial = fmpz_poly(list(triangle[1].eliminated))
    content, factors = polynomial.factor()
    assert content == 1
    assert [power for _, power in factors] == [1]
    assert polynomial.degree() == 439 <= triangle[1].degree_bound


def test_the_losses_agree_at_the_root_and_swap_around_it(triangle):
    at = Fraction(triangle[1].decimal)
    differences = []
    for step in (-1, 0, 1):
        losses = [Fraction(algebraic_optimum(name, at + step * Fraction(1, 10**12)).decimal) for name in TRIANGLE]
        differences.append(losses[0] - losses[1])
    assert abs(differences[1]) < Fraction(1, 10**28)
    assert differences[0] * differences[2] < 0


def test_the_system_vanishes_at_the_crossing(triangle):
    *stationarity, closing = map(sympy.sympify, triangle[1].system)
    at, values = Fraction(triangle[1].decimal), {"p": sympy.Float(triangle[1].decimal, 40)}
    names = sorted({str(symbol) for one in stationarity for symbol in one.free_symbols} - {"p"})
    ratios = {float(algebraic_optimum(name, at).factors[0].ratio.decimal) for name in ("triangle", "digon")}
    for name in names:
        (own,) = [one for one in stationarity if sympy.Symbol(name) in one.free_symbols]
        roots = [float(sympy.re(root)) for root in sympy.Poly(own.subs(values), sympy.Symbol(name)).nroots(n=30)]
        ratio = min(ratios, key=lambda ratio: min(abs(root - ratio) for root in roots))
        values[name] = sympy.nsolve(own.subs({"p": values["p"]}), ratio, prec=30)
        assert float(values[name]) == pytest.approx(ratio, abs=1e-12)
        ratios.discard(ratio)
    assert abs(closing.subs(values).evalf(25)) < 1e-20


def test_unlike_digon_gives_its_system_and_says_that_it_is_not_eliminated():
    proved, exact = found(Setting(2, 1, 0.1, (1.0, 0.4)), ("digon", "dedicated + dropped"), "density", 0.1, 0.8)
    assert (exact.eliminated, exact.irreducible, exact.decimal, exact.degree_bound) == (None, None, None, None)
    from tegum.theory.candidates.candidates import candidate

    best = candidate("digon", Setting(2, 1, proved.value, (1.0, 0.4)))
    W, b = best.weights.W[0], best.weights.b
    values = {"p": proved.value, "l1": abs(W[0]), "l2": abs(W[1]), "b1": b[0], "b2": b[1]}
    assert len(exact.system) == 5
    for equation in map(sympy.sympify, exact.system):
        assert {str(symbol) for symbol in equation.free_symbols} <= set(values)
        scale = sum(abs(float(term.subs(values))) for term in sympy.expand(equation).args)
        assert abs(float(sympy.expand(equation).subs(values))) < 1e-9 * scale


PENTAGON = Setting(5, 2, 0.1), ("pentagon", "2*digon + dropped"), "density", 0.1, 0.4


@pytest.mark.slow
def test_the_pentagons_boundary_is_eliminated_over_its_field():
    told = []
    proved = boundary(*PENTAGON, 30)
    exact = algebraic_boundary(PENTAGON[0], proved, lambda stage, done, total: told.append((stage, done == total)))
    assert exact.irreducible
    assert len(exact.eliminated) == 1855
    assert exact.decimal.startswith(proved.decimal[:30])
    around = [Fraction(exact.decimal) + sign * Fraction(1, 10**39) for sign in (-1, 1)]
    assert value_at(exact.eliminated, around[0]) * value_at(exact.eliminated, around[1]) < 0
    assert [stage for stage, done in told if done] == ["gain of pentagon", "gain of digon", "crossing"]


def test_too_large_an_elimination_says_so_by_its_degree(monkeypatch):
    monkeypatch.setattr("tegum.theory.formula.modular.eliminant.MOST_WORK", 10**7)
    _, exact = found(*PENTAGON)
    assert (exact.eliminated, exact.irreducible, exact.decimal) == (None, None, None)
    assert exact.degree_bound > 3000
    assert len(exact.system) == 3
    assert {"p", "beta1"} == {str(symbol) for symbol in sympy.sympify(exact.system[0]).free_symbols}


def test_a_root_nearby_is_not_taken_for_the_crossing(triangle):
    """A root 1e-30 away is another one; and beside one 1e-60 away none is told apart."""
    from flint import fmpz_poly

    proved, exact = triangle
    contents, value = crossing._contents(Setting(3, 2, 0.1), proved), Fraction(proved.value)
    right = fmpz_poly(list(exact.eliminated))
    near = Fraction(exact.decimal)
    moved = fmpz_poly([-near.numerator * 10**30 - near.denominator, near.denominator * 10**30])
    assert crossing._proved(right * moved, contents, value)[0] == right
    with pytest.raises(ArithmeticError, match="none is proved to vanish"):
        crossing._proved(moved, contents, value)
    close = Fraction(exact_root(right, near)) + Fraction(1, 10**60)
    with pytest.raises(ArithmeticError, match="none is proved to vanish"):
        crossing._proved(right * fmpz_poly([-close.numerator, close.denominator]), contents, value)


def exact_root(polynomial, start: Fraction) -> Fraction:
    """To 100 digits."""
    from flint import arb, ctx, fmpq

    with ctx.workprec(8000):
        x = arb(fmpq(start.numerator, start.denominator))
        for _ in range(6):
            x = (x - polynomial(x) / polynomial.derivative()(x)).mid()
        return Fraction(int((x * arb(10) ** 100).floor().unique_fmpz()), 10**100)


def test_gains_of_three_kinds_add_up():
    """√2 + √3 + √5 solves what three polynomials in r are combined into."""
    from tegum.theory.formula.algebraic import R, in_one_variable
    from tegum.theory.formula.terms import _sum

    silent = [lambda stage, done, total: None]
    total = _sum(_sum(R**2 - 2, R**2 - 3, *silent), R**2 - 5, *silent)
    expected = sympy.minimal_polynomial(sympy.sqrt(2) + sympy.sqrt(3) + sympy.sqrt(5), polys=True)
    assert [int(a) for a in in_one_variable(total, 3).coeffs()] == [int(a) for a in expected.all_coeffs()[::-1]]


def test_unlike_features_in_larger_factors_are_refused(triangle):
    with pytest.raises(InputError, match="triangle"):
        algebraic_boundary(Setting(3, 2, 0.1, (1.0, 1.0, 0.9)), triangle[0])
