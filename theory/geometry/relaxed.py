"""Arrangements with free shape, relaxed within their symmetry to where the loss of sparse features wants them."""

from __future__ import annotations

import numpy as np

from tegum.theory.candidates.ansatz import ansatz_minima, symmetric_ansatz
from tegum.theory.geometry.polytopes import Vectors
from tegum.theory.loss.law import Law

#: Density at which free heights and radii are settled: sparse enough for every catalogued type to exist.
REFERENCE_DENSITY = 0.02
_STARTING_BIASES = (-0.5, -0.2)


def relaxed(seed: Vectors) -> Vectors:
    """The arrangement of least loss near a seed and with its symmetry, at `REFERENCE_DENSITY` and like features.

    Args:
        seed: any arrangement with the symmetry wanted; its heights and radii only say where to start.

    Returns:
        Vectors of mean squared length 1.

    Raises:
        ArithmeticError: no start came to rest.
    """
    seed = seed / np.linalg.norm(seed, axis=0)
    ansatz, vertices = symmetric_ansatz(seed), seed.shape[1]
    starts = np.stack([ansatz.parameters(seed, np.full(vertices, b)) for b in _STARTING_BIASES])
    law = Law(np.full((len(starts), vertices), REFERENCE_DENSITY), np.ones((len(starts), vertices)))
    rest = ansatz_minima(starts, ansatz, law)
    if not rest.converged.any():
        raise ArithmeticError(f"an arrangement of {vertices} vectors could not be relaxed")
    best = int(np.argmin(np.where(rest.converged, rest.at.loss, np.inf)))
    W, _ = ansatz.weights(rest.theta[best])
    return W / np.sqrt((W**2).sum() / vertices)
