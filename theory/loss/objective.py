"""From rows of overlaps to weights: the loss of whole models as a function of (W, b)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import Law
from tegum.theory.newton import Expansion


def expansion(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Expansion:
    """Loss, gradient and Hessian of each model by its weights.

    With D_ij = ∂ℓ_i/∂G_ij and G = WᵀW:  ∂L/∂W = W (D + Dᵀ),  and the Hessian is
    Σ_i J_iᵀ (∂²ℓ_i) J_i + (D + Dᵀ) ⊗ 1, J_i the Jacobian of row i of (G, b).

    Validity: at most `enumeration.MOST_FEATURES` features; where a bias is exactly 0 the Hessian is one-sided.
    """
    models, hidden, features = W.shape
    rows = enumerated_rows(overlaps(W), b, law.density, law.importance, order=2)
    assert rows.hessian is not None
    by_overlap = rows.gradient[..., :features]
    symmetric = by_overlap + by_overlap.swapaxes(1, 2)
    gradient = np.concatenate([(W @ symmetric).reshape(models, -1), rows.gradient[..., features]], axis=1)
    jacobian = _row_jacobian(W)
    hessian = np.einsum("rijp,rijq->rpq", jacobian, rows.hessian @ jacobian, optimize=True)
    for a in range(hidden):
        block = slice(a * features, (a + 1) * features)
        hessian[:, block, block] += symmetric
    return Expansion(rows.loss.sum(axis=1), gradient, hessian)


def overlaps(W: Float[np.ndarray, "models hidden features"]) -> Float[np.ndarray, "models features features"]:
    """G = WᵀW of each model."""
    return W.swapaxes(1, 2) @ W


def _row_jacobian(
    W: Float[np.ndarray, "models hidden features"],
) -> Float[np.ndarray, "models features row parameters"]:
    """J[i, j] = ∂(G_ij)/∂θ for j < features and ∂b_i/∂θ for j = features."""
    models, hidden, features = W.shape
    jacobian = np.zeros((models, features, features + 1, (hidden + 1) * features))
    every = np.arange(features)
    for a in range(hidden):
        for i in range(features):
            jacobian[:, i, :features, a * features + i] += W[:, a]
            jacobian[:, i, every, a * features + every] += W[:, a, i : i + 1]
    jacobian[:, every, features, hidden * features + every] = 1.0
    return jacobian


def parameters(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"]
) -> Float[np.ndarray, "models parameters"]:
    """θ = (W row by row, b)."""
    return np.concatenate([W.reshape(len(W), -1), b], axis=1)


def weights_of(
    theta: Float[np.ndarray, "models parameters"], features: int
) -> tuple[Float[np.ndarray, "models hidden features"], Float[np.ndarray, "models features"]]:
    """(W, b) of θ: the inverse of `parameters`."""
    return theta[:, :-features].reshape(len(theta), -1, features), theta[:, -features:]
