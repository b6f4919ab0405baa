"""From learned weights to the exact critical point of their basin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion_at, parameters
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend, gradient_tolerance
from tegum.theory.weights import Weights

#: Longest step while polishing: a tenth of a typical feature's norm, so that the basin is not left.
_REACH = 0.1
#: Entries of all the Hessians that are held at once.
_ENTRIES = 2**25


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
    return polished_at(Weights(rest.W, rest.b), weights, law)


def polished_at(rest: Weights, learned: Weights, law: Law) -> Polished:
    """What the exact loss says of given critical points, and how far they are from learned weights.

    Args:
        rest, learned: ensembles of one shape.
        law: density and importance of each model's features.

    Returns:
        `Polished`, of the points as they are.

    Validity: as `polish`.
    """
    theta = parameters(rest.W, rest.b)
    together = max(1, _ENTRIES // theta.shape[1] ** 2)
    parts = [slice(first, first + together) for first in range(0, len(theta), together)]
    at = [_slopes(theta[part], law[part]) for part in parts]
    loss, norm = (np.concatenate(values) for values in zip(*at, strict=True))
    least = np.concatenate([least_curvatures(rest.W[part], rest.b[part], law[part]) for part in parts])
    moved = np.linalg.norm(theta - parameters(learned.W, learned.b), axis=1)
    return Polished(rest, loss, moved, norm, least, norm <= gradient_tolerance(law))


def _slopes(theta: np.ndarray, law: Law) -> tuple[np.ndarray, np.ndarray]:
    """Loss and norm of its gradient."""
    at = expansion_at(theta, law)
    return at.loss, np.linalg.norm(at.gradient, axis=1)
