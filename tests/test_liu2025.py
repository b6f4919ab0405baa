"""Sparse training steps are those of the dense model, and sampled losses estimate the exact one."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from tegum.papers.liu2025.directions import random_directions_loss
from tegum.papers.liu2025.training import batches, frequencies, gradient, sampled_loss, trained
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def dense(inputs, count):
    x = torch.zeros(inputs.size, count)
    x[inputs.rows, inputs.features] = inputs.values
    return x


def some_model(count=30, width=6, seed=0):
    random = np.random.default_rng(seed)
    return Weights(random.normal(size=(width, count)) / np.sqrt(width), 0.3 * random.normal(size=count))


def some_batches(alpha, size, number, count=30, seed=1):
    drawn = batches(frequencies(count, alpha), size, np.random.default_rng(seed))
    return [next(drawn) for _ in range(number)]


@pytest.mark.parametrize("alpha", [-1.0, 1.0])
def test_the_sparse_gradient_is_the_dense_one(alpha):
    model = some_model()
    W = torch.from_numpy(model.W.T).float().requires_grad_()
    b = torch.from_numpy(model.b).float().requires_grad_()
    (inputs,) = some_batches(alpha, 64, 1)
    x = dense(inputs, 30)
    ((torch.relu(x @ W @ W.T + b) - x) ** 2).mean().backward()
    by_W, by_b = gradient(W.detach(), b.detach(), inputs)
    torch.testing.assert_close(by_W, W.grad, atol=1e-7, rtol=1e-5)
    torch.testing.assert_close(by_b, b.grad, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 1.0])
def test_features_are_on_as_often_as_they_should_and_independently(alpha):
    rates = frequencies(30, alpha)
    on = torch.cat([dense(one, 30) > 0 for one in some_batches(alpha, 512, 100)]).double().numpy()
    spread = np.sqrt(rates * (1 - rates) / len(on))
    assert rates.sum() == pytest.approx(1.0)
    assert (np.abs(on.mean(axis=0) - rates) < 4.5 * spread).all()
    both = on[:, 0] * on[:, 1]
    assert both.mean() == pytest.approx(rates[0] * rates[1], abs=4.5 * both.std() / np.sqrt(len(on)))


def test_values_are_uniform_up_to_two():
    values = torch.cat([one.values for one in some_batches(0.0, 512, 50)])
    assert values.max() < 2
    assert values.mean().item() == pytest.approx(1.0, abs=4.5 * np.sqrt(1 / 3 / len(values)))
    assert (values**2).mean().item() == pytest.approx(4 / 3, abs=0.03)


@pytest.mark.parametrize("alpha", [-1.0, 0.5])
def test_the_sampled_loss_estimates_the_exact_one(alpha):
    model = some_model()
    exact = population_loss(Weights(model.W, model.b / 2), Setting(30, 6, frequencies(30, alpha).tolist()))
    loss, error = sampled_loss(model, alpha)
    assert error < 0.01 * loss, "the error is small enough to notice a wrong loss"
    assert abs(loss - 4 * exact.loss) < 4.5 * error


@pytest.mark.parametrize(("decay", "shares"), [(-1.0, (0.95, 1.0)), (1.0, (0.0, 0.3))])
def test_decay_decides_how_many_features_are_represented(decay, shares):
    model = trained(60, 6, 0.0, decay, steps=400, batch=64, seed=0)
    share = (np.linalg.norm(model.W, axis=0) > 0.5).mean()
    assert shares[0] <= share <= shares[1]


def test_training_is_repeatable():
    first, again, other = (trained(20, 3, 0.0, -1.0, steps=30, batch=16, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.W, again.W)
    assert not np.array_equal(first.W, other.W)


def test_random_directions_get_the_best_gain_and_bias():
    count, width, samples = 8, 4, 2**15
    vectors = np.random.default_rng(3).normal(size=(count, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    setting = Setting(count, width, frequencies(count, 0.0).tolist())

    def exact(scalars):
        gain, bias = scalars
        return 4 * population_loss(Weights(np.sqrt(abs(gain)) * vectors.T, np.full(count, bias / 2)), setting).loss

    best = minimize(exact, (1.0, -0.3), method="Nelder-Mead", options={"xatol": 1e-2, "fatol": 1e-4})
    found = random_directions_loss(count, width, 0.0, samples, seed=3)
    assert found == pytest.approx(best.fun, rel=0.02)
    assert exact((1.0, 0.0)) > 1.2 * best.fun, "the scalars matter"
