"""Least curvatures: attained along their directions, below all others, and the same for a model alone or among many."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.objective import expansion_at, parameters
from tegum.theory.loss.population import enumerated_errors, population_loss
from tegum.theory.search.ball import moves_in_ball
from tegum.theory.search.curvature import least_modes
from tegum.theory.search.descent import descend
from tegum.theory.search.starts import random_starts
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Settings whose critical points are minima and saddles, on kinks (a zero bias) and off them.
SETTINGS = (
    Setting(2, 1, 0.48, (1.0, 0.1)),
    Setting(3, 2, 0.165, (1.0, 1.0, 10.0)),
    Setting(3, 2, 0.3, (1.0, 0.7, 0.5)),
)
#: Distance of second differences: truncation 1e-4 times third derivatives, rounding 1e-16/1e-8.
STEP = 1e-4


def critical_points(setting, starts=12):
    rest = descend(*random_starts(setting, starts, seed=1), law_of(setting, starts))
    # Directions are compared: a start that has yet to arrive, or whose zero bias is none, has others.
    kept = rest.converged & ((rest.b == 0) | (np.abs(rest.b) > 1e-6) | (np.abs(rest.b) < 1e-10)).all(axis=1)
    return rest.W[kept], rest.b[kept], law_of(setting, int(kept.sum()))


def on_kinks(setting):
    W, b, law = critical_points(setting)
    kinked = (np.abs(b) < 1e-10).any(axis=1)
    assert kinked.any()
    return W[kinked], b[kinked], law[kinked]


def one_sided(theta, directions, law):
    """2 [L(θ + εv) - L(θ) - ε ∇L·v]/ε², by losses alone."""
    here = expansion_at(theta[None], law)
    there = expansion_at(theta + STEP * directions, law[np.zeros(len(directions), dtype=int)])
    return 2 * (there.loss - here.loss - STEP * directions @ here.gradient[0]) / STEP**2


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_least_curvature_is_attained_along_its_direction(setting):
    W, b, law = critical_points(setting)
    least, along = least_modes(W, b, law)
    np.testing.assert_allclose(np.linalg.norm(along, axis=1), 1, atol=1e-12)
    for k, theta in enumerate(parameters(W, b)):
        assert least[k] == pytest.approx(one_sided(theta, along[k : k + 1], law[k : k + 1])[0], abs=2e-4)


def turn(W, b):
    """The unit direction in which a rotation moves the weights of a model; zero with one hidden unit."""
    if len(W) == 1:
        return np.zeros(W.size + b.size)
    moved = np.concatenate([W[1], -W[0], np.zeros_like(b)])
    return moved / np.linalg.norm(moved)


@pytest.mark.parametrize("setting", SETTINGS[:2])
def test_on_a_kink_no_other_search_goes_lower(setting):
    """Many random directions, and Nelder-Mead from the best of them, on the quotient by losses alone."""
    W, b, law = on_kinks(setting)
    least, _ = least_modes(W, b, law)
    firmest = int(np.argmax(least))
    theta, law, fixed = parameters(W, b)[firmest], law[firmest : firmest + 1], turn(W[firmest], b[firmest])

    def quotients(v):
        v = v - np.outer(v @ fixed, fixed)
        return one_sided(theta, v / np.linalg.norm(v, axis=1, keepdims=True), law)

    directions = np.random.default_rng(2).normal(size=(4000, theta.size))
    curvatures = quotients(directions)
    assert least[firmest] < curvatures.min() + 2e-4
    start = directions[curvatures.argmin()]
    found = minimize(lambda v: quotients(v[None])[0], start, method="Nelder-Mead", options={"maxfev": 3000})
    assert found.fun < curvatures.min()
    assert least[firmest] == pytest.approx(found.fun, abs=5e-4)


@pytest.mark.parametrize("setting", SETTINGS)
def test_copies_of_one_minimum_have_one_least_curvature(setting):
    """Turned, mirrored or relabelled: each copy has its own directions, so that a search that ends early shows."""
    W, b, law = on_kinks(setting)
    least, losses = least_modes(W, b, law)[0], expansion_at(parameters(W, b), law).loss
    kinds = [np.flatnonzero(np.abs(losses - one) < 1e-12) for one in losses]
    assert max(map(len, kinds)) > 3
    for copies in kinds:
        np.testing.assert_allclose(least[copies], least[copies[0]], rtol=1e-5, atol=1e-6)


def test_models_are_judged_alike_alone_and_among_others():
    """Minima and saddles, on kinks and off them, some with a rotation and some without (a model that is all zero)."""
    setting = SETTINGS[1]
    W, b, law = critical_points(setting)
    W, b, law = np.concatenate([W, 0 * W[:1]]), np.concatenate([b, 0 * b[:1]]), law_of(setting, len(W) + 1)
    together, along = least_modes(W, b, law)
    for k in range(len(W)):
        alone, direction = least_modes(W[k : k + 1], b[k : k + 1], law[k : k + 1])
        assert together[k] == pytest.approx(alone[0], rel=1e-9, abs=1e-12)
        if k < len(W) - 1:  # the zero model has its least curvature along many directions
            np.testing.assert_allclose(along[k], direction[0], atol=1e-5)


@pytest.mark.parametrize("radius", [1e-3, 1.0, 1e3])
def test_the_step_solves_the_shifted_equations_of_the_ball(radius):
    """(|H| + μ) s = -g with μ >= 0, and μ = 0 inside the ball: the conditions of Moré and Sorensen."""
    random = np.random.default_rng(4)
    half = random.normal(size=(50, 6, 6))
    hessian, gradient = half + half.swapaxes(1, 2), random.normal(size=(50, 6))
    curvature, modes = np.linalg.eigh(hessian)
    move, promised = np.empty_like(gradient), np.empty(50)
    moves_in_ball(gradient, hessian, curvature, modes, np.full(50, radius), move, promised)
    stiff = (modes * np.abs(curvature)[:, None]) @ modes.swapaxes(1, 2)
    pull = gradient + (stiff @ move[..., None])[..., 0]
    shift = -(pull * move).sum(axis=1) / (move**2).sum(axis=1)
    length = np.linalg.norm(move, axis=1)
    np.testing.assert_allclose(pull, -shift[:, None] * move, atol=1e-9 * (1 + np.abs(shift).max() * radius))
    assert (shift > -1e-9).all()
    assert (length < 1.01 * radius).all()
    inside = length < 0.99 * radius
    np.testing.assert_allclose(shift[inside], 0, atol=1e-9)
    assert inside.any() == (radius >= 1)
    model = (gradient * move).sum(axis=1) + (move * (hessian @ move[..., None])[..., 0]).sum(axis=1) / 2
    np.testing.assert_allclose(promised, -model, rtol=1e-10)


def test_bounds_of_many_settings_at_once_are_those_of_each():
    random = np.random.default_rng(5)
    W, b = random.normal(size=(6, 2, 4)), 0.1 * random.normal(size=(6, 4))
    law = Law(random.uniform(0.1, 0.9, size=(6, 4)), random.uniform(0.5, 2, size=(6, 4)))
    each = [
        population_loss(Weights(W[k], b[k]), Setting(4, 2, law.density[k].tolist(), law.importance[k].tolist())).error
        for k in range(6)
    ]
    np.testing.assert_array_equal(enumerated_errors(W, b, law), each)
