"""Batch loss and gradient of one model on a tile of inputs, the inputs innermost, in single precision."""

from typing import NamedTuple

import numpy as np
from numba import float32, njit

from tegum.empirical.kernels.products import FAST, add_outer, add_product
from tegum.theory.setting import Setting


class Objective(NamedTuple):
    """What a run minimises: Σ_i I_i (y_i - x̂_i)² + λ ‖h‖₁ over a batch, divided by its size.

    Attributes:
        weight: [features], I_i / B.
        penalty: λ / B.
        rectified: whether the hidden layer is a ReLU; clipped: whether the readout is one.
        absolute: whether y is |x|.
    """

    weight: np.ndarray
    penalty: np.float32
    rectified: bool
    clipped: bool
    absolute: bool


def objective_of(setting: Setting, batch_size: int) -> Objective:
    """The objective of a batch of so many inputs."""
    return Objective(
        np.array(setting.importance, dtype=np.float32) / np.float32(batch_size),
        np.float32(setting.l1 / batch_size),
        setting.activation == "relu",
        setting.readout == "relu",
        setting.target == "abs",
    )


class Model(NamedTuple):
    """W [hidden, features], W_outᵀ [hidden, features] (the same array if tied) and b [features]; or their gradient."""

    encoder: np.ndarray
    decoder: np.ndarray
    bias: np.ndarray


class Scratch(NamedTuple):
    """Arrays for one tile: W_out [features, hidden], h and its gradient g [hidden, width], d [features, width]."""

    readout: np.ndarray
    h: np.ndarray
    g: np.ndarray
    d: np.ndarray


def scratch_of(features: int, hidden: int, width: int) -> Scratch:
    """Empty arrays."""
    shapes = (features, hidden), (hidden, width), (hidden, width), (features, width)
    return Scratch(*(np.empty(shape, np.float32) for shape in shapes))


@njit(cache=True, nogil=True, fastmath=FAST)
def add_tile(model, objective, x, inputs, scratch, gradient):
    """Add a tile's share of the gradient to `gradient`; its share of the loss.

    h = activation(W x),  z = W_out h + b,  d = ∂L/∂z,  g = ∂L/∂(W x);  ∂L/∂W = g xᵀ,  ∂L/∂W_outᵀ = h dᵀ,  ∂L/∂b = Σ d.

    Args:
        x: [features, width], of which the first `inputs` columns count and the others are finite.
        scratch: its readout is W_out.
    """
    h, g, d = scratch.h, scratch.g, scratch.d
    for k in range(h.shape[0]):
        _fill(h[k], float32(0.0))
    add_product(model.encoder, x, h)
    if objective.rectified:
        for k in range(h.shape[0]):
            _gate(h[k], h[k])
    for i in range(d.shape[0]):
        _fill(d[i], model.bias[i])
    add_product(scratch.readout, h, d)
    loss = 0.0
    for i in range(d.shape[0]):
        total, slope = _residuals(d[i], x[i], inputs, objective.weight[i], objective.clipped, objective.absolute)
        loss += total
        gradient.bias[i] += slope
    for k in range(h.shape[0]):
        loss += _penalty(h[k], inputs, objective.penalty, g[k])
    add_product(model.decoder, d, g)
    if objective.rectified:
        for k in range(h.shape[0]):
            _gate(g[k], h[k])
    add_outer(h, d, gradient.decoder)
    add_outer(g, x, gradient.encoder)
    return loss


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _residuals(d, x, inputs, weight, clipped, absolute):
    """Turn z into d = ∂L/∂z in place; the loss, and the sum of d."""
    total, slope, twice = float32(0.0), float32(0.0), 2 * weight
    for t in range(d.size):
        on = d[t] > 0 or not clipped
        x_hat = d[t] if on else float32(0.0)
        error = x_hat - (abs(x[t]) if absolute else x[t])
        if t >= inputs:
            error = float32(0.0)
        total += error * error
        d[t] = twice * error if on else float32(0.0)
        slope += d[t]
    return weight * total, slope


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _penalty(h, inputs, penalty, g):
    """Put ∂/∂h of the L1 term of one hidden unit into g; the term."""
    total = float32(0.0)
    if penalty == 0:
        _fill(g, float32(0.0))
        return total
    for t in range(inputs):
        total += abs(h[t])
        g[t] = penalty if h[t] > 0 else -penalty if h[t] < 0 else float32(0.0)
    for t in range(inputs, h.size):
        g[t] = float32(0.0)
    return penalty * total


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _fill(row, value):
    for t in range(row.size):
        row[t] = value


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _gate(row, by):
    for t in range(row.size):
        row[t] = row[t] if by[t] > 0 else float32(0.0)
