"""The blog's knob: what becomes of superposition as inputs become sparse, and as activations are penalised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.empirical.best import best_of
from tegum.empirical.training import train
from tegum.papers.claims.quantity import Quantity
from tegum.papers.claims.shared import found
from tegum.theory.diagnostics import dimensionality
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis


def shared_features(setting: Setting, over: str, values: Sequence[float], starts: int = 64) -> Quantity:
    """How many features of the best weights share their dimension with others, at each value of an axis."""
    best = [optimum(with_axis(setting, over, value), starts) for value in values]
    counts = tuple(_shared(one.weights.W) for one in best)
    return Quantity(
        counts,
        0.0,
        "features of dimensionality 0.01 to 0.99",
        {over: list(values), "optima": [found(one) for one in best]},
    )


def shared_features_by_training(
    setting: Setting, over: str, values: Sequence[float], runs: int = 32, steps: int = 5000
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    ensembles = [train(with_axis(setting, over, value), runs=runs, steps=steps, device="cpu") for value in values]
    best = [best_of(one)[0] for one in ensembles]
    counts = tuple(_shared(one.weights.W, 0.05) for one in best)
    return Quantity(
        counts, 0.0, f"best of {runs} trained models", {over: list(values), "loss": [one.loss for one in best]}
    )


def cosine_of_two(setting: Setting, starts: int = 64) -> Quantity:
    """Overlap of two features in one dimension over the longer one's squared norm, in the best weights."""
    best = optimum(setting, starts)
    one, other = best.weights.W[0]
    longer = max(abs(one), abs(other))
    return Quantity(float(one * other / longer**2), 1e-6, "global search on the exact loss", found(best))


def cosine_of_two_by_training(setting: Setting, runs: int = 32, steps: int = 5000) -> Quantity:
    """The same of the best of trained models."""
    best = best_of(train(setting, runs=runs, steps=steps, device="cpu"))[0]
    one, other = best.weights.W[0]
    longer = max(abs(one), abs(other))
    return Quantity(float(one * other / longer**2), 0.05, f"best of {runs} trained models", {"loss": best.loss})


def _shared(W: np.ndarray, margin: float = 0.01) -> int:
    """Features that are neither dropped nor alone in their dimension."""
    W = np.asarray(W, dtype=float)
    represented = np.linalg.norm(W, axis=0) > 0.1
    D = dimensionality(np.where(represented, W, 0.0))
    return int(((D > margin) & (D < 1 - margin)).sum())
