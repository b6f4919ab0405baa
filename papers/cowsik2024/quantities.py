"""Cowsik et al.: the Gaussian mean field, Hadamard weights at finite size, and linear readouts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from tegum.empirical.training import train
from tegum.papers.claims.quantity import Quantity
from tegum.theory.codes import FittedCode, fitted_code, hadamard_code, harmonic_code
from tegum.theory.limits import dropped_loss, gaussian_mean_field, linear_loss
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: What the minimiser leaves of a loss, relatively, and of gain and bias.
_MINIMISED = 1e-8
_FLAT = 1e-4
#: What the grid leaves of a loss.
_GRID = 1e-7
#: Inputs on which the losses of trained models are measured.
_INPUTS = 40_000


def mean_field(densities: Sequence[float], ratios: Sequence[float]) -> Quantity:
    """Optimised mean-field loss per feature at pairs (p, r)."""
    losses = tuple(gaussian_mean_field(*pair).loss for pair in zip(densities, ratios, strict=True))
    return Quantity(losses, tuple(_MINIMISED * loss for loss in losses), "mean field minimised over gain and bias")


def mean_field_scalars(density: float, ratio: float) -> Quantity:
    """Gain and bias at which the mean field is least."""
    field = gaussian_mean_field(density, ratio)
    return Quantity((field.gain, field.bias), _FLAT, "mean field minimised over gain and bias")


def integrated_mean_field(densities: Sequence[float], ratios: Sequence[float]) -> Quantity:
    """The same losses with interference on a grid instead of in closed form."""
    losses = tuple(_on_a_grid(*pair) for pair in zip(densities, ratios, strict=True))
    return Quantity(losses, _GRID, "mean field by a trapezoidal rule over interference")


def relative_distance(counts: Sequence[int], ratio: float, density: float, seeds: int = 8) -> Quantity:
    """Exact loss of Hadamard weights over the mean field's, less one: mean over draws of rows, two standard errors."""
    field = gaussian_mean_field(density, ratio).loss
    draws = [[_fit(n, ratio, density, "hadamard", seed).loss / n / field - 1 for seed in range(seeds)] for n in counts]
    values, spread = np.mean(draws, axis=1), 2 * np.std(draws, axis=1, ddof=1) / np.sqrt(seeds)
    method = f"exact loss of {seeds} draws of Hadamard rows against the mean field, two standard errors"
    return Quantity(tuple(values.tolist()), tuple(spread.tolist()), method, {"count": list(counts), "draws": draws})


def row_sums(count: int, hidden: int, seed: int = 0, kind: str = "hadamard") -> Quantity:
    """Spread of the diagonal, and of the sums of squared overlaps off it from 1/r - 1, of random Hadamard rows."""
    code = hadamard_code(count, hidden, seed) if kind == "hadamard" else None
    vectors = (
        np.random.default_rng(seed).normal(size=(hidden, count)) / np.sqrt(hidden) if code is None else code.vectors
    )
    G = vectors.T @ vectors
    off = (G**2).sum(axis=1) - np.diagonal(G) ** 2
    values = float(np.abs(np.diagonal(G) - 1).max()), float(np.abs(off - (count / hidden - 1)).max())
    return Quantity(values, 1e-10, "largest deviation over all features")


def lyapunov_ratios(counts: Sequence[int], ratio: float) -> Quantity:
    """Σ|e|³ / (Σ e²)^(3/2) of a row of overlaps of Hadamard rows: zero in the limit if interference is Gaussian."""
    values = []
    for count in counts:
        vectors = hadamard_code(count, round(ratio * count)).vectors
        row = np.delete(vectors[:, 0] @ vectors, 0)
        values.append(float((np.abs(row) ** 3).sum() / (row**2).sum() ** 1.5))
    return Quantity(tuple(values), 1e-12, "exact sums over a row", {"count": list(counts)})


def factor_lyapunov_ratios(counts: Sequence[int], ratio: float) -> Quantity:
    """The same for square antiprisms, whose rows of overlaps have seven entries whatever the number of features."""
    row = np.abs(np.array([0.0, 0.3, 0.3, -0.5, -0.5, -0.3, -0.3]))
    value = float((row**3).sum() / (row**2).sum() ** 1.5)
    return Quantity((value,) * len(counts), 0.0, "exact sums over a row of a factor")


def linear_baseline(density: float, ratio: float, count: int = 100, bias: bool = True) -> Quantity:
    """Least loss per feature of a linear readout of rank r n, over p/3 (1 - r)."""
    setting = Setting(count, round(ratio * count), density, readout="linear", bias=bias)
    return Quantity(linear_loss(setting) / count / (density / 3 * (1 - ratio)), 1e-12, "weighted PCA, exact")


def sampled_linear_baseline(
    density: float, ratio: float, count: int = 12, samples: int = 400_000, seed: int = 0
) -> Quantity:
    """The same from the sample covariance of drawn features, by its eigenvalues; four standard errors."""
    random = np.random.default_rng(seed)
    x = random.random((samples, count)) * (random.random((samples, count)) < density)
    spread = np.linalg.eigvalsh(np.cov(x.T))[: count - round(ratio * count)].sum() / count
    error = 4 * np.sqrt(2 / samples) * 2
    return Quantity(
        float(spread / (density / 3 * (1 - ratio))), float(error), "sampled covariance, four standard errors"
    )


def advantage(density: float, ratio: float) -> Quantity:
    """Loss of the best linear readout over the mean field's."""
    linear = (1 - ratio) * dropped_loss(density)
    return Quantity(linear / gaussian_mean_field(density, ratio).loss, 1e-5, "exact linear loss over the mean field's")


def diagonal_variances(
    counts: Sequence[int], ratio: float, density: float, runs: int = 4, steps: int = 6000
) -> Quantity:
    """Variance over features of the diagonal of W_out W_in in trained models of each size, two standard errors."""
    variances = np.array(
        [[np.diagonal(one.W_out @ one.W).var() for one in _models(n, ratio, density, runs, steps)] for n in counts]
    )
    return Quantity(
        tuple(variances.mean(axis=1).tolist()),
        tuple((2 * variances.std(axis=1, ddof=1) / np.sqrt(runs)).tolist()),
        f"mean over {runs} trained models, two standard errors",
        {"count": list(counts), "variances": variances.tolist()},
    )


def trained_scalars(count: int, ratio: float, density: float, runs: int = 3, steps: int = 6000) -> Quantity:
    """Mean diagonal of W_out W_in and mean bias, that of the interference included, two standard errors over models."""
    found = np.array([_scalars(one, density) for one in _models(count, ratio, density, runs, steps)])
    errors = 2 * found.std(axis=0, ddof=1) / np.sqrt(runs)
    return Quantity(tuple(found.mean(axis=0).tolist()), tuple(errors.tolist()), f"mean over {runs} trained models")


def shown_extremes(
    count: int, ratio: float, density: float, shown: int = 30, runs: int = 3, steps: int = 6000
) -> Quantity:
    """Largest entry of W_out W_in and of the biases among the first features of trained models, two standard errors."""
    blocks = [_shown(one, shown) for one in _models(count, ratio, density, runs, steps)]
    largest, least = np.array([(block.max(), block.min()) for block in blocks]).T
    error = float(2 * largest.std(ddof=1) / np.sqrt(runs))
    return Quantity(float(largest.mean()), error, f"mean over {runs} trained models", {"least": least.tolist()})


def hadamard_scalars(count: int, ratio: float, density: float) -> Quantity:
    """Gain and bias, that of the interference included, at which the exact loss of Hadamard weights is least."""
    fit = _fit(count, ratio, density, "hadamard")
    cosines = fit.code.vectors.T @ fit.code.vectors
    bias = fit.bias + density / 2 * fit.gain * (cosines.sum() / count - 1)
    return Quantity((fit.gain, float(bias)), _FLAT, "exact loss of Hadamard weights minimised over gain and bias")


def trained_distance(
    count: int, pairs: Sequence[Sequence[float]], steps: int = 6000, exact: bool = False, seed: int = 0
) -> Quantity:
    """Loss of trained models over the mean field's, less one, at pairs (p, r); by sampling, or `exact`."""
    values, errors = [], []
    for p, r in pairs:
        model = _models(count, r, p, 1, steps, seed)[0]
        loss, error = _exact_loss(model, p) if exact else _sampled_loss(model, p)
        field = gaussian_mean_field(p, r).loss
        values.append(loss / count / field - 1)
        errors.append(error / count / field)
    method = f"exact loss of a trained model of {count} features" if exact else f"loss on {_INPUTS} fresh inputs"
    return Quantity(
        tuple(values), tuple(errors), f"{method}, over the mean field's", {"pairs": [list(one) for one in pairs]}
    )


def _models(count: int, ratio: float, density: float, runs: int, steps: int, seed: int = 0) -> list[Weights]:
    """Untied models, trained by Adam on fresh inputs along a cosine."""
    setting = Setting(count, round(ratio * count), density, tied=False)
    w = train(setting, runs=runs, steps=steps, learning_rate=0.003, batch_size=256, seed=seed, device="cpu").weights
    assert w.W_out is not None
    return [Weights(w.W[k], w.b[k], w.W_out[k]) for k in range(runs)]


def _shown(model: Weights, shown: int) -> np.ndarray:
    """Of the first features, the entries of W_out W_in and the biases beside them."""
    assert model.W_out is not None
    return np.c_[(model.W_out @ model.W)[:shown, :shown], model.b[:shown]]


def _scalars(model: Weights, density: float) -> tuple[float, float]:
    assert model.W_out is not None
    G = model.W_out @ model.W
    diagonal = np.diagonal(G)
    return float(diagonal.mean()), float((model.b + density / 2 * (G.sum(axis=1) - diagonal)).mean())


def _exact_loss(model: Weights, density: float) -> tuple[float, float]:
    hidden, count = model.W.shape
    exact = population_loss(model, Setting(count, hidden, density, tied=False))
    return float(exact.loss), float(exact.error)


def _sampled_loss(model: Weights, density: float, seed: int = 1) -> tuple[float, float]:
    """Mean loss on inputs that training has not seen, and two standard errors."""
    assert model.W_out is not None
    random = np.random.default_rng(seed)
    shape = (_INPUTS, model.W.shape[1])
    x = random.random(shape) * (random.random(shape) < density)
    each = ((x - np.maximum(x @ model.W.T @ model.W_out.T + model.b, 0.0)) ** 2).sum(axis=1)
    return float(each.mean()), float(2 * each.std() / np.sqrt(_INPUTS))


def _fit(count: int, ratio: float, density: float, kind: str, seed: int = 0) -> FittedCode:
    make = {"hadamard": hadamard_code, "harmonic": harmonic_code}[kind]
    return fitted_code(make(count, round(ratio * count), seed), density)


def _on_a_grid(density: float, ratio: float) -> float:
    """min over a and b of E (y - (a y + b + s g)_+)², g on a grid of normal quantiles' weights, y on Gauss nodes."""
    g = np.linspace(-8.0, 8.0, 4001)
    normal = np.exp(-(g**2) / 2)
    normal /= normal.sum()
    nodes, weights = np.polynomial.legendre.leggauss(40)
    x = (nodes[:, None] + 1) / 2
    spread = np.sqrt((1 / ratio - 1) * dropped_loss(density))

    def loss(scalars: np.ndarray) -> float:
        a, b = scalars
        on = weights / 2 @ ((x - np.maximum(a * x + b + a * spread * g, 0.0)) ** 2 @ normal)
        off = np.maximum(b + a * spread * g, 0.0) ** 2 @ normal
        return float(density * on + (1 - density) * off)

    return float(minimize(loss, (1.3, -0.3), method="Nelder-Mead", options={"fatol": 1e-12, "xatol": 1e-7}).fun)


def losses_over_ratio(
    densities: Sequence[float], ratios: Sequence[float], count: int = 256, falling: bool = True
) -> Quantity:
    """How often the mean-field loss fails to fall from one ratio m/n to the next, and Hadamard weights' losses."""
    ratios = sorted(ratios) if falling else sorted(ratios, reverse=True)
    field = [[gaussian_mean_field(p, r).loss for r in ratios] for p in densities]
    exact = [[_fit(count, r, p, "hadamard").loss / count for r in ratios] for p in densities]
    failures = int(sum((np.diff(row) >= 0).sum() for row in field))
    details = {
        "density": list(densities),
        "ratio": list(ratios),
        "mean_field": field,
        "hadamard": exact,
        "count": count,
    }
    return Quantity(failures, 0.0, "mean field minimised over gain and bias", details)
