"""Formulas equal enumeration exactly, on their whole range of validity, and their critical points are the optima."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases import exact_loss

from tegum.theory.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.formula import formula
from tegum.theory.geometry.factor import regular_cosines
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.setting import Setting

P, G, B = sympy.symbols("p g b")
RATIONAL = ["dedicated", "digon", "triangle", "tetrahedron", "simplex-4", "hexagon"]


def plain(expression):
    """The expression as its string says it, without the assumptions on its symbols."""
    return sympy.sympify(str(expression))


def valid_points(found, random, how_many):
    """Rational (p, g, b) that meet the formula's conditions."""
    points = []
    while len(points) < how_many:
        p, g, ratio = (Fraction(int(random.integers(*ends)), 100) for ends in ((1, 100), (20, 160), (-100, 100)))
        b = g * ratio
        at = {P: sympy.Rational(p), G: sympy.Rational(g), B: sympy.Rational(b)}
        if all(bool(plain(condition).subs(at)) for condition in found.valid_when):
            points.append((p, g, b, at))
    return points


@pytest.mark.parametrize("name", RATIONAL)
def test_rational_factors_equal_enumeration_exactly(name):
    found, (factor,) = formula(name), parse_geometry(name).factors
    cosines = [Fraction(float(c)).limit_denominator(100) for c in regular_cosines(factor)[0]]
    loss = plain(found.loss)
    for p, g, b, at in valid_points(found, np.random.default_rng(41), 4):
        expected = factor.vertices * exact_loss([g * c for c in cosines], b, [p] * factor.vertices, 1, 0)
        assert loss.subs(at) == sympy.Rational(expected)


@pytest.mark.parametrize("name", ["pentagon", "polygon-7"])
def test_irrational_factors_equal_enumeration_to_rounding(name):
    found, (factor,) = formula(name), parse_geometry(name).factors
    k, loss = factor.vertices, plain(found.loss)
    for p, g, b, at in valid_points(found, np.random.default_rng(42), 4):
        row, bias = float(g) * regular_cosines(factor)[:1][None], np.array([[float(b)]])
        ones = np.ones((1, k))
        expected = k * enumerated_rows(row, bias, float(p) * ones, ones).loss[0, 0]
        assert float(loss.subs(at).evalf(30)) == pytest.approx(expected, rel=1e-12)


def test_pentagon_equals_enumeration_exactly_in_its_number_field():
    from tegum.theory.loss.boxes import box_expectation

    field = sympy.QQ.algebraic_field(sympy.sqrt(5))
    number = field.from_sympy
    p, g, b = (sympy.Rational(*fraction) for fraction in ((3, 10), (11, 10), (-1, 5)))
    step = [sympy.S.One, (sympy.sqrt(5) - 1) / 4, (-sympy.sqrt(5) - 1) / 4]
    overlaps = [number(g * step[min(j, 5 - j)]) for j in range(5)]

    def power(t, q):
        return t**q if float(field.to_sympy(t)) > 0 else field.zero

    def expectation(own, q):
        return box_expectation(number(b), overlaps, [number(p)] * 5, [own, 0, 0, 0, 0], q, power)

    exact = 5 * (number(p / 3) - 2 * expectation(1, 1) + 2 * expectation(0, 2))
    loss = plain(formula("pentagon").loss).subs({P: p, G: g, B: b})
    assert sympy.expand(loss - field.to_sympy(exact)) == 0


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("pentagon", Setting(5, 2, 0.1)),
        ("triangle", Setting(3, 2, 0.1)),
        ("2*digon + dropped", Setting(5, 2, 0.1)),
        ("digon + dedicated + dropped", Setting(4, 2, 0.1)),
    ],
)
def test_the_optimum_solves_the_stationarity_conditions(name, setting):
    found, best = formula(name), candidate(name, setting)
    values, number = {"p": setting.density[0]}, 0
    symbols = {str(symbol) for symbol in found.loss.free_symbols}
    label = "" if symbols <= {"p", "g", "b"} else "1"
    seen = {}
    for factor in best.factors:
        if factor.factor not in seen:
            number += 1
            seen[factor.factor] = number
            label = "" if label == "" else str(number)
            values |= {f"g{label}": float((factor.W[:, 0] ** 2).sum()), f"b{label}": float(factor.b[0])}
    at = {sympy.Symbol(key): value for key, value in values.items()}
    assert float(plain(found.loss).subs(at)) == pytest.approx(best.loss, rel=1e-11)
    for expression in found.stationarity:
        assert abs(float(plain(expression).subs(at))) < 1e-11


def test_unequal_digon_equals_enumeration_exactly():
    found = formula("digon", [1.0, 0.4])
    symbols = sympy.symbols("p g1 b1 g2 b2")
    p, l1, l2 = Fraction(1, 5), Fraction(21, 20), Fraction(9, 10)
    b1, b2 = Fraction(1, 50), Fraction(1, 20)
    at = dict(zip(symbols, map(sympy.Rational, (p, l1**2, b1, l2**2, b2)), strict=True))
    assert all(bool(plain(condition).subs(at)) for condition in found.valid_when)
    first = exact_loss([l1**2, -l1 * l2], b1, [p, p], 1, 0)
    second = exact_loss([-l1 * l2, l2**2], b2, [p, p], Fraction(2, 5), 1)
    assert plain(found.loss).subs(at) == sympy.Rational(first + second)


def test_known_closed_forms():
    p, b = sympy.symbols("p b")
    assert sympy.expand(plain(formula("dropped").loss) - (p / 3 - p * b + b**2)) == 0
    fixed = plain(formula("digon").loss).subs({G: 1, B: 0})
    assert sympy.expand(fixed - p**2 / 3) == 0  # the unit-norm antipodal pair
    assert plain(formula("dedicated").loss).subs({G: 1, B: 0}) == 0


def test_tegum_products_number_their_orbits():
    found = formula("pentagon + 2*digon + dropped")
    assert {str(symbol) for symbol in found.loss.free_symbols} == {"p", "g1", "b1", "g2", "b2", "b3"}
    assert len(found.stationarity) == 5


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("blob",), "blob"),
        (("polygon-9",), "polygon-9"),
        (("digon", [1.0]), "importance"),
        (("digon", [1.0, -1.0]), "importance"),
        (("triangle", [1.0, 1.0, 0.5]), "triangle"),
        (("digon", [1.0, 0.001], 0.6), "no critical point"),
        (("digon", None, 1.5), "density"),
    ],
)
def test_what_has_no_formula_is_refused(arguments, culprit):
    with pytest.raises(InputError, match=culprit):
        formula(*arguments)
