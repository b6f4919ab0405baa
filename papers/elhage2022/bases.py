"""Elhage et al.'s correlated sets of features, each with an orthogonal basis of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import best_trained
from tegum.papers.claims.quantity import Quantity
from tegum.theory.setting import Setting


def far_from_identity(setting: Setting, sets: Sequence[Sequence[int]], runs: int = 8, steps: int = 3000) -> Quantity:
    """Largest entry, in size, of WᵀW - 1 within sets of features, in the best of trained models."""
    W = best_trained(setting, runs, steps).weights.W
    G = W.T @ W
    within = [np.abs(G[np.ix_(one, one)] - np.eye(len(one))).max() for one in sets]
    between = np.abs(G[np.ix_(sets[0], sets[1])]).max()
    return Quantity(float(max(within)), 0.0, f"best of {runs} trained models", {"between": float(between)})
