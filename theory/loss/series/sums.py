"""The half losses of rows: scale after scale, what is planned in closed form and the sums of harmonics."""

from __future__ import annotations

import numpy as np
from numba import njit

from tegum.theory.loss.series.characteristic import fill_coefficients, fill_tables, turn_lanes
from tegum.theory.loss.series.factors import fill_factors
from tegum.theory.loss.series.planning import end_row, plan_scale, start_row
from tegum.theory.loss.series.products import add_alone, add_products
from tegum.theory.loss.series.row import EACH, FACTOR_R, LANES, SHARED, SMALL_R, Scale, row_at

#: Rotations by a recurrence before the angle is taken afresh.
_TURNS = 16


@njit(cache=True, nogil=True)
def fill_halves(rows, tolerance, halves):
    """Half losses of rows, with slopes and bounds: harmonics are added until the bound on what they leave out is below
    the tolerance or there are `tails.MOST_FREQUENCIES`."""
    features = rows.p.shape[1]
    lanes = np.empty((SHARED + EACH * (features + 1), LANES))
    for r in range(rows.own.size):
        slope = halves.slope[r]
        halves.value[r], halves.error[r], halves.slope_error[r] = _half_loss(row_at(rows, r), tolerance, slope, lanes)


@njit(cache=True, nogil=True)
def _half_loss(row, tolerance, slope, lanes):
    """Half loss of a row; fills ``slope`` with its derivatives by (g, b).  Twice either has the two bounds returned."""
    features = row.g.size
    alive, large = np.empty(features, dtype=np.bool_), np.empty(features, dtype=np.bool_)
    scale = Scale(1.0, alive, large, np.empty(row.off.size, dtype=np.bool_), np.empty(features))
    error, slope_error = start_row(row, scale, slope)
    value, more = 0.0, True
    while more:
        step = plan_scale(row, scale, tolerance, slope)
        more, scale = step.more, step.scale
        value, error, slope_error = value + step.value, error + step.error, slope_error + step.slope_error
        if step.harmonics > 0:
            value += _add_series(row, scale, step.reach, step.harmonics, slope, lanes)
    end_row(row, slope)
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
