"""Whole models from their rows: losses, derivatives by the weights, and bounds with the rounding in between."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import half_map, row_jacobian, rows_expansion
from tegum.theory.loss.rows import RowLosses

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class Found:
    """What a route finds for a batch; derivatives by the stack (W, W_outᵀ, b) as if the weights were untied."""

    per_feature: np.ndarray
    penalty: np.ndarray
    error: np.ndarray
    gradient: np.ndarray
    gradient_error: np.ndarray
    hessian: np.ndarray | None = None
    hessian_error: np.ndarray | None = None


def from_rows(rows: RowLosses, W: np.ndarray, W_out: np.ndarray) -> Found:
    """Whole models from their rows: bounds of the rows, the rounding of G = W_out W carried through D, and the sums."""
    models, hidden, columns = W.shape
    assert rows.error is not None
    assert rows.gradient_error is not None
    D = rows.gradient[..., :columns]
    slope = np.abs(D) + rows.gradient_error[..., None]
    G_rounding = hidden * UNIT_ROUNDOFF * (np.abs(W_out) @ np.abs(W))
    features = rows.loss.shape[1]
    error = rows.error.sum(axis=1) + (slope * G_rounding).sum(axis=(1, 2))
    error += features * UNIT_ROUNDOFF * rows.loss.sum(axis=1)
    parts = (W_out.swapaxes(1, 2) @ D, W @ D.swapaxes(1, 2), rows.gradient[..., columns])
    gradient = np.concatenate([part.reshape(models, -1) for part in parts], axis=1)
    rounding = UNIT_ROUNDOFF * (columns + 2)
    each = rows.gradient_error[..., None] + rounding * slope
    inward = (np.abs(W_out).swapaxes(1, 2) @ each).max(axis=(1, 2))
    outward = (np.abs(W) @ each.swapaxes(1, 2)).max(axis=(1, 2))
    gradient_error = inward + outward + rows.gradient_error.max(axis=1)
    found = Found(rows.loss, np.zeros(models), error, gradient, gradient_error)
    return found if rows.hessian is None else _with_hessian(found, rows, W, W_out)


def _with_hessian(found: Found, rows: RowLosses, W: np.ndarray, W_out: np.ndarray) -> Found:
    """The Hessian of whole models, Σ_i J_iᵀ (∂²ℓ_i) J_i + D, with the rows' bounds and its own rounding."""
    assert rows.hessian is not None
    assert rows.hessian_error is not None
    jacobian = np.abs(row_jacobian(W, W_out, True))
    rounding = UNIT_ROUNDOFF * (2 * W.shape[2] + W.shape[1] + len(rows.loss[0]) + 8)
    each = rows.hessian_error + rounding * np.abs(rows.hessian).max(axis=(2, 3))
    # |Σ_i e_i s_ik s_il| <= max_k Σ_i e_i s_ik², by Cauchy and Schwarz.
    error = (each[..., None] * jacobian.sum(axis=2) ** 2).sum(axis=1).max(axis=1) + found.gradient_error
    return replace(found, hessian=rows_expansion(rows, W, W_out, True).hessian, hessian_error=error)


def by_weights(found: Found, W: np.ndarray, halves: np.ndarray) -> Found:
    """Derivatives by the weights W from those by the weights of the halves, at most two of which share a weight."""
    kept = half_map(W, halves)
    gradient = (found.gradient[:, None] @ kept)[:, 0]
    found = replace(found, gradient=gradient, gradient_error=2 * found.gradient_error)
    if found.hessian is None or found.hessian_error is None:
        return found
    return replace(found, hessian=kept.swapaxes(1, 2) @ found.hessian @ kept, hessian_error=4 * found.hessian_error)


def plus_norms(found: Found, norms: RowLosses, law: Law) -> Found:
    """Add λ E‖h‖₁, whose rows are the hidden units'."""
    assert law.l1 is not None
    assert norms.error is not None
    assert norms.gradient_error is not None
    models, hidden, features = norms.gradient.shape
    gradient = found.gradient.copy()
    gradient[:, : hidden * features] += law.l1[:, None] * norms.gradient.reshape(models, -1)
    whole = replace(
        found,
        penalty=law.l1 * norms.loss.sum(axis=1),
        error=found.error + law.l1 * norms.error.sum(axis=1),
        gradient=gradient,
        gradient_error=found.gradient_error + law.l1 * norms.gradient_error.max(axis=1),
    )
    if found.hessian is None or norms.hessian is None or norms.hessian_error is None:
        return whole
    hessian = found.hessian.copy()
    for a in range(hidden):
        block = slice(a * features, (a + 1) * features)
        hessian[:, block, block] += law.l1[:, None, None] * norms.hessian[:, a]
    assert found.hessian_error is not None
    error = found.hessian_error + law.l1 * norms.hessian_error.max(axis=1)
    return replace(whole, hessian=hessian, hessian_error=error)
