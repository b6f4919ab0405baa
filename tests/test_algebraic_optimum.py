"""Optima at rational densities are algebraic numbers: exact, those that the search finds, roots that SymPy has."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.formula.expression import formula
from tegum.theory.formula.optimum import algebraic_optimum
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.setting import Setting

TENTH = Fraction(1, 10)


def value_at(number, x):
    return sum(a * x**power for power, a in enumerate(number.polynomial))


@pytest.mark.parametrize(
    ("name", "degree"),
    [("digon", 7), ("triangle", 9), ("tetrahedron", 11), ("hexagon", 15), ("digon + dedicated + 2*dropped", 7)],
)
@pytest.mark.parametrize("density", [TENTH, Fraction(2, 5)])
def test_algebraic_optima_are_those_of_the_search(name, degree, density):
    found, factors = algebraic_optimum(name, density), parse_geometry(name).factors
    count, dimension = (sum(getattr(factor, key) for factor in factors) for key in ("vertices", "dimension"))
    best = candidate(name, Setting(count, dimension, float(density)))
    assert float(found.decimal) == pytest.approx(best.loss, rel=1e-13)
    assert len(found.loss.polynomial) == degree + 1
    first, part = found.factors[0], best.factors[0]
    assert float(first.norm.decimal) == pytest.approx(part.W[:, 0] @ part.W[:, 0], rel=1e-8)
    assert float(first.bias.decimal) == pytest.approx(part.b[0], abs=1e-8)
    assert float(first.ratio.decimal) == pytest.approx(part.b[0] / (part.W[:, 0] @ part.W[:, 0]), abs=1e-8)


def test_pentagon_over_its_number_field():
    found = algebraic_optimum("pentagon", TENTH)
    assert float(found.decimal) == pytest.approx(candidate("pentagon", Setting(5, 2, 0.1)).loss, rel=1e-13)
    assert [len(one.polynomial) - 1 for one in (found.factors[0].ratio, found.factors[0].norm, found.loss)] == [26] * 3


def test_heptagon_over_its_cubic_field():
    found = algebraic_optimum("polygon-7", TENTH)
    assert float(found.decimal) == pytest.approx(candidate("polygon-7", Setting(7, 2, 0.1)).loss, rel=1e-13)
    assert [len(one.polynomial) - 1 for one in (found.factors[0].ratio, found.factors[0].norm, found.loss)] == [51] * 3


def test_numbers_are_irreducible_and_the_indexed_roots_of_sympy():
    found = algebraic_optimum("digon", TENTH)
    for number in (found.factors[0].ratio, found.factors[0].norm, found.factors[0].bias, found.loss):
        polynomial = sympy.Poly(number.polynomial[::-1], sympy.Symbol("x"))
        assert polynomial.is_irreducible
        assert polynomial.primitive()[0] == 1
        assert abs(sympy.N(number.expression(), 28) - sympy.Float(number.decimal, 30)) < sympy.Float("1e-26", 30)


def test_the_optimum_solves_the_reduced_stationarity_of_the_formula():
    (reduced,) = formula("triangle").reduced
    ratio = algebraic_optimum("triangle", TENTH).factors[0]
    p = sympy.Symbol("p", positive=True)
    at_density = sympy.Poly(reduced.stationarity.subs(p, sympy.Rational(1, 10)), reduced.ratio)
    minimal = sympy.Poly(ratio.ratio.polynomial[::-1], reduced.ratio)
    assert at_density.rem(minimal).is_zero
    at = {p: sympy.Rational(1, 10), reduced.ratio: sympy.Float(ratio.ratio.decimal, 30)}
    assert float(reduced.norm.subs(at)) == pytest.approx(float(ratio.norm.decimal), rel=1e-14)
    assert float(reduced.loss.subs(at)) == pytest.approx(float(ratio.loss.decimal), rel=1e-14)
    low, high = reduced.interval
    assert float(low) <= float(ratio.ratio.decimal) <= float(high)


def test_rational_optima_are_closed_forms():
    for density in (TENTH, Fraction(3, 7)):
        dropped = algebraic_optimum("dropped", density)
        assert dropped.loss.expression() == sympy.Rational(density / 3 - density**2 / 4)
        assert dropped.factors[0].bias.expression() == sympy.Rational(density / 2)
        dedicated = algebraic_optimum("dedicated + dropped", density, [2.0, 0.25])
        assert dedicated.loss.expression() == sympy.Rational((density / 3 - density**2 / 4) / 4)
        assert dedicated.factors[0].norm.expression() == 1


def test_no_stationary_point_lies_lower_than_the_optimum():
    """On a grid of biases over all ranges, the loss least over g is nowhere below it."""
    from tegum.theory.candidates.factors import symmetric_expansion
    from tegum.theory.geometry.factor import factor_named
    from tegum.theory.loss.law import Law

    for name in ("digon", "triangle", "pentagon"):
        least, factor = float(algebraic_optimum(name, Fraction(3, 10)).decimal), factor_named(name)
        theta = np.array([(g, g * ratio) for g in np.linspace(0.3, 2.0, 40) for ratio in np.linspace(-1.4, 1.4, 57)])
        law = Law(np.full((len(theta), factor.vertices), 0.3), np.ones((len(theta), factor.vertices)))
        assert symmetric_expansion(theta, factor, law).loss.min() >= least


def test_scale_of_importance_scales_the_loss_only():
    one, three = algebraic_optimum("digon", TENTH), algebraic_optimum("digon", TENTH, [3.0, 3.0])
    assert one.factors[0].ratio == three.factors[0].ratio
    assert one.factors[0].norm == three.factors[0].norm
    assert float(three.decimal) == pytest.approx(3 * float(one.decimal), rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [(("digon", Fraction(3, 2)), "density = 3/2"), (("digon", TENTH, [1.0, 0.5]), "digon"), (("blob", TENTH), "blob")],
)
def test_what_is_not_eliminated_is_refused(arguments, culprit):
    with pytest.raises(InputError, match=culprit):
        algebraic_optimum(*arguments)
