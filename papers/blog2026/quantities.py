"""The blog's knob: what becomes of superposition as inputs become sparse, and as activations are penalised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import best_trained, best_trained_over, found, found_over, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality
from tegum.theory.loss.law import law_of
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis

#: Length of a feature that is represented, and how close to a transition the penalties on either side of it are.
_NORM, _CLOSE = 0.1, 5e-3


def shared_features(setting: Setting, over: str, values: Sequence[float], starts: int = 64) -> Quantity:
    """How many features of the best weights share their dimension with others, at each value of an axis."""
    best = optima(setting, over, values, starts)
    counts = tuple(_shared(one.weights.W) for one in best)
    return Quantity(
        counts,
        0.0,
        "features of dimensionality 0.01 to 0.99",
        found_over(over, values, best),
    )


def shared_features_by_training(
    setting: Setting, over: str, values: Sequence[float], runs: int = 32, steps: int = 5000
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    best = best_trained_over(setting, over, values, runs, steps)
    counts = tuple(_shared(one.weights.W, 0.05) for one in best)
    return Quantity(
        counts, 0.0, f"best of {runs} trained models", {over: list(values), "loss": [one.loss for one in best]}
    )


def cosine_of_two(setting: Setting, starts: int = 64) -> Quantity:
    """Overlap of two features in one dimension over the longer one's squared norm, in the best weights."""
    best = optimum(setting, starts)
    return Quantity(_relative_overlap(best.weights.W), 1e-6, "global search on the exact loss", found(best))


def cosine_of_two_by_training(setting: Setting, runs: int = 32, steps: int = 5000) -> Quantity:
    """The same of the best of trained models."""
    best = best_trained(setting, runs, steps)
    return Quantity(_relative_overlap(best.weights.W), 0.05, f"best of {runs} trained models", {"loss": best.loss})


def advantage_of_sharing(setting: Setting, penalties: Sequence[float]) -> Quantity:
    """Loss of one feature alone less that of an antipodal pair of two, each at rest, at each penalty λ."""
    starts, values = np.array([[[1.0, -1.0]], [[1.0, 0.0]]]), []
    for penalty in penalties:
        rest = descend(starts, np.zeros((2, 2)), law_of(with_axis(setting, "l1", penalty), 2), reach=0.1)
        values.append(float(rest.loss[1] - rest.loss[0]))
    return Quantity(tuple(values), 1e-9, "descents of the exact loss from two arrangements", {"l1": list(penalties)})


def length_before_it_is_dropped(
    setting: Setting, feature: int, low: float, high: float, beyond: bool = False, starts: int = 8
) -> Quantity:
    """Length of a feature's vector in the best weights just below the penalty at which it is dropped, or beyond."""
    below, above = (optimum(with_axis(setting, "l1", penalty), starts) for penalty in (low, high))
    while above.setting.l1 - below.setting.l1 > _CLOSE:
        here = optimum(with_axis(setting, "l1", (below.setting.l1 + above.setting.l1) / 2), starts)
        below, above = (here, above) if _length(here.weights.W, feature) > _NORM else (below, here)
    chosen = above if beyond else below
    length = _length(chosen.weights.W, feature)
    details = found(chosen) | {"l1": chosen.setting.l1}
    return Quantity(length, 1e-2, f"the optimum within {_CLOSE:g} of the transition", details)


def _length(W: np.ndarray, feature: int) -> float:
    return float(np.linalg.norm(W[:, feature]))


def _relative_overlap(W: np.ndarray) -> float:
    one, other = map(float, W[0])
    return one * other / max(abs(one), abs(other)) ** 2


def _shared(W: np.ndarray, margin: float = 0.01) -> int:
    """Features that are neither dropped nor alone in their dimension."""
    W = np.asarray(W, dtype=float)
    represented = np.linalg.norm(W, axis=0) > 0.1
    D = dimensionality(np.where(represented, W, 0.0))
    return int(((D > margin) & (D < 1 - margin)).sum())
