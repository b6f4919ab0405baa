"""The factor of each block at many harmonics: of its members' characteristic functions, with each left out."""

from __future__ import annotations

import numpy as np
from numba import njit

from tegum.theory.loss.series.characteristic import fill_characteristic, fill_own, symmetrise
from tegum.theory.loss.series.row import (
    ALONE_I,
    ALONE_R,
    ANY_ORDER,
    FACTOR_I,
    FACTOR_R,
    OF_SLOPE_I,
    OF_SLOPE_R,
    OWN_I,
    OWN_R,
    PRODUCT_I,
    PRODUCT_R,
    REST_R,
    SLOPE_I,
    SLOPE_R,
    SMALL_I,
    SMALL_R,
    TILT_I,
    TILT_R,
    VALUE_I,
    VALUE_R,
    lane_row,
)


@njit(cache=True, nogil=True)
def fill_factors(row, scale, reach, first, any_small, slope, lanes):
    """Characteristic functions of blocks, all of them and with the large features off, and of what differs by member.

    Slope rows hold f'_j / p_j, f'_j = E x_j e^{iω(…)} over the block; what singles share in ``slope`` is taken off.
    """
    for block in range(row.off.size):
        if not scale.live[block]:
            continue
        _start_factors(row.off[block], block, any_small, lanes)
        for at in range(row.start[block], row.start[block + 1]):
            j = row.member[at]
            if not scale.alive[j]:
                continue
            to = at - row.start[block] if row.joint[block] else 0
            fill_characteristic(np.pi * row.g[j] / reach, first, at, to, lanes)
            if j == row.own:
                fill_own(np.pi * row.g[j] / reach, first, at, at - row.start[block], lanes)
            if row.signed:
                symmetrise(at, to, j == row.own, row.absolute, at - row.start[block], lanes)
            if not row.joint[block]:
                slope[j] -= _add_member(row.p[j], scale.single[j], block, at, lanes)
                if any_small and not scale.large[j]:
                    _add_small_member(row.p[j], block, lanes)
        if row.joint[block]:
            _join(row, block, any_small and not scale.large[row.member[row.start[block]]], lanes)


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _start_factors(off, block, any_small, lanes):
    for lane in range(lanes.shape[1]):
        lanes[lane_row(block, FACTOR_R), lane], lanes[lane_row(block, FACTOR_I), lane] = off, 0.0
    if any_small:
        for lane in range(lanes.shape[1]):
            lanes[lane_row(block, SMALL_R), lane], lanes[lane_row(block, SMALL_I), lane] = off, 0.0


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _add_member(p, single, block, at, lanes):
    """Add a member's p φ to its exclusive block's factor; return its share in its slope while it alone is on.

    One loop for each of the three: together they are not vectorised well.
    """
    real, imaginary = lane_row(block, FACTOR_R), lane_row(block, FACTOR_I)
    for lane in range(lanes.shape[1]):
        lanes[real, lane] += p * lanes[lane_row(0, VALUE_R), lane]
        lanes[imaginary, lane] += p * lanes[lane_row(0, VALUE_I), lane]
    for lane in range(lanes.shape[1]):
        lanes[ALONE_R, lane] += single * lanes[lane_row(0, VALUE_R), lane]
        lanes[ALONE_I, lane] += single * lanes[lane_row(0, VALUE_I), lane]
    total, real, imaginary = 0.0, lane_row(at, SLOPE_R), lane_row(at, SLOPE_I)
    for lane in range(lanes.shape[1]):
        total += lanes[OF_SLOPE_R, lane] * lanes[real, lane] - lanes[OF_SLOPE_I, lane] * lanes[imaginary, lane]
    return single * total


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _add_small_member(p, block, lanes):
    for lane in range(lanes.shape[1]):
        lanes[lane_row(block, SMALL_R), lane] += p * lanes[lane_row(0, VALUE_R), lane]
        lanes[lane_row(block, SMALL_I), lane] += p * lanes[lane_row(0, VALUE_I), lane]


@njit(cache=True, nogil=True)
def _join(row, block, is_small, lanes):
    """Factor of a joint block, and its slope and tilt rows, from those of its members."""
    start, members = row.start[block], row.start[block + 1] - row.start[block]
    p, own = row.p[row.member[start]], -1
    for at in range(members):
        if row.member[start + at] == row.own:
            own = at
    if own >= 0:
        # E y x_k e^{…}: like E x_k e^{…}, with E y e^{…} for the own member's value.
        for at in range(members):
            for lane in range(lanes.shape[1]):
                if at != own:
                    lanes[lane_row(at, TILT_R), lane], lanes[lane_row(at, TILT_I), lane] = (
                        lanes[lane_row(start + at, SLOPE_R), lane],
                        lanes[lane_row(start + at, SLOPE_I), lane],
                    )
        _swap_own(own, lanes)
        _leave_one_out(members, 0, TILT_R, lanes)
        _swap_own(own, lanes)
        for lane in range(lanes.shape[1]):
            lanes[OWN_R, lane], lanes[OWN_I, lane] = lanes[PRODUCT_R, lane], lanes[PRODUCT_I, lane]
    _leave_one_out(members, start, SLOPE_R, lanes)
    for lane in range(lanes.shape[1]):
        real, imaginary = p * lanes[PRODUCT_R, lane], p * lanes[PRODUCT_I, lane]
        lanes[lane_row(block, FACTOR_R), lane] += real
        lanes[lane_row(block, FACTOR_I), lane] += imaginary
        if is_small:
            lanes[lane_row(block, SMALL_R), lane] += real
            lanes[lane_row(block, SMALL_I), lane] += imaginary


@njit(cache=True, nogil=True)
def _swap_own(own, lanes):
    for lane in range(lanes.shape[1]):
        lanes[OWN_R, lane], lanes[lane_row(own, VALUE_R), lane] = (
            lanes[lane_row(own, VALUE_R), lane],
            lanes[OWN_R, lane],
        )
        lanes[OWN_I, lane], lanes[lane_row(own, VALUE_I), lane] = (
            lanes[lane_row(own, VALUE_I), lane],
            lanes[OWN_I, lane],
        )


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _leave_one_out(members, start, kind, lanes):
    """Multiply row start + k by the values of all members but k; leave the product of all in the product lanes."""
    _start_at_one(PRODUCT_R, lanes)
    for at in range(members):
        _multiply_then_pass(PRODUCT_R, at, start, kind, lanes)
    _start_at_one(REST_R, lanes)
    for at in range(members - 1, -1, -1):
        _multiply_then_pass(REST_R, at, start, kind, lanes)


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _start_at_one(product, lanes):
    for lane in range(lanes.shape[1]):
        lanes[product, lane], lanes[product + 1, lane] = 1.0, 0.0


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _multiply_then_pass(product, at, start, kind, lanes):
    """Multiply row start + at by the product of the members passed so far, then let the product pass member at."""
    to = lane_row(start + at, kind)
    for lane in range(lanes.shape[1]):
        a, b = lanes[product, lane], lanes[product + 1, lane]
        c, d = lanes[lane_row(at, VALUE_R), lane], lanes[lane_row(at, VALUE_I), lane]
        x, y = lanes[to, lane], lanes[to + 1, lane]
        lanes[to, lane], lanes[to + 1, lane] = a * x - b * y, a * y + b * x
        lanes[product, lane], lanes[product + 1, lane] = a * c - b * d, a * d + b * c
