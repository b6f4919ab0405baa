"""The best run is the one of least exact loss among those of its setting."""

import numpy as np
import pytest

from tegum.empirical.best import best_of
from tegum.empirical.plan import Training
from tegum.empirical.training import train_cells
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

PAIR, TRIPLE = Setting(count=3, hidden=1, density=0.2), Setting(count=3, hidden=1, density=0.05)


def test_it_is_the_least_loss_of_each_setting_in_their_order():
    ensemble = train_cells([PAIR, TRIPLE], Training(runs=5, steps=100, batch_size=32, device="cpu"))
    mixed = ensemble[[7, 0, 3, 9, 1, 8, 2, 5]]
    found = best_of(mixed)
    assert [one.setting for one in found] == [TRIPLE, PAIR]
    assert [one.runs for one in found] == [4, 4]
    for one in found:
        rows = [row for row, setting in enumerate(mixed.settings) if setting == one.setting]
        losses = np.asarray(population_loss(mixed.weights, one.setting).loss)[rows]
        assert one.loss == losses.min()
        assert one.place == rows[int(losses.argmin())]
        np.testing.assert_array_equal(one.weights.W, mixed.weights.W[one.place])
        assert one.loss == pytest.approx(population_loss(one.weights, one.setting).loss, rel=1e-12)
        assert 0 < one.error < 1e-12


@pytest.mark.parametrize(("tied", "within"), [(True, 1.005), (False, 1.03)])
def test_it_comes_close_to_the_theoretical_optimum(tied, within):
    setting = Setting(count=2, hidden=1, density=0.2, tied=tied)
    training = Training(runs=4, steps=600, learning_rate=0.03, batch_size=512, device="cpu")
    (best,) = best_of(train_cells([setting], training))
    predicted = optimum(setting, 16).loss
    assert predicted * (1 - 1e-9) < best.loss < within * predicted
