"""Limits and bounds with a closed form, which the general machinery must meet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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


def covariance(setting: Setting) -> Float[np.ndarray, "features features"]:
    """Covariance of the features under the setting's law, Σ_ij = E x_i x_j - E x_i E x_j.

    A feature that is on has mean μ and second moment s: (1/2, 1/3) uniform, (0, 1/3) signed, (1, 1) binary.  Two
    features are on together with probability p in a correlated group, never in an anticorrelated one or one-hot, and
    p_i p_j otherwise; their magnitudes are independent.
    """
    p = np.array(setting.density)
    mean, square = {"uniform": (1 / 2, 1 / 3), "signed": (0.0, 1 / 3), "binary": (1.0, 1.0)}[setting.values]
    together = np.outer(p, p)
    groups = [tuple(range(setting.count))] if setting.law == "one-hot" else setting.groups
    for group in groups:
        block = np.ix_(group, group)
        together[block] = p[group[0]] if setting.law == "correlated" else 0.0
    second = mean**2 * together
    np.fill_diagonal(second, square * p)
    return second - mean**2 * np.outer(p, p)


def linear_loss(setting: Setting) -> float:
    """Least loss of a model with linear readout and free output weights: weighted PCA.

    L = Σ_i I_i E(x_i - x̂_i)² over x̂ = M x + b with rank M <= hidden:  the sum of the eigenvalues of √I Σ √I but its
    ``hidden`` largest, Σ the covariance, or E x xᵀ for a model without bias.  For independent features these are the
    I_i Var x_i, and tied weights reach it; a model with ReLU readout may do better.

    Raises:
        InputError: the target |x|.

    Validity: tied weights reach it where importances are equal or the covariance is diagonal, and cost more otherwise.

    Source: Baldi & Hornik 1989; Eckart & Young 1936 for the weights; Elhage et al. 2022, section "Demonstrating
    superposition".
    """
    if setting.target != "identity":
        raise InputError(f"target = {setting.target!r}: the linear limit is known for 'identity' only")
    spread = covariance(setting)
    if not setting.bias:
        mean = {"uniform": 1 / 2, "signed": 0.0, "binary": 1.0}[setting.values] * np.array(setting.density)
        spread = spread + np.outer(mean, mean)
    root = np.sqrt(np.array(setting.importance))
    terms = np.linalg.eigvalsh(root[:, None] * spread * root)
    return float(np.maximum(terms, 0.0)[: max(setting.count - setting.hidden, 0)].sum())


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


@dataclass(frozen=True)
class OneHotPolygon:
    """Best k-gon for one-hot features.

    Attributes:
        length: l*, of its vectors.
        bias: b*.
        level: h = 3 k × the loss of `one_hot_loss` with k features, as the levels are printed.
    """

    length: float
    bias: float
    level: float


def one_hot_polygon(vertices: int) -> OneHotPolygon:
    """Length and bias at which a regular polygon of features is a critical point of the one-hot loss.

    With W = l × unit vectors and b = l² β the loss is a parabola in l² for each β; it is minimised over l² in closed
    form and over -1 <= β <= 0 numerically.  It is what the optimised polygon tends to as density goes to zero.

    Args:
        vertices: k >= 4.

    Raises:
        InputError: fewer than 4 vertices: their best bias is not of this kind.

    Source: Chen et al. 2023 (arXiv:2310.06301), Theorem 3.2 and table of (l*, b*).
    """
    from scipy.optimize import minimize_scalar

    if vertices < 4:
        raise InputError(f"vertices = {vertices!r} is below 4, the least with a known one-hot optimum")
    angle = 2 * np.pi * np.arange(vertices) / vertices
    ring = np.array([np.cos(angle), np.sin(angle)])

    def parabola(ratio: float) -> tuple[float, float]:
        """The best g = l² at β, and the loss there: L(g) = 1/3 + u g + v g²."""
        one, two = (one_hot_loss(Weights(np.sqrt(g) * ring, np.full(vertices, g * ratio))) - 1 / 3 for g in (1.0, 2.0))
        v = (two - 2 * one) / 2
        u = one - v
        return -u / (2 * v), 1 / 3 - u**2 / (4 * v)

    found = minimize_scalar(lambda ratio: parabola(ratio)[1], bounds=(-1.0, 0.0), options={"xatol": 1e-12})
    ratio = 0.0 if parabola(0.0)[1] <= found.fun else float(found.x)
    square, loss = parabola(ratio)
    return OneHotPolygon(float(np.sqrt(square)), float(ratio * square), float(3 * vertices * loss))


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


def capacity_bound(features: int, hidden: int) -> float:
    """Largest possible sum of the features' capacities, Σ_i C_i <= min(n, m).

    C_i = G_ii²/Σ_j G_ij² <= P_ii by Cauchy and Schwarz, P the projection on the span of G, whose trace is its rank.
    Met by orthogonal features and by tight frames of equal norms, every regular factor among them.

    Source: Scherlis et al. 2022 (arXiv:2210.01892), section 2.
    """
    return float(min(features, hidden))


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


def hadamard_weights(features: int, hidden: int, density: float, field: MeanField, seed: int) -> Weights:
    """Random rows of a Hadamard matrix with a mean field's gain and bias: codes whose exact loss tends to its.

    W = √(a/m) H[rows], b_i = b - (p/2) Σ_{j≠i} G_ij, so that interference has zero mean.

    Args:
        features: n, a power of two above ``hidden``.
        hidden: m >= 1.
        density: p.
        field: of `gaussian_mean_field(density, hidden / features)`.
        seed: of the choice of rows, without the constant one.

    Raises:
        InputError: n is no power of two, or not above m.

    Source: Cowsik et al. 2024 (arXiv:2410.12101); Sylvester's construction.
    """
    from scipy.linalg import hadamard

    if features < 2 or features & (features - 1) or not 0 < hidden < features:
        raise InputError(f"features = {features!r} is no power of two above hidden = {hidden!r} >= 1")
    rows = np.random.default_rng(seed).choice(np.arange(1, features), size=hidden, replace=False)
    W = np.sqrt(field.gain / hidden) * hadamard(features)[rows].astype(float)
    interference = (W.T @ W).sum(axis=1) - field.gain
    return Weights(W, field.bias - density / 2 * interference)


def _mean_field_loss(scalars: Float[np.ndarray, " gain_and_bias"], density: float, ratio: float) -> float:
    a, b = scalars
    s = abs(a) * np.sqrt((1 / ratio - 1) * dropped_loss(density))
    x, weights = _magnitudes()
    mean, square = _rectified(a * x + b, s)
    on = weights @ (x**2 - 2 * x * mean + square)
    off = _rectified(np.array([b]), s)[1][0]
    return float((1 - density) * off + density * on)


@lru_cache(maxsize=1)
def _magnitudes() -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _rectified(mean: np.ndarray, s: float) -> tuple[np.ndarray, np.ndarray]:
    """E (μ + s g)_+ and E (μ + s g)_+²."""
    from scipy.special import ndtr

    if s == 0.0:
        return np.maximum(mean, 0.0), np.maximum(mean, 0.0) ** 2
    z = mean / s
    below, at = ndtr(z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return mean * below + s * at, (mean**2 + s**2) * below + mean * s * at
