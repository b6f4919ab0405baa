"""Under an L1 term the search ends where no weight, free or held at zero, can lower the loss."""

import numpy as np
import pytest
from definition import random_setting

from tegum.theory.candidates.candidates import candidate
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion, weights_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.search.sparse import descend_sparse, kinks
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights


@pytest.mark.parametrize("values", ["uniform", "signed"])
@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated", "one-hot"])
def test_kinks_are_half_the_jump_of_the_slope(values, law):
    random = np.random.default_rng(1)
    setting = with_axis(random_setting(random, 4, values=values, law=law), "l1", 0.7)
    W = random.normal(size=(1, setting.hidden, 4)) * (random.random((1, setting.hidden, 4)) < 0.5)
    b = 0.2 * random.normal(size=(1, 4))
    jumps = kinks(W, law_of(setting))
    for a, j in zip(*np.nonzero(W[0] == 0.0), strict=True):
        slopes = []
        for side in (1e-9, -1e-9):
            moved = W.copy()
            moved[0, a, j] = side
            gradient, _, _ = weights_of(expansion(moved, b, law_of(setting)).gradient, 4)
            slopes.append(gradient[0, a, j])
        assert (slopes[0] - slopes[1]) / 2 == pytest.approx(jumps[0, a, j], abs=1e-7)


def test_no_step_from_the_optimum_lowers_the_loss():
    setting = Setting(5, 2, 0.1, l1=0.05)
    best = optimum(setting, 32)
    assert best.geometry == "pentagon"
    assert (best.weights.W == 0.0).sum() == 1  # the term turns the pentagon until one vertex lies on an axis
    random = np.random.default_rng(2)
    for scale in (1e-2, 1e-3, 1e-4):
        dW, db = scale * random.normal(size=(500, 2, 5)), scale * random.normal(size=(500, 5))
        around = population_loss(Weights(best.weights.W + dW, best.weights.b + db), setting)
        assert (around.loss > best.loss).all()
    # Negative control: where the search without the term rests, the loss with it still falls.
    plain = optimum(with_axis(setting, "l1", 0.0), 32).weights
    there = population_loss(plain, setting)
    further = descend(plain.W[None], plain.b[None], law_of(setting), steps=20)
    assert further.loss[0] < there.loss - 1e-5


def test_a_small_term_changes_little_and_a_large_one_leaves_nothing():
    plain, slight = optimum(Setting(4, 2, 0.1), 16), optimum(Setting(4, 2, 0.1, l1=1e-4), 16)
    assert plain.geometry == slight.geometry == "2*digon"
    assert 0 < slight.loss - plain.loss < 2e-4
    heavy = optimum(Setting(2, 1, 0.1, l1=3.0), 16)
    assert not heavy.weights.W.any()
    assert heavy.loss == pytest.approx(2 * (0.1 / 3 - 0.01 / 4), rel=1e-9)


@pytest.mark.parametrize("values", ["uniform", "signed"])
@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated", "one-hot"])
def test_weights_are_held_where_the_slopes_on_both_sides_point_back(values, law):
    """Slopes on either side of each held weight by the exact loss alone, at the weights where the search rests."""
    random = np.random.default_rng(5)
    setting = with_axis(random_setting(random, 4, values=values, law=law), "l1", 0.3)
    W, b = random.normal(size=(4, setting.hidden, 4)), 0.1 * random.normal(size=(4, 4))
    rest = descend_sparse(W, b, law_of(setting, 4))
    assert rest.converged.any()
    for k in np.flatnonzero(rest.converged):
        for a, j in zip(*np.nonzero(rest.W[k] == 0.0), strict=True):
            for side in (1e-7, -1e-7):
                moved = rest.W[k].copy()
                moved[a, j] = side
                slope = population_loss(Weights(moved, rest.b[k]), setting).gradient.W[a, j]
                assert slope * np.sign(side) > -1e-7


@pytest.mark.parametrize("geometry", ["2*dedicated + 3*dropped", "2*digon + dropped", "digon + dedicated + 2*dropped"])
def test_weights_at_rest_on_their_kinks_stay_there(geometry):
    """Neither rounding nor the slope of a unit with weights of one sign takes weights off zero: few steps suffice."""
    plain, setting = candidate(geometry, Setting(5, 2, 0.1)).weights, Setting(5, 2, 0.1, l1=0.0125)
    rest = descend_sparse(plain.W[None], plain.b[None], law_of(setting))
    assert rest.converged.all()
    assert rest.iterations.max() <= 20
    assert ((rest.W[0] == 0.0) == (np.abs(plain.W) < 1e-12)).all()
