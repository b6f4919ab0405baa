"""Every setting of the contract: the loss agrees with its definition in rational numbers and with Monte Carlo."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from definition import defined_losses, random_setting, random_weights

from tegum.theory.errors import InputError
from tegum.theory.limits import linear_loss
from tegum.theory.loss.halves import half_moments
from tegum.theory.loss.law import Structure, law_of
from tegum.theory.loss.moments import moments
from tegum.theory.loss.objective import expansion, expansion_at, parameters, slopes_at
from tegum.theory.loss.population import METHODS, methods, population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

VALUES, LAWS = ("uniform", "signed", "binary"), ("independent", "correlated", "anticorrelated", "one-hot")
MODELS = [
    {"tied": tied, "bias": bias, "readout": readout, "activation": activation, "target": target}
    for tied, bias, readout, activation, target in product(
        (True, False), (True, False), ("relu", "linear"), ("none", "relu"), ("identity", "abs")
    )
]
EXACT = ("moments", "enumeration", "meet-in-the-middle", "transform")


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("law", LAWS)
def test_every_exact_route_equals_the_definition_within_its_bound(values, law):
    random = np.random.default_rng([VALUES.index(values), LAWS.index(law)])
    for model in MODELS:
        features = 4 if values == "signed" else 5
        setting = random_setting(random, features, values=values, law=law, **model)
        weights = random_weights(random, setting, tiny=bool(random.integers(2)))
        losses, penalty = defined_losses(weights, setting)
        exact = sum(losses) + penalty
        routes = [route for route in methods(setting, weights.W[None]) if route in EXACT]
        assert routes, setting
        for route in routes:
            found = population_loss(weights, setting, route)
            assert found.method == route
            difference = abs(Fraction(found.loss) - exact)
            assert difference <= found.error, (setting, route)
            assert difference <= (1e-9 if route == "transform" else 1e-12) * exact + Fraction(1, 10**15), (
                setting,
                route,
            )
            assert abs(Fraction(float(found.penalty)) - penalty) <= 1e-9 * penalty + Fraction(1, 10**13)
            np.testing.assert_allclose(found.per_feature, [float(loss) for loss in losses], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("law", LAWS)
def test_gradient_and_hessian_are_those_of_the_loss(values, law):
    """Gradients against central differences of the loss, Hessians against those of the gradient; all weights free."""
    random = np.random.default_rng([7, VALUES.index(values), LAWS.index(law)])
    for model in random.choice(MODELS, 12, replace=False):
        setting = random_setting(random, 3, values=values, law=law, **model)
        weights = random_weights(random, setting)
        theta = _theta(weights, setting)
        found, at = population_loss(weights, setting, order=2), expansion_at(theta, law_of(setting))
        assert abs(at.loss[0] - found.loss) <= 1e-12 * found.loss + found.error
        np.testing.assert_allclose(_theta(found.gradient, setting), at.gradient, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(slopes_at(theta, law_of(setting)), at.gradient, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.hessian, at.hessian[0], rtol=1e-9, atol=1e-12)
        size = np.abs(found.hessian).max()
        assert np.abs(found.hessian - at.hessian[0]).max() <= 2 * found.hessian_error <= 1e-10 * size + 1e-10
        step = 1e-6
        for k, direction in enumerate(np.eye(theta.shape[1])):
            try:
                ends = [expansion_at(theta + s * direction, law_of(setting)) for s in (step, -step)]
            except InputError:  # the step would make a hidden unit undecided
                assert setting.activation == "relu"
                continue
            if setting.activation == "relu" and theta[0, k] == 0.0:
                continue  # on the kink of a half weight
            slope = (ends[0].loss - ends[1].loss) / (2 * step)
            np.testing.assert_allclose(slope, at.gradient[:, k], rtol=1e-6, atol=1e-7)
            if (np.abs(ends[0].hessian - ends[1].hessian) < 1e-3).all():  # no kink in between
                curve = (ends[0].gradient - ends[1].gradient) / (2 * step)
                np.testing.assert_allclose(curve[0], at.hessian[0, k], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("model", [{}, {"tied": False, "values": "signed", "target": "abs"}])
def test_both_routes_have_the_same_hessian_within_the_estimate(law, model):
    random = np.random.default_rng([11, LAWS.index(law)])
    setting = random_setting(random, 5, law=law, **model)
    shape = (setting.hidden, 5)
    W_out = None if setting.tied else random.normal(size=shape[::-1])
    weights = Weights(random.normal(size=shape), random.normal(size=5) if setting.bias else np.zeros(5), W_out)
    exact, differences = (population_loss(weights, setting, method, order=2) for method in ("enumeration", "transform"))
    size = np.abs(exact.hessian).max()
    assert np.abs(exact.hessian - differences.hessian).max() <= differences.hessian_error <= 1e-5 * size


def test_the_estimate_of_a_hessian_on_a_kink_is_as_large_as_its_jump():
    dedicated = Weights(np.eye(2), np.zeros(2))
    found = population_loss(dedicated, Setting(2, 2, 0.3), "transform", order=2)
    aside = population_loss(Weights(np.eye(2), np.full(2, -0.01)), Setting(2, 2, 0.3), "transform", order=2)
    assert found.hessian_error > 0.1 > 1e-4 > aside.hessian_error


def test_hessians_that_need_too_much_memory_are_refused():
    with pytest.raises(InputError, match="order = 2 needs .* MiB"):
        population_loss(Weights(np.ones((30, 400)), np.zeros(400)), Setting(400, 30, 0.1), order=2)


def _theta(weights: Weights, setting: Setting) -> np.ndarray:
    W_out = None if weights.W_out is None else weights.W_out[None]
    return parameters(weights.W[None], weights.b[None], W_out, setting.bias)


def test_quasi_monte_carlo_is_the_last_resort_and_its_standard_error_is_honest():
    """A ReLU hidden layer with units pulled both ways has no exact route; where there is one the two agree."""
    random = np.random.default_rng(3)
    undecided = Setting(4, 2, 0.4, activation="relu", tied=False)
    weights = random_weights(random, Setting(4, 2, 0.4, tied=False))
    assert population_loss(weights, undecided).method == "quasi-monte-carlo"
    ratios = []
    for seed in range(12):
        setting = random_setting(random, 4, values=str(random.choice(VALUES)), law=str(random.choice(LAWS)))
        weights = random_weights(random, setting)
        exact, sampled = population_loss(weights, setting), population_loss(weights, setting, METHODS[-1], seed)
        assert sampled.error <= 1e-3 * exact.loss  # a cap on the noise
        ratios.append((sampled.loss - exact.loss) / sampled.error)
        slopes = _theta(sampled.gradient, setting) - _theta(exact.gradient, setting)
        assert np.abs(slopes).max() <= 6 * sampled.gradient_error
    assert np.abs(ratios).max() < 5
    assert np.sqrt(np.mean(np.square(ratios))) < 2


def test_undecided_hidden_layers_agree_with_plain_monte_carlo():
    random = np.random.default_rng(4)
    setting = Setting(
        4, 3, 0.4, (1.0, 0.5, 2.0, 1.0), values="signed", activation="relu", target="abs", tied=False, l1=0.1
    )
    weights = random_weights(random, Setting(4, 3, 0.4, tied=False))
    found = population_loss(weights, setting)
    samples = 2_000_000
    x = (random.random((samples, 4)) < 0.4) * random.uniform(-1, 1, (samples, 4))
    h = np.maximum(x @ weights.W.T, 0)
    each = ((np.abs(x) - np.maximum(h @ weights.outward.T + weights.b, 0)) ** 2) @ np.array(setting.importance)
    each += 0.1 * h.sum(axis=1)
    noise = each.std() / np.sqrt(samples)
    assert noise < 2e-3 * each.mean()
    assert abs(each.mean() - found.loss) < 4 * noise + 4 * found.error
    assert abs(1.02 * each.mean() - found.loss) > 4 * noise + 4 * found.error  # the same samples refuse 2 %


def test_routes_that_do_not_take_a_setting_say_which_do():
    setting = Setting(3, 2, 0.3, values="binary")
    weights = Weights(np.ones((2, 3)), np.zeros(3))
    with pytest.raises(InputError, match="'transform' does not take this setting; allowed: auto, enumeration"):
        population_loss(weights, setting, "transform")
    with pytest.raises(InputError, match="unknown; allowed: auto, moments"):
        population_loss(weights, setting, "guess")


def test_special_cases_of_a_law_are_the_simpler_law():
    """Groups of one feature are independent; a one-hot law of one feature is that feature always on."""
    random = np.random.default_rng(5)
    weights, density = random_weights(random, Setting(3, 2, 0.3)), (0.2, 0.5, 0.7)
    plain = population_loss(weights, Setting(3, 2, density)).loss
    for law in ("correlated", "anticorrelated"):
        grouped = Setting(3, 2, density, law=law, groups=((0,), (2,)))
        assert population_loss(weights, grouped).loss == pytest.approx(plain, rel=1e-13)
    alone = Weights(np.array([[1.2]]), np.array([-0.1]))
    one_hot = population_loss(alone, Setting(1, 1, law="one-hot")).loss
    assert one_hot == pytest.approx(population_loss(alone, Setting(1, 1, 1.0)).loss, rel=1e-13)


def test_many_binary_features_meet_in_the_middle():
    random = np.random.default_rng(6)
    setting = Setting(22, 3, 0.2, values="binary")
    weights = random_weights(random, setting)
    found = population_loss(weights, setting)
    assert found.method == "meet-in-the-middle"
    sampled = population_loss(weights, setting, METHODS[-1])
    assert abs(sampled.loss - found.loss) < 5 * sampled.error < 1e-2 * found.loss


@pytest.mark.parametrize(
    ("weights", "change", "message"),
    [
        (Weights(np.ones((1, 2)), np.zeros(2), np.ones((2, 1))), {}, "W_out is not W transposed"),
        (Weights(np.ones((1, 2)), np.ones(2)), {"bias": False}, "b is not zero"),
    ],
)
def test_weights_at_odds_with_the_setting_are_refused(weights, change, message):
    with pytest.raises(InputError, match=message):
        population_loss(weights, Setting(2, 1, 0.1, **change))


def test_searches_that_cannot_be_exact_are_refused():
    for change, message in [
        ({"activation": "relu", "count": 40, "hidden": 40}, "are 1640 parameters"),
        ({"l1": 0.1, "tied": False}, "l1 > 0 with tied = false has no optimum"),
        ({"values": "signed", "count": 14}, "knots"),
    ]:
        with pytest.raises(InputError, match=message):
            optimum(Setting(**({"count": 3, "hidden": 2, "density": 0.1} | change)))


def test_correlated_pairs_are_orthogonal_and_anticorrelated_pairs_antipodal():
    """Elhage et al. 2022, section "Organization": four features in two dimensions, two groups of two."""
    groups = ((0, 1), (2, 3))
    correlated = optimum(Setting(4, 2, 0.1, law="correlated", groups=groups), 16)
    cosines = _cosines(correlated.weights.W)
    assert max(abs(cosines[0, 1]), abs(cosines[2, 3])) < 0.1
    anticorrelated = optimum(Setting(4, 2, 0.1, law="anticorrelated", groups=groups), 16)
    cosines = _cosines(anticorrelated.weights.W)
    assert max(cosines[0, 1], cosines[2, 3]) < -0.999
    assert anticorrelated.loss < 1e-14  # of two antipodes that are never on together nothing is lost


def _cosines(W: np.ndarray) -> np.ndarray:
    unit = W / np.linalg.norm(W, axis=0)
    return unit.T @ unit


@pytest.mark.parametrize("tied", [True, False])
def test_linear_readouts_reach_weighted_pca(tied):
    """A linear readout keeps the most important variances; untied it reaches what weighted PCA leaves."""
    setting = Setting(4, 2, 0.3, (1.0, 1.0, 0.5, 0.2) if not tied else 1.0, readout="linear", tied=tied)
    best = optimum(setting, 16)
    assert best.loss == pytest.approx(linear_loss(setting), rel=1e-9)


def test_halves_of_signed_features_are_pairs_of_which_at_most_one_is_on():
    density = np.random.default_rng(8).uniform(0.1, 0.9, size=(2, 3))
    pairs = Structure(law="anticorrelated", groups=tuple((j, j + 3) for j in range(3)))
    expected = moments(np.tile(density / 2, 2), pairs)
    for target, minus in (("identity", -1.0), ("abs", 1.0)):
        found = half_moments(density, Structure(values="signed", target=target))
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-14)
        np.testing.assert_allclose(found.second, expected.second, rtol=1e-14)
        np.testing.assert_allclose(found.cross, expected.second[:, :3] + minus * expected.second[:, 3:], atol=1e-16)
        np.testing.assert_allclose(found.target_square, density / 3, rtol=1e-14)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("readout", ["relu", "linear"])
def test_binary_rows_have_the_derivatives_of_the_sum_over_inputs(law, readout, monkeypatch):
    """Row by row over (G_i, b_i), in parts, against all weights at once."""
    random = np.random.default_rng([LAWS.index(law), len(readout)])
    monkeypatch.setattr("tegum.theory.loss.states._AT_ONCE", 64)
    for tied, bias in product((True, False), repeat=2):
        setting = random_setting(random, 4, values="binary", law=law, readout=readout, tied=tied, bias=bias)
        setting = replace(setting, l1=0.0)
        weights = random_weights(random, setting)
        whole = population_loss(weights, setting, method="enumeration", order=2)
        outward = None if tied else weights.outward[None]
        found = expansion(weights.W[None], weights.b[None], law_of(setting), outward)
        assert found.loss[0] == pytest.approx(whole.loss, rel=1e-13)
        np.testing.assert_allclose(found.hessian[0], whole.hessian, rtol=1e-12, atol=1e-13)
        slopes = parameters(
            *(part[None] for part in (whole.gradient.W, whole.gradient.b)),
            None if tied else whole.gradient.W_out[None],
            bias,
        )
        np.testing.assert_allclose(found.gradient, slopes, rtol=1e-12, atol=1e-14)
