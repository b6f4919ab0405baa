"""Products of the blocks' factors with each left out, and the shares in the loss and its slopes that they give."""

from __future__ import annotations

from numba import njit

from tegum.theory.loss.series.row import (
    ALONE_I,
    ALONE_R,
    ANY_ORDER,
    BEFORE_R,
    OF_ALL_I,
    OF_ALL_R,
    OF_PAIR_I,
    OF_PAIR_R,
    OF_SLOPE_I,
    OF_SLOPE_R,
    OTHER_R,
    OWN_I,
    OWN_R,
    PRODUCT_I,
    PRODUCT_R,
    REST_I,
    REST_R,
    SLOPE_R,
    TILT_I,
    TILT_R,
    lane_row,
)


@njit(cache=True, nogil=True)
def add_products(row, active, blocks, own_block, weight, kind, slope, lanes):
    """Add weight × the product rule over blocks to ``slope``; return the product's share in the half loss.

    By running products from both ends, without a division; the own block, if any, stands in the middle.
    """
    _start_product(weight, lanes)
    for index in range(blocks.size):
        _multiply_forth(index, blocks[index], kind, lanes)
    _end_product(blocks.size, lanes)
    if own_block >= 0:
        for at in range(row.start[own_block], row.start[own_block + 1]):
            k = row.member[at]
            if active[k]:
                slope[k] += row.p[k] * _real_sum(OF_SLOPE_R, lane_row(at, SLOPE_R), lanes)
                if row.joint[own_block] or k == row.own:
                    slope[k] += row.p[k] * _real_sum(OF_PAIR_R, lane_row(at - row.start[own_block], TILT_R), lanes)
        value, bias_slope = _turn_back_at_own(row.p[row.own], own_block, kind, lanes)
    else:
        value, bias_slope = _turn_back(lanes)
    slope[row.g.size] += bias_slope
    rest = REST_R
    for index in range(blocks.size - 1, -1, -1):
        block = blocks[index]
        for at in range(row.start[block], row.start[block + 1]):
            k = row.member[at]
            if active[k]:
                slope[k] += row.p[k] * _slope_of_rest(rest, index, at, lanes)
        rest = _multiply_back(rest, block, kind, lanes)
    return value


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _start_product(weight, lanes):
    before = lane_row(0, BEFORE_R)
    for lane in range(lanes.shape[1]):
        lanes[before, lane], lanes[before + 1, lane] = weight, 0.0


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _end_product(blocks, lanes):
    before = lane_row(blocks, BEFORE_R)
    for lane in range(lanes.shape[1]):
        lanes[PRODUCT_R, lane], lanes[PRODUCT_I, lane] = lanes[before, lane], lanes[before + 1, lane]


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _multiply_forth(at, block, kind, lanes):
    """Product of the first ``at`` + 1 blocks from that of the first ``at``: in another row, which vectorises better."""
    before, after = lane_row(at, BEFORE_R), lane_row(at + 1, BEFORE_R)
    factor = lane_row(block, kind)
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[before, lane], lanes[before + 1, lane], lanes[factor, lane], lanes[factor + 1, lane]
        lanes[after, lane], lanes[after + 1, lane] = a * c - b * d, a * d + b * c


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _real_sum(others, own, lanes):
    """Σ over the lanes of the real part of the product of all blocks before, of the others and of the own one."""
    total = 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[PRODUCT_R, lane], lanes[PRODUCT_I, lane]
        c, d = lanes[others, lane], lanes[others + 1, lane]
        x, y = a * c - b * d, a * d + b * c
        total += x * lanes[own, lane] - y * lanes[own + 1, lane]
    return total


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _turn_back_at_own(p, block, kind, lanes):
    """Share in the half loss and its slope by b; leaves in the rest lanes what the other blocks' slopes need."""
    value, bias_slope = 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[PRODUCT_R, lane], lanes[PRODUCT_I, lane]
        f_r, f_i, y_r, y_i = (
            lanes[lane_row(block, kind), lane],
            lanes[lane_row(block, kind + 1), lane],
            p * lanes[OWN_R, lane],
            p * lanes[OWN_I, lane],
        )
        s_r, s_i, t_r, t_i = (
            lanes[OF_SLOPE_R, lane],
            lanes[OF_SLOPE_I, lane],
            lanes[OF_PAIR_R, lane],
            lanes[OF_PAIR_I, lane],
        )
        u_r, u_i = lanes[OF_ALL_R, lane], lanes[OF_ALL_I, lane]
        v_r = u_r * f_r - u_i * f_i - s_r * y_r + s_i * y_i
        v_i = u_r * f_i + u_i * f_r - s_r * y_i - s_i * y_r
        e_r = s_r * f_r - s_i * f_i + t_r * y_r - t_i * y_i
        e_i = s_r * f_i + s_i * f_r + t_r * y_i + t_i * y_r
        value += a * v_r - b * v_i
        bias_slope += a * e_r - b * e_i
        lanes[REST_R, lane], lanes[REST_I, lane] = e_r, e_i
    return value, bias_slope


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _turn_back(lanes):
    value, bias_slope = 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[PRODUCT_R, lane], lanes[PRODUCT_I, lane]
        value += a * lanes[OF_ALL_R, lane] - b * lanes[OF_ALL_I, lane]
        bias_slope += a * lanes[OF_SLOPE_R, lane] - b * lanes[OF_SLOPE_I, lane]
        lanes[REST_R, lane], lanes[REST_I, lane] = lanes[OF_SLOPE_R, lane], lanes[OF_SLOPE_I, lane]
    return value, bias_slope


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _multiply_back(rest, block, kind, lanes):
    """Product of the last blocks with one more of them, from row ``rest`` to the other row of its kind."""
    other, factor = REST_R + OTHER_R - rest, lane_row(block, kind)
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[rest, lane], lanes[rest + 1, lane], lanes[factor, lane], lanes[factor + 1, lane]
        lanes[other, lane], lanes[other + 1, lane] = a * c - b * d, a * d + b * c
    return other


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _slope_of_rest(rest, index, at, lanes):
    before, slope, total = lane_row(index, BEFORE_R), lane_row(at, SLOPE_R), 0.0
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[rest, lane], lanes[rest + 1, lane], lanes[before, lane], lanes[before + 1, lane]
        total += (a * c - b * d) * lanes[slope, lane] - (a * d + b * c) * lanes[slope + 1, lane]
    return total


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def add_alone(row, scale, own_block, slope, lanes):
    """Share in the half loss of states with one feature on (slopes by that feature apart); takes off that in slopes."""
    value, bias_slope, pair, tilt = 0.0, 0.0, 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[ALONE_R, lane], lanes[ALONE_I, lane]
        value += a * lanes[OF_ALL_R, lane] - b * lanes[OF_ALL_I, lane]
        bias_slope += a * lanes[OF_SLOPE_R, lane] - b * lanes[OF_SLOPE_I, lane]
    slope[row.g.size] -= bias_slope
    if own_block < 0 or scale.single[row.own] == 0.0:
        return value
    to = 0
    while row.member[row.start[own_block] + to] != row.own:
        to += 1
    shared = 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[OWN_R, lane], lanes[OWN_I, lane]
        shared += a * lanes[OF_SLOPE_R, lane] - b * lanes[OF_SLOPE_I, lane]
        pair += a * lanes[OF_PAIR_R, lane] - b * lanes[OF_PAIR_I, lane]
        tilt += (
            lanes[OF_PAIR_R, lane] * lanes[lane_row(to, TILT_R), lane]
            - lanes[OF_PAIR_I, lane] * lanes[lane_row(to, TILT_I), lane]
        )
    slope[row.own] -= scale.single[row.own] * tilt
    slope[row.g.size] -= scale.single[row.own] * pair
    return value - scale.single[row.own] * shared
