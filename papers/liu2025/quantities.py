"""Liu et al.: loss against width where all features share the space, and where only the first are learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import zeta

from tegum.papers.claims.quantity import Quantity
from tegum.papers.liu2025.directions import random_directions_loss
from tegum.papers.liu2025.training import frequencies, sampled_loss, trained
from tegum.theory.codes import fitted_code, harmonic_code, projection_code
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
    norms = [np.linalg.norm(trained(count, width, alpha, decay, steps, batch, seed).W, axis=0) for decay in decays]
    values = tuple(float((one > 0.5).mean()) for one in norms)
    details = {"decay": list(decays), "norms": [one.tolist() for one in norms]}
    return Quantity(values, 1 / count, "one trained model each; one feature", details)


def trained_exponents(
    count: int,
    widths: Sequence[int],
    alphas: Sequence[float],
    decay: float,
    steps: Sequence[int],
    batch: int = 64,
    seeds: int = 2,
    halves: bool = False,
) -> Quantity:
    """Exponent of trained models' loss against m at each α after the longest of some trainings.

    Over all widths, or over either half of them; the error is two standard errors over seeds, and what the last
    lengthening of training has changed.
    """
    shape = (len(alphas), len(steps), seeds, len(widths))
    losses, errors = np.empty(shape), np.empty(shape)
    for place in np.ndindex(shape):
        a, t, seed, m = place
        model = trained(count, widths[m], alphas[a], decay, steps[t], batch, seed)
        losses[place], errors[place] = sampled_loss(model, alphas[a], seed=seed)
    slopes = _slopes(widths, losses, halves)
    values = slopes.mean(axis=2)
    bounds = 2 * slopes[:, -1].std(axis=1, ddof=1) / np.sqrt(seeds) + np.abs(values[:, -1] - values[:, -2])
    details = {
        **{"m": list(widths), "alpha": list(alphas), "steps": list(steps)},
        **{"loss": losses[:, -1].mean(axis=1).tolist(), "sampling": float((errors / losses).max())},
        "exponents": _slopes(widths, losses)[..., 0].mean(axis=2).tolist(),
    }
    method = f"{seeds} trained models each; two standard errors, and the change from {steps[-2]} to {steps[-1]} steps"
    return Quantity(tuple(values[:, -1].ravel().tolist()), tuple(bounds.ravel().tolist()), method, details)


def random_exponents(
    count: int, widths: Sequence[int], alphas: Sequence[float], samples: int, seeds: int = 2
) -> Quantity:
    """The same of random unit vectors with the best common gain and bias; two standard errors over draws."""
    losses = np.array(
        [
            [[random_directions_loss(count, m, alpha, samples, seed) for m in widths] for seed in range(seeds)]
            for alpha in alphas
        ]
    )
    slopes = _slopes(widths, losses)[..., 0]
    errors = 2 * slopes.std(axis=1, ddof=1) / np.sqrt(seeds)
    details = {"m": list(widths), "alpha": list(alphas), "loss": losses.mean(axis=1).tolist()}
    method = f"{seeds} draws of random directions, two standard errors"
    return Quantity(tuple(slopes.mean(axis=1).tolist()), tuple(errors.tolist()), method, details)


def code_exponents(count: int = 1000, widths: Sequence[int] = (10, 32, 100)) -> Quantity:
    """The same of harmonic codes with the best gain and bias, all features alike, over either half of the widths."""
    losses = np.array([4 * fitted_code(harmonic_code(count, m, draws=2), 1 / count).loss for m in widths])
    details = {"m": list(widths), "loss": losses.tolist()}
    return Quantity(tuple(_slopes(widths, losses, True).tolist()), 1e-6, "exact losses of harmonic codes", details)


def tail_exponents(
    count: int = 1000, widths: Sequence[int] = (10, 16, 25, 40, 63, 100), alpha: float = 1.0
) -> Quantity:
    """The same of Σ_{i > m} p_i, what is left where only the first features are learned."""
    rates = frequencies(count, alpha)
    tails = np.array([rates[m:].sum() for m in widths])
    return Quantity(tuple(_slopes(widths, tails, True).tolist()), 1e-12, "sums over the unlearned features")


def _slopes(widths: Sequence[int], losses: np.ndarray, halves: bool = False) -> np.ndarray:
    """Exponents by least squares over logarithms, of all widths or of either half and the first of the other."""
    size = len(widths) // 2 + 1 if halves else len(widths)
    parts = (slice(size), slice(-size, None)) if halves else (slice(None),)
    return np.stack([_slope(np.log(widths[part]), np.log(losses[..., part])) for part in parts], axis=-1)


def _slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(y @ (x - x.mean()) / ((x - x.mean()) ** 2).sum())


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
