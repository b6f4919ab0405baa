"""The chain rule from the rows of a model to its weights (compiled)."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def fill_hessians(W, outward, gradient, rows, shift, biases, hessian):
    """Σ_i J_iᵀ (∂²ℓ_i) J_i + Σ_i ∂ℓ_i/∂G_ij ∂²G_ij of each model, J_i the Jacobian of row i, (G_ij over j, b_i).

    G_ij = Σ_a U_ai W_aj; U and W are one matrix if tied, and what they are owed adds up.

    Args:
        W, outward: W [models, hidden, columns] and U [models, hidden, features].
        gradient, rows: ∂ℓ_i [models, features, columns + 1] and ∂²ℓ_i [models, features, columns + 1, columns + 1].
        shift, biases: places of U and of the biases among the parameters; the latter -1 if there are none.
        hessian: zeros [models, parameters, parameters], to be added to.
    """
    models, hidden, columns = W.shape
    features = outward.shape[2]
    for r in range(models):
        for i in range(features):
            _add_row(W[r], outward[r, :, i], gradient[r, i], rows[r, i], shift + i, features, hessian[r])
            if biases >= 0:
                _add_bias(W[r], outward[r, :, i], rows[r, i, columns], shift + i, features, biases + i, hessian[r])


@njit(cache=True, nogil=True)
def _add_row(W, U, slope, H, own, features, hessian):
    """The part of one row by the weights; U_a of that row is the parameter ``own + a features``."""
    hidden, columns = W.shape
    for c in range(hidden):
        there = own + c * features
        for j in range(columns):
            pull = 0.0
            for k in range(columns):
                pull += H[j, k] * W[c, k]
            for a in range(hidden):
                here = a * columns + j
                for k in range(columns):
                    hessian[here, c * columns + k] += U[a] * U[c] * H[j, k]
                mixed = U[a] * pull + (slope[j] if a == c else 0.0)
                hessian[here, there] += mixed
                hessian[there, here] += mixed
                hessian[own + a * features, there] += W[a, j] * pull


@njit(cache=True, nogil=True)
def _add_bias(W, U, H, own, features, bias, hessian):
    """The part of one row by its bias and by its bias and the weights."""
    hidden, columns = W.shape
    for a in range(hidden):
        for j in range(columns):
            here, there = a * columns + j, own + a * features
            hessian[here, bias] += U[a] * H[j]
            hessian[bias, here] += U[a] * H[j]
            hessian[there, bias] += W[a, j] * H[j]
            hessian[bias, there] += W[a, j] * H[j]
    hessian[bias, bias] += H[columns]
