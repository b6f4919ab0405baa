"""Neurons of a ReLU hidden layer: counted where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from tegum.empirical.probes.cells import Cell, given_cells
from tegum.empirical.probes.computation import ALIGNED, aligned, chance_aligned, computation
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def abs_setting(features: int, hidden: int) -> Setting:
    return Setting(
        count=features, hidden=hidden, density=0.3, values="signed", target="abs", activation="relu", tied=False
    )


def pairs(features: int) -> Weights:
    """|x_i| = ReLU(x_i) + ReLU(-x_i): two neurons for each feature."""
    W = np.concatenate([np.eye(features), -np.eye(features)])
    return Weights(W, np.zeros(features), np.abs(W).T.copy())


def counted(weights: Weights, setting: Setting, **options):
    return computation(given_cells([setting], weights)[0], **options)


@pytest.mark.parametrize("features", [1, 3, 6])
def test_two_neurons_for_each_feature_compute_absolute_values_without_loss(features):
    found = counted(pairs(features), abs_setting(features, 2 * features))
    assert abs(found.loss[0]) <= found.error[0] < 1e-12
    assert found.monosemantic[0] == 2 * features
    assert (found.neurons_of == 2).all()
    assert found.polysemantic[0] == found.dead[0] == found.unsure[0] == 0
    assert found.aligned[0] == features


def test_scaling_neurons_and_reordering_them_changes_nothing():
    weights, scale = pairs(3), np.array([1e-3, 1.0, 50.0, 2.0, 0.1, 7.0])
    order = [3, 1, 5, 0, 2, 4]
    scaled = Weights((scale[:, None] * weights.W)[order], weights.b, (weights.outward / scale)[:, order])
    plain, other = (counted(one, abs_setting(3, 6)) for one in (weights, scaled))
    assert other.monosemantic == plain.monosemantic
    np.testing.assert_array_equal(other.neurons_of, plain.neurons_of)
    assert abs(other.loss[0]) < 1e-12


def test_a_neuron_of_two_features_is_polysemantic_and_one_without_output_does_nothing():
    W = np.array([[1.0, 0.8, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    out = np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = counted(Weights(W, np.zeros(3), out), abs_setting(3, 3))
    assert found.features_of[0].tolist() == [2, 1, 0]
    assert (found.monosemantic[0], found.polysemantic[0], found.dead[0]) == (1, 1, 1)
    assert found.neurons_of[0].tolist() == [1, 1, 1]


def test_the_asymmetric_pair_counts_by_the_threshold_and_says_where_it_is_near():
    """The motif of Elhage et al.: input weights 2 and -1/2, output weights 1/2 and 2."""
    motif = Weights(np.array([[2.0, -0.5]]), np.zeros(2), np.array([[0.5], [2.0]]))
    setting = abs_setting(2, 1)
    assert counted(motif, setting, threshold=0.2).polysemantic[0] == 1
    assert counted(motif, setting, threshold=0.3).monosemantic[0] == 1
    assert counted(motif, setting, threshold=0.2).unsure[0] == 1
    assert counted(motif, setting, threshold=0.05).unsure[0] == 0


def test_a_hidden_layer_turned_at_random_is_aligned_no_more_than_by_chance():
    features = hidden = 8
    setting = Setting(count=features, hidden=hidden, density=0.2, activation="relu")
    Q, R = np.linalg.qr(np.random.default_rng(0).normal(size=(1000, hidden, hidden)))
    turned = Q * np.sign(np.diagonal(R, axis1=1, axis2=2))[:, None]  # uniform among the orthogonal matrices
    hits = aligned(Cell(setting, Weights(turned, np.zeros((1000, features)))))[0].sum(axis=1)
    kept = counted(Weights(np.eye(hidden), np.zeros(features)), setting)
    assert abs(hits.mean() - kept.aligned_by_chance[0]) < 4 * hits.std() / np.sqrt(1000)
    assert kept.aligned[0] == features > hits.mean() + 4 * hits.std()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("hidden", [1, 2, 6])
def test_chance_is_that_of_random_directions(hidden, signed):
    u = np.random.default_rng(2).normal(size=(40000, hidden))

    def points_along_one(v: np.ndarray) -> np.ndarray:
        part = np.maximum(v, 0)
        return part.max(axis=1) > ALIGNED * np.linalg.norm(part, axis=1)

    hit = points_along_one(u) & points_along_one(-u) if signed else points_along_one(u)
    assert abs(chance_aligned(hidden, signed) - hit.mean()) < 4 * hit.std() / np.sqrt(len(u)) + 1e-12


def test_what_has_no_neurons_is_refused():
    with pytest.raises(InputError, match="activation"):
        counted(pairs(2), replace(abs_setting(2, 4), activation="none"))
    with pytest.raises(InputError, match="threshold"):
        counted(pairs(2), abs_setting(2, 4), threshold=0.0)
