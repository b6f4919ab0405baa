"""Trained to the end, a fast kernel's runs have the reference's distribution of exact losses and geometries."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import fisher_exact, ks_2samp

from tegum.empirical.ensemble import Ensemble
from tegum.empirical.kernels import PREFERRED
from tegum.empirical.plan import Training
from tegum.empirical.training import train_cells
from tegum.theory.geometry.identify import identify_ensemble
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting

SETTING = Setting(count=4, hidden=2, density=0.15, importance=[1.0, 0.8, 0.6, 0.4])
TRAINING = Training(runs=24, steps=200, batch_size=64, learning_rate=0.05, device="cpu")
TOO_SLOW = 0.005  # a learning rate that does not reach the end
NEVER, ALWAYS = 1e-4, 1e-3  # levels at which laws count as different, and as not shown to be


@cache
def trained(kernel: str, seed: int, learning_rate: float = TRAINING.learning_rate) -> Ensemble:
    return train_cells([SETTING], replace(TRAINING, kernel=kernel, seed=seed, learning_rate=learning_rate))


def losses(ensemble: Ensemble) -> np.ndarray:
    return np.asarray(population_loss(ensemble.weights, SETTING).loss)


def pairs_of_pairs(ensemble: Ensemble) -> int:
    """How many runs are two antipodal pairs."""
    return sum(one.geometry == "2*digon" for one in identify_ensemble(ensemble.weights.W, tolerance=0.2))


@pytest.mark.parametrize("kernel", PREFERRED["cpu"])
def test_losses_have_the_references_distribution(kernel):
    reference = losses(trained("reference", 0))
    assert ks_2samp(losses(trained(kernel, 1)), reference).pvalue > ALWAYS
    slower = losses(trained(kernel, 1, TOO_SLOW))
    assert ks_2samp(slower, reference).pvalue < NEVER


@pytest.mark.parametrize("kernel", PREFERRED["cpu"])
def test_geometries_are_as_frequent(kernel):
    def table(ensemble: Ensemble) -> list[list[int]]:
        found = [pairs_of_pairs(one) for one in (trained("reference", 0), ensemble)]
        return [[count, TRAINING.runs - count] for count in found]

    assert fisher_exact(table(trained(kernel, 1))).pvalue > ALWAYS
    assert fisher_exact(table(trained(kernel, 1, TOO_SLOW))).pvalue < NEVER
