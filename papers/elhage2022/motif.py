"""Elhage et al.'s asymmetric superposition with inhibition, among neurons that compute absolute values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.papers.claims.models import best_trained_over
from tegum.papers.claims.quantity import Quantity
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

Motif = dict[str, Any]

#: A neuron computes a side of |x_i| where the product of its weights from x_i and to output i is at least so much.
_SIDE = 0.5
#: What is left of an inhibited output, in magnitudes of a feature.
_LEFT = 0.1
#: Ratio of weights from which they are unequal, and others that would change the count by its error.
_RATIO, _OTHERS = 2.0, (1.5, 3.0)


def asymmetric_neurons(setting: Setting, densities: Sequence[float], runs: int = 128, steps: int = 5000) -> Quantity:
    """Neurons that compute sides of two features, and those of them with the motif, at each density.

    Of the best of trained models; see `asymmetric`.  The error is what other ratios of weights would change.
    """
    best = best_trained_over(setting, "density", densities, runs, steps, learning_rate=0.02)
    counts = [[len(asymmetric(one.weights, ratio)) for ratio in (_RATIO, *_OTHERS)] for one in best]
    values = [count for one, row in zip(best, counts, strict=True) for count in (len(shared(one.weights)), row[0])]
    errors = [error for row in counts for error in (0.0, float(max(abs(other - row[0]) for other in row)))]
    method = f"best of {runs} trained models; error: what other ratios would change"
    details = {
        "density": list(densities),
        "loss": [one.loss for one in best],
        "motifs": [asymmetric(one.weights) for one in best],
    }
    return Quantity(tuple(values), tuple(errors), method, details)


def shared(weights: Weights) -> list[int]:
    """Neurons that compute a side of two features or more."""
    return np.flatnonzero((_sides(weights) >= _SIDE).sum(axis=1) > 1).tolist()


def asymmetric(weights: Weights, ratio: float = _RATIO) -> list[Motif]:
    """Asymmetric superposition with inhibition: each neuron that does it, for the features i and j of its motif.

    Neuron a computes a side of |x_i| and of |x_j| with input weights |W_ai| >= ratio |W_aj| and reciprocal output
    weights, V_ja >= ratio V_ia.  Then i alone, at magnitude one, would raise output j by V_ja |W_ai|, but the other
    neurons inhibit it: ReLU(Σ_c V_jc h_c + b_j) is next to nothing.

    Source: Elhage et al. 2022, section "The asymmetric superposition motif": weights [2, -1/2] and [1/2, 2].
    """
    found = (
        _motif(weights, a, i, j)
        for a in shared(weights)
        for i, j in permutations(np.flatnonzero(_sides(weights)[a] >= _SIDE).tolist(), 2)
    )
    return [one for one in found if min(one["inward"], one["outward"]) >= ratio and one["left"] <= _LEFT]


def _motif(weights: Weights, a: int, i: int, j: int) -> Motif:
    """Ratios of neuron a's weights for i over j and j over i, what i does to output j through it, and what is left."""
    W, V = weights.W, weights.outward
    h = np.maximum(np.sign(W[a, i]) * W[:, i], 0.0)
    return {
        "neuron": a,
        "features": [i, j],
        "inward": float(abs(W[a, i] / W[a, j])),
        "outward": float(V[j, a] / V[i, a]),
        "interference": float(V[j, a] * h[a]),
        "left": float(max(V[j] @ h + weights.b[j], 0.0)),
    }


def _sides(weights: Weights) -> Float[np.ndarray, "hidden features"]:
    """|W_ai| V_ia, [hidden, features]."""
    return np.abs(weights.W) * weights.outward.T
