"""Polygons of one-hot features in two dimensions, by their names: "5" beside dead features, "5+" with one answered."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.limits import one_hot_polygon
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def named_polygon(name: str, count: int, dead: float | None = None, silent: float = -0.1) -> Weights:
    """The best k-gon beside dead features: "5", "5+", "4++", one plus for each whose bias answers the mean input.

    Args:
        name: vertices k and pluses.
        count: features, dead ones included.
        dead: bias of the dead features that have a plus; 1/(2 count), which is best, if None.
        silent: bias of the other dead features.
    """
    k = int(name.rstrip("+"))
    plus = len(name) - len(str(k))
    fit = one_hot_polygon(k)
    biases = [1 / (2 * count) if dead is None else dead] * plus + [silent] * (count - k - plus)
    return Weights(
        np.concatenate([fit.length * ring(k), np.zeros((2, count - k))], axis=1),
        np.concatenate([np.full(k, fit.bias), biases]),
    )


def ring(k: int) -> Float[np.ndarray, "2 k"]:
    """The vertices of a regular k-gon of radius 1."""
    angle = 2 * np.pi * np.arange(k) / k
    return np.array([np.cos(angle), np.sin(angle)])


def point_of(weights: Weights) -> Float[np.ndarray, " parameters"]:
    """Weights and biases in one row, as samplers move them."""
    return np.concatenate([weights.W.ravel(), weights.b])


def one_hot(count: int) -> Setting:
    """One-hot features of uniform values in two dimensions."""
    return Setting(count, 2, law="one-hot")
