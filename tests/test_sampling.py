"""Inputs follow the feature law, and a run's inputs depend on the run alone."""

from itertools import islice

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from tegum.empirical import sampling
from tegum.empirical.sampling import batches, run_generator, run_seed
from tegum.theory.setting import Setting

CPU = torch.device("cpu")
DENSITY = (0.03, 0.2, 0.7, 0.5)
SAMPLES = 400_000
STANDARD_ERRORS = 4.5  # 7e-6 for each of some fifty deviations


def drawn(setting: Setting, samples: int, run: int = 0, seed: int = 0, batch_size: int = 1000) -> np.ndarray:
    """Inputs of one run, [samples, features]."""
    generator = run_generator(setting, run, seed, CPU)
    steps = batches(torch.tensor([setting.density]), [generator], batch_size)
    return np.concatenate([x[0].T.numpy().copy() for x in islice(steps, samples // batch_size)]).astype(float)


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
    u = torch.zeros(1, 1, 3, 2)
    sampling._features_from_uniform(u, torch.tensor([0.0, 0.5, 1.0])[None, None, :, None])
    assert (u == 0).all()


def test_a_number_just_below_the_density_is_on_and_the_density_itself_is_off():
    density = torch.rand(100_000, generator=torch.Generator().manual_seed(0)).clamp(min=1e-6)
    below = torch.nextafter(density, torch.tensor(0.0))
    u = torch.stack([below, density])[None, None]  # [1, 1, 2, values]
    sampling._features_from_uniform(u, density)
    assert (u[0, 0, 0] > 0).all()
    assert (u[0, 0, 0] < 1).all()
    assert (u[0, 0, 1] == 0).all()


@pytest.mark.parametrize("numbers", [1, 60, 2**10, 2**16])
def test_inputs_do_not_depend_on_how_many_numbers_are_drawn_at_a_time(monkeypatch, numbers):
    setting = Setting(count=3, hidden=2, density=0.3)
    usual = drawn(setting, 4000, batch_size=20)
    monkeypatch.setattr(sampling, "_NUMBERS_PER_DRAW", numbers)
    np.testing.assert_array_equal(drawn(setting, 4000, batch_size=20), usual)


def test_inputs_do_not_depend_on_the_company():
    setting = Setting(count=3, hidden=2, density=0.3)
    other = Setting(count=3, hidden=2, density=0.6)
    alone = drawn(setting, 50_000, run=2, seed=5, batch_size=100)
    generators = [run_generator(s, run, 5, CPU) for s, run in [(other, 2), (setting, 0), (setting, 2)]]
    density = torch.tensor([other.density, setting.density, setting.density])
    together = [x[2].T.numpy().copy() for x in islice(batches(density, generators, 100), 500)]
    np.testing.assert_array_equal(np.concatenate(together), alone.astype(np.float32))


def test_seed_run_and_setting_each_change_the_stream():
    setting = Setting(count=3, hidden=2, density=0.3)
    named = [(setting, 0, 0), (setting, 1, 0), (setting, 0, 1), (setting, 11, 1), (setting, 1, 11)]
    named.append((Setting(count=3, hidden=2, density=0.30001), 0, 0))
    assert len({run_seed(*name) for name in named}) == len(named)
    assert all(0 <= run_seed(*name) < 2**64 for name in named)


def test_seed_of_a_run_never_changes():
    # Another number here means other results of every training from a seed.
    assert run_seed(Setting(count=5, hidden=2, density=0.1), 3, 7) == 17965445856037683725


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_too_inputs_follow_the_law_and_do_not_depend_on_the_company():
    setting = Setting(count=4, hidden=2, density=DENSITY)
    device = torch.device("cuda")

    def inputs(runs: list[int]) -> np.ndarray:
        generators = [run_generator(setting, run, 0, device) for run in runs]
        density = torch.tensor([setting.density] * len(runs), device=device)
        steps = islice(batches(density, generators, 1000), SAMPLES // 1000)
        return torch.stack([x[-1] for x in steps]).cpu().double().numpy().swapaxes(1, 2).reshape(-1, 4)

    alone = inputs([3])
    np.testing.assert_array_equal(inputs([0, 1, 3]), alone)
    for power in range(4):
        assert np.abs(moment_deviation(alone, np.array(DENSITY), power)).max() < STANDARD_ERRORS
