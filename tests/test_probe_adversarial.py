"""Adversarial vulnerability, against closed forms, exact fractions and brute force."""

from dataclasses import replace
from math import asinh, comb, sqrt

import numpy as np
import pytest
from definition import defined_losses
from scipy.integrate import dblquad

from tegum.empirical.probes.adversarial import _single as attacked_singly
from tegum.empirical.probes.adversarial import vulnerability, without_superposition
from tegum.empirical.probes.cells import given_cells
from tegum.empirical.probes.forward import inputs
from tegum.empirical.probes.norm import mean_input_norm
from tegum.theory.errors import InputError
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

PAIR = Weights(np.array([[1.0, -1.0]]), np.zeros(2))


def probed(weights: Weights, setting: Setting, **options):
    return vulnerability(given_cells([setting], weights)[0], **options)


@pytest.mark.parametrize("values", ["uniform", "binary"])
@pytest.mark.parametrize("readout", ["relu", "linear"])
def test_without_superposition_the_optimal_attack_costs_its_squared_length(values, readout):
    setting = Setting(
        count=4, hidden=2, density=[0.3, 0.1, 0.6, 1.0], importance=[1.0, 3.0, 0.5, 2.0], values=values, readout=readout
    )
    found = probed(without_superposition(setting), setting, samples=500)
    assert found.baseline == pytest.approx(3 * found.budget**2, rel=1e-14)
    np.testing.assert_allclose(found.shared, found.baseline, rtol=1e-10)
    np.testing.assert_allclose(found.single, found.baseline, rtol=1e-10)
    np.testing.assert_allclose(found.single_error, 0, atol=1e-12)
    assert (found.ceiling > found.single).all()


def cost_of_pair(p: float, s: float) -> float:
    """Rise of the loss of the unit pair when its outputs move by (s, -s): no, one and two features on."""

    def both(v: float, u: float) -> float:
        moved = (max(u - v + s, 0) - u) ** 2 + (max(v - u - s, 0) - v) ** 2
        return moved - 2 * min(u, v) ** 2

    together = dblquad(both, 0, 1, 0, 1, epsabs=1e-9)[0]
    only_up, only_down = s**2, 2 * s**3 / 3 + s**2 * (1 - s)
    return (1 - p) ** 2 * s**2 + p * (1 - p) * (only_up + only_down) + p**2 * together


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_attack_on_the_antipodal_pair_is_that_of_its_closed_form(p):
    found = probed(PAIR, Setting(count=2, hidden=1, density=p), samples=2)
    assert abs(found.attack[0, 0]) == pytest.approx(found.budget / sqrt(2), rel=1e-6)
    assert found.shared[0] == pytest.approx(cost_of_pair(p, sqrt(2) * found.budget), abs=1e-7)


def test_vulnerability_of_sparse_pairs_is_their_number_of_features_per_dimension():
    found = probed(PAIR, Setting(count=2, hidden=1, density=1e-7))
    assert found.features_per_dimension[0] == 2
    assert found.shared[0] / found.baseline == pytest.approx(2, rel=1e-5)
    assert found.single[0] / found.baseline == pytest.approx(2, rel=1e-5)


def test_shared_attack_costs_what_the_definition_says():
    setting = Setting(count=3, hidden=2, density=[0.2, 0.5, 0.9], importance=[1.0, 2.0, 0.5])
    random = np.random.default_rng(0)
    weights = Weights(random.normal(size=(2, 3)), random.normal(size=3) / 4)
    found = probed(weights, setting, samples=2)
    moved = Weights(weights.W, weights.b + weights.W.T @ weights.W @ found.attack[0])
    rise = sum(map(float, defined_losses(moved, setting)[0])) - sum(map(float, defined_losses(weights, setting)[0]))
    assert found.shared[0] == pytest.approx(rise, rel=1e-9)
    assert found.shared_error[0] < 1e-9
    assert np.linalg.norm(found.attack[0]) == pytest.approx(found.budget)


def test_no_attack_on_a_circle_beats_the_ones_found():
    setting = Setting(count=2, hidden=1, density=0.6, importance=[1.0, 0.7])
    weights = Weights(np.array([[0.9, -1.2]]), np.array([-0.1, 0.05]))
    x = inputs(setting, 200, np.random.default_rng(3))
    budget, G, importance = 0.2, weights.W.T @ weights.W, np.array(setting.importance)
    angles = np.linspace(0, 2 * np.pi, 2001)
    circle = budget * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    z = x @ G.T + weights.b
    loss = ((np.maximum(z[:, None] + circle @ G.T, 0) - x[:, None]) ** 2) @ importance
    clean = ((np.maximum(z, 0) - x) ** 2) @ importance
    best, ceiling = attacked_singly(weights, setting, budget, x)
    assert (best >= loss.max(axis=1) - clean - 1e-6).all()
    assert (best <= ceiling + 1e-12).all()
    assert best.mean() > (loss.mean(axis=1) - clean).mean()  # a random direction does less


def test_vulnerability_grows_as_superposition_forms():
    setting = Setting(count=5, hidden=2, density=0.05)
    sparse = probed(optimum(setting, starts=8).weights, setting)
    dense = replace(setting, density=0.8)
    alone = probed(without_superposition(dense), dense)
    assert sparse.features_per_dimension[0] > 3
    assert sparse.single[0] - 4 * sparse.single_error[0] > 3 * sparse.baseline
    assert alone.single[0] == pytest.approx(alone.baseline)


def test_a_rotation_of_the_hidden_layer_changes_nothing():
    setting = Setting(count=4, hidden=2, density=0.3)
    random = np.random.default_rng(1)
    weights = Weights(random.normal(size=(2, 4)), -0.1 * random.random(4))
    turn, _ = np.linalg.qr(random.normal(size=(2, 2)))
    one, other = (probed(w, setting, samples=200) for w in (weights, Weights(turn @ weights.W, weights.b)))
    for key in ("shared", "single", "ceiling", "features_per_dimension"):
        np.testing.assert_allclose(getattr(one, key), getattr(other, key), rtol=1e-6)


LAWS = {
    "independent": {},
    "binary": {"values": "binary"},
    "signed": {"values": "signed"},
    "one-hot": {"law": "one-hot", "density": None},
    "correlated": {"law": "correlated", "groups": [[0, 1], [2, 4]]},
    "anticorrelated": {"law": "anticorrelated", "groups": [[0, 1], [2, 4]]},
}


@pytest.mark.parametrize("law", LAWS)
def test_mean_length_of_an_input_is_that_of_samples(law):
    setting = Setting(**({"count": 5, "hidden": 1, "density": 0.3} | LAWS[law]))
    lengths = np.linalg.norm(inputs(setting, 20000, np.random.default_rng(0)), axis=1)
    assert abs(mean_input_norm(setting) - lengths.mean()) < 4 * lengths.std() / np.sqrt(len(lengths))


def test_mean_length_of_an_input_in_closed_form():
    assert mean_input_norm(Setting(count=1, hidden=1, density=0.3)) == pytest.approx(0.15, rel=1e-12)
    square = Setting(count=2, hidden=1, density=1.0)
    assert mean_input_norm(square) == pytest.approx((sqrt(2) + asinh(1)) / 3, rel=1e-12)
    binary = sum(comb(7, k) * 0.2**k * 0.8 ** (7 - k) * sqrt(k) for k in range(8))
    assert mean_input_norm(Setting(count=7, hidden=1, density=0.2, values="binary")) == pytest.approx(binary, rel=1e-12)
    assert mean_input_norm(Setting(count=3, hidden=1, density=0.0)) == 0


@pytest.mark.parametrize(
    ("changes", "options", "named"),
    [
        ({"activation": "relu", "tied": False}, {}, "activation"),
        ({"values": "signed"}, {}, "values"),
        ({"target": "abs"}, {}, "target"),
        ({}, {"share": 0.0}, "share"),
        ({}, {"samples": 1}, "samples"),
        ({"density": 0.0}, {}, "density"),
    ],
)
def test_what_the_probe_does_not_take_is_refused_by_name(changes, options, named):
    setting = Setting(**({"count": 2, "hidden": 1, "density": 0.5} | changes))
    with pytest.raises(InputError, match=named):
        probed(PAIR if setting.tied else Weights(PAIR.W, PAIR.b, 2 * PAIR.W.T), setting, **options)
