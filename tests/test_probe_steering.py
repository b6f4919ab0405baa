"""Steering: the exact leak against samples, closed forms and symmetry."""

import numpy as np
import pytest

from tegum.empirical.probes.steering import sampled_leak, steering
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

PAIR = np.array([[1.0, -1.0]])
SAMPLES = 20000
SETTINGS = {
    "basic": {},
    "binary": {"values": "binary"},
    "signed": {"values": "signed"},
    "one-hot": {"law": "one-hot", "density": None},
    "correlated": {"law": "correlated", "groups": [[0, 2]]},
    "anticorrelated": {"law": "anticorrelated", "groups": [[0, 2]]},
    "untied": {"tied": False},
    "linear": {"readout": "linear"},
    "abs": {"values": "signed", "target": "abs"},
    "penalised": {"l1": 0.1},
    "unequal": {"importance": [1.0, 0.0, 2.0, 5.0]},
}


def random_weights(setting: Setting) -> Weights:
    random = np.random.default_rng(0)
    W, b = random.normal(size=(setting.hidden, setting.count)), random.normal(size=setting.count) / 3
    return Weights(W, b, None if setting.tied else random.normal(size=W.T.shape))


@pytest.mark.parametrize("name", SETTINGS)
def test_exact_leak_is_that_of_samples_and_no_other(name):
    setting = Setting(**({"count": 4, "hidden": 2, "density": 0.3} | SETTINGS[name]))
    weights = random_weights(setting)
    found = steering(weights, setting, [1.0, -0.7])
    for dose, leak, other in zip(found.doses, found.leak, found.leak[::-1], strict=True):
        mean, error = sampled_leak(weights, setting, dose, SAMPLES)
        assert error.max() < 0.02
        assert (np.abs(leak - mean) < 5 * error + 1e-9).all()
        assert (np.abs(other - mean) > 5 * error + 1e-9).any()
        assert (np.abs(leak.T - mean) > 5 * error + 1e-9).any() or setting.readout == "linear"
    assert found.error < 1e-8


def test_orthogonal_features_leak_nothing():
    found = steering(Weights(np.eye(3, 4), np.zeros(4)), Setting(count=4, hidden=3, density=0.2), [0.5, 2.0])
    np.testing.assert_allclose(found.leak[0], np.diag([0.5, 0.5, 0.5, 0.0]), atol=1e-13)
    np.testing.assert_allclose(found.leak[1], np.diag([2.0, 2.0, 2.0, 0.0]), atol=1e-13)
    np.testing.assert_allclose(found.isolation, [[1, 1, 1, 0]] * 2, atol=1e-13)


@pytest.mark.parametrize(("dose", "leaks"), [(0.2, 0.0), (0.3, 0.0), (0.5, 0.2), (1.0, 0.7)])
def test_a_digon_leaks_through_its_bias_where_nothing_else_is_on(dose, leaks):
    weights = Weights(PAIR, np.array([-0.3, -0.3]))
    found = steering(weights, Setting(count=2, hidden=1, density=0.0), [-dose])
    np.testing.assert_allclose(found.leak[0], [[0, leaks], [leaks, 0]], atol=1e-13)


@pytest.mark.parametrize("dose", [0.1, 0.6])
def test_a_digon_leaks_by_its_closed_form(dose):
    """E (v - u - t)_+ of the pair, for each of the four states, at t = -dose (steered away) and at t = 0."""
    p = 0.3

    def mean(t: float) -> float:
        on = (1 - t) ** 2 / 2 if t >= 0 else 0.5 - t  # E (v - t)_+
        other = 0.0 if t >= 0 else t**2 / 2  # E (-u - t)_+
        both = (1 - t) ** 3 / 6 if t >= 0 else (1 - t) ** 3 / 6 - 2 * (-t) ** 3 / 6
        return (1 - p) ** 2 * max(-t, 0) + p * (1 - p) * (on + other) + p**2 * both

    found = steering(Weights(PAIR, np.zeros(2)), Setting(count=2, hidden=1, density=p), [-dose, dose])
    np.testing.assert_allclose(found.leak[:, 1, 0], [mean(-dose) - mean(0), mean(dose) - mean(0)], atol=1e-12)
    np.testing.assert_allclose(found.leak, found.leak.swapaxes(1, 2), atol=1e-12)


def test_a_linear_readout_leaks_the_overlap_times_the_dose():
    setting = Setting(count=4, hidden=2, density=0.3, readout="linear")
    weights = random_weights(setting)
    found = steering(weights, setting, [0.7])
    np.testing.assert_allclose(found.leak[0], 0.7 * weights.W.T @ weights.W, atol=1e-12)


def test_a_rotation_changes_nothing_and_a_relabelling_relabels():
    setting = Setting(count=4, hidden=2, density=0.3)
    weights, order = random_weights(setting), [2, 0, 3, 1]
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(2, 2)))
    plain = steering(weights, setting, [0.4]).leak[0]
    other = steering(Weights(turn @ weights.W[:, order], weights.b[order]), setting, [0.4]).leak[0]
    np.testing.assert_allclose(other, plain[np.ix_(order, order)], atol=1e-12)


def test_samples_take_a_relu_hidden_layer():
    n = 2
    setting = Setting(count=n, hidden=2 * n, density=0.5, values="signed", target="abs", activation="relu", tied=False)
    W = np.concatenate([np.eye(n), -np.eye(n)])
    mean, error = sampled_leak(Weights(W, np.zeros(n), np.abs(W).T.copy()), setting, 0.5, 100)
    np.testing.assert_allclose(mean, 0.5 * np.eye(n), atol=1e-12)
    np.testing.assert_allclose(error, 0, atol=1e-12)


def test_what_is_not_steered_is_refused_by_name():
    setting = Setting(count=2, hidden=1, density=0.5)
    with pytest.raises(InputError, match="ensemble"):
        steering(Weights(PAIR[None], np.zeros((1, 2))), setting, [1.0])
    with pytest.raises(InputError, match="no doses"):
        steering(Weights(PAIR, np.zeros(2)), setting, [])
    with pytest.raises(InputError, match="dose"):
        steering(Weights(PAIR, np.zeros(2)), setting, [float("nan")])
    relu = Setting(count=2, hidden=1, density=0.5, activation="relu")
    with pytest.raises(InputError, match="activation"):
        steering(Weights(PAIR, np.zeros(2)), relu, [1.0])
