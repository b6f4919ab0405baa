"""The optimum of a ReLU hidden layer: on samples no worse than training, and exact where its units are decided."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tegum.cli import main
from tegum.empirical.training import train
from tegum.theory.errors import InputError
from tegum.theory.loss.halves import are_decided
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.objective import parameters, weights_of
from tegum.theory.loss.points import point_sums
from tegum.theory.loss.population import population_loss
from tegum.theory.loss.quasi import features_of, sobol_points
from tegum.theory.loss.sample import Sample, sampled_loss, scrambled_sample
from tegum.theory.search.decided import decided_nearby, descend_decided
from tegum.theory.search.held import obeys_kinks, settle_freely, settle_held
from tegum.theory.search.neurons import neuron_starts
from tegum.theory.search.optimum import optimum
from tegum.theory.search.sampled_mode import sampled_curvature
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

ABSOLUTE = Setting(2, 4, 0.3, values="signed", activation="relu", target="abs", tied=False)
TIED = Setting(3, 2, 0.5, activation="relu")


@pytest.fixture(scope="module")
def tied():
    return optimum(TIED, 16)


@pytest.fixture(scope="module")
def one_short():
    """One unit less than two for each feature, which matter alike."""
    return optimum(replace(ABSOLUTE, hidden=3), 8)


def theta_of(weights: Weights, setting: Setting) -> np.ndarray:
    outward = None if setting.tied else weights.outward[None]
    return parameters(weights.W[None], weights.b[None], outward, setting.bias)[0]


def random_theta(setting: Setting, models: int = 1) -> np.ndarray:
    size = setting.count * (setting.hidden * (1 if setting.tied else 2) + setting.bias)
    return np.random.default_rng(3).normal(size=(models, size))


# The loss over a sample.


@pytest.mark.parametrize(
    "setting",
    [
        TIED,
        replace(ABSOLUTE, l1=0.1, tied=True),
        Setting(4, 2, 0.2, law="correlated", groups=((0, 1),), values="signed", activation="relu"),
        Setting(4, 2, 0.2, law="anticorrelated", groups=((0, 1, 2),), activation="relu", readout="linear"),
    ],
)
def test_merging_inputs_without_a_feature_changes_nothing(setting):
    """The sample's loss is that of the same points one by one; its gradient that of differences."""
    law, theta = law_of(setting, 2), random_theta(setting, 2)
    found = scrambled_sample(law, 200, np.random.default_rng(5))
    random = np.random.default_rng(5)
    for exponent in (12, int(np.log2(found.points))):
        points = sobol_points(law.structure, setting.count, exponent, random)
    x = features_of(points, law.density[:1], law.structure)
    assert found.probability.sum() == pytest.approx(1, abs=1e-12)
    assert found.x.shape[1] < found.points
    W, b, W_out = weights_of(theta, setting.count, law.structure)
    outward = W.swapaxes(1, 2) if W_out is None else W_out
    sums = point_sums(W, outward, b, law, x, np.full((1, found.points), 1 / found.points))
    loss, gradient = sampled_loss(theta, law, found)
    np.testing.assert_allclose(loss, sums.per_feature.sum(axis=1) + sums.penalty, rtol=1e-12)
    step = 1e-7
    for k in range(theta.shape[1]):
        ends = [sampled_loss(theta + sign * step * np.eye(theta.shape[1])[k], law, found)[0] for sign in (1, -1)]
        np.testing.assert_allclose((ends[0] - ends[1]) / (2 * step), gradient[:, k], atol=2e-3 * np.abs(gradient).max())


def test_a_sample_agrees_with_the_exact_loss_where_there_is_one():
    setting = Setting(4, 2, 0.3)
    law, theta = law_of(setting), 0.5 * random_theta(setting)
    W, b, _ = weights_of(theta, 4)
    exact = population_loss(Weights(W[0], b[0]), setting).loss
    errors = []
    for active in (2**8, 2**12):
        streams = [np.random.default_rng([seed, active]) for seed in range(6)]
        losses = [sampled_loss(theta, law, scrambled_sample(law, active, random))[0][0] for random in streams]
        errors.append(np.std(losses))
        assert abs(np.mean(losses) - exact) < 4 * errors[-1] / np.sqrt(6) + 1e-12
    assert errors[1] < 0.3 * errors[0]
    assert errors[1] < 1e-3 * exact  # a cap on the noise


# Kinks and decided units.


def test_kinks_hold_at_zero_what_does_not_belong_to_a_unit():
    setting = replace(ABSOLUTE, count=2, importance=(1.0, 0.5))
    W, W_out = (np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]))
    start = theta_of(Weights(W + 0.01, np.zeros(2), W_out), setting)
    law = law_of(setting)
    sample = scrambled_sample(law, 2**10, np.random.default_rng(1))
    rest = settle_held(start, law, sample)
    assert rest.converged
    assert obeys_kinks(rest.theta, law, sample)
    held = weights_of(rest.theta[None], 2, law.structure)[0][0]
    np.testing.assert_array_equal(held == 0.0, W == 0.0)
    # Negative control: L-BFGS alone leaves them small, and a weight that should not be zero is not held.
    alone = weights_of(settle_freely(start[None], law, sample).theta, 2, law.structure)[0][0]
    assert (alone != 0.0).all()
    empty = rest.theta.copy()
    empty[0] = 0.0
    assert not obeys_kinks(empty, law, sample)


def test_decided_units_descend_on_the_exact_loss_and_stay_decided():
    """With one unit for two signed features one of them keeps a half, and the other its mean."""
    setting = Setting(2, 1, 0.3, (1.0, 0.01), values="signed", activation="relu", target="abs", tied=False)
    law = law_of(setting)
    near = theta_of(Weights(np.array([[0.8, 0.003]]), np.array([0.1, 0.1]), np.array([[0.9], [0.1]])), setting)
    start = decided_nearby(near, law)
    assert start is not None
    rest = descend_decided(start, law)
    assert rest.converged[0]
    W, b, W_out = weights_of(rest.theta, 2, law.structure)
    assert are_decided(W, law.structure)[0]
    assert W_out is not None
    weights = Weights(W[0], b[0], W_out[0])
    sampled = population_loss(weights, setting, "quasi-monte-carlo")
    assert sampled.error < 1e-3 * sampled.loss
    assert abs(rest.at.loss[0] - sampled.loss) < 5 * sampled.error
    assert decided_nearby(theta_of(Weights(np.ones((1, 2)), np.zeros(2), np.ones((2, 1))), setting), law) is None


def test_two_units_for_each_feature_compute_its_absolute_value_exactly(one_short):
    best = optimum(ABSOLUTE, 8)
    assert best.method == "enumeration"
    assert abs(best.loss) <= best.error < 1e-12
    assert best.at_rest
    assert best.hits > 1
    assert best.hessian_min > 0
    assert best.gradient_norm < 1e-8
    units = best.weights.W / np.abs(best.weights.W).max(axis=1, keepdims=True)
    expected = {(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)}
    assert {tuple(np.round(unit, 9) + 0.0) for unit in units} == expected
    # Negative control: with one unit less something is lost, by far more than the error.
    assert one_short.loss > 100 * one_short.error > 0


@pytest.mark.parametrize("importance", [(1.0, 0.6), (0.6, 1.0)])
def test_the_feature_that_matters_less_keeps_one_half(importance):
    """Three units for two signed features: |x| of one is exact, of the other remains what a half leaves, exactly."""
    best = optimum(replace(ABSOLUTE, hidden=3, importance=importance), 6)
    assert best.method == "enumeration"
    half = Setting(1, 1, 0.3, values="signed", activation="relu", target="abs", tied=False)
    alone = optimum(half, 4)
    assert best.loss == pytest.approx(0.6 * alone.loss, rel=1e-9)
    sampled = population_loss(best.weights, best.setting, "quasi-monte-carlo")
    assert abs(sampled.loss - best.loss) < 5 * sampled.error < 1e-3 * best.loss


def test_what_pays_least_is_dropped_and_the_loss_is_exact():
    """Two units keep the two features that matter most; of the third is lost I (p/3 - p²/4), its variance."""
    for importance in ((1.0, 0.5, 0.2), (0.2, 0.5, 1.0)):
        best = optimum(replace(TIED, importance=importance), 4)
        assert best.loss == pytest.approx(0.2 * (0.5 / 3 - 0.25 / 4), abs=1e-12)
        assert best.error < 1e-12
        assert best.geometry == "2*dedicated + dropped"
        assert best.method == "enumeration"
        assert best.gradient_error == 0.0


# Optima that only samples tell.


def test_the_reported_loss_is_over_inputs_that_the_search_has_not_seen(tied):
    assert tied.method == "quasi-monte-carlo"
    again = population_loss(tied.weights, TIED)
    assert (again.loss, again.error) == (tied.loss, tied.error)
    others = [population_loss(tied.weights, TIED, seed=seed).loss for seed in range(1, 7)]
    assert tied.error < 1e-3 * tied.loss
    assert np.abs(np.array(others) - tied.loss).max() < 6 * tied.error
    # The sample's own loss flatters, or nearly: it is the least over its own points.
    assert tied.sample_loss < tied.loss + 6 * tied.error


def test_the_certificate_is_that_of_a_minimum(tied):
    assert tied.at_rest
    assert tied.hits > 1
    assert tied.hits + tied.abandoned <= tied.starts
    assert tied.gradient_norm < 5 * tied.gradient_error
    assert tied.gradient_error < 1e-2 * float(empty_loss(law_of(TIED))[0])
    assert 0 < tied.hessian_error < tied.hessian_min


def test_no_step_from_the_optimum_lowers_the_loss_over_other_inputs(tied):
    random, law = np.random.default_rng(2), law_of(TIED, 200)
    theta = theta_of(tied.weights, TIED)
    sample = scrambled_sample(law, 2**12, np.random.default_rng(77))
    here = sampled_loss(theta[None], law[:1], sample)[0][0]
    for scale in (0.1, 0.03):
        around = theta + scale * random.normal(size=(200, theta.size)) / np.sqrt(theta.size)
        assert (sampled_loss(around, law, sample)[0] > here).all()
    # Negative control: next to it the loss does fall on the way back.
    off = theta + 0.1
    nearer = theta + 0.09
    ends = sampled_loss(np.array([off, nearer]), law[:2], sample)[0]
    assert ends[1] < ends[0]


def test_trained_models_are_not_better(tied):
    """Elhage et al. 2022, "Computation in superposition": the same models, trained by Adam from random weights."""
    weights = train(TIED, runs=4, steps=1200, device="cpu").weights
    found = population_loss(weights, TIED)
    assert (found.loss > tied.loss - 3 * (found.error + tied.error)).all()
    assert found.loss.min() < 1.02 * tied.loss  # a cap: training comes near


def test_trained_absolute_values_are_not_better(one_short):
    setting = one_short.setting
    found = population_loss(train(setting, runs=4, steps=1200, device="cpu").weights, setting)
    assert (found.loss > one_short.loss - 3 * (found.error + one_short.error)).all()


def test_more_starts_find_no_worse_and_relabelling_changes_nothing(one_short):
    many, setting = one_short, one_short.setting
    few = optimum(setting, 2)
    assert many.loss <= few.loss + 3 * (few.error + many.error)
    assert many.method == "quasi-monte-carlo"
    outward = many.weights.outward[::-1]
    turned = population_loss(Weights(many.weights.W[:, ::-1], many.weights.b[::-1], outward), setting)
    assert turned.loss == pytest.approx(many.loss, abs=4 * (turned.error + many.error))
    order = np.random.default_rng(0).permutation(3)
    assert many.weights.W_out is not None
    moved = Weights(many.weights.W[order], many.weights.b, many.weights.W_out[:, order])
    assert population_loss(moved, setting).loss == pytest.approx(many.loss, rel=1e-12)


def test_an_l1_term_costs_what_it_adds_and_a_large_one_leaves_nothing():
    setting = Setting(2, 2, 0.5, activation="relu")
    plain, slight, heavy = (optimum(replace(setting, l1=l1), 4) for l1 in (0.0, 0.01, 3.0))
    assert abs(plain.loss) <= plain.error
    # Tied weights 1 carry |h| = x: to first order the term adds λ E‖h‖₁ = λ Σ p/2.
    assert 0.9 * 0.01 * 0.5 < slight.loss <= 0.01 * 0.5 + slight.error
    assert heavy.loss == pytest.approx(2 * (0.5 / 3 - 0.25 / 4), rel=1e-9)
    with pytest.raises(InputError, match="no optimum"):
        optimum(replace(setting, l1=0.1, tied=False))


def test_curvature_by_differences_agrees_with_the_exact_hessian():
    """On a linear hidden layer both are known: the pentagon's least curvature without its rotation."""
    setting = Setting(5, 2, 0.1)
    best, law = optimum(setting, 8), law_of(setting)
    samples = [scrambled_sample(law, 2**13, np.random.default_rng([6, half])) for half in (0, 1)]
    found = sampled_curvature(theta_of(best.weights, setting), law, (samples[0], samples[1]))
    assert abs(found.curvature - best.hessian_min) < found.error < 0.3 * best.hessian_min


def test_structured_starts_give_the_first_features_units_of_their_own():
    W, W_out = neuron_starts(ABSOLUTE, 40, 0)
    loss = population_loss(Weights(W, np.zeros((40, 2)), W_out), ABSOLUTE).loss
    assert loss.min() < 1e-3  # one that has all of them is hardly bent
    again = neuron_starts(ABSOLUTE, 40, 0)
    np.testing.assert_array_equal(W, again[0])


# The door.


def test_the_command_prints_the_method_and_its_errors(tmp_path, capsys):
    path = tmp_path / "setting.toml"
    path.write_text('[features]\ncount = 3\ndensity = 0.5\n[model]\nhidden = 2\nactivation = "relu"\n')
    assert main(["optimum", str(path), "--starts", "4", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["method"] == "quasi-monte-carlo"
    assert answer["error"] > 0
    assert answer["gradient_error"] > 0
    assert answer["hessian_error"] > 0
    assert answer["hit_tolerance"] > 0
    assert answer["sample_loss"] == pytest.approx(answer["loss"], rel=1e-2)
    assert main(["optimum", str(path), "--starts", "4"]) == 0
    assert "standard error, quasi-monte-carlo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 40, "hidden": 20}, "are 1640 parameters; the search takes at most 1024"),
        ({"l1": 0.1}, "l1 > 0 with tied = false has no optimum"),
    ],
)
def test_what_the_search_does_not_take_is_refused_by_name(change, message):
    with pytest.raises(InputError, match=message):
        optimum(Setting(**({"count": 3, "hidden": 2, "density": 0.1, "activation": "relu", "tied": False} | change)))


def test_samples_of_other_streams_share_no_input():
    law = law_of(TIED)
    one, other = (scrambled_sample(law, 64, np.random.default_rng([0, stream])) for stream in (11, 12))
    assert isinstance(one, Sample)
    assert not np.isin(one.x[0, :-1], other.x[0, :-1]).all(axis=1).any()
