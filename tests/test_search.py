"""The global search finds the best weights, names them, and its certificate holds."""

import numpy as np
import pytest

from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.search.newton import Expansion, minimise
from tegum.theory.search.optimum import SAME_LOSS, optimum
from tegum.theory.search.starts import random_starts, starting_points
from tegum.theory.setting import Setting


@pytest.mark.parametrize(("density", "geometry"), [(0.05, "pentagon"), (0.2, "pentagon"), (0.3, "2*digon + dropped")])
def test_five_in_two_agrees_with_the_best_of_a_thousand_starts(density, geometry):
    setting = Setting(5, 2, density)
    best = optimum(setting, starts=64)
    many = descend(*random_starts(setting, 1000, seed=99), law_of(setting, 1000))
    assert best.geometry == geometry
    assert abs(best.loss - many.loss[many.converged].min()) <= 1e-9
    assert best.hits >= 5
    assert best.gradient_norm < 1e-11
    assert best.hessian_min > 1e-3
    assert max(factor.distortion for factor in best.identity.factors) < 1e-9


@pytest.mark.parametrize(("density", "geometry"), [(0.4, "digon"), (0.5, "dedicated + dropped")])
def test_two_in_one_with_unequal_importance(density, geometry):
    best = optimum(Setting(2, 1, density, (1.0, 0.4)))
    assert best.geometry == geometry
    if geometry == "digon":  # the less important feature has the shorter vector
        norms = np.linalg.norm(best.weights.W, axis=0)
        assert norms[0] > norms[1] > 0.5


def test_antipodal_pair_breaks_its_symmetry_between_0_70_and_0_72():
    for density, equal in ((0.70, True), (0.72, False)):
        best = optimum(Setting(2, 1, density))
        assert best.geometry == "digon"
        assert (best.identity.factors[0].distortion < 1e-6) == equal


def test_hits_count_the_starts_that_reached_the_best_loss():
    setting = Setting(5, 2, 0.2)
    best = optimum(setting, starts=32, seed=7)
    rest = descend(*starting_points(setting, 32, seed=7), law_of(setting, 32))
    assert best.hits == (rest.loss <= rest.loss.min() * (1 + SAME_LOSS)).sum() < 32
    assert best.converged == rest.converged.sum()
    assert (best.structured, best.abandoned) == (8, 0)
    assert best.structured_hits == (rest.loss[24:] <= rest.loss.min() * (1 + SAME_LOSS)).sum() <= best.hits


def test_same_seed_same_answer_and_other_seeds_agree_on_the_loss():
    setting = Setting(4, 2, 0.15)
    one, again, other = optimum(setting, 16, 3), optimum(setting, 16, 3), optimum(setting, 16, 4)
    np.testing.assert_array_equal(one.weights.W, again.weights.W)
    assert other.loss == pytest.approx(one.loss, rel=1e-12)
    assert not np.array_equal(one.weights.W, other.weights.W)


def test_loss_is_invariant_under_permutation_of_features_and_scales_with_importance():
    density, importance = np.array([0.1, 0.3, 0.2, 0.1]), np.array([1.0, 0.5, 0.8, 0.3])
    base = optimum(Setting(4, 2, tuple(density), tuple(importance)), 48)
    order = [2, 0, 3, 1]
    moved = optimum(Setting(4, 2, tuple(density[order]), tuple(5 * importance[order])), 48)
    assert moved.loss == pytest.approx(5 * base.loss, rel=1e-9)
    assert moved.geometry == base.geometry


def test_more_dimensions_than_features_reconstruct_perfectly():
    best = optimum(Setting(2, 3, 0.4), 16)
    assert best.loss < 1e-15
    assert best.geometry == "2*dedicated"


def test_descent_follows_the_reference_optimiser_to_the_same_minima():
    """SciPy's BFGS, started beside a strict minimum, comes back to it; beside a saddle it goes further down."""
    from scipy.optimize import minimize

    from tegum.theory.loss.objective import expansion_at

    setting = Setting(3, 2, 0.3, (1.0, 0.7, 0.5))
    rest = descend(*random_starts(setting, 8, seed=1), law_of(setting, 8))
    assert rest.converged.all()
    least = least_curvatures(rest.W, rest.b, law_of(setting, 8))
    curved = np.abs(least) > 1e-3  # a dead feature, b < 0 and no weights, lies on a flat
    assert {True, False} == set(least[curved] > 0)
    for W, b, loss, curvature in zip(rest.W[curved], rest.b[curved], rest.loss[curved], least[curved], strict=True):
        start = np.concatenate([W.ravel(), b]) + 1e-3

        def objective(theta):
            at = expansion_at(theta[None], law_of(setting))
            return at.loss[0], at.gradient[0]

        reference = minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-9})
        assert (reference.fun == pytest.approx(loss, abs=1e-10)) == (curvature > 0)


def test_newton_leaves_saddles_and_reports_what_did_not_converge():
    def saddle(theta, members):  # x⁴/4 - x²/2 + y²/2: saddle at 0, minima at x = ±1
        x, y = theta.T
        hessian = np.zeros((len(theta), 2, 2))
        hessian[:, 0, 0], hessian[:, 1, 1] = 3 * x**2 - 1, 1
        return Expansion(x**4 / 4 - x**2 / 2 + y**2 / 2, np.array([x**3 - x, y]).T, hessian)

    starts = np.array([[1e-6, 1.0], [-0.3, -2.0], [0.0, 0.0]])
    rest = minimise(starts, saddle, np.full(3, 1e-12))
    np.testing.assert_allclose(rest.theta, [[1, 0], [-1, 0], [0, 0]], atol=1e-12)
    assert rest.converged.all()
    hurried = minimise(starts, saddle, np.full(3, 1e-12), steps=2)
    assert hurried.converged.tolist() == [False, False, True]


def test_scale_of_importance_does_not_choose_the_start():
    setting, scaled = Setting(5, 2, 0.2), Setting(5, 2, 0.2, 2.0**40)
    one, other = optimum(setting, 16, 2), optimum(scaled, 16, 2)
    assert other.loss == pytest.approx(2.0**40 * one.loss, rel=1e-12)
    assert (one.geometry, one.hits) == (other.geometry, other.hits)


def test_members_rest_alike_however_many_go_together(monkeypatch):
    setting, told = Setting(3, 2, 0.2), []
    starts = random_starts(setting, 10, seed=4)
    together = descend(*starts, law_of(setting, 10))
    monkeypatch.setattr("tegum.theory.search.descent._TOGETHER", 4)
    apart = descend(*starts, law_of(setting, 10), advance=lambda done, total: told.append((done, total)))
    np.testing.assert_allclose(apart.loss, together.loss, rtol=1e-12)
    assert told[-1] == (10, 10)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [({"starts": 0}, "starts = 0"), ({"starts": 10**12}, "starts = 1"), ({"seed": -1}, "seed = -1")],
)
def test_bad_arguments_are_refused(arguments, culprit):
    with pytest.raises(InputError, match=culprit):
        optimum(Setting(2, 1, 0.1), **arguments)


def test_too_many_features_are_refused():
    with pytest.raises(InputError, match="count = 80"):
        optimum(Setting(80, 3, 0.1))
    with pytest.raises(InputError, match="hidden = 100000"):
        optimum(Setting(5, 100_000, 0.1))
