"""Models that the loss must get right, near-degenerate ones included, and the oracle they are held against."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from tegum.theory.loss.boxes import box_expectation
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

Case = tuple[str, Weights, Setting]


def random_case(random: np.random.Generator, features: int, kind: str) -> Case:
    """One model of ``features`` features with unequal importances and densities from 0.01 to 0.95."""
    hidden = int(random.integers(2 if kind == "almost orthogonal pairs" else 1, 4))
    W, b = 0.8 * random.normal(size=(hidden, features)), 0.3 * random.normal(size=features)
    W, b = degenerate(random, W, b, kind)
    density = tuple(random.uniform(0.01, 0.95, size=features))
    setting = Setting(features, W.shape[0], density, tuple(random.uniform(0.1, 2.0, size=features)))
    return f"{kind} n={features}", Weights(W, b), setting


def degenerate(random: np.random.Generator, W: np.ndarray, b: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the same shape, degenerate in one way."""
    W, features = W.copy(), W.shape[1]
    if kind == "dropped":
        W[:, 0] = 0.0
    elif kind == "almost dropped":
        W[:, 0] *= 10.0 ** -random.integers(3, 13)
    elif kind == "tiny overlaps":
        W *= 10.0 ** random.uniform(-12, 0, size=W.shape)
        b = b * 10.0 ** random.uniform(-12, 0, size=features)
    elif kind == "almost orthogonal pairs" and W.shape[0] >= 2:
        W[:2], W[2:], b = _almost_orthogonal(random, features), 0.0, 0.1 * random.normal(size=features)
    elif kind == "opposite and equal":
        W = np.repeat(W[:, :1], features, axis=1) * random.choice([-1.0, 1.0], size=features)
    elif kind == "zero biases":
        b = np.zeros(features)
    return W, b


KINDS = (
    "generic",
    "dropped",
    "almost dropped",
    "tiny overlaps",
    "almost orthogonal pairs",
    "opposite and equal",
    "zero biases",
)


def random_cases(seed: int, of_each: int, most_features: int = 7) -> Iterator[Case]:
    """``of_each`` models of every kind."""
    random = np.random.default_rng(seed)
    for kind in KINDS:
        for _ in range(of_each):
            yield random_case(random, int(random.integers(2, most_features + 1)), kind)


def _almost_orthogonal(random: np.random.Generator, features: int) -> np.ndarray:
    """Antipodal pairs on two axes, tilted against each other by 10^-3 to 10^-12."""
    tilt = 10.0 ** random.uniform(-12, -3)
    axes = np.array([[1.0, -1.0, tilt, -tilt], [tilt, -tilt, 1.0, -1.0]])
    return axes[:, np.arange(features) % 4]


def exact_row(G_row, b, density, importance, own: int) -> tuple[Fraction, list[Fraction]]:
    """ℓ_own and its derivatives by (g, b), exactly, for the numbers given: box integrals in rational numbers."""
    weight, expectation = Fraction(importance), _expectations(G_row, b, density)
    features = len(density)
    slopes = [2 * weight * (expectation(1, k) - expectation(0, own, k)) for k in range(features)]
    bias_slope = 2 * weight * (expectation(1) - expectation(0, own))
    return exact_loss(G_row, b, density, importance, own), [*slopes, bias_slope]


def exact_loss(G_row, b, density, importance, own: int) -> Fraction:
    """ℓ_own, exactly, for the numbers given."""
    expectation = _expectations(G_row, b, density)
    return Fraction(importance) * (Fraction(density[own]) / 3 - 2 * expectation(1, own) + 2 * expectation(2))


def _expectations(G_row, b, density):
    """E Π_{j in indices} x_j U_q(z) as a function of q and the indices."""
    g, p, bias = [Fraction(x) for x in G_row], [Fraction(x) for x in density], Fraction(b)
    kept = [j for j in range(len(g)) if g[j] != 0]

    def expectation(q: int, *indices: int) -> Fraction:
        alone = Fraction(1)  # features without overlap factor out: E x^r
        for j in set(indices) - set(kept):
            alone *= p[j] / (indices.count(j) + 1)
        r = [indices.count(j) for j in kept]
        return alone * box_expectation(bias, [g[j] for j in kept], [p[j] for j in kept], r, q, _truncated_power)

    return expectation


def _truncated_power(t: Fraction, q: int) -> Fraction:
    return t**q if t > 0 else Fraction(0)
