"""Diagnostics of any weights: how much of the hidden space each feature has, and how much it shares."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def dimensionality(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble features"]:
    """Fraction of a dimension that each feature has to itself, which is also its capacity.

    D_i = ‖w_i‖² / Σ_j (ŵ_i·w_j)² = (w_i·w_i)² / Σ_j (w_i·w_j)² = C_i,  0 for a zero vector.

    Args:
        W: feature vectors in its columns.

    Returns:
        Numbers from 0 to 1, d/k for each of the k vertices of a regular factor in d dimensions.  Σ_i D_i <= hidden.

    Validity: any weights; unchanged by rotation and by a common scale.

    Source: Elhage et al. 2022, section "The geometry of superposition"; capacity: Scherlis et al. 2022, section 2.

    >>> dimensionality(np.array([[1.0, -1.0]])).tolist()
    [0.5, 0.5]
    """
    G = np.swapaxes(W, -1, -2) @ W
    squares = np.diagonal(G, axis1=-2, axis2=-1)
    shared = (G**2).sum(axis=-1)
    return np.divide(squares**2, shared, out=np.zeros_like(squares), where=shared > 0)


def dimensions_per_feature(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble"]:
    """Hidden dimensions per represented feature: D* = hidden / ‖W‖²_F, infinite for zero weights.

    Validity: counts features where represented ones have about unit norm.

    Source: Elhage et al. 2022, section "Uniform superposition".
    """
    with np.errstate(divide="ignore"):
        return np.asarray(W.shape[-2] / (W**2).sum(axis=(-1, -2)))


def superposition(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble features"]:
    """How strongly all other features project on the direction of each: Σ_{j≠i} (ŵ_i·w_j)², 0 for a zero vector.

    0 when orthogonal to all others; at least 1 when the others activate it as strongly as a unit feature itself.

    Source: Elhage et al. 2022, section "Basic results" (the colours of its bar charts).
    """
    G = np.swapaxes(W, -1, -2) @ W
    squares = np.diagonal(G, axis1=-2, axis2=-1)
    others = (G**2).sum(axis=-1) - squares**2
    return np.divide(others, squares, out=np.zeros_like(others), where=squares > 0)
