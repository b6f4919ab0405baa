"""Formulas equal enumeration exactly, on their whole range of validity, and their critical points are the optima."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from cases import exact_loss

from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.formula import Piece, formula, formula_pieces
from tegum.theory.formula.profile import profiles
from tegum.theory.geometry.factor import DEDICATED, regular_cosines
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.setting import Setting

P, G, B = sympy.symbols("p g b")
RATIONAL = ["dedicated", "digon", "triangle", "tetrahedron", "simplex-4", "hexagon", "merged-2", "merged-3"]


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


def exact_digon(p, norms, b, importance):
    (p1, p2), (l1, l2), (b1, b2) = p, norms, b
    first = exact_loss([l1**2, -l1 * l2], b1, [p1, p2], importance[0], 0)
    return first, exact_loss([-l1 * l2, l2**2], b2, [p1, p2], importance[1], 1)


@pytest.mark.parametrize("b", [(Fraction(1, 50), Fraction(1, 20)), (Fraction(1, 90), Fraction(1, 100))])
@pytest.mark.parametrize("p", [Fraction(1, 5), Fraction(2, 3)])
def test_unequal_digon_equals_enumeration_exactly(p, b):
    found, norms = formula("digon", [1.0, 0.4]), (Fraction(21, 20), Fraction(9, 10))
    symbols = sympy.symbols("p g1 b1 g2 b2")
    values = (p, norms[0] ** 2, b[0], norms[1] ** 2, b[1])
    at = dict(zip(symbols, map(sympy.Rational, values), strict=True))
    assert all(bool(plain(condition).subs(at)) for condition in found.valid_when)
    exact = sum(exact_digon((p, p), norms, b, (1, Fraction(2, 5))))
    assert plain(found.loss).subs(at) == sympy.Rational(exact)


def holding(pieces, at):
    """Losses of the pieces whose range holds a point."""
    return [one.loss.subs(at) for one in pieces if all(bool(c.subs(at)) for c in one.valid_when)]


def test_all_pieces_of_the_unequal_digon_equal_enumeration_exactly():
    random, seen = np.random.default_rng(43), set()
    pieces = [
        [Piece(plain(one.loss), tuple(map(plain, one.valid_when))) for one in group]
        for group in formula_pieces("digon", [1.0, 0.4], [0.1, 0.2])
    ]
    for _ in range(60):
        p, norms, b = (tuple(Fraction(int(k), 20) for k in random.integers(*ends, 2)) for ends in
                       ((1, 20), (5, 30), (-30, 30)))  # fmt: skip
        at = {f"p{i + 1}": p[i] for i in range(2)} | {f"b{i + 1}": b[i] for i in range(2)}
        at |= {f"g{i + 1}": norms[i] ** 2 for i in range(2)}
        at = {sympy.Symbol(key): sympy.Rational(value) for key, value in at.items()}
        exact = exact_digon(p, norms, b, (1, Fraction(2, 5)))
        for group, expected in zip(pieces, exact, strict=True):
            found = holding(group, at)
            assert found
            assert set(found) == {sympy.Rational(expected)}
        seen |= {(i, k) for i in range(2) for k, one in enumerate(pieces[i]) if holding([one], at)}
    assert len(seen) == 12  # every piece of both features was met


@pytest.mark.parametrize("name", ["dedicated", "digon", "triangle", "tetrahedron", "hexagon", "merged-2"])
def test_pieces_cover_every_bias_and_equal_enumeration_exactly(name):
    (group,), (factor,) = formula_pieces(name), parse_geometry(name).factors
    pieces = [Piece(plain(one.loss), tuple(map(plain, one.valid_when))) for one in group]
    cosines = [Fraction(float(c)).limit_denominator(100) for c in regular_cosines(factor)[0]]
    random, p, g = np.random.default_rng(44), Fraction(3, 10), Fraction(11, 10)
    for b in [g * Fraction(int(k), 100) for k in random.integers(-250, 250, 12)]:
        at = {P: sympy.Rational(p), G: sympy.Rational(g), B: sympy.Rational(b)}
        found = holding(pieces, at)
        expected = factor.vertices * exact_loss([g * c for c in cosines], b, [p] * factor.vertices, 1, 0)
        assert set(found) == {sympy.Rational(expected)}


@pytest.mark.parametrize("name", ["dedicated", "digon", "triangle", "tetrahedron", "hexagon"])
def test_adjacent_pieces_join_with_equal_value_and_slope(name):
    (pieces,) = formula_pieces(name)
    for before, after in zip(pieces, pieces[1:], strict=False):
        end, start = before.valid_when[-1], after.valid_when[0]
        assert sympy.simplify(end.lhs - start.lhs) == 0
        b = next(symbol for symbol in end.free_symbols if symbol.name == "b")
        (knot,) = sympy.solve(end.lhs, b)
        difference = before.loss - after.loss
        for one in (difference, sympy.diff(difference, b)):
            assert sympy.expand(sympy.expand(one).subs(b, knot)) == 0


def test_pentagon_pieces_join_exactly_in_its_number_field():
    known = profiles(parse_geometry("pentagon").factors[0])
    for before, after in zip(known, known[1:], strict=False):
        assert before.upper == after.lower
        for mine, other in ((before.A, after.A), (before.B, after.B), (before.B.diff(1), after.B.diff(1))):
            assert (mine - other).evaluate(1, after.lower) == 0


def test_dropped_features_are_blind_below_zero_bias():
    ((blind, seeing),) = formula_pieces("dropped", None, 0.2)
    assert sympy.expand(plain(blind.loss) - P / 3) == 0
    assert sympy.expand(plain(seeing.loss) - plain(formula("dropped").loss)) == 0


def test_unlike_densities_number_their_symbols():
    found = formula("digon + dedicated + dropped", None, [0.1, 0.1, 0.3, 0.2])
    assert {str(symbol) for symbol in found.loss.free_symbols} == {"p1", "p2", "p3", "g1", "g2", "b1", "b2", "b3"}
    at = {f"{key}{k}": value for k in (1, 2, 3) for key, value in (("p", Fraction(k, 10)), ("g", 1), ("b", 0))}
    at = {sympy.Symbol(key): sympy.Rational(value) for key, value in at.items()}
    assert plain(found.loss).subs(at) == sympy.Rational(1, 300) + sympy.Rational(3, 30)


def test_norm_eliminated_the_loss_is_least_over_norms():
    for name in ("dedicated", "triangle", "pentagon"):
        found = formula(name)
        (one,) = found.reduced
        p, g, b = (next(s for s in found.loss.free_symbols if s.name == key) for key in "pgb")
        ratio = sum(float(end) for end in one.interval) / 2 if one.interval[1] != sympy.oo else 0.3
        at = {p: 0.3, one.ratio: ratio}
        best = float(one.norm.subs(at))
        of_norm = sympy.lambdify(g, found.loss.subs(b, ratio * g).subs(p, 0.3))
        assert float(one.loss.subs(at)) == pytest.approx(of_norm(best), rel=1e-12)
        assert of_norm(best) < min(of_norm(best * 1.01), of_norm(best * 0.99))


def test_dedicated_is_stationary_at_zero_bias_on_either_side():
    blind, below, above = profiles(DEDICATED)
    assert blind.stationarity() == 0
    for one in (below, above):
        assert one.stationarity() != 0
        assert one.stationarity().evaluate(1, 0) == 0


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
