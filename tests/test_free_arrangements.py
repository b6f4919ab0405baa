"""Arrangements with free heights and angles: enclosed within their symmetry, and where that breaks."""

from fractions import Fraction
from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest
from flint import arb, ctx
from scipy.linalg import null_space
from scipy.optimize import brentq

from tegum.theory.balls.centraliser import exact_ansatz
from tegum.theory.balls.critical import enclosed_fit, signature
from tegum.theory.balls.numbers import ball_law
from tegum.theory.balls.rows import ball_row
from tegum.theory.balls.weights import gradient_of, rows_of
from tegum.theory.candidates.ansatz import symmetric_ansatz
from tegum.theory.candidates.candidates import candidate
from tegum.theory.candidates.factors import factor_ansatz
from tegum.theory.geometry.factor import catalogue, factor_named, is_rigid, regular_vectors
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.branch import Branch
from tegum.theory.stability.broken import broken_optimum
from tegum.theory.stability.catalogue import branch_stability
from tegum.theory.stability.ends import end_of_branch
from tegum.theory.stability.limit import limit_between
from tegum.theory.weights import Weights

FREE = [factor for factor in catalogue(12, 4) if not is_rigid(factor)]
SMALL = [factor for factor in FREE if factor.vertices < 10]
#: Entries with a limit of stability, and densities on its two sides.
BREAKING = [
    (Branch("triangular-prism", Setting(6, 3, 0.5), "density"), 0.65, 0.657),
    (Branch("capped-octahedron", Setting(7, 3, 0.5), "density"), 0.147, 0.149),
    (Branch("square-antiprism", Setting(8, 3, 0.5), "density"), 0.288, 0.291),
]


@pytest.mark.parametrize("factor", FREE, ids=lambda factor: factor.name)
def test_exact_forms_are_the_overlaps_of_all_symmetric_arrangements(factor):
    """Random members of the double-precision ansatz, which is derived without the algebra's projectors."""
    plain, seed = factor_ansatz(factor), regular_vectors(factor)
    with ctx.workprec(128):
        exact = exact_ansatz(seed, plain.symmetry)
    assert exact.scalars == len(plain.basis)
    random = np.random.default_rng(0)
    for _ in range(3):
        W = seed + 0.2 * np.tensordot(random.normal(size=len(plain.basis)), plain.basis, 1)
        t = exact.scalars_of(W)
        forms = np.array([[[float(x) for x in row] for row in form.tolist()] for form in exact.forms])
        np.testing.assert_allclose((t @ forms @ t)[exact.classes], W.T @ W, atol=1e-12)


def test_weights_without_the_symmetry_are_refused():
    factor = factor_named("capped-octahedron")
    exact = exact_ansatz(regular_vectors(factor), factor_ansatz(factor).symmetry)
    with pytest.raises(ArithmeticError, match="symmetry"):
        exact.scalars_of(np.random.default_rng(0).normal(size=(3, 7)))


def test_a_rotation_that_commutes_with_the_group_is_refused():
    W = np.random.default_rng(0).normal(size=(2, 4))
    with pytest.raises(ArithmeticError, match="rotation commutes"):
        exact_ansatz(W, symmetric_ansatz(W).symmetry)


@pytest.mark.parametrize("factor", SMALL, ids=lambda factor: factor.name)
def test_the_enclosed_point_is_the_double_precision_one_and_critical_for_all_weights(factor):
    setting = Setting(factor.vertices, factor.dimension, 0.02)
    found = candidate(factor.name, setting)
    with ctx.workprec(250):
        law = ball_law(setting)
        point = enclosed_fit(found, law, setting.hidden, 90)
        slopes = gradient_of(point.at, rows_of(point.at, law, 1))
        positive, negative, zero = signature(point, law)
    assert all(slope.contains(0) and slope.rad() < 1e-25 for slope in slopes)
    overlaps = np.array([[float(x) for x in row] for row in point.at.G])
    np.testing.assert_allclose(overlaps, found.weights.W.T @ found.weights.W, atol=1e-9)
    assert abs(float(point.loss) - found.loss) < 1e-14
    assert (negative == 0) == (found.hessian_min > 0)
    assert positive + negative + zero == (setting.hidden + 1) * setting.count


@pytest.mark.parametrize(("branch", "low", "high"), BREAKING, ids=[one[0].geometry for one in BREAKING])
def test_digits_of_a_limit_by_root_finding_in_double_precision(branch, low, high):
    found = limit_between(branch, low, high, digits=18)
    assert Fraction(found.lower) <= Fraction(found.decimal) <= Fraction(found.upper)
    root = brentq(branch.least, found.value - 1e-5, found.value + 1e-5, xtol=1e-11)
    assert root == pytest.approx(found.value, abs=1e-9)
    assert sorted(found.negative)[0] == 0
    assert broken_optimum(found, branch.setting).confirmed


def test_a_hessian_by_differences_of_the_enumerated_loss_changes_sign_at_the_limit():
    """A route that shares nothing with the proof but the definition of the loss."""
    branch, low, high = BREAKING[0]
    found = limit_between(branch, low, high, digits=15)
    least = [_differenced_least(branch, found.value + side) for side in (-0.01, 0.01)]
    assert least[0] < -1e-4
    assert least[1] > 1e-4
    assert found.stable == "above"


def _differenced_least(branch, density, step=1e-3):
    best, setting = branch.at(density).weights, with_axis(branch.setting, "density", density)
    theta, size = np.concatenate([best.W.ravel(), best.b]), best.W.size
    pairs = list(combinations_with_replacement(range(theta.size), 2))
    steps = step * np.eye(theta.size)
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    corners = np.array([[s * steps[i] + r * steps[j] for s, r in signs] for i, j in pairs])
    points = (theta + corners).reshape(-1, theta.size)
    weights = Weights(points[:, :size].reshape(-1, *best.W.shape), points[:, size:])
    losses = np.asarray(population_loss(weights, setting, "enumeration").loss).reshape(-1, 4)
    hessian = np.zeros((theta.size, theta.size))
    for (i, j), corner in zip(pairs, losses, strict=True):
        hessian[i, j] = hessian[j, i] = (corner[0] - corner[1] - corner[2] + corner[3]) / (4 * step**2)
    turns = np.zeros((3, theta.size))
    for turn, (a, c) in zip(turns, combinations(range(3), 2), strict=True):
        moved = np.zeros_like(best.W)
        moved[a], moved[c] = best.W[c], -best.W[a]
        turn[:size] = moved.ravel()
    others = null_space(turns)
    return float(np.linalg.eigvalsh(others.T @ hessian @ others)[0])


def test_from_the_stable_side_nothing_lower_is_confirmed():
    """Negative control: the same descent, started where the prism is a minimum, falls back onto it."""
    branch, low, high = BREAKING[0]
    limit = limit_between(branch, low, high, digits=15)
    wrong = type(limit)(**{**vars(limit), "negative": limit.negative[::-1], "stable": "below", "value": 0.68})
    assert not broken_optimum(wrong, branch.setting).confirmed


@pytest.mark.slow
def test_a_branch_of_minima_turns_into_another_arrangement_where_an_overlap_vanishes():
    branch = Branch("triaugmented-triangular-prism", Setting(9, 3, 0.5), "density")
    end = end_of_branch(branch, 0.08788, 0.08789, digits=15)
    i, j = end.pair
    values = np.array([end.value - 2e-5, end.value - 1e-5])
    W = [branch.at(value).weights.W for value in values.tolist()]
    overlaps = [float(one[:, i] @ one[:, j]) for one in W]
    slope = (overlaps[1] - overlaps[0]) / (values[1] - values[0])
    assert values[1] - overlaps[1] / slope == pytest.approx(end.value, abs=1e-8)
    assert branch.at(end.value + 1e-4) is None
    assert (end.inside, end.upper - end.lower < 1e-15) == ("below", True)


def test_what_never_is_a_minimum_is_said_to_be_none():
    found = branch_stability("pentagonal-prism", Setting(10, 3, 0.5))
    assert (found.verdict, found.stable, found.reason) == ("never a minimum", (), "")


def test_an_overlap_that_may_vanish_is_enclosed_on_both_sides():
    """Nothing is divided by it: the ball holds the rows of either sign and that of an overlap of exactly zero."""
    setting = Setting(3, 2, 0.3)
    with ctx.workprec(128):
        law = ball_law(setting)
        around = ball_row(0, [arb(1), arb(-0.5), arb(0, 1e-6)], arb(-0.1), law)
        for overlap in (-1e-6, -3e-7, 0.0, 5e-7, 1e-6):
            row = ball_row(0, [arb(1), arb(-0.5), arb(overlap)], arb(-0.1), law)
            assert around.loss.contains(row.loss)
            assert all(ball.contains(x) for ball, x in zip(around.gradient, row.gradient, strict=True))
            entries = [(a, b) for one, other in zip(around.hessian, row.hessian, strict=True)
                       for a, b in zip(one, other, strict=True)]  # fmt: skip
            assert all(ball.contains(x) for ball, x in entries)
        assert around.loss.rad() < 1e-5
