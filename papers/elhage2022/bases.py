"""Elhage et al.'s correlated features: sets with orthogonal bases of their own, and pairs that collapse into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import best_trained, best_trained_over, found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

#: Features closer to one direction than this cosine have collapsed into one.
_COLLAPSED = 0.98


def far_from_identity(setting: Setting, sets: Sequence[Sequence[int]], runs: int = 8, steps: int = 3000) -> Quantity:
    """Largest entry, in size, of WᵀW - 1 within sets of features, in the best of trained models."""
    W = best_trained(setting, runs, steps).weights.W
    G = W.T @ W
    within = [np.abs(G[np.ix_(one, one)] - np.eye(len(one))).max() for one in sets]
    between = np.abs(G[np.ix_(sets[0], sets[1])]).max()
    return Quantity(float(max(within)), 0.0, f"best of {runs} trained models", {"between": float(between)})


def cosines_in_groups(setting: Setting, starts: int = 64) -> Quantity:
    """Cosine between the two members of each group, in the best weights, sorted."""
    best = optimum(setting, starts)
    return Quantity(
        tuple(sorted(_in_groups(best.weights.W, _pairs(setting)))), 1e-6, "global search on the exact loss", found(best)
    )


def collapsed_pairs(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """How many correlated pairs share one direction in the best weights, at each density."""
    best = optima(setting, "density", densities, starts)
    cosines = [_in_groups(one.weights.W, _pairs(setting)) for one in best]
    details = {"density": list(densities), "cosines": cosines}
    return Quantity(
        tuple(sum(c > _COLLAPSED for c in one) for one in cosines), 0.0, "global search on the exact loss", details
    )


def collapsed_pairs_by_training(
    setting: Setting, densities: Sequence[float], runs: int = 48, steps: int = 8000
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    best = best_trained_over(setting, "density", densities, runs, steps)
    cosines = [_in_groups(one.weights.W, _pairs(setting)) for one in best]
    counts = tuple(sum(c > _COLLAPSED for c in one) for one in cosines)
    return Quantity(
        counts, 0.0, f"best of {runs} trained models", {"cosines": cosines, "loss": [one.loss for one in best]}
    )


def _pairs(setting: Setting) -> list[tuple[int, int]]:
    if setting.groups:
        return [(group[0], group[1]) for group in setting.groups]
    return [(i, i + 1) for i in range(0, setting.count, 2)]


def _in_groups(W: np.ndarray, pairs: Sequence[tuple[int, int]]) -> list[float]:
    unit = W / np.linalg.norm(W, axis=0)
    return [float(unit[:, i] @ unit[:, j]) for i, j in pairs]
