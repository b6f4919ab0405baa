"""What Lecomte et al.'s quantities are made of, by hand and by differences."""

import numpy as np
import pytest

from tegum.papers.lecomte2023.quantities import noisy_slope, participation


def test_participation_counts_the_neurons_that_share_a_feature_whatever_its_length():
    for k in (1, 2, 5):
        spread = np.pad(np.ones(k), (0, 8 - k))
        assert participation(np.stack([spread, -3 * spread, 0.1 * spread])) == pytest.approx(1 / k, rel=1e-12)
    random = np.random.default_rng(0).normal(size=(2000, 64))
    assert participation(random).mean() == pytest.approx(3 / 66, rel=0.02)  # 3/(m + 2) of a random direction


def test_the_slope_is_that_of_the_loss_with_noise():
    random = np.random.default_rng(1)
    W, noise, way = random.normal(size=(3, 2, 4, 6))

    def losses(step):
        outputs = (W + step * way + noise) @ (W + step * way).swapaxes(1, 2)
        return ((np.maximum(outputs, 0) - np.eye(4)) ** 2).sum(axis=(1, 2))

    expected = (losses(1e-6) - losses(-1e-6)) / 2e-6
    np.testing.assert_allclose(2 * (noisy_slope(W, noise) * way).sum(axis=(1, 2)), expected, rtol=1e-6)
