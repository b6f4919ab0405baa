"""Limits with a closed form are met by the general machinery, and by numbers in print."""

import numpy as np
import pytest

from tegum.theory.candidates.candidates import candidate
from tegum.theory.diagnostics import dimensionality, dimensions_per_feature, superposition
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import catalogue, is_rigid, polygon, regular_vectors
from tegum.theory.limits import (
    capacity_bound,
    covariance,
    dropped_loss,
    gaussian_mean_field,
    hadamard_weights,
    linear_loss,
    one_hot_loss,
    one_hot_polygon,
    unit_pair_loss,
    welch_bound,
)
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@pytest.mark.parametrize("p", [0.01, 0.3, 1.0])
def test_dropped_feature_and_unit_pair(p):
    assert candidate("dropped", Setting(1, 1, p)).loss == pytest.approx(dropped_loss(p), rel=1e-15)
    pair = Weights(np.array([[1.0, -1.0]]), np.zeros(2))
    assert population_loss(pair, Setting(2, 1, p)).loss == pytest.approx(unit_pair_loss(p), rel=1e-14)


def test_the_optimised_pair_is_below_the_unit_pair():
    for p in (0.05, 0.3, 0.6, 0.9):
        assert optimum(Setting(2, 1, p)).loss < unit_pair_loss(p)


@pytest.mark.parametrize(
    ("k", "norm", "bias", "level"),
    [
        (4, 1.0, 0.0, 0.0),
        (5, 1.17046, -0.28230, 0.23738),
        (6, 1.32053, -0.61814, 0.86746),
        (7, 1.44839, -0.96691, 1.74870),
        (8, 1.55045, -1.29119, 2.77311),
    ],
)
def test_one_hot_polygons_have_the_levels_in_print(k, norm, bias, level):
    """(l*, b*) and h_k of Chen et al. 2023 for n = k: L = h_k / (3 k)."""
    angle = 2 * np.pi * np.arange(k) / k
    ring = Weights(norm * np.array([np.cos(angle), np.sin(angle)]), np.full(k, bias))
    assert 3 * k * one_hot_loss(ring) == pytest.approx(level, abs=2e-5)


IN_PRINT = [
    (4, 1.0, 0.0, 0.0),
    (5, 1.17046, -0.28230, 0.23738),
    (6, 1.32053, -0.61814, 0.86746),
    (8, 1.55045, -1.29119, 2.77311),
]


@pytest.mark.parametrize(("k", "length", "bias", "level"), IN_PRINT)
def test_one_hot_polygons_are_computed_to_the_digits_in_print(k, length, bias, level):
    found = one_hot_polygon(k)
    assert (found.length, found.bias) == (pytest.approx(length, abs=1e-5), pytest.approx(bias, abs=1e-5))
    assert found.level == pytest.approx(level, abs=1e-5)


@pytest.mark.parametrize(("name", "k"), [("pentagon", 5), ("hexagon", 6)])
def test_optimised_polygons_tend_to_the_one_hot_ones(name, k):
    limit, gaps = one_hot_polygon(k), []
    for p in (1e-2, 1e-3, 1e-4):
        (part,) = candidate(name, Setting(k, 2, p)).factors
        gaps.append(abs(np.sqrt(part.W[:, 0] @ part.W[:, 0]) - limit.length) + abs(part.b[0] - limit.bias))
    assert gaps[0] > 8 * gaps[1] > 64 * gaps[2]  # at rate p
    assert gaps[2] < 1e-3


def test_one_hot_loss_is_the_sparse_limit_of_the_population_loss():
    random = np.random.default_rng(51)
    for _ in range(20):
        weights = Weights(random.normal(size=(2, 4)), -np.abs(random.normal(size=4)))
        p = 1e-8
        sparse = population_loss(weights, Setting(4, 2, p)).loss / (4 * p)
        assert sparse == pytest.approx(one_hot_loss(weights), rel=1e-6)


def test_one_hot_loss_equals_quadrature():
    random = np.random.default_rng(52)
    x = (np.arange(20_000) + 0.5) / 20_000
    for _ in range(10):
        W, b = random.normal(size=(2, 4)), random.normal(size=4)
        G = W.T @ W
        total = 0.0
        for k in range(4):
            output = np.maximum(np.outer(x, G[:, k]) + b, 0.0)
            output[:, k] -= x
            total += (output**2).sum(axis=1).mean() / 4
        assert one_hot_loss(Weights(W, b)) == pytest.approx(total, rel=1e-6)


LAWS = [
    Setting(4, 2, 0.3, (1.0, 0.5, 2.0, 0.7), law="correlated", groups=[[0, 1], [2, 3]]),
    Setting(4, 1, (0.2, 0.3, 0.1, 0.5), (1.0, 0.5, 2.0, 0.7), law="anticorrelated", groups=[[0, 1, 2]]),
    Setting(4, 2, (0.1, 0.2, 0.3, 0.4), law="one-hot"),
    Setting(3, 1, 0.4, (1.0, 3.0, 0.2), values="signed"),
    Setting(4, 2, 0.3, values="binary", law="correlated", groups=[[1, 2]]),
]


@pytest.mark.parametrize("setting", LAWS)
def test_linear_loss_is_the_least_of_reduced_rank_regression(setting):
    """An independent route: alternating least squares over rank-m maps of the exact moments."""
    spread, root = covariance(setting), np.sqrt(np.array(setting.importance))
    weighted = root[:, None] * spread * root
    decode = np.random.default_rng(55).normal(size=(setting.count, setting.hidden))
    for _ in range(4000):
        encode = np.linalg.lstsq(decode, np.eye(setting.count), rcond=None)[0]
        decode = np.linalg.lstsq(encode @ weighted @ encode.T, encode @ weighted, rcond=None)[0].T
    left = np.eye(setting.count) - decode @ encode
    assert linear_loss(setting) == pytest.approx(np.trace(left @ weighted @ left.T), rel=1e-6)


def sampled(setting, count: int, random) -> np.ndarray:
    """Features drawn by the definitions of the laws."""
    p, on = np.array(setting.density), random.random((count, setting.count)) < setting.density
    if setting.law == "one-hot":
        on = np.eye(setting.count, dtype=bool)[random.choice(setting.count, count, p=p)]
    for group in map(list, setting.groups):
        if setting.law == "correlated":
            on[:, group] = on[:, group[:1]]
        else:
            which = np.searchsorted(np.cumsum(p[group]), random.random(count))
            on[:, group] = which[:, None] == np.arange(len(group))
    low = -1.0 if setting.values == "signed" else 0.0
    magnitude = 1.0 if setting.values == "binary" else random.uniform(low, 1.0, on.shape)
    return on * magnitude


@pytest.mark.parametrize("setting", LAWS)
def test_covariance_is_that_of_samples(setting):
    x = sampled(setting, 400_000, np.random.default_rng(57))
    np.testing.assert_allclose(np.cov(x.T), covariance(setting), atol=2e-3)


def test_tied_linear_weights_reach_the_bound_for_equal_importances():
    setting = Setting(4, 2, 0.3, law="correlated", groups=[[0, 1], [2, 3]])
    spread = covariance(setting)
    W = np.linalg.eigh(spread)[1][:, -2:].T
    left = np.eye(4) - W.T @ W
    assert linear_loss(setting) == pytest.approx(np.trace(left @ spread @ left), rel=1e-12)


def test_linear_loss_without_bias_keeps_the_means_too():
    one = Setting(2, 1, 0.5, bias=False)
    second = np.array([[0.5 / 3, 0.25**2], [0.25**2, 0.5 / 3]])
    assert linear_loss(one) == pytest.approx(np.linalg.eigvalsh(second)[0], rel=1e-14)
    with pytest.raises(InputError, match="abs"):
        linear_loss(Setting(2, 1, 0.5, target="abs"))


def test_linear_loss_keeps_the_most_important_variances():
    setting = Setting(4, 2, (0.2, 0.2, 0.2, 0.9), (1.0, 0.9, 0.8, 0.1))
    kept_out = 0.8 * dropped_loss(0.2) + 0.1 * dropped_loss(0.9)
    assert linear_loss(setting) == pytest.approx(min(kept_out, linear_loss(setting)), rel=1e-15)
    assert linear_loss(Setting(3, 5, 0.2)) == 0.0
    # The ReLU model can copy what the linear one does at p = 1 and does better when features are sparse.
    assert optimum(Setting(4, 2, 0.1)).loss < linear_loss(Setting(4, 2, 0.1))


@pytest.mark.parametrize(
    ("p", "r", "loss", "gain", "bias"),
    [
        (0.01, 0.1, 9.96e-4, 1.525, -0.598),
        (0.05, 0.1, 0.01222, None, None),
        (0.05, 0.3, 4.56e-3, None, None),
        (0.1, 0.3, 0.01371, None, None),
        (0.1, 0.5, 6.38e-3, None, None),
        (0.4, 0.5, 0.04028, None, None),
        (0.045, 0.25, 0.00486, 1.289, -0.446),
    ],
)
def test_mean_field_minima_computed_independently(p, r, loss, gain, bias):
    found = gaussian_mean_field(p, r)
    assert found.loss == pytest.approx(loss, rel=2e-3)
    if gain is not None:
        assert (found.gain, found.bias) == (pytest.approx(gain, abs=2e-3), pytest.approx(bias, abs=2e-3))


def test_mean_field_is_what_hadamard_rows_cost():
    """Random rows of a Hadamard matrix, evaluated exactly with the mean field's gain and bias, tend to it."""
    p, gaps = 0.4, []
    field = gaussian_mean_field(p, 1 / 2)
    for n in (16, 64, 256):
        exact = [
            population_loss(hadamard_weights(n, n // 2, p, field, seed), Setting(n, n // 2, p)) for seed in range(4)
        ]
        gaps.append(np.mean([abs(one.loss / n / field.loss - 1) for one in exact]))
        assert max(one.error / one.loss for one in exact) < 1e-6
    assert gaps[0] > 3 * gaps[1] > 9 * gaps[2]  # about as 1/n, as the interference turns Gaussian
    assert gaps[2] < 3e-3
    with pytest.raises(InputError, match="features = 12"):
        hadamard_weights(12, 4, p, field, 0)


def test_capacity_is_bounded_and_regular_factors_meet_the_bound():
    random = np.random.default_rng(56)
    for hidden, features in ((3, 7), (5, 4)):
        D = dimensionality(random.normal(size=(50, hidden, features)))
        assert (D.sum(axis=1) <= capacity_bound(features, hidden) + 1e-12).all()
    for factor in filter(is_rigid, catalogue(9, 8)):
        total = dimensionality(regular_vectors(factor)).sum()
        assert total == pytest.approx(capacity_bound(factor.vertices, factor.dimension), rel=1e-12)


def test_mean_field_limits():
    assert gaussian_mean_field(0.3, 1.0).loss < 1e-12  # as many dimensions as features
    assert gaussian_mean_field(0.3, 1e-6).loss == pytest.approx(dropped_loss(0.3), rel=1e-3)
    with pytest.raises(InputError, match="ratio = 0"):
        gaussian_mean_field(0.3, 0)


def test_welch_bound_is_met_by_simplices_only():
    assert welch_bound(3, 3) == 0.0
    for factor in catalogue(12, 11):
        vectors = regular_vectors(factor)
        largest = np.abs(vectors.T @ vectors - np.eye(factor.vertices)).max()
        assert largest >= welch_bound(factor.vertices, factor.dimension) - 1e-14


def test_dimensionality_of_regular_factors_is_dimensions_over_vertices():
    for factor in filter(is_rigid, catalogue(12, 11)):
        np.testing.assert_allclose(
            dimensionality(3.0 * regular_vectors(factor)), factor.dimension / factor.vertices, rtol=1e-12
        )


def test_dimensionalities_add_up_to_the_hidden_width_at_most():
    random = np.random.default_rng(54)
    W = random.normal(size=(200, 3, 7))
    W[:100, :, 0] = 0.0
    D = dimensionality(W)
    assert D.shape == (200, 7)
    assert (D >= 0).all()
    assert (D <= 1 + 1e-12).all()
    assert (D.sum(axis=1) <= 3 + 1e-12).all()
    assert (D[:100, 0] == 0).all()


def test_superposition_and_dimensions_per_feature():
    np.testing.assert_allclose(superposition(np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 2.0]])), [1.0, 1.0, 0.0])
    assert superposition(np.eye(3)).tolist() == [0.0, 0.0, 0.0]
    assert dimensions_per_feature(regular_vectors(polygon(5))) == pytest.approx(2 / 5)
    assert dimensions_per_feature(np.zeros((2, 3))) == np.inf
