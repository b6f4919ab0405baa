"""Characteristic functions of single features, at many harmonics at a time."""

from __future__ import annotations

from math import factorial

import numpy as np
from numba import njit

from tegum.theory.loss.series.row import (
    ALONE_I,
    ALONE_R,
    ANY_ORDER,
    INVERSE,
    LANES,
    OF_ALL_I,
    OF_ALL_R,
    OF_PAIR_I,
    OF_PAIR_R,
    OF_SLOPE_I,
    OF_SLOPE_R,
    OWN_I,
    OWN_R,
    SLOPE_I,
    SLOPE_R,
    TABLE_I,
    TABLE_R,
    TILT_I,
    TILT_R,
    TURN,
    VALUE_I,
    VALUE_R,
    lane_row,
)

#: Coefficients of (-y²)^s in E x^r cos(yx) and of y (-y²)^s in E x^r sin(yx), enough of them for |y| < 1.
_COSINE_0, _COSINE_1, _COSINE_2 = (tuple(1 / (factorial(2 * s) * (2 * s + 1 + r)) for s in range(10)) for r in range(3))
_SINE_0, _SINE_1, _SINE_2 = (tuple(1 / (factorial(2 * s + 1) * (2 * s + 2 + r)) for s in range(10)) for r in range(3))


@njit(cache=True, nogil=True)
def fill_tables(row, scale, reach, lanes):
    """Turns by 2 δ lane within a block of harmonics and by 2 `LANES` δ between them, δ = π g/R; b comes last."""
    count = row.g.size
    for at in range(count + 1):
        j = row.member[at] if at < count else count
        if j < count and not scale.alive[j]:
            continue
        delta = np.pi * (row.g[j] if j < count else row.b) / reach
        _fill_table(delta, at, lanes)
        lanes[lane_row(at, TURN), 2], lanes[lane_row(at, TURN), 3] = (
            np.cos(2.0 * LANES * delta),
            np.sin(2.0 * LANES * delta),
        )


@njit(cache=True, nogil=True)
def _fill_table(delta, at, lanes):
    real, imaginary = lane_row(at, TABLE_R), lane_row(at, TABLE_I)
    lanes[real, 0], lanes[imaginary, 0] = 1.0, 0.0
    power = 1
    while power < LANES:
        c, s = np.cos(2.0 * power * delta), np.sin(2.0 * power * delta)
        for lane in range(power):
            lanes[real, power + lane] = c * lanes[real, lane] - s * lanes[imaginary, lane]
            lanes[imaginary, power + lane] = c * lanes[imaginary, lane] + s * lanes[real, lane]
        power *= 2


@njit(cache=True, nogil=True)
def turn_lanes(row, scale, reach, first, afresh, lanes):
    """Angles of the first of the lanes: one step down from the block of harmonics above, or taken afresh."""
    count = row.g.size
    for at in range(count + 1):
        j = row.member[at] if at < count else count
        if j < count and not scale.alive[j]:
            continue
        if afresh:
            angle = first * (np.pi * (row.g[j] if j < count else row.b) / reach)
            lanes[lane_row(at, TURN), 0], lanes[lane_row(at, TURN), 1] = (
                np.cos(angle),
                np.sin(angle),
            )
        else:
            c, s = lanes[lane_row(at, TURN), 0], lanes[lane_row(at, TURN), 1]
            lanes[lane_row(at, TURN), 0] = c * lanes[lane_row(at, TURN), 2] + s * lanes[lane_row(at, TURN), 3]
            lanes[lane_row(at, TURN), 1] = s * lanes[lane_row(at, TURN), 2] - c * lanes[lane_row(at, TURN), 3]


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def fill_coefficients(power, last, reach, first, lanes):
    """e^{iωb} times the weights of E e^{iω(z-b)} in the half loss, of E x_j e^{…} and of E y x_j e^{…} in its slopes.

    With power 2 the weight of E y e^{…} in the half loss is minus that of E x_j e^{…} in the slopes.
    """
    cubes, squares, inverses = 2.0 * reach**2 / np.pi**3, -2.0 * reach / np.pi**2, 2.0 / np.pi
    c, s = lanes[lane_row(last, TURN), 0], lanes[lane_row(last, TURN), 1]
    for lane in range(lanes.shape[1]):
        inverse = 1.0 / (first + 2.0 * lane)
        real = c * lanes[lane_row(last, TABLE_R), lane] - s * lanes[lane_row(last, TABLE_I), lane]
        imaginary = c * lanes[lane_row(last, TABLE_I), lane] + s * lanes[lane_row(last, TABLE_R), lane]
        lanes[INVERSE, lane] = inverse
        square, once = squares * inverse * inverse, inverses * inverse
        if power == 2:
            cube = cubes * inverse * inverse * inverse
            lanes[OF_ALL_R, lane], lanes[OF_ALL_I, lane] = -cube * imaginary, cube * real
            lanes[OF_SLOPE_R, lane], lanes[OF_SLOPE_I, lane] = square * real, square * imaginary
            lanes[OF_PAIR_R, lane], lanes[OF_PAIR_I, lane] = -once * imaginary, once * real
        else:
            lanes[OF_ALL_R, lane], lanes[OF_ALL_I, lane] = square * real, square * imaginary
            lanes[OF_SLOPE_R, lane], lanes[OF_SLOPE_I, lane] = once * imaginary, -once * real
        lanes[ALONE_R, lane], lanes[ALONE_I, lane] = 0.0, 0.0


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def fill_characteristic(delta, first, at, to, lanes):
    """E x^r e^{iyx} for r = 0 (row ``to`` of values) and 1 (row ``at`` of slopes), y = kδ, x uniform on [0, 1].

    By parts, or by power series where |y| < 1.
    """
    near = _lanes_near(delta, first)
    if near < LANES:
        c, s, scale = lanes[lane_row(at, TURN), 0], lanes[lane_row(at, TURN), 1], 1.0 / delta
        for lane in range(lanes.shape[1]):
            cosine = c * lanes[lane_row(at, TABLE_R), lane] - s * lanes[lane_row(at, TABLE_I), lane]
            sine = c * lanes[lane_row(at, TABLE_I), lane] + s * lanes[lane_row(at, TABLE_R), lane]
            inverse = scale * lanes[INVERSE, lane]
            real, imaginary = sine * inverse, (1.0 - cosine) * inverse
            lanes[lane_row(to, VALUE_R), lane], lanes[lane_row(to, VALUE_I), lane] = real, imaginary
            lanes[lane_row(at, SLOPE_R), lane], lanes[lane_row(at, SLOPE_I), lane] = (
                (sine - imaginary) * inverse,
                (real - cosine) * inverse,
            )
    for lane in range(near):
        y = (first + 2.0 * lane) * delta
        u = -y * y
        lanes[lane_row(to, VALUE_R), lane], lanes[lane_row(to, VALUE_I), lane] = (
            _polynomial(_COSINE_0, u),
            y * _polynomial(_SINE_0, u),
        )
        lanes[lane_row(at, SLOPE_R), lane], lanes[lane_row(at, SLOPE_I), lane] = (
            _polynomial(_COSINE_1, u),
            y * _polynomial(_SINE_1, u),
        )


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def fill_own(delta, first, at, to, lanes):
    """E y e^{iyx} and E y x e^{iyx} of the own feature, unsigned."""
    near = _lanes_near(delta, first)
    for lane in range(lanes.shape[1]):
        lanes[OWN_R, lane], lanes[OWN_I, lane] = (
            lanes[lane_row(at, SLOPE_R), lane],
            lanes[lane_row(at, SLOPE_I), lane],
        )
    if near < LANES:
        c, s, scale = lanes[lane_row(at, TURN), 0], lanes[lane_row(at, TURN), 1], 1.0 / delta
        for lane in range(lanes.shape[1]):
            cosine = c * lanes[lane_row(at, TABLE_R), lane] - s * lanes[lane_row(at, TABLE_I), lane]
            sine = c * lanes[lane_row(at, TABLE_I), lane] + s * lanes[lane_row(at, TABLE_R), lane]
            inverse = scale * lanes[INVERSE, lane]
            lanes[lane_row(to, TILT_R), lane] = (sine - 2.0 * lanes[lane_row(at, SLOPE_I), lane]) * inverse
            lanes[lane_row(to, TILT_I), lane] = (2.0 * lanes[lane_row(at, SLOPE_R), lane] - cosine) * inverse
    for lane in range(near):
        y = (first + 2.0 * lane) * delta
        u = -y * y
        lanes[lane_row(to, TILT_R), lane], lanes[lane_row(to, TILT_I), lane] = (
            _polynomial(_COSINE_2, u),
            y * _polynomial(_SINE_2, u),
        )


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _lanes_near(delta, first):
    """How many of the lanes, the first ones, have |y| < 1."""
    if abs(delta) * (first + 2.0 * LANES) < 1.0:
        return LANES
    return min(max(int(np.ceil(0.5 * (1.0 / abs(delta) - first))), 0), LANES)


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _polynomial(c, u):
    low = c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * c[4])))
    return low + u**5 * (c[5] + u * (c[6] + u * (c[7] + u * (c[8] + u * c[9]))))


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def symmetrise(at, to, is_own, absolute, tilt, lanes):
    """From a magnitude to a signed value: the mean over both signs keeps what is even in x, real, or odd, imaginary."""
    for lane in range(lanes.shape[1]):
        lanes[lane_row(to, VALUE_I), lane] = 0.0
        lanes[lane_row(at, SLOPE_R), lane] = 0.0
    if is_own and absolute:
        for lane in range(lanes.shape[1]):
            lanes[OWN_I, lane] = 0.0
            lanes[lane_row(tilt, TILT_R), lane] = 0.0
    elif is_own:
        for lane in range(lanes.shape[1]):
            lanes[OWN_R, lane] = 0.0
            lanes[lane_row(tilt, TILT_I), lane] = 0.0
