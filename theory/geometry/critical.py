"""The geometry of weights at a critical point, where what vanishes does so to rounding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.balance import balanced
from tegum.theory.geometry.identify import Identity, identify
from tegum.theory.weights import Weights

#: Overlaps below this times the largest squared norm vanish exactly at a critical point found to machine precision.
CRITICAL_TOLERANCE = 1e-6


def feature_vectors(weights: Weights, activation: str = "none") -> Float[np.ndarray, "hidden features"]:
    """The feature vectors of one model: the columns of W, those of untied weights once the two sides are balanced."""
    return balanced(weights, activation).W


def critical_identity(weights: Weights, activation: str = "none") -> Identity:
    """The geometry of one model at a critical point, where overlaps that vanish do so to `CRITICAL_TOLERANCE`."""
    return identify(feature_vectors(weights, activation), tolerance=CRITICAL_TOLERANCE)
