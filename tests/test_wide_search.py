"""Beyond enumeration the search still finds the optimum, and counts its starts honestly."""

import numpy as np
import pytest

from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.population import population_loss
from tegum.theory.loss.slope import slope
from tegum.theory.search import optimum as search
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.search.parts import parts_of, rested
from tegum.theory.search.spectrum import lowest_mode
from tegum.theory.search.starts import random_starts, starting_points, structured_share, structured_starts
from tegum.theory.search.wide import descend_widely
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

FEW = [
    Setting(6, 2, 0.1, {"geometric": 0.8}),  # parts: found by parting
    Setting(8, 3, 0.05),  # one part in three dimensions: found by the last stage
    Setting(5, 2, (0.05, 0.1, 0.2, 0.05, 0.1)),
]


@pytest.mark.parametrize("setting", FEW)
def test_both_routes_find_the_same_optimum(setting, monkeypatch):
    newton = optimum(setting, 24)
    monkeypatch.setattr(search, "MOST_FEATURES", 1)
    wide = optimum(setting, 24)
    assert wide.loss == pytest.approx(newton.loss, rel=1e-9)
    assert wide.geometry == newton.geometry
    assert wide.gradient_norm < 1e-9 * sum(setting.density)
    if (np.abs(newton.weights.b) > 1e-6).all():  # no kink: both speak of the same Hessian
        assert abs(wide.hessian_min - newton.hessian_min) <= 10 * wide.hessian_error + 1e-5 * newton.hessian_min
    assert (wide.exchanges == 0) <= wide.hits <= wide.converged <= wide.starts
    assert wide.converged + wide.abandoned <= wide.starts


def test_hits_are_starts_that_came_to_rest_at_the_best_loss():
    setting = Setting(6, 2, 0.1, {"geometric": 0.8})
    law = law_of(setting, 24)
    race = descend_widely(*starting_points(setting, 24, 0), law)
    exact = population_loss(Weights(race.W, race.b), setting)
    np.testing.assert_allclose(race.loss[race.converged], exact.loss[race.converged], rtol=1e-8)
    assert not (race.converged & race.abandoned).any()
    at = expansion(race.W, race.b, law)
    assert (np.linalg.norm(at.gradient[race.converged], axis=1) < 1e-6 * 0.2).all()
    # An abandoned start would not have become the best: followed to its end, it stays above.
    left = np.flatnonzero(race.abandoned)
    if left.size:
        ends = descend(race.W[left], race.b[left], law[left], reach=0.1)
        assert (ends.loss > race.loss[race.converged].min() * (1 + search.SAME_LOSS)).all()


def test_starts_at_a_worse_minimum_are_no_hits():
    """Negative control: starts put into a poorer basin rest there, and do not count."""
    setting = Setting(5, 2, 0.05)
    W, b = random_starts(setting, 6, seed=0)
    angle = 2 * np.pi * np.arange(3) / 3
    W[:3, :, :3], W[:3, :, 3:], b[:3] = np.array([np.cos(angle), np.sin(angle)]), 0.0, 0.025
    race = descend_widely(W, b, law_of(setting, 6))
    worse = race.loss[:3].min()
    assert worse > 1.5 * race.loss.min()
    hits = race.converged & search.same_loss(race.loss, float(race.loss.min()), setting)
    assert not hits[:3].any()
    assert hits.any()


def test_slope_is_the_gradient_of_the_loss():
    setting = Setting(7, 3, 0.2, {"geometric": 0.7})
    W, b = random_starts(setting, 3, seed=5)
    law = law_of(setting, 3)
    exact, found = expansion(W, b, law), slope(W, b, law, 1e-11)
    np.testing.assert_allclose(found.loss, exact.loss, atol=1e-10)
    np.testing.assert_allclose(found.gradient, exact.gradient, atol=1e-8)
    assert (np.abs(found.loss - exact.loss) <= found.noise).all()


@pytest.mark.parametrize("seed", range(3))
def test_lowest_mode_is_the_hessians(seed):
    setting = Setting(5, 2, 0.15, {"geometric": 0.9})
    best = optimum(setting, 4, seed)
    W, b, law = best.weights.W, best.weights.b, law_of(setting)
    if (np.abs(b) < 1e-6).any():
        pytest.skip("on a kink the two mean different things")
    mode = lowest_mode(W, b, law)
    exact = least_curvatures(W[None], b[None], law)[0]
    assert abs(mode.curvature - exact) <= mode.noise + 1e-6
    hessian = expansion(W[None], b[None], law).hessian[0]
    v = np.concatenate([mode.W.ravel(), mode.b])
    assert np.linalg.norm(v) == pytest.approx(1.0)
    assert v @ hessian @ v == pytest.approx(exact, abs=1e-5)


def test_parts_come_to_rest_as_a_whole():
    """Two noisy digons and a dropped feature become exact, and critical for the full loss."""
    random = np.random.default_rng(0)
    W = np.array([[1.0, -0.95, 0, 0, 0], [0, 0, 1.02, -1.0, 0]]) + 0.01 * random.normal(size=(2, 5))
    setting = Setting(5, 2, 0.3, (1.0, 0.9, 0.8, 0.7, 0.6))
    density, importance = np.array(setting.density), np.array(setting.importance)
    assert [part.features for part in parts_of(W, np.zeros(5))] == [(0, 1), (2, 3), (4,)]
    (found,) = rested(W[None], 0.01 * random.normal(size=(1, 5)), density, importance)
    at = expansion(found.W[None], found.b[None], law_of(setting))
    assert found.loss == pytest.approx(at.loss[0], rel=1e-12)
    assert np.linalg.norm(at.gradient) < 1e-12
    assert found.gradient_norm < 1e-12


def test_parts_that_are_not_apart_are_left_alone():
    assert parts_of(np.eye(17)[:1] + 1.0, np.zeros(17)) is None  # 17 features in one part
    angle = 2 * np.pi * np.arange(5) / 5
    (part,) = parts_of(np.array([np.cos(angle), np.sin(angle)]), np.zeros(5))
    assert part.W.shape == (2, 5)


def test_structured_starts_are_deterministic_fit_and_make_up_a_quarter():
    setting = Setting(20, 5, 0.05, {"geometric": 0.7})
    W, b = starting_points(setting, 64, 3)
    again = starting_points(setting, 64, 3)
    np.testing.assert_array_equal(W, again[0])
    np.testing.assert_array_equal(b, again[1])
    assert structured_share(64) == 16
    np.testing.assert_array_equal(W[48:], structured_starts(setting, 16, 3)[0])
    assert not np.array_equal(W[48:], structured_starts(setting, 16, 4)[0])
    assert (np.linalg.norm(W[48:], axis=1) > 0.5).sum(axis=1).min() >= 5


def test_structured_starts_find_what_random_ones_miss():
    """Three digons and four dropped features: eight random starts miss them, a structured one begins near them."""
    setting = Setting(10, 3, 0.25)
    law = law_of(setting, 8)
    random = descend(*random_starts(setting, 8, seed=3), law)
    structured = descend(*structured_starts(setting, 8, seed=3), law)
    best = structured.loss.min()
    assert random.loss.min() > best * 1.0001
    found = optimum(setting, 32, seed=3)
    assert found.loss == pytest.approx(best, rel=1e-12)
    assert 0 < found.structured_hits <= found.hits


def test_icosahedron_is_the_best_found_for_twelve_in_three_at_low_density():
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([(0.0, a, c * golden) for a in (1, -1) for c in (1, -1)])
    V = np.concatenate([corners, corners[:, [2, 0, 1]], corners[:, [1, 2, 0]]]).T / np.sqrt(1 + golden**2)
    setting = Setting(12, 3, 0.02)
    icosahedron = descend(0.9 * V[None], np.full((1, 12), -0.3), law_of(setting))
    found = optimum(setting, 16)
    assert found.loss == pytest.approx(icosahedron.loss[0], rel=1e-9)
    assert found.hits >= 2


def test_more_than_the_most_features_and_other_settings_are_refused():
    with pytest.raises(InputError, match="count = 65"):
        optimum(Setting(65, 3, 0.1))
    with pytest.raises(InputError, match="values = 'signed'"):
        optimum(Setting(20, 3, 0.1, values="signed"))


@pytest.mark.slow
def test_twenty_features_of_falling_importance_in_five_dimensions():
    best = optimum(Setting(20, 5, 0.05, {"geometric": 0.7}), 12)
    assert best.loss < 0.00285  # ten dropped features alone leave 0.00134
    assert best.gradient_norm < 1e-12
    assert best.hessian_min > 10 * best.hessian_error
    assert (best.exchanges == 0) <= best.hits <= best.converged
    assert best.converged + best.abandoned <= best.starts
    dropped = [factor.features[0] for factor in best.identity.factors if factor.name == "dropped"]
    assert set(dropped) >= set(range(13, 20))  # the least important


@pytest.mark.slow
def test_twenty_four_features_in_eight_dimensions_come_to_one_rest():
    best = optimum(Setting(24, 8, 0.05), 4)
    assert best.hits >= 2
    assert best.gradient_norm < 1e-9
    assert best.hessian_min > 10 * best.hessian_error
