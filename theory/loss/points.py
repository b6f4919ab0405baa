"""The loss of any model as a weighted sum over inputs, with its derivatives by all weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.devices import library, on_cpu
from tegum.theory.loss.law import Law, Structure

#: Inputs times weights handled at once: bounds the memory; on a CPU what its cache holds, three times as fast.
_AT_ONCE = {"cpu": 2**20, "cuda": 2**26}


@dataclass(frozen=True)
class PointSums:
    """Sums over weighted inputs.

    Attributes:
        per_feature: Σ_s P_s I_i (y_i - x̂_i)².
        penalty: λ Σ_s P_s ‖h‖₁.
        gradient: of the loss by the weights, one row of the stack (W_in, W_outᵀ, b) after another.
        hessian: second derivatives in the same order; None when not asked for.
    """

    per_feature: Float[np.ndarray, "models features"]
    penalty: Float[np.ndarray, " models"]
    gradient: Float[np.ndarray, "models stack"]
    hessian: Float[np.ndarray, "models stack stack"] | None


@dataclass(frozen=True)
class _Model:
    """Weights and what belongs to them as arrays of one library, ``xp``."""

    xp: Any
    W: Any
    W_out: Any
    b: Any
    importance: Any
    l1: Any
    structure: Structure


def point_sums(
    W: Float[np.ndarray, "models hidden features"],
    W_out: Float[np.ndarray, "models features hidden"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    x: Float[np.ndarray, "#models inputs features"],
    probability: Float[np.ndarray, "#models inputs"],
    order: int = 1,
    device: str | None = None,
) -> PointSums:
    """The loss of a model summed over weighted inputs, and its derivatives.

    L = Σ_s P_s [ Σ_i I_i (y_i - x̂_i)² + λ ‖h‖₁ ],  h = activation(W x), x̂ = readout(W_out h + b).

    Args:
        W, W_out, b: weights.
        law: importances, λ, activation, readout and target; its densities are in the probabilities.
        x: inputs, for each model or for all alike.
        probability: of each input.
        order: 1 for the gradient, 2 for the Hessian as well.
        device: to compute on (see `devices.library`).

    Returns:
        `PointSums`; derivatives where x̂ has none, on a kink, are those of the inactive side.
    """
    models, hidden, features = W.shape
    stack = 2 * hidden * features + features
    xp, there = library(device)
    l1 = None if law.l1 is None else xp.asarray(law.l1, device=there)
    inward, outward, biases, importance = (xp.asarray(array, device=there) for array in (W, W_out, b, law.importance))
    model = _Model(xp, inward, outward, biases, importance, l1, law.structure)
    shapes = [(models, features), (models,), (models, stack), *[(models, stack, stack)] * (order - 1)]
    totals = [xp.zeros(shape, dtype=xp.float64, device=there) for shape in shapes]
    at_once = _AT_ONCE["cpu" if device is None else there.type]
    step = max(1, at_once // (models * (features * stack if order >= 2 else stack)))
    for start in range(0, x.shape[1], step):
        part = slice(start, start + step)
        inputs, shares = (xp.asarray(array[:, part], device=there) for array in (x, probability))
        for total, added in zip(totals, _part_sums(model, inputs, shares, order), strict=True):
            total += added
    per_feature, penalty, gradient, *hessian = map(on_cpu, totals)
    return PointSums(per_feature, penalty, gradient, hessian[0] if hessian else None)


def _part_sums(of: _Model, x, P, order: int) -> list:
    """The sums over some inputs, in the order of the fields of `PointSums`."""
    xp, models = of.xp, len(of.W)
    before = x @ of.W.swapaxes(1, 2)
    passed = before > 0 if of.structure.activation == "relu" else xp.ones_like(before, dtype=xp.bool)
    h = before * passed
    z = h @ of.W_out.swapaxes(1, 2) + of.b[:, None, :]
    active = z > 0 if of.structure.readout == "relu" else xp.ones_like(z, dtype=xp.bool)
    y = xp.abs(x) if of.structure.target == "abs" else x
    weight = P[..., None] * of.importance[:, None, :]
    residual = z * active - y
    by_output = 2 * weight * residual * active
    by_hidden = (by_output @ of.W_out) * passed
    penalty = xp.zeros_like(of.b[:, 0])
    if of.l1 is not None:
        penalty = of.l1 * (P[..., None] * xp.abs(h)).sum(axis=(1, 2))
        by_hidden = by_hidden + of.l1[:, None, None] * P[..., None] * xp.sign(h)
    x = xp.broadcast_to(x, (models, *x.shape[1:]))
    parts = (by_hidden.swapaxes(1, 2) @ x, h.swapaxes(1, 2) @ by_output, by_output.sum(axis=1))
    gradient = xp.concatenate([part.reshape(models, -1) for part in parts], axis=1)
    sums = [(weight * residual**2).sum(axis=1), penalty, gradient]
    return [*sums, _hessian(of, x, h, passed, by_output, 2 * weight * active)] if order >= 2 else sums


def _hessian(of: _Model, x, h, passed, by_output, stiffness):
    """Σ_s Σ_i [ 2 P I_i J_i J_iᵀ + ∂L/∂z_i ∂²z_i ], J_i the derivatives of z_i by the stack of weights."""
    models, inputs, features = x.shape
    hidden = h.shape[2]
    inward = hidden * features
    stack = 2 * inward + features
    hessian = of.xp.zeros((models, stack, stack), dtype=x.dtype, device=x.device)
    for i in range(features):
        J = of.xp.zeros((models, inputs, stack), dtype=x.dtype, device=x.device)
        reach = (of.W_out[:, None, i, :] * passed)[..., None] * x[:, :, None, :]
        J[..., :inward] = reach.reshape(models, inputs, inward)
        J[..., inward + i : 2 * inward : features] = h
        J[..., 2 * inward + i] = 1.0
        hessian += J.swapaxes(1, 2) @ (stiffness[:, :, i, None] * J)
    for a in range(hidden):
        mixed = (x * passed[:, :, a, None]).swapaxes(1, 2) @ by_output
        rows, columns = (
            slice(a * features, (a + 1) * features),
            slice(inward + a * features, inward + (a + 1) * features),
        )
        hessian[:, rows, columns] += mixed
        hessian[:, columns, rows] += mixed.swapaxes(1, 2)
    return hessian
