"""The losses of rows, and the sizes of hidden activations: scale after scale, closed forms and sums of harmonics."""

from __future__ import annotations

import numpy as np
from numba import njit

from tegum.theory.loss.series.characteristic import fill_coefficients, fill_tables, turn_lanes
from tegum.theory.loss.series.closed import add_polynomial, add_singles
from tegum.theory.loss.series.factors import fill_factors
from tegum.theory.loss.series.products import add_alone, add_products
from tegum.theory.loss.series.row import EACH, FACTOR_R, LANES, SHARED, SMALL_R, Row, Scale, blocks_of, off_probability
from tegum.theory.loss.series.scales import (
    fill_singles,
    is_one_exclusive_block,
    mark_large,
    mark_live,
    negligible_mean,
    range_of,
    reach_of,
)
from tegum.theory.loss.series.tails import harmonics_needed

#: Overlaps below this times the largest one are "small".
SMALL = 1e-3
#: R is this much longer than the reach of z, so that the kink of the periodic extension is not met.
_MARGIN = 1.1
#: Rotations by a recurrence before the angle is taken afresh.
_TURNS = 16
_ROUNDOFF = 2.0**-53


@njit(cache=True, nogil=True)
def _half_loss(row, tolerance, slope, lanes):
    """Half loss of a row; fills ``slope`` with its derivatives by (g, b).  Twice either has the two bounds returned.

    Harmonics are added until the first bound is below ``tolerance`` or there are `MOST_FREQUENCIES`.
    """
    slope[:] = 0.0
    value, weight = 0.0, 1.0
    alive = row.p > 0.0
    large = np.zeros(row.g.size, dtype=np.bool_)
    single = np.zeros(row.g.size)
    live = np.ones(row.off.size, dtype=np.bool_)
    negligible = negligible_mean(row)
    dropped = 0.0
    for j in range(row.g.size):
        if negligible[j]:
            dropped += abs(row.g[j])
            alive[j] = live[row.block[j]] = False
    per_term, spread = _ROUNDOFF * (8.0 * row.g.size + 40.0 * row.p.sum() + 64.0), abs(row.b)
    for j in range(row.g.size):
        spread += abs(row.g[j]) * row.p[j]
    # Rounding of the closed forms; every level of the series adds its own.
    error, slope_error = per_term * (spread + 0.1) * (spread + 1.0), per_term * (spread + 1.0)
    if dropped > 0.0:
        error += 2.0 * dropped * (spread + dropped + 1.0)
        slope_error += 2.0 * dropped * (1.0 + 2.0 / abs(row.g[row.own]))
    while True:
        weight *= mark_live(row, alive, live)
        low, high, largest = range_of(row, alive, live)
        if high <= 0.0 or weight == 0.0:
            break
        scale = Scale(weight, alive, large, live, single)
        if low >= 0.0:
            value += add_polynomial(row, scale, 1.0, alive, 1.0, 0.0, slope)
            break
        alone = is_one_exclusive_block(row, live)
        mark_large(row, alive, live, 0.0 if alone else SMALL * largest, large)
        fill_singles(row, scale)
        if alone:
            value += add_singles(row, scale, 0.0, 0.0, slope)
        else:
            reach, outside = reach_of(row, scale, _MARGIN * max(high, -low), 0.1 * tolerance / weight)
            # A short row hardly shows in the loss, but its slopes are as large as any.
            asked = tolerance / weight * min(reach, 1.0)
            harmonics, tail, slope_tail = harmonics_needed(row, scale, reach, asked)
            value += add_singles(row, scale, 0.5, reach, slope)
            value += add_polynomial(row, scale, 1.0, alive, 0.5, reach, slope)
            value += add_polynomial(row, scale, -1.0, alive & ~large, 0.5, reach, slope)
            value += _add_series(row, scale, reach, harmonics, slope, lanes)
            extent = reach if row.power == 2 else 1.0
            rounding = per_term + _ROUNDOFF * harmonics / LANES
            error += weight * (tail + (2.0 * reach + 4.0) * extent * outside + rounding * (0.5 * reach + 1.0) * extent)
            slope_error += weight * (slope_tail + (4.0 * reach + 2.0) * outside + 2.0 * rounding * (reach + 4.0))
        for j in range(row.g.size):
            alive[j] = alive[j] and not large[j]
    for j in range(row.g.size):
        if negligible[j]:
            slope[j] = 0.0 if row.signed else 0.5 * row.p[j] * slope[row.g.size]
    return value, error, slope_error


@njit(cache=True, nogil=True)
def _add_series(row, scale, reach, harmonics, slope, lanes):
    """Add the harmonics of the remainder to ``slope``; return their sum in the half loss."""
    value, count = 0.0, harmonics // LANES
    own_block = row.block[row.own] if row.own >= 0 and scale.alive[row.own] else -1
    small_own_block = own_block if own_block >= 0 and not scale.large[row.own] else -1
    small = scale.alive & ~scale.large
    blocks, weight = _listed(row, scale, scale.alive, own_block)
    small_blocks, small_weight = _listed(row, scale, small, small_own_block)
    any_small = small_blocks.size > 0 or small_own_block >= 0
    fill_tables(row, scale, reach, lanes)
    # From the highest harmonics down, so that small terms are added first.
    for index in range(count - 1, -1, -1):
        first = 2.0 * LANES * index + 1.0
        turn_lanes(row, scale, reach, first, index == count - 1 or index % _TURNS == _TURNS - 1, lanes)
        fill_coefficients(row.power, row.g.size, reach, first, lanes)
        fill_factors(row, scale, reach, first, any_small, slope, lanes)
        value += add_products(row, scale.alive, blocks, own_block, weight, FACTOR_R, slope, lanes)
        value += add_products(row, small, small_blocks, small_own_block, -small_weight, SMALL_R, slope, lanes)
        value -= add_alone(row, scale, own_block, slope, lanes)
    return value


@njit(cache=True, nogil=True)
def _listed(row, scale, active, left_out):
    """The live blocks with active members but one, and the probability that the other live blocks are off."""
    blocks, weight = np.empty(row.off.size, dtype=np.int64), scale.weight
    count = 0
    for block in range(row.off.size):
        if not scale.live[block] or block == left_out:
            continue
        any_active = False
        for at in range(row.start[block], row.start[block + 1]):
            any_active = any_active or active[row.member[at]]
        if any_active:
            blocks[count] = block
            count += 1
        else:
            weight *= row.off[block]
    return blocks[:count], weight


@njit(cache=True, nogil=True)
def fill_rows(
    own, G, b, density, importance, tolerance, signed, absolute, one_is_on, start, member, joint,
    loss, error, gradient, slope_error,
):  # fmt: skip
    """Loss, gradient and their bounds of rows of overlaps: row r is that of feature ``own[r]`` of its model."""
    rows, features = G.shape
    block, lanes = blocks_of(start, member), np.empty((SHARED + EACH * (features + 1), LANES))
    for r in range(rows):
        i, p, weight = own[r], density[r], importance[r, own[r]]
        off = np.zeros(joint.size) if one_is_on else off_probability(p, start, member, joint)
        row = Row(2, i, G[r], b[r], p, signed, absolute, off, start, member, block, joint)
        half, bound, slope_bound = _half_loss(row, tolerance, gradient[r], lanes)
        loss[r] = weight * (p[i] / 3.0 + 2.0 * half)
        error[r], slope_error[r] = weight * (bound + _ROUNDOFF * p[i]), weight * slope_bound
        gradient[r] *= 2.0 * weight


@njit(cache=True, nogil=True)
def fill_norms(
    W, density, tolerance, signed, one_is_on, start, member, joint, norm, error, gradient, slope_error
):  # fmt: skip
    """E |Σ_j W_j x_j| = 2 E (Σ_j W_j x_j)_+ - Σ_j W_j E x_j of rows of weights, its gradient and their bounds."""
    rows, features = W.shape
    block, lanes = blocks_of(start, member), np.empty((SHARED + EACH * (features + 1), LANES))
    slope, mean_on = np.empty(features + 1), 0.0 if signed else 0.5
    for r in range(rows):
        p = density[r]
        off = np.zeros(joint.size) if one_is_on else off_probability(p, start, member, joint)
        row = Row(1, -1, W[r], 0.0, p, signed, False, off, start, member, block, joint)
        half, error[r], slope_error[r] = _half_loss(row, tolerance, slope, lanes)
        norm[r] = 2.0 * half
        for k in range(features):
            norm[r] -= mean_on * p[k] * W[r, k]
            gradient[r, k] = 2.0 * slope[k] - mean_on * p[k]
