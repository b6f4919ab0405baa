"""Frames in which zero overlaps are zero weights: each factor of a geometry spans axes of its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.geometry.isomorphism import components
from tegum.theory.loss.objective import overlaps, parameters, tied_weights

#: Weights, overlaps and biases below this are zero up to rounding.
ZERO = 1e-7


def zeros(theta: Float[np.ndarray, " parameters"], features: int) -> Bool[np.ndarray, " parameters"]:
    """Weights and biases that stay zero along a branch in its frame.

    Each factor keeps to the axes that it spans, and a dropped vector, a factor by itself, spans none; biases that are
    zero stay on their kink.
    """
    W, b = (one[0] for one in tied_weights(theta[None], features))
    outside = np.zeros(W.shape, dtype=bool)
    for members in _factors(W):
        outside[:, members] = ~_axes(W[:, members])[:, None]
    return np.concatenate([outside.ravel(), np.abs(b) < ZERO])


def frame(theta: Float[np.ndarray, " parameters"], features: int) -> Float[np.ndarray, "hidden hidden"]:
    """The rotation R such that each factor of R W spans axes of its own; 1 where those of W do already."""
    W = tied_weights(theta[None], features)[0][0]
    spans = [_span(W[:, members]) for members in _factors(W)]
    parted = all(_axes(W[:, members]).sum() == span.shape[1] for members, span in zip(_factors(W), spans, strict=True))
    if parted:
        return np.eye(len(W))
    basis, _, other = np.linalg.svd(np.concatenate(spans, axis=1), full_matrices=True)
    basis[:, : len(other)] = basis[:, : len(other)] @ other
    return basis.T


def turned(
    theta: Float[np.ndarray, " parameters"], rotation: Float[np.ndarray, "hidden hidden"], features: int
) -> Float[np.ndarray, " parameters"]:
    """Weights in another frame: R W, and biases as they are."""
    W, b = tied_weights(theta[None], features)
    return parameters(rotation @ W, b)[0]


def _factors(W: np.ndarray) -> list[np.ndarray]:
    return components(np.abs(overlaps(W[None])[0]) > ZERO)


def _axes(W: np.ndarray) -> Bool[np.ndarray, " hidden"]:
    """The axes that vectors use."""
    return np.abs(W).max(axis=1) > ZERO


def _span(W: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what vectors span."""
    basis, size, _ = np.linalg.svd(W, full_matrices=False)
    return basis[:, size > ZERO]
