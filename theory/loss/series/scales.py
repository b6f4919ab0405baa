"""Which features matter at one scale: what is negligible, live, large, and how far z reaches."""

from __future__ import annotations

import numpy as np
from numba import njit

#: Independent features with overlaps below this times the own one's are taken to have none.
_NEGLIGIBLE = 1e-14
_CHERNOFF_STEPS = 12


@njit(cache=True, nogil=True)
def negligible_mean(row):
    """Independent features that are as good as absent from z, so that E x_k f(y, z) = E x_k E f(y, z).

    Without them z moves by at most δ = Σ |g_k|, E x U_1 by δ and E y x U_0 by P(|z| <= δ) <= 2 δ/|g_own| while y is on.
    """
    negligible = np.zeros(row.g.size, dtype=np.bool_)
    if row.own >= 0:
        for j in range(row.g.size):
            apart = row.start[row.block[j] + 1] - row.start[row.block[j]] == 1
            negligible[j] = apart and j != row.own and abs(row.g[j]) < _NEGLIGIBLE * abs(row.g[row.own])
    return negligible


@njit(cache=True, nogil=True)
def mark_live(row, alive, live):
    """Mark the blocks with live members; return the probability that those which have just lost them all are off."""
    off = 1.0
    for block in range(row.off.size):
        any_alive = False
        for at in range(row.start[block], row.start[block + 1]):
            any_alive = any_alive or alive[row.member[at]]
        if live[block] and not any_alive:
            live[block] = False
            off *= row.off[block]
    return off


@njit(cache=True, nogil=True)
def range_of(row, alive, live):
    """The least and the largest z can be, and the largest overlap, of live features."""
    low, high, largest = row.b, row.b, 0.0
    for block in range(row.off.size):
        if not live[block]:
            continue
        down, up = 0.0, 0.0
        for at in range(row.start[block], row.start[block + 1]):
            j = row.member[at]
            if not alive[j]:
                continue
            least = -abs(row.g[j]) if row.signed else min(row.g[j], 0.0)
            most = abs(row.g[j]) if row.signed else max(row.g[j], 0.0)
            down, up = (down + least, up + most) if row.joint[block] else (min(down, least), max(up, most))
            largest = max(largest, abs(row.g[j]))
        low, high = low + down, high + up
    return low, high, largest


@njit(cache=True, nogil=True)
def is_one_exclusive_block(row, live):
    count = 0
    for block in range(row.off.size):
        if live[block]:
            count += 2 if row.joint[block] else 1
    return count == 1


@njit(cache=True, nogil=True)
def mark_large(row, alive, live, threshold, large):
    """Features at least as large as the threshold, and all of a joint block that has such a member."""
    for block in range(row.off.size):
        any_large = False
        for at in range(row.start[block], row.start[block + 1]):
            j = row.member[at]
            large[j] = alive[j] and abs(row.g[j]) >= threshold
            any_large = any_large or large[j]
        if row.joint[block] and any_large:
            for at in range(row.start[block], row.start[block + 1]):
                large[row.member[at]] = True


@njit(cache=True, nogil=True)
def fill_singles(row, scale):
    """single[j]: the probability that of the live blocks only j's is on, and by j; zero for all but large ones."""
    scale.single[:] = 0.0
    before = scale.weight
    for block in range(row.off.size):
        if scale.live[block]:
            for at in range(row.start[block], row.start[block + 1]):
                j = row.member[at]
                if scale.large[j] and not row.joint[block]:
                    scale.single[j] = row.p[j] * before
            before *= row.off[block]
    after = 1.0
    for block in range(row.off.size - 1, -1, -1):
        if scale.live[block]:
            for at in range(row.start[block], row.start[block + 1]):
                scale.single[row.member[at]] *= after
            after *= row.off[block]


@njit(cache=True, nogil=True)
def reach_of(row, scale, full, tolerance):
    """A half period R, as short as |z| <= R almost surely allows, and a bound on q = P(|z| > R).

    Beyond R the series is wrong by at most z² for U_2, 2 |z| for U_1 and 1 for U_0, and by Chernoff's bound
    E z^k 1(|z| > R) <= R^k q, q = e^{-sR} (M(s) + M(-s)) for any s >= 2/R, M(s) = E e^{sz}.  For given s the shortest
    R within the tolerance is solved for (and q itself within it, for the slopes' sake, however short R is); the best s
    is found by halving steps.
    """
    best, outside = full, 0.0
    at, step, worst = 4.0 / full, 4.0, max((2.0 * full + 4.0) * full, 1.0) / tolerance
    for direction in (1, -1):
        previous = np.inf
        s = at if direction == 1 else at / step
        for _ in range(_CHERNOFF_STEPS):
            log_moments = _log_moments(row, scale, s)
            reach = max((log_moments + np.log(worst)) / s, 2.0 / s)
            if not reach < previous:
                break
            if reach < best:
                best, outside, at = reach, 1.01 * np.exp(log_moments - s * reach), s
            previous = reach
            s = s * step if direction == 1 else s / step
    for _ in range(4):
        step, middle = np.sqrt(step), at
        worst = max((2.0 * best + 4.0) * best, 1.0) / tolerance
        for s in (middle / step, middle * step):
            log_moments = _log_moments(row, scale, s)
            reach = max((log_moments + np.log(worst)) / s, 2.0 / s)
            if reach < best:
                best, outside, at = reach, 1.01 * np.exp(log_moments - s * reach), s
    return best, outside


@njit(cache=True, nogil=True)
def _log_moments(row, scale, s):
    """log(E e^{sz} + E e^{-sz}) over live features; infinite where it overflows."""
    up, down, product_up, product_down = s * row.b, -s * row.b, 1.0, 1.0
    for block in range(row.off.size):
        if not scale.live[block]:
            continue
        on_up, on_down, mass = 0.0, 0.0, 0.0
        if row.joint[block]:
            on_up, on_down = 1.0, 1.0
        for at in range(row.start[block], row.start[block + 1]):
            j = row.member[at]
            if not scale.alive[j]:
                continue
            mass, y = row.p[j], s * row.g[j]
            if abs(y) > 300.0:
                return np.inf
            forth, back = _mean_exponentials(y)
            if row.signed:
                forth = back = 0.5 * (forth + back)
            if row.joint[block]:
                on_up, on_down = on_up * forth, on_down * back
            else:
                on_up, on_down = on_up + mass * forth, on_down + mass * back
        if row.joint[block]:
            on_up, on_down = mass * on_up, mass * on_down
        product_up, product_down = product_up * (row.off[block] + on_up), product_down * (row.off[block] + on_down)
        if product_up + product_down > 1e150 or min(product_up, product_down) < 1e-150:
            if not (min(product_up, product_down) > 0.0 and product_up + product_down < np.inf):
                return np.inf
            up, down, product_up, product_down = up + np.log(product_up), down + np.log(product_down), 1.0, 1.0
    up, down = up + np.log(product_up), down + np.log(product_down)
    return max(up, down) + np.log1p(np.exp(-abs(up - down)))


@njit(cache=True, nogil=True)
def _mean_exponentials(y):
    """E e^{yx} and E e^{-yx}, x uniform on [0, 1]."""
    if abs(y) < 1e-4:
        return 1.0 + 0.5 * y + y * y / 6.0, 1.0 - 0.5 * y + y * y / 6.0
    exponential = np.exp(y)
    return (exponential - 1.0) / y, (1.0 - 1.0 / exponential) / y
