"""From learned weights to the exact critical point of their basin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.law import Law
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.weights import Weights

#: Longest step while polishing: a tenth of a typical feature's norm, so that the basin is not left.
_REACH = 0.1


@dataclass(frozen=True)
class Polished:
    """Critical points that learned weights were close to.

    Attributes:
        weights: W [models, hidden, features] and b [models, features] at the critical points.
        loss: exact population loss there.
        moved: Euclidean distance in (W, b) from the learned weights.
        gradient_norm: of the exact loss there.
        hessian_min: least curvature there, rotations left out; negative at a saddle.
        converged: whether the gradient vanishes to `descent.GRADIENT_TOLERANCE`.
    """

    weights: Weights
    loss: Float[np.ndarray, " models"]
    moved: Float[np.ndarray, " models"]
    gradient_norm: Float[np.ndarray, " models"]
    hessian_min: Float[np.ndarray, " models"]
    converged: Bool[np.ndarray, " models"]


def polish(weights: Weights, law: Law) -> Polished:
    """Follow the exact loss downhill, in short steps, from an ensemble of learned weights.

    Args:
        weights: an ensemble.
        law: density and importance of each model's features.

    Returns:
        `Polished`, models in the order given.

    Validity: independent uniform features, ReLU readout, at most `enumeration.MOST_FEATURES` features.
    """
    rest = descend(weights.W, weights.b, law, reach=_REACH)
    moved = np.sqrt(((rest.W - weights.W) ** 2).sum(axis=(1, 2)) + ((rest.b - weights.b) ** 2).sum(axis=1))
    least = least_curvatures(rest.W, rest.b, law)
    return Polished(Weights(rest.W, rest.b), rest.loss, moved, rest.gradient_norm, least, rest.converged)
