"""The exact loss: two routes, exact rational numbers and Monte Carlo agree, within the bounds reported."""

from fractions import Fraction

import numpy as np
import pytest
from cases import KINDS, exact_loss, exact_row, random_case, random_cases

from tegum.theory.errors import InputError
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.objective import expansion, expansion_at, parameters
from tegum.theory.loss.population import population_loss
from tegum.theory.loss.transform import transformed_rows
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix

# Relative agreement that the two routes owe each other (the transform's harmonics stop at 1e-13 per feature).
AGREEMENT = {"generic": 1e-10, "opposite and equal": 1e-10, "zero biases": 1e-10}
NEAR_DEGENERATE = 1e-9


def test_enumeration_and_transform_agree_and_stay_within_their_bounds():
    for label, weights, setting in random_cases(seed=1, of_each=40):
        one, other = (population_loss(weights, setting, method) for method in ("enumeration", "transform"))
        assert (one.method, other.method) == ("enumeration", "transform")
        difference = abs(one.loss - other.loss)
        assert difference <= AGREEMENT.get(label.split(" n=")[0], NEAR_DEGENERATE) * one.loss, label
        assert difference <= one.error + other.error, label
        assert one.error <= 1e-10 * one.loss, label
        np.testing.assert_allclose(one.per_feature.sum(), one.loss, rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradient_of_each_row_equal_exact_rationals_within_their_bounds(kind):
    random = np.random.default_rng(2)
    for _ in range(3):
        label, weights, setting = random_case(random, int(random.integers(2, 6)), kind)
        G, b, law = overlap_matrix(weights)[None], weights.b[None], law_of(setting)
        routes = {
            "enumeration": enumerated_rows(G, b, law.density, law.importance, order=1, bounded=True),
            "transform": transformed_rows(G, b, law.density, law.importance),
        }
        for i in range(setting.count):
            loss, slopes = exact_row(G[0, i], b[0, i], setting.density, setting.importance[i], i)
            for route, rows in routes.items():
                assert abs(Fraction(float(rows.loss[0, i])) - loss) <= rows.error[0, i], (label, route)
                worst = max(
                    abs(Fraction(float(got)) - exact) for got, exact in zip(rows.gradient[0, i], slopes, strict=True)
                )
                assert worst <= rows.gradient_error[0, i], (label, route)
            assert abs(Fraction(float(routes["enumeration"].loss[0, i])) - loss) <= 1e-12 * loss + Fraction(1, 10**18)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6, 1e-8])
def test_harmonics_left_out_of_the_transform_stay_below_their_bounds(tolerance):
    """With few harmonics the tails are seen, not rounding; the bounds hold, and are not absurdly wide."""
    slack = []
    for label, weights, setting in random_cases(seed=10, of_each=15):
        G, b, law = overlap_matrix(weights)[None], weights.b[None], law_of(setting)
        few = transformed_rows(G, b, law.density, law.importance, tolerance)
        exact = enumerated_rows(G, b, law.density, law.importance)
        assert (np.abs(few.loss - exact.loss) <= few.error).all(), label
        assert (np.abs(few.gradient - exact.gradient).max(axis=-1) <= few.gradient_error).all(), label
        slack += list((few.error / (np.abs(few.loss - exact.loss) + 1e-15)).ravel())
    assert np.quantile(slack, 0.05) < 1e4


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-10])
def test_periods_shorter_than_the_range_keep_their_bounds(tolerance):
    """Many rare features: the range of z is far longer than where z ever is, and the series' period is cut."""
    random = np.random.default_rng(11)
    for _ in range(6):
        W, b = random.normal(size=(3, 12)), 0.2 * random.normal(size=12)
        setting, weights = Setting(12, 3, tuple(random.uniform(0.003, 0.03, size=12))), Weights(W, b)
        G, law = overlap_matrix(weights)[None], law_of(setting)
        few = transformed_rows(G, b[None], law.density, law.importance, tolerance)
        exact = enumerated_rows(G, b[None], law.density, law.importance)
        assert (np.abs(few.loss - exact.loss) <= few.error).all()
        assert (np.abs(few.gradient - exact.gradient).max(axis=-1) <= few.gradient_error).all()
        assert few.error.max() <= 1.2 * tolerance + 1e-11


def test_exact_rationals_are_what_monte_carlo_samples():
    """The oracle itself against 4·10⁶ samples of the law, which knows nothing of box integrals."""
    random = np.random.default_rng(3)
    for kind in ("generic", "almost dropped", "almost orthogonal pairs"):
        label, weights, setting = random_case(random, 4, kind)
        mean, standard_error = _monte_carlo(weights, setting, 4_000_000, random)
        exact = population_loss(weights, setting)
        assert standard_error < 2e-3 * exact.loss, label  # a cap on the test's own noise
        assert abs(mean - exact.loss) < 4 * standard_error, label
        # Negative control: the same samples refuse a loss that is wrong by 2 %.
        assert abs(mean - 1.02 * exact.loss) > 4 * standard_error, label


def _monte_carlo(weights: Weights, setting: Setting, samples: int, random: np.random.Generator) -> tuple[float, float]:
    total, squares = 0.0, 0.0
    for _ in range(8):
        on = random.random((samples // 8, setting.count)) < np.array(setting.density)
        x = on * random.random((samples // 8, setting.count))
        rebuilt = np.maximum(x @ weights.W.T @ weights.W + weights.b, 0.0)
        each = ((x - rebuilt) ** 2) @ np.array(setting.importance)
        total, squares = total + each.sum(), squares + (each**2).sum()
    mean = total / samples
    return mean, float(np.sqrt((squares / samples - mean**2) / samples))


def test_gradients_match_finite_differences_of_exact_rationals():
    random = np.random.default_rng(4)
    _, weights, setting = random_case(random, 4, "generic")
    G, b, law = overlap_matrix(weights)[None], weights.b[None], law_of(setting)
    rows = enumerated_rows(G, b, law.density, law.importance)
    step = Fraction(1, 10**7)

    def shifted_loss(i: int, place: int, by: Fraction) -> Fraction:
        row = [Fraction(x) for x in [*G[0, i], b[0, i]]]
        row[place] += by
        return exact_loss(row[:-1], row[-1], setting.density, setting.importance[i], i)

    for i in range(setting.count):
        for k in range(setting.count + 1):
            slope = (shifted_loss(i, k, step) - shifted_loss(i, k, -step)) / (2 * step)
            assert abs(float(slope) - rows.gradient[0, i, k]) < 1e-9


def test_gradient_and_hessian_of_whole_models_match_finite_differences():
    random = np.random.default_rng(5)
    for features, hidden in ((2, 1), (5, 2), (4, 4)):
        W, b = 0.7 * random.normal(size=(2, hidden, features)), 0.2 * random.normal(size=(2, features))
        law = Law(random.uniform(0.05, 0.9, (2, features)), random.uniform(0.3, 1.0, (2, features)))
        theta, step = parameters(W, b), 1e-5
        at = expansion(W, b, law)
        for k, direction in enumerate(np.eye(theta.shape[1])):
            ahead, behind = (expansion_at(theta + s * direction, law) for s in (step, -step))
            np.testing.assert_allclose((ahead.loss - behind.loss) / (2 * step), at.gradient[:, k], atol=1e-8)
            np.testing.assert_allclose((ahead.gradient - behind.gradient) / (2 * step), at.hessian[:, k], atol=1e-6)


def test_loss_is_invariant_under_rotation_permutation_and_scale_of_importance():
    random = np.random.default_rng(6)
    for _, weights, setting in random_cases(seed=6, of_each=3):
        base = population_loss(weights, setting).loss
        turn = np.linalg.qr(random.normal(size=(setting.hidden,) * 2))[0]
        order = random.permutation(setting.count)
        turned = Weights((turn @ weights.W)[:, order], weights.b[order])
        density, importance = np.array(setting.density)[order], np.array(setting.importance)[order]
        moved = Setting(setting.count, setting.hidden, tuple(density), tuple(3.0 * importance))
        np.testing.assert_allclose(population_loss(turned, moved).loss, 3.0 * base, rtol=1e-11)


def test_limits_that_the_loss_must_meet():
    p = 0.3
    dropped = Weights(np.zeros((1, 1)), np.array([p / 2]))
    assert population_loss(dropped, Setting(1, 1, p)).loss == pytest.approx(p / 3 - p**2 / 4, rel=1e-15)
    silent = Weights(np.zeros((2, 3)), -np.ones(3))
    assert population_loss(silent, Setting(3, 2, p)).loss == pytest.approx(3 * p / 3, rel=1e-15)
    perfect = Weights(np.eye(3), np.zeros(3))
    assert population_loss(perfect, Setting(3, 3, p)).loss == pytest.approx(0.0, abs=1e-16)
    for density in (0.0, 0.2, 1.0):
        pair = Weights(np.array([[1.0, -1.0]]), np.zeros(2))
        assert population_loss(pair, Setting(2, 1, density)).loss == pytest.approx(density**2 / 3, abs=1e-16)


def test_one_hot_limit_is_the_loss_of_single_features():
    """L(p)/p -> Σ_i E over exactly one active feature as p -> 0 (polygon of Chen et al. 2023, k = 5)."""
    squared_norm, bias = 1.17046**2, -0.28230  # their (l*, b*)
    angle = 2 * np.pi * np.arange(5) / 5
    pentagon = Weights(np.sqrt(squared_norm) * np.array([np.cos(angle), np.sin(angle)]), np.full(5, bias))
    p = 1e-7
    # H = 0.23738 is summed over three units of E x²: their L = H / (3 c) for one of c features.
    assert 3 * population_loss(pentagon, Setting(5, 2, p)).loss / p == pytest.approx(0.23738, abs=1e-5)


def test_ensembles_are_evaluated_model_by_model():
    random = np.random.default_rng(8)
    W, b = random.normal(size=(40, 2, 5)), 0.1 * random.normal(size=(40, 5))
    setting = Setting(5, 2, 0.2)
    together = population_loss(Weights(W, b), setting)
    for k in (0, 17, 39):
        alone = population_loss(Weights(W[k], b[k]), setting)
        assert together.loss[k] == alone.loss
        assert together.error[k] == alone.error
        np.testing.assert_array_equal(together.per_feature[k], alone.per_feature)


def test_many_features_take_the_transform():
    random = np.random.default_rng(9)
    W, b = random.normal(size=(4, 24)) / 2, -0.2 * np.abs(random.normal(size=24))
    setting, weights = Setting(24, 4, 0.1), Weights(W, b)
    exact = population_loss(weights, setting)
    assert exact.method == "transform"
    assert exact.error < 1e-7 * exact.loss
    G, law = overlap_matrix(weights)[None], law_of(setting)
    sharper = transformed_rows(G, b[None], law.density, law.importance, 1e-13)
    assert abs(sharper.loss.sum() - exact.loss) <= exact.error
    mean, standard_error = _monte_carlo(weights, setting, 800_000, random)
    assert abs(mean - exact.loss) < 4 * standard_error < 0.02 * exact.loss


def test_weights_of_another_shape_are_refused():
    with pytest.raises(InputError, match="hidden = 1 and count = 3"):
        population_loss(Weights(np.ones((1, 2)), np.zeros(2)), Setting(3, 1, 0.1))
