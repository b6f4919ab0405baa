"""Limits and bounds with a closed form, which the general machinery must meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Nodes of the quadrature over magnitudes; the integrand is entire in x, so far fewer would do.
_NODES = 64


def dropped_loss(density: float) -> float:
    """Loss of a feature that is not represented, of importance 1: the variance p/3 - p²/4, with bias p/2.

    Source: Wattenberg's notebook on superposition; exact for any number of features.
    """
    return density / 3 - density**2 / 4


def unit_pair_loss(density: float) -> float:
    """Loss of an antipodal pair with W = (1, -1), b = 0 and importances 1: p²/3 for both features together.

    Validity: fixed weights; the optimised pair is lower for 0 < p < 1.

    Source: Wattenberg's notebook on superposition.
    """
    return density**2 / 3


def linear_loss(setting: Setting) -> float:
    """Least loss of the model with a linear readout: weighted PCA, the hidden most important variances are kept.

    Σ_i I_i (p_i/3 - p_i²/4) without its ``hidden`` largest terms: a bound that the ReLU model may beat.

    Source: Baldi & Hornik 1989 for diagonal covariances; Elhage et al. 2022, section "Demonstrating superposition".
    """
    density, importance = np.array(setting.density), np.array(setting.importance)
    terms = np.sort(importance * (density / 3 - density**2 / 4))
    return float(terms[: max(setting.count - setting.hidden, 0)].sum())


def one_hot_loss(weights: Weights) -> float:
    """Loss per active feature as density goes to zero: exactly one feature on, each equally likely, importances 1.

    (1/n) Σ_k ∫_0^1 Σ_i (δ_ik x - (G_ik x + b_i)_+)² dx.  It is lim L(p)/(n p) for p -> 0 where no bias is positive.

    Args:
        weights: one model.

    Raises:
        InputError: an ensemble.

    Source: Chen et al. 2023 (arXiv:2310.06301), Lemma 3.1.
    """
    if weights.W.ndim != 2:
        raise InputError("one_hot_loss takes one model, not an ensemble")
    G = weights.W.T @ weights.W
    features = len(G)
    b = np.broadcast_to(weights.b[:, None], G.shape)
    start, stop = _where_positive(G, b)
    length, linear, square = (stop**k / k - start**k / k for k in (1, 2, 3))
    output = b**2 * length + 2 * b * G * linear + G**2 * square
    overlap = np.diagonal(b * linear + G * square)
    return float((output.sum() - 2 * overlap.sum() + features / 3) / features)


def _where_positive(G: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of 0 <= x <= 1 where G x + b > 0."""
    root = np.clip(np.divide(-b, G, out=np.zeros_like(G), where=G != 0), 0.0, 1.0)
    start = np.where(G > 0, root, 0.0)
    stop = np.where(G > 0, 1.0, np.where(G < 0, np.where(b > 0, root, 0.0), (b > 0).astype(float)))
    return start, stop


def welch_bound(features: int, hidden: int) -> float:
    """Least possible largest |cosine| between n vectors in m dimensions: √((n - m) / (m (n - 1))), 0 for n <= m.

    Validity: met by equiangular tight frames, simplices among them, and by nothing else.

    Source: Welch 1974.
    """
    if features <= hidden:
        return 0.0
    return float(np.sqrt((features - hidden) / (hidden * (features - 1))))


@dataclass(frozen=True)
class MeanField:
    """Optimum of the Gaussian mean field.

    Attributes:
        loss: per feature.
        gain: a, the diagonal of the overlap matrix.
        bias: b, what interference adds on average included.
    """

    loss: float
    gain: float
    bias: float


def gaussian_mean_field(density: float, ratio: float) -> MeanField:
    """Loss per feature of dense codes for many features at a fixed ratio hidden / features.

    x̂ = (a x + b + s g)_+, g standard normal, s² = a² (1/r - 1) (p/3 - p²/4): every feature receives Gaussian
    interference from all others, as Hadamard rows give it.  Optimised over a and b.

    Args:
        density: p, in (0, 1].
        ratio: r = hidden / features, in (0, 1].

    Raises:
        InputError: a number outside its range.

    Validity: n -> ∞ at fixed r; geometries with factors of a few features are not of this kind and may be better.

    Source: Cowsik et al. 2024 (arXiv:2410.12101).
    """
    from scipy.optimize import minimize

    for key, value in (("density", density), ("ratio", ratio)):
        if not 0 < value <= 1:
            raise InputError(f"{key} = {value!r} is outside (0, 1]")
    best = min(
        (
            minimize(
                _mean_field_loss, start, (density, ratio), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15}
            )
            for start in ((1.0, 0.0), (1.3, -0.4), (0.3, 0.1))
        ),
        key=lambda found: found.fun,
    )
    return MeanField(float(best.fun), float(best.x[0]), float(best.x[1]))


def _mean_field_loss(scalars: Float[np.ndarray, " gain_and_bias"], density: float, ratio: float) -> float:
    a, b = scalars
    s = abs(a) * np.sqrt((1 / ratio - 1) * dropped_loss(density))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x, weights = (nodes + 1) / 2, weights / 2
    mean, square = _rectified(a * x + b, s)
    on = weights @ (x**2 - 2 * x * mean + square)
    off = _rectified(np.array([b]), s)[1][0]
    return float((1 - density) * off + density * on)


def _rectified(mean: np.ndarray, s: float) -> tuple[np.ndarray, np.ndarray]:
    """E (μ + s g)_+ and E (μ + s g)_+²."""
    from scipy.special import ndtr

    if s == 0.0:
        return np.maximum(mean, 0.0), np.maximum(mean, 0.0) ** 2
    z = mean / s
    below, at = ndtr(z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return mean * below + s * at, (mean**2 + s**2) * below + mean * s * at
