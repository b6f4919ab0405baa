"""Sampled learning coefficients meet known ones, and descent over levels is plain gradient descent."""

import numpy as np
import pytest
import torch

from tegum.papers.chen2023.descent import checkpoints
from tegum.papers.chen2023.sampling import learning_coefficient, one_hot_losses, sum_of_powers
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def with_zero_overlaps(models, features, seed):
    """Points whose biases have both signs, some of whose features are dead."""
    points = np.random.default_rng(seed).normal(size=(models, 3 * features))
    points[: models // 2, [features - 1, 2 * features - 1]] = 0.0
    return points


@pytest.mark.parametrize("features", [3, 6])
def test_the_batched_loss_is_the_exact_one(features):
    points = with_zero_overlaps(20, features, 0)
    loss, slope = one_hot_losses(points)
    W, b = points[:, : 2 * features].reshape(-1, 2, features), points[:, 2 * features :]
    exact = population_loss(Weights(W, b), Setting(features, 2, law="one-hot"))
    np.testing.assert_allclose(loss, exact.loss, rtol=1e-12)
    np.testing.assert_allclose(slope[:, : 2 * features], exact.gradient.W.reshape(20, -1), atol=1e-12)
    np.testing.assert_allclose(slope[:, 2 * features :], exact.gradient.b, atol=1e-12)


@pytest.mark.parametrize(
    ("exponents", "known"), [([1, 1, 1, 1], 2.0), ([2], 0.25), ([1, 1, 2], 1.25), ([3, 3], 1 / 3), ([1], 0.5)]
)
def test_known_coefficients_are_found(exponents, known):
    found = learning_coefficient(sum_of_powers(exponents), np.zeros(len(exponents)), 1e5, steps=1500)
    assert found.error < 0.1, "the cap on the test's own noise"
    assert abs(found.value - known) < 2 * found.error + 0.01


def test_a_flat_direction_counts_for_nothing():
    def ridge(w):
        return w[:, 0] ** 2, np.stack([2 * w[:, 0], np.zeros(len(w))], axis=1)

    found = learning_coefficient(ridge, np.zeros(2), 1e5, steps=1500)
    assert abs(found.value - 0.5) < 2 * found.error


def test_chains_that_leave_are_noticed():
    """The other well of w⁴/4 - w²/2 + w/10 is lower and, at few samples, within reach."""

    def wells(w):
        return (w**4 / 4 - w**2 / 2 + w / 10)[:, 0], w**3 - w + 0.1

    found = learning_coefficient(wells, np.ones(1), 20.0, prior=0.1, steps=1500)
    assert found.below > 0.5


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_descent_is_that_of_autograd(momentum):
    random = np.random.default_rng(0)
    W, b = random.normal(size=(2, 4)), random.normal(size=4)
    which, values = random.integers(4, size=30), random.random(30)
    batches = random.permutation(30).reshape(3, 10)
    V, c = torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)
    x = torch.zeros((30, 4), dtype=torch.float64)
    x[np.arange(30), which] = torch.tensor(values)
    optimizer = torch.optim.SGD([V, c], lr=0.1, momentum=momentum)
    for batch in batches:
        optimizer.zero_grad()
        ((torch.relu(x[batch] @ V.T @ V + c) - x[batch]) ** 2).sum(dim=1).mean().backward()
        optimizer.step()
    kept_W, kept_b = checkpoints(W.copy(), b.copy(), which, values, batches, 0.1, momentum, 1)
    assert kept_W.shape == (4, 2, 4)
    np.testing.assert_array_equal(kept_W[0], W)
    np.testing.assert_allclose(kept_W[-1], V.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(kept_b[-1], c.detach().numpy(), rtol=1e-12)
