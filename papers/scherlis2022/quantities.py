"""Scherlis et al.: capacity, its bound, and how it is allocated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from tegum.papers.claims.models import found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.factor import factor_named, regular_vectors
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting


def capacity_against_dimensionality(
    features: int, hidden: int, models: int = 1000, seed: int = 0, power: int = 2
) -> Quantity:
    """Largest difference of capacity, Σ over unscaled overlaps, from Elhage et al.'s D_i, over unit directions."""
    W = np.random.default_rng(seed).normal(size=(models, hidden, features))
    G = np.swapaxes(W, 1, 2) @ W
    capacity = np.diagonal(G, axis1=1, axis2=2) ** power / (G**2).sum(axis=2)
    return Quantity(float(np.abs(capacity - dimensionality(W)).max()), 1e-12, f"{models} random models")


def largest_total(features: int, hidden: int, models: int = 10_000, seed: int = 0, normalised: bool = True) -> Quantity:
    """Largest Σ_i C_i over random weights, of all norms, minus the number of dimensions."""
    random = np.random.default_rng(seed)
    W = random.normal(size=(models, hidden, features)) * random.exponential(size=(models, 1, features))
    totals = dimensionality(W).sum(axis=1) if normalised else (W**2).sum(axis=(1, 2))
    return Quantity(float(totals.max() - hidden), 1e-9, f"{models} random models")


def totals_of_factors(names: Sequence[str], bend: float = 0.0) -> Quantity:
    """Largest deviation of Σ_i C_i from the dimension, over regular factors; `bend` moves their first vertex."""
    deviations = []
    for name in names:
        W = regular_vectors(factor_named(name)).copy()
        W[0, 0] += bend
        deviations.append(abs(float(dimensionality(W).sum()) - len(W)))
    return Quantity(max(deviations), 1e-9, "regular arrangements", dict(zip(names, deviations, strict=True)))


def capacity_of_merged(copies: Sequence[int]) -> Quantity:
    """Capacity of each of so many features on one direction, times their number."""
    values = tuple(float(k * dimensionality(np.ones((1, k)))[0]) for k in copies)
    return Quantity(values, 1e-12, "exact")


def allocation(setting: Setting, starts: int = 64) -> Quantity:
    """Capacities of the best weights, in the order of the features."""
    best = optimum(setting, starts)
    return Quantity(
        tuple(dimensionality(best.weights.W).tolist()), 1e-6, "global search on the exact loss", found(best)
    )


def allocation_steps(setting: Setting, starts: int = 64) -> Quantity:
    """Largest rise of capacity from one feature to the next less important one, in the best weights."""
    shares = np.array(allocation(setting, starts).value, dtype=float)
    return Quantity(
        float(np.diff(shares).max()), 1e-6, "global search on the exact loss", {"capacity": shares.tolist()}
    )


def polysemantic_features(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """Number of features of the best weights whose capacity is neither 0 nor 1, at falling densities."""
    best = optima(setting, "density", densities, starts)
    shares = [dimensionality(one.weights.W) for one in best]
    counts = tuple(int(((c > 0.01) & (c < 0.99)).sum()) for c in shares)
    return Quantity(
        counts,
        0.0,
        "global search on the exact loss",
        {"density": list(densities), "optima": [found(one) for one in best]},
    )


def distance_from_blocks(
    features: int, hidden: int, models: int = 16, seed: int = 0, packed: bool = True, tolerance: float = 1e-9
) -> Quantity:
    """Largest distance of feature vectors from eigenvectors of M = W Wᵀ, over random weights packed efficiently.

    Directions of each eigenvalue λ hold the vectors of a block, and within it W Wᵀ = λ: WᵀW is λ times a projection.
    The distance is ‖M w - (ŵ·M ŵ) w‖ / ‖M w‖.  Packed are weights whose Σ_i C_i is raised to the number of dimensions,
    by BFGS; those that stop further below it than the tolerance are left out.
    """
    random = np.random.default_rng(seed)
    W = random.normal(size=(models, hidden, features))
    if packed:
        W = np.array([_packed(one) for one in W])
        W = W[dimensionality(W).sum(axis=1) > hidden - tolerance]
    Mw = W @ np.swapaxes(W, 1, 2) @ W
    along = (W * Mw).sum(axis=1, keepdims=True) / (W**2).sum(axis=1, keepdims=True)
    distance = np.linalg.norm(Mw - along * W, axis=1) / np.linalg.norm(Mw, axis=1)
    details = {"models": len(W), "largest of each": distance.max(axis=1).tolist()}
    return Quantity(float(distance.max()), np.sqrt(tolerance), f"{len(W)} of {models} random models", details)


def _packed(W: np.ndarray) -> np.ndarray:
    """Weights nearby whose capacities sum to the most."""
    found = minimize(lambda flat: -float(dimensionality(flat.reshape(W.shape)).sum()), W.ravel(), tol=1e-12)
    return found.x.reshape(W.shape)
