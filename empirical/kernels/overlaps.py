"""Batch loss and gradient of a model with a linear hidden layer on inputs with few features on, input by input.

With G = Wᵀ W_outᵀ [features, features], z = b + Σ_j x_j G_j and ∂L/∂G_j = Σ_x x_j d, over the features j that are on:
an input costs as many rows of G as it has features on, whatever the hidden layer's width. G is made, and its gradient
handed on to the weights, once a step. Inputs with nothing on are all alike, and are only counted.
"""

from typing import NamedTuple

import numpy as np
from numba import float32, njit

from tegum.empirical.kernels.products import FAST, add_outer, add_product

_LANES = 16  # rows are filled up with zeros to whole vectors


class Overlaps(NamedTuple):
    """Arrays of one run, rows filled up with zeros: Wᵀ, G and W_outᵀ with their gradients, b, I / B, z, d, Σ d."""

    columns: np.ndarray
    G: np.ndarray
    slope: np.ndarray
    decoder: np.ndarray
    decoder_slope: np.ndarray
    bias: np.ndarray
    weight: np.ndarray
    z: np.ndarray
    d: np.ndarray
    total: np.ndarray


def overlaps_of(features: int, hidden: int) -> Overlaps:
    """Arrays of zeros; `columns` is for Wᵀ [features, hidden]."""
    length = -(-features // _LANES) * _LANES
    square, wide, row = (features, length), (hidden, length), (length,)
    shapes = (features, hidden), square, square, wide, wide, row, row, row, row, row
    return Overlaps(*(np.zeros(shape, np.float32) for shape in shapes))


@njit(cache=True, nogil=True)
def begin(model, objective, overlaps):
    """Make G for this step, and set the sums over its inputs to zero."""
    hidden, features = model.encoder.shape
    for j in range(features):
        for k in range(hidden):
            overlaps.columns[j, k] = model.encoder[k, j]
            overlaps.decoder[k, j] = model.decoder[k, j]
        overlaps.bias[j], overlaps.weight[j], overlaps.total[j] = model.bias[j], objective.weight[j], 0
    for array in (overlaps.G, overlaps.slope, overlaps.decoder_slope):
        for row in range(array.shape[0]):
            for i in range(array.shape[1]):
                array[row, i] = 0
    add_product(overlaps.columns, overlaps.decoder, overlaps.G)


@njit(cache=True, nogil=True, fastmath=FAST)
def add_inputs(active, inputs, objective, overlaps, gradient):
    """Add a tile's share to the gradients of G, b and, by the L1 term, W; its share of the loss."""
    z, d = overlaps.z, overlaps.d
    loss, empty = 0.0, 0
    for t in range(inputs):
        start, stop = active.first[t], active.first[t + 1]
        if start == stop:
            empty += 1
            continue
        feature, value = active.feature[start:stop], active.value[start:stop]
        _add_rows(overlaps.G, feature, value, overlaps.bias, z)
        loss += _residuals(z, overlaps.weight, objective.clipped, d)
        loss += _with_targets(feature, value, z, overlaps.weight, objective.clipped, objective.absolute, d)
        _add_to_rows(overlaps.slope, feature, value, d, overlaps.total)
        if objective.penalty > 0:
            loss += _add_penalty(feature, value, objective.penalty, overlaps.columns, gradient.encoder)
    loss += empty * _residuals(overlaps.bias, overlaps.weight, objective.clipped, d)
    for i in range(d.size):
        overlaps.total[i] += empty * d[i]
    return loss


@njit(cache=True, nogil=True)
def end(model, overlaps, gradient):
    """Hand the sums over the step's inputs on: ∂L/∂W += W_outᵀ (∂L/∂G)ᵀ, ∂L/∂W_outᵀ += W ∂L/∂G."""
    add_outer(overlaps.decoder, overlaps.slope, gradient.encoder)
    add_product(model.encoder, overlaps.slope, overlaps.decoder_slope)
    hidden, features = model.encoder.shape
    for k in range(hidden):
        for i in range(features):
            gradient.decoder[k, i] += overlaps.decoder_slope[k, i]
    for i in range(features):
        gradient.bias[i] += overlaps.total[i]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _add_rows(G, feature, value, bias, z):
    """z = b + Σ_j x_j G_j, four rows at a time."""
    for i in range(z.size):
        z[i] = bias[i]
    fours = feature.size - feature.size % 4
    for e in range(0, fours, 4):
        g0, g1, g2, g3 = G[feature[e]], G[feature[e + 1]], G[feature[e + 2]], G[feature[e + 3]]
        x0, x1, x2, x3 = value[e], value[e + 1], value[e + 2], value[e + 3]
        for i in range(z.size):
            z[i] += x0 * g0[i] + x1 * g1[i] + x2 * g2[i] + x3 * g3[i]
    for e in range(fours, feature.size):
        row, x = G[feature[e]], value[e]
        for i in range(z.size):
            z[i] += x * row[i]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _add_to_rows(slope, feature, value, d, total):
    """∂L/∂G_j += x_j d for the features that are on, and Σ d."""
    for e in range(feature.size):
        row, x = slope[feature[e]], value[e]
        for i in range(d.size):
            row[i] += x * d[i]
    for i in range(d.size):
        total[i] += d[i]


@njit(cache=True, nogil=True, fastmath=FAST, inline="always")
def _residuals(z, weight, clipped, d):
    """The loss where every target is 0, and d = ∂L/∂z."""
    total = float32(0.0)
    for i in range(z.size):
        x_hat = z[i] if z[i] > 0 or not clipped else float32(0.0)
        total += weight[i] * x_hat * x_hat
        d[i] = 2 * weight[i] * x_hat
    return total


@njit(cache=True, nogil=True, inline="always")
def _with_targets(feature, value, z, weight, clipped, absolute, d):
    """Put right the d of the features that are on, whose targets are not 0; what that adds to the loss."""
    change = 0.0
    for e in range(feature.size):
        i = feature[e]
        on = z[i] > 0 or not clipped
        x_hat = z[i] if on else float32(0.0)
        error = x_hat - (abs(value[e]) if absolute else value[e])
        change += weight[i] * (error * error - x_hat * x_hat)
        d[i] = 2 * weight[i] * error if on else float32(0.0)
    return change


@njit(cache=True, nogil=True, inline="always")
def _add_penalty(feature, value, penalty, columns, slope):
    """The L1 term λ/B ‖h‖₁ with h = Σ_j x_j W_j, and its gradient λ/B x_j sign(h) by the columns that are on."""
    total = float32(0.0)
    for k in range(columns.shape[1]):
        h = float32(0.0)
        for e in range(feature.size):
            h += value[e] * columns[feature[e], k]
        total += abs(h)
        g = penalty * (float32(h > 0) - float32(h < 0))
        for e in range(feature.size):
            slope[k, feature[e]] += g * value[e]
    return penalty * total
