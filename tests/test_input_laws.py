"""Inputs of every law have theory's moments, joint activations and states; masks and magnitudes are each run's own."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest

from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches
from tegum.empirical.stream import run_key
from tegum.theory.loss.law import law_of, structure_of
from tegum.theory.loss.moments import joint_density, moments
from tegum.theory.loss.states import binary_states
from tegum.theory.setting import Setting

SAMPLES = 400_000
STANDARD_ERRORS = 4.5  # 7e-6 for each of some hundred deviations

DENSITY = (0.3, 0.3, 0.05, 0.2, 0.2)
GROUPS = [[0, 1], [3, 4]]
LAWS = {
    "independent": {"density": DENSITY},
    "correlated": {"density": DENSITY, "groups": GROUPS},
    "anticorrelated": {"density": DENSITY, "groups": [[0, 1, 3], [2, 4]]},
    "full": {"law": "anticorrelated", "density": (0.3, 0.7, 0.1, 0.2, 0.2), "groups": [[0, 1]]},
    "one-hot": {"density": (0.1, 0.5, 0.0, 0.15, 0.25)},
}


def setting_of(law: str, values: str = "uniform") -> Setting:
    return Setting(**{"count": 5, "hidden": 2, "law": law, "values": values} | LAWS[law])


def drawn(setting: Setting, runs: int = 1) -> np.ndarray:
    """[runs, samples, features], in double precision."""
    keys = np.array([run_key(setting, run, 0) for run in range(runs)], dtype=np.uint64)
    training = Training(batch_size=SAMPLES // 10)
    draw = batches([setting] * runs, keys, training, torch.device("cpu"))
    return np.concatenate([draw(step).mT.double().numpy() for step in range(10)], axis=1)


def deviations(values: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(mean over samples - its expectation) in standard errors of the samples, or in 1e-9 where they do not vary."""
    error = np.maximum(values.std(axis=0) / np.sqrt(len(values)), 1e-9)
    assert (error < 0.05 * np.abs(mean) + 0.002).all()  # a noisier test would accept wrong laws
    return (values.mean(axis=0) - mean) / error


def products(x: np.ndarray) -> np.ndarray:
    return x[:, :, None] * x[:, None, :]


@pytest.mark.parametrize("values", ["uniform", "signed", "binary"])
@pytest.mark.parametrize("law", LAWS)
def test_moments_and_joint_activations_are_those_of_theory(law, values):
    setting = setting_of(law, values)
    x = drawn(setting)[0]
    theory = moments(law_of(setting).density, structure_of(setting))
    together = joint_density(law_of(setting).density, structure_of(setting))[0]
    assert np.abs(deviations(x, theory.mean[0])).max() < STANDARD_ERRORS
    assert np.abs(deviations(products(x), theory.second[0])).max() < STANDARD_ERRORS
    assert np.abs(deviations(x**2, theory.target_square[0])).max() < STANDARD_ERRORS
    assert np.abs(deviations(products((x != 0).astype(float)), together)).max() < STANDARD_ERRORS


@pytest.mark.parametrize("law", ["correlated", "anticorrelated", "one-hot"])
def test_the_joint_activations_of_independent_features_are_rejected(law):
    setting = setting_of(law)
    on = (drawn(setting)[0] != 0).astype(float)
    independent = np.outer(setting.density, setting.density)
    apart = np.abs(on.T @ on / len(on) - independent)[np.triu_indices(5, 1)]
    assert apart.max() > 0.05  # more than twenty standard errors


@pytest.mark.parametrize("law", LAWS)
def test_every_state_is_as_frequent_as_theory_says(law):
    setting = setting_of(law, "binary")
    x = drawn(setting)[0]
    states = binary_states(law_of(setting).density, structure_of(setting))
    code = 1 << np.arange(5)
    seen = np.bincount((x @ code).astype(int), minlength=32)
    expected = np.bincount((states.x @ code).astype(int), states.probability[0], minlength=32) * len(x)
    assert (seen[expected < 1e-6] == 0).all()
    kept = expected > 5
    statistic = ((seen - expected)[kept] ** 2 / expected[kept]).sum()
    assert statistic < chi2.isf(1e-5, kept.sum())
    off = expected * np.where(np.arange(32) % 2, 1.05, 1.0)  # a feature five per cent more frequent is noticed
    assert ((seen - off)[kept] ** 2 / off[kept]).sum() > chi2.isf(1e-5, kept.sum())


@pytest.mark.parametrize("law", LAWS)
def test_magnitudes_are_uniform_whatever_else_is_on(law):
    x = drawn(setting_of(law, "signed"))[0]
    for i in range(5):
        on = x[x[:, i] != 0, i]
        if len(on):
            assert kstest(on, "uniform", args=(-1, 2)).pvalue > 1e-4
            assert kstest(np.sign(on) * np.abs(on) ** 1.1, "uniform", args=(-1, 2)).pvalue < 1e-4
    both = x[(x[:, 0] != 0) & (x[:, 1] != 0)]
    if len(both):
        assert abs(np.corrcoef(np.abs(both[:, 0]), np.abs(both[:, 1]))[0, 1]) < STANDARD_ERRORS / np.sqrt(len(both))


@pytest.mark.parametrize("part", [lambda x: x, lambda x: (x != 0).astype(float)], ids=["magnitudes", "masks"])
@pytest.mark.parametrize("law", ["independent", "correlated", "one-hot"])
def test_runs_are_independent_of_each_other(law, part):
    one, other = part(drawn(setting_of(law), runs=2))
    kept = one.std(axis=0) > 0
    between = np.corrcoef(one[:, kept], other[:, kept], rowvar=False)[: kept.sum(), kept.sum() :]
    assert np.abs(between).max() * np.sqrt(SAMPLES) < STANDARD_ERRORS
    within = np.corrcoef(one[:, kept], one[:, kept], rowvar=False)
    assert np.abs(within).max() > 0.99  # what two equal runs would show


def test_one_hot_has_exactly_one_feature_on_even_where_probabilities_do_not_quite_add_up():
    setting = Setting(count=3, hidden=1, law="one-hot", density=[1 / 3, 1 / 3, 0.3333333333])
    assert ((drawn(setting)[0] != 0).sum(axis=1) == 1).all()
