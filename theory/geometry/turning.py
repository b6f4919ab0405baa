"""Rotations that bring one set of vectors onto another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def turned_onto(
    W: Float[np.ndarray, "hidden features"], frame: Float[np.ndarray, "hidden features"]
) -> Float[np.ndarray, "hidden features"]:
    """Weights rotated as close as can be to others: R W of least ‖R W - frame‖_F over orthogonal R (Procrustes).

    Source: Schönemann, A generalized solution of the orthogonal Procrustes problem, Psychometrika 31 (1966).
    """
    left, _, right = np.linalg.svd(frame @ W.T)
    return left @ right @ W
