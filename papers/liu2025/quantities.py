"""Liu et al.: loss against width where all features share the space, and where only the first are learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import zeta

from tegum.papers.claims.quantity import Quantity
from tegum.papers.liu2025.training import trained_norms
from tegum.theory.codes import harmonic_code, projection_code
from tegum.theory.limits import welch_bound
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def truncated_exponent(count: int, widths: Sequence[int], alpha: float) -> Quantity:
    """Exponent of Σ_{i > m} p_i against m, p_i ∝ i^-(1 + α) over so many features, least squares over logarithms."""
    p = np.arange(1, count + 1) ** -(1.0 + alpha)
    return _exponent(widths, [float(p[m:].sum() / p.sum()) for m in widths], "sums over the unlearned features")


def truncated_exponent_by_zeta(count: int, widths: Sequence[int], alpha: float) -> Quantity:
    """The same with the sums as differences of Hurwitz's zeta function."""
    s = 1.0 + alpha
    return _exponent(widths, [float(zeta(s, m + 1) - zeta(s, count + 1)) for m in widths], "zeta functions")


def weak_loss(count: int, width: int, alpha: float, scale: float = 0.1, learned: bool = True) -> Quantity:
    """Exact loss of a model that learns the first features alone, over Σ_{i > m} p_i E x²."""
    density = scale * np.arange(1, count + 1) ** -(1.0 + alpha)
    W = np.eye(width, count) if learned else np.eye(width, count)[:, ::-1]
    exact = population_loss(Weights(W, np.zeros(count)), Setting(count, width, density.tolist()))
    expected = float(density[width:].sum() / 3)
    return Quantity(float(exact.loss) / expected, float(exact.error) / expected, "exact loss with biases of zero")


def mean_square_overlap(count: int, widths: Sequence[int], seed: int = 0, positive: bool = False) -> Quantity:
    """Mean squared cosine of random unit vectors, times their dimension; four standard errors of independent pairs."""
    values = []
    for width in widths:
        vectors = np.random.default_rng(seed).normal(size=(width, count))
        vectors = np.abs(vectors) if positive else vectors
        vectors /= np.linalg.norm(vectors, axis=0)
        cosines = (vectors.T @ vectors)[np.triu_indices(count, 1)]
        values.append(float(width * (cosines**2).mean()))
    return Quantity(tuple(values), 4 * np.sqrt(2.0) * 2 / count, "random unit vectors, four standard errors")


def least_largest_overlap(pairs: Sequence[Sequence[int]], kind: str = "harmonic") -> Quantity:
    """Least ratio of the largest |cosine| of a code to Welch's bound, over (n, m)."""
    ratios = []
    for count, width in pairs:
        vectors = _vectors(kind, count, width)
        cosines = np.abs(vectors.T @ vectors)
        np.fill_diagonal(cosines, 0.0)
        ratios.append(float(cosines.max() / welch_bound(count, width)))
    return Quantity(min(ratios), 1e-9, f"{kind} codes", {"ratios": ratios})


def represented_share(
    count: int, width: int, alpha: float, decays: Sequence[float], steps: int, batch: int = 256, seed: int = 0
) -> Quantity:
    """Share of features whose norm is above 1/2 in trained models, at each weight decay."""
    norms = [trained_norms(count, width, alpha, decay, steps, batch, seed) for decay in decays]
    values = tuple(float((one > 0.5).mean()) for one in norms)
    details = {"decay": list(decays), "norms": [one.tolist() for one in norms]}
    return Quantity(values, 1 / count, "one trained model each; one feature", details)


def _vectors(kind: str, count: int, width: int) -> np.ndarray:
    if kind == "repeated":  # orthogonal directions, each taken by several features at a tenth of the norm between them
        return np.eye(width)[:, np.arange(count) % width] * 0.1
    return (harmonic_code if kind == "harmonic" else projection_code)(count, width).vectors


def _exponent(widths: Sequence[int], losses: Sequence[float], method: str) -> Quantity:
    x, y = np.log(widths), np.log(losses)
    slope, _ = np.polyfit(x, y, 1)
    residual = y - np.polyval(np.polyfit(x, y, 1), x)
    error = float(2 * residual.std(ddof=2) / (x.std() * np.sqrt(len(x)))) if len(x) > 2 else 0.0
    return Quantity(
        float(slope), error, f"{method}, two standard errors of the slope", {"m": list(widths), "loss": list(losses)}
    )
