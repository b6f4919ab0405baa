"""Lecomte et al.: neurons that come to stand for two features by chance, with more neurons than features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb

import numpy as np
from jaxtyping import Float

from tegum.papers.claims.quantity import Quantity

#: A weight above this stands for its feature: rows end with one weight near 1.
_STANDS = 0.5
#: Of descent with noise in the hidden layer.
_RATE = 0.05
#: Noise of unit variance; its excess kurtosis is -2, -1.2, 0 and 3.
_NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "bipolar": lambda random, shape: random.choice([-1.0, 1.0], size=shape),
    "uniform": lambda random, shape: random.uniform(-np.sqrt(3), np.sqrt(3), size=shape),
    "normal": lambda random, shape: random.normal(size=shape),
    "Laplace": lambda random, shape: random.laplace(scale=np.sqrt(0.5), size=shape),
}


def polysemantic_exponent(
    features: Sequence[int],
    neurons: Sequence[int],
    power: int = 2,
    seeds: int = 8,
    penalty: float = 1e-3,
    steps: int = 4000,
) -> Quantity:
    """Exponent of the mean number of polysemantic neurons against n^power/m, over pairs (n, m); two standard errors."""
    counts = [_counts(n, m, seeds, penalty, steps) for n, m in zip(features, neurons, strict=True)]
    means = np.array([one.mean() for one in counts])
    spreads = np.array([one.std(ddof=1) / np.sqrt(seeds) for one in counts]) / means
    x = np.log([n**power / m for n, m in zip(features, neurons, strict=True)])
    weight = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope, error = float(weight @ np.log(means)), float(2 * np.sqrt(weight**2 @ spreads**2))
    return Quantity(slope, error, f"{seeds} trained models a pair, two standard errors", {"counts": means.tolist()})


def polysemantic_share(
    features: int, neurons: int, seeds: int = 24, penalty: float = 1e-3, steps: int = 4000
) -> Quantity:
    """Mean number of polysemantic neurons over C(n, 2)/m, the pairs that share the neuron of their largest weight."""
    counts = _counts(features, neurons, seeds, penalty, steps) / (comb(features, 2) / neurons)
    error = float(2 * counts.std(ddof=1) / np.sqrt(seeds))
    return Quantity(
        float(counts.mean()), error, f"{seeds} trained models, two standard errors", {"shares": counts.tolist()}
    )


def _counts(features: int, neurons: int, seeds: int, penalty: float, steps: int) -> Float[np.ndarray, " seeds"]:
    """Neurons that two features or more stand on, in each trained model."""
    W = np.stack(
        [np.random.default_rng([features, neurons, seed]).normal(size=(features, neurons)) for seed in range(seeds)]
    )
    W = _trained(W / np.sqrt(neurons), penalty, steps)
    return ((np.abs(W) > _STANDS).sum(axis=1) > 1).sum(axis=1).astype(float)


def _trained(W: Float[np.ndarray, "seeds features neurons"], penalty: float, steps: int) -> np.ndarray:
    """Gradient descent on Σ_i ‖e_i - (W Wᵀ e_i)_+‖² + λ ‖W‖₁, by proximal steps: the L1 term is soft thresholding."""
    rate, eye = 0.02, np.eye(W.shape[1])
    W = W.astype(np.float32)
    for step in range(steps):
        G = W @ W.swapaxes(1, 2)
        slope = 2 * (np.maximum(G, 0.0) - eye) * (G > 0)
        W -= rate * (slope + slope.swapaxes(1, 2)).astype(np.float32) @ W
        # The penalty's pull is raised at the end of training, when what it must clear away is small.
        cut = np.float32(rate * penalty * (1 + 9 * step / steps))
        W = np.sign(W) * np.maximum(np.abs(W) - cut, 0.0)
    return W


def share_of_largest_neurons(
    noises: Sequence[str], features: int = 16, neurons: int = 32, size: float = 0.1, seeds: int = 8, steps: int = 20_000
) -> Quantity:
    """Mean `participation` of features' weights over neurons, after training with each noise."""
    trained = [_trained_in_noise(one, features, neurons, size, seeds, steps) for one in noises]
    shares = np.array([participation(W).mean(axis=1) for W in trained])
    errors = 2 * shares.std(axis=1, ddof=1) / np.sqrt(seeds)
    values, bounds = tuple(shares.mean(axis=1).tolist()), tuple(errors.tolist())
    return Quantity(values, bounds, f"{seeds} trained models each, two standard errors", {"noise": list(noises)})


def participation(W: Float[np.ndarray, "*ensemble neurons"]) -> Float[np.ndarray, "*ensemble"]:
    """Σ_k w_k⁴ / (Σ_k w_k²)²: 1 where one neuron has all the weight, 1/k where k share it, about 3/m at random."""
    return (W**4).sum(axis=-1) / (W**2).sum(axis=-1) ** 2


def _trained_in_noise(noise: str, features: int, neurons: int, size: float, seeds: int, steps: int) -> np.ndarray:
    """Gradient descent on Σ_i ‖e_i - (W (Wᵀ e_i + ξ_i))_+‖², ξ_i fresh noise of that size in each step."""
    random = np.random.default_rng(0)
    W = random.normal(size=(seeds, features, neurons)) / np.sqrt(neurons)
    for _ in range(steps):
        W = W - _RATE * noisy_slope(W, size * _NOISES[noise](random, W.shape))
    return W


def noisy_slope(
    W: Float[np.ndarray, "seeds features neurons"], noise: Float[np.ndarray, "seeds features neurons"]
) -> Float[np.ndarray, "seeds features neurons"]:
    """Half the gradient of Σ_i ‖e_i - (W (Wᵀ e_i + ξ_i))_+‖² by W."""
    hidden = W + noise
    outputs = hidden @ W.swapaxes(1, 2)
    slope = (np.maximum(outputs, 0.0) - np.eye(W.shape[1])) * (outputs > 0)
    return slope.swapaxes(1, 2) @ hidden + slope @ W
