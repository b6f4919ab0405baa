"""Sparse autoencoders recover the features of hidden states where that is possible, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tegum.empirical.probes.autoencoder import Dictionary, train_autoencoders
from tegum.empirical.probes.cells import Cell, given_cells, settings_over
from tegum.empirical.probes.recovery import _gaussian_twins, chance_cosine, mean_max_cosine, recovery
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

FEATURES, HIDDEN = 16, 8
SETTING = Setting(count=FEATURES, hidden=HIDDEN, density=0.05)
SHORT = Dictionary(units=2 * FEATURES, steps=1200)
RECOVERED = 0.95


def directions(hidden: int, features: int) -> np.ndarray:
    W = np.random.default_rng(0).normal(size=(hidden, features))
    return W / np.linalg.norm(W, axis=0)


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    known = Weights(directions(HIDDEN, FEATURES), np.zeros(FEATURES))
    return given_cells(settings_over(SETTING, "density", [0.05, 0.9]), known, copies=2)


@pytest.mark.parametrize(("kind", "strength"), [("l1", 0.3), ("topk", 1.0)])
def test_features_are_recovered_where_they_are_sparse_and_not_where_they_are_dense(cells, kind, strength):
    sparse, dense = recovery(cells, [strength], replace(SHORT, kind=kind))
    assert (sparse.cosine > RECOVERED).all()
    assert (sparse.control < 0.85).all()  # states without features show none
    assert (dense.cosine < 0.85).all()
    assert abs(dense.cosine.mean() - dense.control.mean()) < 0.1
    for one in (sparse, dense):
        assert one.represented == (FEATURES, FEATURES)
        assert ((one.dead >= 0) & (one.dead < 1)).all()


def test_one_feature_at_a_time_is_recovered_exactly_by_one_unit_at_a_time():
    setting = Setting(count=6, hidden=3, law="one-hot")
    cell = given_cells([setting], Weights(directions(3, 6), np.zeros(6)), copies=2)
    (found,) = recovery(cell, [1.0], Dictionary(kind="topk", units=24, steps=1500))
    assert found.cosine.max() > 1 - 1e-6  # the other start leaves two features to one unit
    assert found.unexplained.min() < 1e-10
    assert (found.active <= 1.0).all()
    assert (found.dead >= 1 - 6 / 24).all()


def test_a_cell_is_the_same_in_any_company(cells):
    options = replace(SHORT, steps=100)
    alone = recovery(cells[1:], [0.1], options)[0]
    among = recovery(cells, [0.3, 0.1], options)[1]
    np.testing.assert_allclose(among.cosine[1], alone.cosine[0], atol=1e-3)
    np.testing.assert_array_equal(recovery(cells[1:], [0.1], options)[0].cosine, alone.cosine)
    assert (recovery(cells[1:], [0.1], replace(options, seed=1))[0].cosine != alone.cosine).all()


def test_topk_keeps_as_many_units_as_each_model_is_told():
    states = torch.randn(1, 500, 4, generator=torch.Generator().manual_seed(0))
    k = np.array([1.0, 3.0])
    found = train_autoencoders(states, np.zeros(2, int), k, np.arange(2), Dictionary(kind="topk", units=8, steps=20))
    on = (found.codes(states[[0, 0]]) > 0).sum(-1)
    assert on.amax(-1).tolist() == [1, 3]
    torch.testing.assert_close(found.decoder.norm(dim=1), torch.ones(2, 8))


def test_a_larger_penalty_switches_more_units_off(cells):
    (found,) = recovery(cells[:1], [0.03, 0.3, 1.0], replace(SHORT, steps=300))
    assert (np.diff(found.active.mean(axis=1)) < 0).all()
    assert (np.diff(found.unexplained.mean(axis=1)) > 0).all()


@pytest.mark.parametrize(("units", "hidden"), [(1, 5), (4, 1), (10, 2), (32, 8)])
def test_chance_is_that_of_random_directions(units, hidden):
    random = np.random.default_rng(1)
    drawn = random.normal(size=(4000, units, hidden))
    largest = (drawn[..., 0] / np.linalg.norm(drawn, axis=-1)).max(axis=-1)
    error = largest.std() / np.sqrt(len(largest)) + 1e-12
    assert abs(chance_cosine(units, hidden) - largest.mean()) < 4 * error


def test_mean_max_cosine_of_known_dictionaries():
    known = directions(4, 6)
    alive = np.ones(6, bool)
    assert mean_max_cosine(known, 3 * known[:, ::-1], alive) == pytest.approx(1)
    assert mean_max_cosine(np.eye(4), np.array([[1.0, 1.0, 0, 0]]).T, alive[:1]) == pytest.approx(np.sqrt(0.5) / 2)
    assert mean_max_cosine(known, known, ~alive) == 0
    with_dropped = np.concatenate([known, np.zeros((4, 2))], axis=1)
    assert mean_max_cosine(with_dropped, known, alive) == pytest.approx(1)


def test_twins_have_the_mean_and_the_covariance_and_no_features():
    random = np.random.default_rng(0)
    states = (random.random((1, 20000, 5)) < 0.1) @ directions(3, 5).T
    twin = _gaussian_twins(states, random)
    np.testing.assert_allclose(twin[0].mean(0), states[0].mean(0), atol=0.01)
    np.testing.assert_allclose(np.cov(twin[0].T), np.cov(states[0].T), atol=0.01)
    kurtosis = ((twin - twin.mean(1)) ** 4).mean(1) / twin.var(1) ** 2
    np.testing.assert_allclose(kurtosis, 3, atol=0.3)


@pytest.mark.parametrize(
    ("options", "strength", "named"),
    [
        ({"kind": "topk"}, 1.5, "k = 1.5"),
        ({"kind": "topk"}, 33.0, "k = 33"),
        ({}, -0.1, "penalty"),
        ({"kind": "jump"}, 1.0, "kind"),
        ({"steps": 0}, 1.0, "steps"),
        ({"learning_rate": 0.0}, 1.0, "learning_rate"),
    ],
)
def test_bad_options_are_refused_by_name(cells, options, strength, named):
    with pytest.raises(InputError, match=named):
        recovery(cells[:1], [strength], Dictionary(**options))


def test_states_that_are_all_zero_are_refused():
    cell = given_cells([Setting(count=2, hidden=1, density=0.5)], Weights(np.zeros((1, 2)), np.zeros(2)))
    with pytest.raises(InputError, match="all zero"):
        recovery(cell, [0.1], SHORT)
