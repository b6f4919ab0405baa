"""Inputs follow the feature law, and a run's inputs depend on the run alone."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches, features_from_uniforms, sampler
from tegum.empirical.stream import run_key
from tegum.theory.setting import Setting

CPU = torch.device("cpu")
DENSITY = (0.03, 0.2, 0.7, 0.5)
SAMPLES, STEPS = 400_000, 10
STANDARD_ERRORS = 4.5  # 7e-6 for each of some fifty deviations


def drawn(setting: Setting, samples: int, run: int = 0, seed: int = 0) -> np.ndarray:
    """Inputs of one run, [samples, features]."""
    keys = np.array([run_key(setting, run, seed)], dtype=np.uint64)
    per_step = samples // STEPS
    draw = batches([setting], keys, Training(batch_size=per_step), CPU)
    return np.concatenate([draw(step)[0].T.numpy() for step in range(STEPS)]).astype(float)


def moment_deviation(x: np.ndarray, density: np.ndarray, power: int) -> np.ndarray:
    """(mean of x^k - E x^k) in standard errors of the law: E x^k = p/(k+1), of which k = 0 is P(x > 0) = p."""
    mean = density / (power + 1)
    error = np.sqrt((density / (2 * power + 1) - mean**2) / len(x))
    assert (error < 0.02 * mean).all()  # a noisier test would accept wrong laws
    values = x**power if power else x > 0
    return (values.mean(axis=0) - mean) / error


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return drawn(Setting(count=4, hidden=2, density=DENSITY), SAMPLES)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_frequency_and_moments_are_those_of_the_law(x, power):
    assert np.abs(moment_deviation(x, np.array(DENSITY), power)).max() < STANDARD_ERRORS


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_a_density_fifteen_per_cent_off_is_rejected(x, power):
    wrong = 1.15 * np.array(DENSITY)
    assert np.abs(moment_deviation(x, wrong, power)).min() > STANDARD_ERRORS


@pytest.mark.parametrize("feature", range(4))
def test_magnitude_is_uniform_given_that_the_feature_is_on(x, feature):
    magnitude = x[x[:, feature] > 0, feature]
    assert len(magnitude) > 10_000
    assert kstest(magnitude, "uniform").pvalue > 1e-4
    assert kstest(magnitude**1.1, "uniform").pvalue < 1e-4  # a law this near is noticed


def correlation_deviations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Correlations of columns in standard errors; 1/sqrt(samples) where the columns are independent."""
    count = left.shape[1]
    return np.corrcoef(left, right, rowvar=False)[:count, count:] * np.sqrt(len(left))


@pytest.mark.parametrize("part", [lambda x: x, lambda x: (x > 0).astype(float)], ids=["value", "mask"])
def test_features_and_inputs_are_independent(x, part):
    values = part(x)
    between_features = correlation_deviations(values, values)[np.triu_indices(4, 1)]
    between_inputs = correlation_deviations(values[:-1], values[1:])
    other_run = part(drawn(Setting(count=4, hidden=2, density=DENSITY), SAMPLES, run=1))
    between_runs = correlation_deviations(values, other_run)
    for deviations in (between_features, between_inputs, between_runs):
        assert np.abs(deviations).max() < STANDARD_ERRORS


def test_magnitude_is_independent_of_the_other_features_masks(x):
    for i in range(4):
        on = x[:, i] > 0
        others = np.delete(x[on] > 0, i, axis=1).astype(float)
        assert np.abs(correlation_deviations(x[on, i : i + 1], others)).max() < STANDARD_ERRORS


def test_correlated_columns_are_noticed(x):
    mixed = x.copy()
    mixed[:, 0] = np.where(np.arange(len(x)) % 50 == 0, mixed[:, 1], mixed[:, 0])
    assert abs(correlation_deviations(mixed, mixed)[0, 1]) > STANDARD_ERRORS


def test_density_zero_is_never_on_and_density_one_always():
    x = drawn(Setting(count=3, hidden=1, density=[0.0, 1.0, 1e-60]), 100_000)
    assert np.isfinite(x).all()
    assert (x[:, [0, 2]] == 0).all()
    assert kstest(x[:, 1], "uniform").pvalue > 1e-4
    assert ((x >= 0) & (x < 1)).all()


def test_the_uniform_number_zero_is_harmless():
    law = sampler([Setting(count=3, hidden=1, density=[0.0, 0.5, 1.0])], CPU)
    x = features_from_uniforms(torch.zeros(1, 3, 2), law)
    assert (x == 0).all()


def test_a_number_just_below_the_density_is_on_and_the_density_itself_is_off():
    density = torch.rand(10_000, generator=torch.Generator().manual_seed(0)).clamp(min=1e-6)
    law = sampler([Setting(count=10_000, hidden=1, density=density.tolist())], CPU)
    u = torch.stack([torch.nextafter(density, torch.tensor(0.0)), density], dim=1)[None]
    x = features_from_uniforms(u, law)[0]
    assert ((x[:, 0] > 0) & (x[:, 0] < 1)).all()
    assert (x[:, 1] == 0).all()


def test_inputs_do_not_depend_on_the_company():
    setting = Setting(count=3, hidden=2, density=0.3)
    other = Setting(count=3, hidden=2, density=0.6)
    named = [(other, 2), (setting, 0), (setting, 2)]
    keys = np.array([run_key(*name, 5) for name in named], dtype=np.uint64)
    together = batches([name[0] for name in named], keys, Training(), CPU)
    alone = batches([setting], keys[2:], Training(), CPU)
    for step in (0, 7, 2**40):
        np.testing.assert_array_equal(together(step)[2], alone(step)[0])


def test_seed_run_and_setting_each_change_the_stream():
    setting = Setting(count=3, hidden=2, density=0.3)
    named = [(setting, 0, 0), (setting, 1, 0), (setting, 0, 1), (setting, 11, 1), (setting, 1, 11)]
    named.append((Setting(count=3, hidden=2, density=0.30001), 0, 0))
    assert len({run_key(*name) for name in named}) == len(named)
    assert all(0 <= run_key(*name) < 2**64 for name in named)


def test_key_of_a_run_never_changes():
    # Another number here means other results of every training from a seed.
    assert run_key(Setting(count=5, hidden=2, density=0.1), 3, 7) == 17965445856037683725
