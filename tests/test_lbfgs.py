"""Batched L-BFGS finds the minima that a reference optimiser finds, each member by itself."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.objective import expansion_at, parameters, tied_weights
from tegum.theory.search.descent import descend
from tegum.theory.search.lbfgs import Slope, settle
from tegum.theory.search.starts import random_starts
from tegum.theory.setting import Setting


def rosenbrock(theta, members):
    x, y = theta[:, :-1], theta[:, 1:]
    gradient = np.zeros_like(theta)
    gradient[:, :-1] += -400 * x * (y - x**2) - 2 * (1 - x)
    gradient[:, 1:] += 200 * (y - x**2)
    return Slope((100 * (y - x**2) ** 2 + (1 - x) ** 2).sum(axis=1), gradient, np.zeros(len(theta)))


def stiff(theta, members):
    """Quadratics of condition 10⁴, each member with its own centre."""
    curvature = np.logspace(-2, 2, theta.shape[1])
    away = theta - members[:, None]
    return Slope(0.5 * (curvature * away**2).sum(axis=1), curvature * away, np.zeros(len(theta)))


def test_rosenbrock_valley_to_its_end():
    starts = np.random.default_rng(1).uniform(-2, 2, size=(20, 2))
    rest = settle(starts, rosenbrock, np.full(20, 1e-10))
    assert rest.converged.all()
    np.testing.assert_allclose(rest.theta, 1.0, atol=1e-8)
    assert np.median(rest.evaluations) < 80


def test_each_member_goes_its_own_way():
    starts = np.random.default_rng(2).normal(size=(7, 12))
    together = settle(starts, stiff, np.full(7, 1e-9))
    np.testing.assert_allclose(together.theta, np.arange(7)[:, None] + np.zeros(12), atol=1e-6)
    for k in range(7):
        alone = settle(starts[[k]], lambda theta, members, k=k: stiff(theta, members + k), np.full(1, 1e-9))
        np.testing.assert_allclose(alone.theta[0], together.theta[k], atol=1e-12)
        assert alone.evaluations[0] == together.evaluations[k]


def test_what_did_not_converge_says_so_and_goes_on_from_its_history():
    starts = np.random.default_rng(3).normal(size=(4, 12))
    hurried = settle(starts, stiff, np.full(4, 1e-9), most=12)
    assert not hurried.converged.any()
    assert (hurried.evaluations == 12).all()
    full = settle(starts, stiff, np.full(4, 1e-9))
    resumed = settle(hurried.theta, stiff, np.full(4, 1e-9), history=hurried.history)
    fresh = settle(hurried.theta, stiff, np.full(4, 1e-9))
    assert resumed.converged.all()
    assert resumed.evaluations.sum() < fresh.evaluations.sum()
    assert resumed.evaluations.sum() < full.evaluations.sum()


def test_noise_of_the_loss_does_not_stop_the_descent():
    random = np.random.default_rng(4)

    def noisy(theta, members):
        at = stiff(theta, members)
        return Slope(at.loss + 1e-6 * random.uniform(-1, 1, size=at.loss.shape), at.gradient, np.full(len(theta), 2e-6))

    rest = settle(random.normal(size=(5, 12)), noisy, np.full(5, 1e-8))
    assert rest.converged.all()


def test_promised_decrease_is_that_of_a_quadratic():
    starts = np.random.default_rng(5).normal(size=(6, 3))
    near = settle(starts, stiff, np.full(6, 1e-3))
    assert (near.at.loss > 0).all()
    np.testing.assert_array_less(near.promised, 10 * near.at.loss)
    np.testing.assert_array_less(near.at.loss / 10, near.promised)


@pytest.mark.parametrize("density", [0.05, 0.3])
def test_exact_loss_to_the_minima_that_scipy_and_newton_find(density):
    setting = Setting(6, 2, density, {"geometric": 0.8})
    law = law_of(setting, 12)
    starts = parameters(*random_starts(setting, 12, seed=0))

    def objective(theta, members):
        at = expansion_at(theta, law[members])
        return Slope(at.loss, at.gradient, 1e-14 * at.loss)

    rest = settle(starts, objective, 1e-10 * empty_loss(law), most=3000)
    assert rest.converged.all()

    def single(theta):
        at = objective(theta[None], np.zeros(1, dtype=int))
        return at.loss[0], at.gradient[0]

    options = {"gtol": 1e-12, "ftol": 0.0, "maxiter": 3000}
    ends = [minimize(single, theta + 1e-4, jac=True, method="L-BFGS-B", options=options).fun for theta in rest.theta]
    same = np.abs(ends - rest.at.loss) <= 1e-9
    assert (same | (ends < rest.at.loss)).all()  # beside a saddle SciPy goes further down
    assert same.sum() >= 8
    polished = descend(*tied_weights(rest.theta, 6), law)
    np.testing.assert_allclose(polished.loss, rest.at.loss, rtol=1e-8)
    assert (polished.iterations <= 3).all()
