"""Expectations of one row of overlaps by characteristic functions (compiled): the kernel of route 2.

On |t| <= R the odd harmonics ω_k = kπ/R, k = 1, 3, 5, … give exactly

    |t| = R/2 - (4R/π²) Σ cos(ω_k t)/k²,   t|t| = R t - (8R²/π³) Σ sin(ω_k t)/k³,   sign t = (4/π) Σ sin(ω_k t)/k.

Every feature law is a product of independent blocks, so the characteristic function of z = b + Σ_j g_j x_j is the
product e^{iωb} Π_B f_B.  At most one member of an exclusive block is on, f_B = o_B + Σ_j p_j φ(ω g_j); the members of
a joint block are on together, f_B = o_B + p Π_j φ(ω g_j); o_B is the probability that none is on.  An independent
feature is an exclusive block of one.  φ(y) = E e^{iyx} for a magnitude that is on; that of a signed one is
its real part.

Small overlaps do not damp that product, and states with one active feature hardly do.  So the features are split by
scale.  With all large features off, the small ones are a row of their own, treated next, at their own scale; states
in which exactly one feature is on, a large one of an exclusive block, are integrated in closed form; only the
remainder goes through the series.

Harmonics are summed `LANES` at a time, so that the inner loops run over neighbours in memory.

Everything compiled stands in this one file: numba's cache of a function does not see changes in the files of the
functions that it calls.
"""

from __future__ import annotations

from collections import namedtuple
from math import factorial

import numpy as np
from numba import njit

#: Overlaps below this times the largest one are "small".
SMALL = 1e-3
#: Independent features with overlaps below this times the own one's are taken to have none.
_NEGLIGIBLE = 1e-14
LANES = 32
MOST_FREQUENCIES = 1 << 15
#: R is this much longer than the reach of z, so that the kink of the periodic extension is not met.
_MARGIN = 1.1
_CHERNOFF_STEPS = 12
#: Octaves of harmonics beyond the last one for which the tail is bounded one by one.
_OCTAVES = 22
#: Rotations by a recurrence before the angle is taken afresh.
_TURNS = 16
_ROUNDOFF = 2.0**-53
#: Coefficients of (-y²)^s in E x^r cos(yx) and of y (-y²)^s in E x^r sin(yx), enough of them for |y| < 1.
_COSINE_0, _COSINE_1, _COSINE_2 = (tuple(1 / (factorial(2 * s) * (2 * s + 1 + r)) for s in range(10)) for r in range(3))
_SINE_0, _SINE_1, _SINE_2 = (tuple(1 / (factorial(2 * s + 1) * (2 * s + 2 + r)) for s in range(10)) for r in range(3))

#: A row of overlaps and its law.  The half loss is E U_q(z) - E y U_{q-1}(z), U_q(t) = t_+^q / q!, with q = ``power``
#: and y = x_own, or |x_own| if ``absolute``; own = -1 leaves the second term out.  Block B has the features
#: member[start[B]:start[B+1]], is on together if joint[B], and is off with probability off[B].
Row = namedtuple("Row", "power own g b p signed absolute off start member block joint")
#: What the features are at one scale: alive (still to be treated), large, and single[j], the probability that the
#: large feature j of an exclusive block is on and nothing else is.  ``weight``: probability that the blocks without
#: live members are off.
Scale = namedtuple("Scale", "weight alive large live single")
#: Memory for one block of harmonics is one array of rows of lanes, real and imaginary parts apart: these rows, …
(
    _OWN_R, _OWN_I, _PRODUCT_R, _PRODUCT_I, _REST_R, _REST_I, _OTHER_R, _OTHER_I, _ALONE_R, _ALONE_I,
    _OF_ALL_R, _OF_ALL_I, _OF_SLOPE_R, _OF_SLOPE_I, _OF_PAIR_R, _OF_PAIR_I, _INVERSE, _SHARED,
) = range(18)  # fmt: skip
#: … then, for each member, block, or member of a block, these.
(
    _TURN, _TABLE_R, _TABLE_I, _SLOPE_R, _SLOPE_I, _FACTOR_R, _FACTOR_I, _BEFORE_R, _BEFORE_I,
    _VALUE_R, _VALUE_I, _SMALL_R, _SMALL_I, _TILT_R, _TILT_I, _EACH,
) = range(16)  # fmt: skip
#: Sums over lanes may be taken in any order, and products fused with sums.
_ANY_ORDER = {"contract", "reassoc", "nsz"}


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
    negligible = _negligible(row)
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
        weight *= _mark_live(row, alive, live)
        low, high, largest = _range(row, alive, live)
        if high <= 0.0 or weight == 0.0:
            break
        scale = Scale(weight, alive, large, live, single)
        if low >= 0.0:
            value += _add_polynomial(row, scale, 1.0, alive, 1.0, 0.0, slope)
            break
        alone = _is_one_exclusive_block(row, live)
        _mark_large(row, alive, live, 0.0 if alone else SMALL * largest, large)
        _fill_singles(row, scale)
        if alone:
            value += _add_singles(row, scale, 0.0, 0.0, slope)
        else:
            reach, outside = _reach(row, scale, _MARGIN * max(high, -low), 0.1 * tolerance / weight)
            # A short row hardly shows in the loss, but its slopes are as large as any.
            asked = tolerance / weight * min(reach, 1.0)
            harmonics, tail, slope_tail = _harmonics(row, scale, reach, asked)
            value += _add_singles(row, scale, 0.5, reach, slope)
            value += _add_polynomial(row, scale, 1.0, alive, 0.5, reach, slope)
            value += _add_polynomial(row, scale, -1.0, alive & ~large, 0.5, reach, slope)
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
def _negligible(row):
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
def _mark_live(row, alive, live):
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
def _range(row, alive, live):
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
def _is_one_exclusive_block(row, live):
    count = 0
    for block in range(row.off.size):
        if live[block]:
            count += 2 if row.joint[block] else 1
    return count == 1


@njit(cache=True, nogil=True)
def _mark_large(row, alive, live, threshold, large):
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
def _fill_singles(row, scale):
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
def _reach(row, scale, full, tolerance):
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


@njit(cache=True, nogil=True)
def _harmonics(row, scale, reach, tolerance):
    """Number of odd harmonics whose tail is within the tolerance, and the bounds of both tails.

    Envelopes of the remainder fall with ω, so over harmonics K < k <= K' they are at most what they are at K; and
    Σ over those odd k of k^-s is at most half the integral of k^-s.  Past the last octave the envelopes fall as 1/k.
    """
    counts, tails, slopes = np.empty(_OCTAVES), np.empty(_OCTAVES), np.empty(_OCTAVES)
    tail, slope_tail, after = 0.0, 0.0, np.inf
    for octave in range(_OCTAVES - 1, -1, -1):
        counts[octave] = LANES * 2.0**octave
        k = 2.0 * counts[octave] - 1.0
        more, more_slope = _stretch(row, scale, reach, k, after)
        tail, slope_tail, after = tail + more, slope_tail + more_slope, k
        tails[octave], slopes[octave] = tail, slope_tail
    octave = 0
    while tails[octave] > tolerance and 2.0 * counts[octave] <= MOST_FREQUENCIES:
        octave += 1
    if octave >= 3 and tails[octave] <= tolerance:
        # Fewer than those of the octave may do.
        for eighths in (5, 6, 7):
            fewer = counts[octave] * eighths / 8.0
            tail, slope_tail = _stretch(row, scale, reach, 2.0 * fewer - 1.0, 2.0 * counts[octave] - 1.0)
            if tails[octave] + tail <= tolerance:
                return int(fewer), tails[octave] + tail, slopes[octave] + slope_tail
    return int(counts[octave]), tails[octave], slopes[octave]


@njit(cache=True, nogil=True)
def _stretch(row, scale, reach, k, after):
    """The share in both tails of the harmonics beyond k, up to ``after``, or all if that is infinite."""
    value, own, first, pair = _envelopes(row, scale, reach, k, after < np.inf)
    third, second, once = 1.0 / (6.0 * k**2), 1.0 / (4.0 * k), 0.5
    if after < np.inf:
        third, second = (1.0 / k**2 - 1.0 / after**2) / 4.0, (1.0 / k - 1.0 / after) / 2.0
        once = 0.5 * np.log(after / k)
    cubes, squares, inverses = 2.0 * reach**2 / np.pi**3, 2.0 * reach / np.pi**2, 2.0 / np.pi
    if row.power == 1:
        return 2.0 * squares * second * value, 2.0 * inverses * once * first
    tail = 2.0 * (cubes * third * value + squares * second * own)
    return tail, 2.0 * (squares * second * first + inverses * once * pair)


@njit(cache=True, nogil=True)
def _envelopes(row, scale, reach, k, saturated):
    """Bounds at ω_k, falling with ω, on the remainder's |E e^{iωz}|, on |E y e^{iωz}|, and on the largest
    |E x_j e^{iωz}| and |E y x_j e^{iωz}| (1 stands among the x_j).

    |E x^r e^{iyx}| <= min(1/(r+1), 2/|y|); unless ``saturated`` without the first for large features, so that the
    bounds fall as 1/ω.  Four masses are carried over the blocks: nothing on, only small features on, one large feature
    of an exclusive block and nothing else on, and the rest, which is what the series has to sum.
    """
    none, few, one, rest = 1.0, 0.0, 0.0, 0.0
    own_block = row.block[row.own] if row.own >= 0 and scale.alive[row.own] else -1
    own_kind, own_rate, own_masses = 0, 0.0, (1.0, 0.0, 0.0)
    large_share, small_share, joint_share, other_share, other_small = 0.0, 0.0, 0.0, 0.0, 0.0
    unit = 2.0 * reach / (np.pi * k)
    for block in range(row.off.size):
        if not scale.live[block]:
            continue
        small, on, steepest, steepest_small, rate_of_own, kind_of_own = _masses(row, scale, unit, block, saturated)
        if block == own_block:
            own_rate, own_kind = rate_of_own, kind_of_own
        whole = row.off[block] + small + on
        share, share_small = steepest / whole, steepest_small / whole
        if row.joint[block]:
            joint_share = max(joint_share, share)
        else:
            large_share = max(large_share, share)
        small_share = max(small_share, share_small)
        if block == own_block:
            own_masses = (row.off[block], small, on)
            continue
        other_share, other_small = max(other_share, share), max(other_small, share_small)
        none, few, one, rest = _one_block_more(none, few, one, rest, row.off[block], small, on, row.joint[block])
    own_bound, pair = 0.0, 0.0
    if own_block >= 0:
        every = none + few + one + rest
        damped = one + rest if own_kind == 0 else (few + one + rest if own_kind == 1 else every)
        own_bound = own_rate * damped
        pair = max(own_bound, own_rate * max(other_share * every, other_small * (damped if own_kind == 0 else every)))
        off, small, on = own_masses
        none, few, one, rest = _one_block_more(none, few, one, rest, off, small, on, row.joint[own_block])
    every = none + few + one + rest
    first = max(large_share * (every - none), small_share * (one + rest), joint_share * every)
    return rest, own_bound, max(first, rest), pair


@njit(cache=True, nogil=True)
def _masses(row, scale, unit, block, saturated):
    """For `_envelopes`, of one block: the bounds on its small and its large features, the steepest of each kind, and
    the bound on the own feature with its kind: 0 small, 1 large, 2 large and on together with others."""
    small, on, steepest, steepest_small = 0.0, 0.0, 0.0, 0.0
    together, slowest, is_large = 1.0, np.inf, False
    own_rate, own_kind = 0.0, 0
    for at in range(row.start[block], row.start[block + 1]):
        j = row.member[at]
        if not scale.alive[j]:
            continue
        p, size = row.p[j], abs(row.g[j])
        rate = unit / size if size > 1e-300 * unit else np.inf
        is_large = is_large or scale.large[j]
        together *= min(rate, 1.0)
        slowest = min(slowest, rate)
        if saturated or not scale.large[j]:
            rate = min(rate, 1.0)
            own = p * min(rate, 0.5)
        else:
            own = p * rate
        if scale.large[j]:
            on += p * rate
            steepest = max(steepest, own)
        else:
            small += p * rate
            steepest_small = max(steepest_small, own)
        if j == row.own:
            own_rate, own_kind = own, 1 if scale.large[j] else 0
    if row.joint[block]:
        # The fastest falling member carries the fall as 1/ω, the others at most 1.
        mass = row.p[row.member[row.start[block]]] * together * (1.0 if saturated else max(slowest, 1.0))
        small, on = (0.0, mass) if is_large else (mass, 0.0)
        return small, on, on, small, mass, 2 if is_large else 0
    return small, on, steepest, steepest_small, own_rate, own_kind


@njit(cache=True, nogil=True)
def _one_block_more(none, few, one, rest, off, small, on, joint):
    """The four masses of `_envelopes` with one block more."""
    rest = rest * (off + small + on) + few * on + one * (small + on) + (none * on if joint else 0.0)
    one = one * off + (0.0 if joint else none * on)
    return none * off, few * (off + small) + none * small, one, rest


@njit(cache=True, nogil=True)
def _add_polynomial(row, scale, sign, active, share, reach, slope):
    """Polynomial part of the half loss when the features of ``active`` follow their law, all other live ones off.

    U_2 stands for share × (z² + R z)/2, U_1 for share × (z + R/2), U_0 for share.  Adds sign × to ``slope``; returns
    sign × the value.
    """
    mean_on = 0.0 if row.signed else 0.5
    mass, mean, variance = sign * share * scale.weight, row.b, 0.0
    for block in range(row.off.size):
        if scale.live[block]:
            total, first, second = _block_moments(row, block, active)
            if total == 0.0:
                return 0.0
            mass *= total
            mean += first / total
            variance += second / total - (first / total) ** 2
    value = mass * (0.5 * (mean**2 + variance + reach * mean) if row.power == 2 else mean + 0.5 * reach)
    slope[row.g.size] += mass * (mean + 0.5 * reach if row.power == 2 else 1.0)
    for block in range(row.off.size):
        if not scale.live[block]:
            continue
        total, first, _ = _block_moments(row, block, active)
        elsewhere, inside = mean - first / total, 0.0
        if row.joint[block]:
            for at in range(row.start[block], row.start[block + 1]):
                inside += mean_on * row.g[row.member[at]]
        for at in range(row.start[block], row.start[block + 1]):
            k = row.member[at]
            if not active[k]:
                continue
            p = row.p[k] / total
            if row.power == 1:
                slope[k] += mass * p * mean_on
                continue
            beside = inside - mean_on * row.g[k] if row.joint[block] else 0.0
            slope[k] += mass * p * (mean_on * (elsewhere + beside + 0.5 * reach) + row.g[k] / 3.0)
            if k == row.own:
                value -= _add_target(row, block, active, mass, p, elsewhere + beside + 0.5 * reach, slope)
    return value


@njit(cache=True, nogil=True)
def _block_moments(row, block, active):
    """Probability, E s and E s² (not divided by it) of s = Σ g_j x_j over a block, those not of ``active`` off."""
    total, first, second = row.off[block], 0.0, 0.0
    mean_on = 0.0 if row.signed else 0.5
    for at in range(row.start[block], row.start[block + 1]):
        j = row.member[at]
        if not active[j]:
            continue
        if row.joint[block]:
            # Within one state first and second are those of the sum so far, given that it is on.
            second += 2.0 * first * mean_on * row.g[j] + row.g[j] ** 2 / 3.0
            first += mean_on * row.g[j]
        else:
            total += row.p[j]
            first += row.p[j] * mean_on * row.g[j]
            second += row.p[j] * row.g[j] ** 2 / 3.0
    if row.joint[block] and active[row.member[row.start[block]]]:
        p = row.p[row.member[row.start[block]]]
        return total + p, p * first, p * second
    return total, first, second


@njit(cache=True, nogil=True)
def _add_target(row, block, active, mass, p, rest, slope):
    """Polynomial part of E y U_1 with y on with probability ``p`` and z = g_own x_own + ``rest``; subtracts slopes."""
    mean_on = 0.0 if row.signed else 0.5
    y_mean = 0.5 if row.absolute else mean_on
    y_square = 0.0 if row.absolute and row.signed else 1.0 / 3.0
    # Features of other blocks: E y x_k = E y E x_k.
    for other in range(row.off.size):
        if other == block or y_mean == 0.0 or mean_on == 0.0:
            continue
        total, _, _ = _block_moments(row, other, active)
        for at in range(row.start[other], row.start[other + 1]):
            k = row.member[at]
            if active[k]:
                slope[k] -= mass * p * y_mean * mean_on * row.p[k] / total
    if row.joint[block]:
        for at in range(row.start[block], row.start[block + 1]):
            if row.member[at] != row.own:
                slope[row.member[at]] -= mass * p * y_mean * mean_on
    slope[row.own] -= mass * p * y_square
    slope[row.g.size] -= mass * p * y_mean
    return mass * p * (y_mean * rest + y_square * row.g[row.own])


@njit(cache=True, nogil=True)
def _add_singles(row, scale, share, reach, slope):
    """Closed form of the states with exactly one feature on, a large one, less their part in `_add_polynomial`."""
    value = 0.0
    for k in range(row.g.size):
        if scale.single[k] == 0.0:
            continue
        if row.signed:
            value += _add_single(row, k, 1.0, 0.5 * scale.single[k], share, reach, slope)
            value += _add_single(row, k, -1.0, 0.5 * scale.single[k], share, reach, slope)
        else:
            value += _add_single(row, k, 1.0, scale.single[k], share, reach, slope)
    return value


@njit(cache=True, nogil=True)
def _add_single(row, k, sign, mass, share, reach, slope):
    """The same for x_k = sign × u, u uniform on [0, 1]: integrals over where b + sign g u > 0."""
    b, g, count = row.b, sign * row.g[k], row.g.size
    start, stop = 0.0, 1.0 if b > 0.0 else 0.0
    if g != 0.0:
        root = min(max(-b / g, 0.0), 1.0)
        start, stop = (root, 1.0) if g > 0.0 else (0.0, root)
    length, linear, square = stop - start, (stop**2 - start**2) / 2.0, (stop**3 - start**3) / 3.0
    # E U_1, E u U_1, E U_0, E u U_0, E u² U_0 less the polynomials that stand for them.
    once = b * length + g * linear - share * (b + 0.5 * g + 0.5 * reach)
    once_u = b * linear + g * square - share * (0.5 * b + g / 3.0 + 0.25 * reach)
    step, step_u, step_uu = length - share, linear - 0.5 * share, square - share / 3.0
    if row.power == 1:
        slope[k] += mass * sign * step_u
        slope[count] += mass * step
        return mass * once
    twice = 0.5 * (b * b * length + 2.0 * b * g * linear + g * g * square)
    twice -= 0.5 * share * (b * b + b * g + g * g / 3.0 + reach * (b + 0.5 * g))
    slope[k] += mass * sign * once_u
    slope[count] += mass * once
    if k != row.own:
        return mass * twice
    y = mass if row.absolute else mass * sign
    slope[k] -= y * sign * step_uu
    slope[count] -= y * step_u
    return mass * twice - y * once_u


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
    _fill_tables(row, scale, reach, lanes)
    # From the highest harmonics down, so that small terms are added first.
    for index in range(count - 1, -1, -1):
        first = 2.0 * LANES * index + 1.0
        _turn(row, scale, reach, first, index == count - 1 or index % _TURNS == _TURNS - 1, lanes)
        _fill_coefficients(row.power, row.g.size, reach, first, lanes)
        _fill_factors(row, scale, reach, first, any_small, slope, lanes)
        value += _add_products(row, scale.alive, blocks, own_block, weight, _FACTOR_R, slope, lanes)
        value += _add_products(row, small, small_blocks, small_own_block, -small_weight, _SMALL_R, slope, lanes)
        value -= _add_alone(row, scale, own_block, slope, lanes)
    return value


@njit(cache=True, nogil=True)
def _row(at, kind):
    """Row of lanes of that kind of a member, a block or a member of a block."""
    return _SHARED + _EACH * at + kind


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
def _fill_tables(row, scale, reach, lanes):
    """Turns by 2 δ lane within a block of harmonics and by 2 `LANES` δ between them, δ = π g/R; b comes last."""
    count = row.g.size
    for at in range(count + 1):
        j = row.member[at] if at < count else count
        if j < count and not scale.alive[j]:
            continue
        delta = np.pi * (row.g[j] if j < count else row.b) / reach
        _fill_table(delta, at, lanes)
        lanes[_row(at, _TURN), 2], lanes[_row(at, _TURN), 3] = (
            np.cos(2.0 * LANES * delta),
            np.sin(2.0 * LANES * delta),
        )


@njit(cache=True, nogil=True)
def _fill_table(delta, at, lanes):
    real, imaginary = _row(at, _TABLE_R), _row(at, _TABLE_I)
    lanes[real, 0], lanes[imaginary, 0] = 1.0, 0.0
    power = 1
    while power < LANES:
        c, s = np.cos(2.0 * power * delta), np.sin(2.0 * power * delta)
        for lane in range(power):
            lanes[real, power + lane] = c * lanes[real, lane] - s * lanes[imaginary, lane]
            lanes[imaginary, power + lane] = c * lanes[imaginary, lane] + s * lanes[real, lane]
        power *= 2


@njit(cache=True, nogil=True)
def _turn(row, scale, reach, first, afresh, lanes):
    """Angles of the first of the lanes: one step down from the block of harmonics above, or taken afresh."""
    count = row.g.size
    for at in range(count + 1):
        j = row.member[at] if at < count else count
        if j < count and not scale.alive[j]:
            continue
        if afresh:
            angle = first * (np.pi * (row.g[j] if j < count else row.b) / reach)
            lanes[_row(at, _TURN), 0], lanes[_row(at, _TURN), 1] = (
                np.cos(angle),
                np.sin(angle),
            )
        else:
            c, s = lanes[_row(at, _TURN), 0], lanes[_row(at, _TURN), 1]
            lanes[_row(at, _TURN), 0] = c * lanes[_row(at, _TURN), 2] + s * lanes[_row(at, _TURN), 3]
            lanes[_row(at, _TURN), 1] = s * lanes[_row(at, _TURN), 2] - c * lanes[_row(at, _TURN), 3]


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _fill_coefficients(power, last, reach, first, lanes):
    """e^{iωb} times the weights of E e^{iω(z-b)} in the half loss, of E x_j e^{…} and of E y x_j e^{…} in its slopes.

    With power 2 the weight of E y e^{…} in the half loss is minus that of E x_j e^{…} in the slopes.
    """
    cubes, squares, inverses = 2.0 * reach**2 / np.pi**3, -2.0 * reach / np.pi**2, 2.0 / np.pi
    c, s = lanes[_row(last, _TURN), 0], lanes[_row(last, _TURN), 1]
    for lane in range(lanes.shape[1]):
        inverse = 1.0 / (first + 2.0 * lane)
        real = c * lanes[_row(last, _TABLE_R), lane] - s * lanes[_row(last, _TABLE_I), lane]
        imaginary = c * lanes[_row(last, _TABLE_I), lane] + s * lanes[_row(last, _TABLE_R), lane]
        lanes[_INVERSE, lane] = inverse
        square, once = squares * inverse * inverse, inverses * inverse
        if power == 2:
            cube = cubes * inverse * inverse * inverse
            lanes[_OF_ALL_R, lane], lanes[_OF_ALL_I, lane] = -cube * imaginary, cube * real
            lanes[_OF_SLOPE_R, lane], lanes[_OF_SLOPE_I, lane] = square * real, square * imaginary
            lanes[_OF_PAIR_R, lane], lanes[_OF_PAIR_I, lane] = -once * imaginary, once * real
        else:
            lanes[_OF_ALL_R, lane], lanes[_OF_ALL_I, lane] = square * real, square * imaginary
            lanes[_OF_SLOPE_R, lane], lanes[_OF_SLOPE_I, lane] = once * imaginary, -once * real
        lanes[_ALONE_R, lane], lanes[_ALONE_I, lane] = 0.0, 0.0


@njit(cache=True, nogil=True)
def _fill_factors(row, scale, reach, first, any_small, slope, lanes):
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
            _fill_characteristic(np.pi * row.g[j] / reach, first, at, to, lanes)
            if j == row.own:
                _fill_own(np.pi * row.g[j] / reach, first, at, at - row.start[block], lanes)
            if row.signed:
                _symmetrise(at, to, j == row.own, row.absolute, at - row.start[block], lanes)
            if not row.joint[block]:
                slope[j] -= _add_member(row.p[j], scale.single[j], block, at, lanes)
                if any_small and not scale.large[j]:
                    _add_small_member(row.p[j], block, lanes)
        if row.joint[block]:
            _join(row, block, any_small and not scale.large[row.member[row.start[block]]], lanes)


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _start_factors(off, block, any_small, lanes):
    for lane in range(lanes.shape[1]):
        lanes[_row(block, _FACTOR_R), lane], lanes[_row(block, _FACTOR_I), lane] = off, 0.0
    if any_small:
        for lane in range(lanes.shape[1]):
            lanes[_row(block, _SMALL_R), lane], lanes[_row(block, _SMALL_I), lane] = off, 0.0


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _fill_characteristic(delta, first, at, to, lanes):
    """E x^r e^{iyx} for r = 0 (row ``to`` of values) and 1 (row ``at`` of slopes), y = kδ, x uniform on [0, 1].

    By parts, or by power series where |y| < 1.
    """
    near = _lanes_near(delta, first)
    if near < LANES:
        c, s, scale = lanes[_row(at, _TURN), 0], lanes[_row(at, _TURN), 1], 1.0 / delta
        for lane in range(lanes.shape[1]):
            cosine = c * lanes[_row(at, _TABLE_R), lane] - s * lanes[_row(at, _TABLE_I), lane]
            sine = c * lanes[_row(at, _TABLE_I), lane] + s * lanes[_row(at, _TABLE_R), lane]
            inverse = scale * lanes[_INVERSE, lane]
            real, imaginary = sine * inverse, (1.0 - cosine) * inverse
            lanes[_row(to, _VALUE_R), lane], lanes[_row(to, _VALUE_I), lane] = real, imaginary
            lanes[_row(at, _SLOPE_R), lane], lanes[_row(at, _SLOPE_I), lane] = (
                (sine - imaginary) * inverse,
                (real - cosine) * inverse,
            )
    for lane in range(near):
        y = (first + 2.0 * lane) * delta
        u = -y * y
        lanes[_row(to, _VALUE_R), lane], lanes[_row(to, _VALUE_I), lane] = (
            _polynomial(_COSINE_0, u),
            y * _polynomial(_SINE_0, u),
        )
        lanes[_row(at, _SLOPE_R), lane], lanes[_row(at, _SLOPE_I), lane] = (
            _polynomial(_COSINE_1, u),
            y * _polynomial(_SINE_1, u),
        )


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _fill_own(delta, first, at, to, lanes):
    """E y e^{iyx} and E y x e^{iyx} of the own feature, unsigned."""
    near = _lanes_near(delta, first)
    for lane in range(lanes.shape[1]):
        lanes[_OWN_R, lane], lanes[_OWN_I, lane] = (
            lanes[_row(at, _SLOPE_R), lane],
            lanes[_row(at, _SLOPE_I), lane],
        )
    if near < LANES:
        c, s, scale = lanes[_row(at, _TURN), 0], lanes[_row(at, _TURN), 1], 1.0 / delta
        for lane in range(lanes.shape[1]):
            cosine = c * lanes[_row(at, _TABLE_R), lane] - s * lanes[_row(at, _TABLE_I), lane]
            sine = c * lanes[_row(at, _TABLE_I), lane] + s * lanes[_row(at, _TABLE_R), lane]
            inverse = scale * lanes[_INVERSE, lane]
            lanes[_row(to, _TILT_R), lane] = (sine - 2.0 * lanes[_row(at, _SLOPE_I), lane]) * inverse
            lanes[_row(to, _TILT_I), lane] = (2.0 * lanes[_row(at, _SLOPE_R), lane] - cosine) * inverse
    for lane in range(near):
        y = (first + 2.0 * lane) * delta
        u = -y * y
        lanes[_row(to, _TILT_R), lane], lanes[_row(to, _TILT_I), lane] = (
            _polynomial(_COSINE_2, u),
            y * _polynomial(_SINE_2, u),
        )


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _lanes_near(delta, first):
    """How many of the lanes, the first ones, have |y| < 1."""
    if abs(delta) * (first + 2.0 * LANES) < 1.0:
        return LANES
    return min(max(int(np.ceil(0.5 * (1.0 / abs(delta) - first))), 0), LANES)


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _polynomial(c, u):
    low = c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * c[4])))
    return low + u**5 * (c[5] + u * (c[6] + u * (c[7] + u * (c[8] + u * c[9]))))


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _symmetrise(at, to, is_own, absolute, tilt, lanes):
    """From a magnitude to a signed value: the mean over both signs keeps what is even in x, real, or odd, imaginary."""
    for lane in range(lanes.shape[1]):
        lanes[_row(to, _VALUE_I), lane] = 0.0
        lanes[_row(at, _SLOPE_R), lane] = 0.0
    if is_own and absolute:
        for lane in range(lanes.shape[1]):
            lanes[_OWN_I, lane] = 0.0
            lanes[_row(tilt, _TILT_R), lane] = 0.0
    elif is_own:
        for lane in range(lanes.shape[1]):
            lanes[_OWN_R, lane] = 0.0
            lanes[_row(tilt, _TILT_I), lane] = 0.0


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _add_member(p, single, block, at, lanes):
    """Add a member's p φ to its exclusive block's factor; return its share in its slope while it alone is on.

    One loop for each of the three: together they are not vectorised well.
    """
    real, imaginary = _row(block, _FACTOR_R), _row(block, _FACTOR_I)
    for lane in range(lanes.shape[1]):
        lanes[real, lane] += p * lanes[_row(0, _VALUE_R), lane]
        lanes[imaginary, lane] += p * lanes[_row(0, _VALUE_I), lane]
    for lane in range(lanes.shape[1]):
        lanes[_ALONE_R, lane] += single * lanes[_row(0, _VALUE_R), lane]
        lanes[_ALONE_I, lane] += single * lanes[_row(0, _VALUE_I), lane]
    total, real, imaginary = 0.0, _row(at, _SLOPE_R), _row(at, _SLOPE_I)
    for lane in range(lanes.shape[1]):
        total += lanes[_OF_SLOPE_R, lane] * lanes[real, lane] - lanes[_OF_SLOPE_I, lane] * lanes[imaginary, lane]
    return single * total


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _add_small_member(p, block, lanes):
    for lane in range(lanes.shape[1]):
        lanes[_row(block, _SMALL_R), lane] += p * lanes[_row(0, _VALUE_R), lane]
        lanes[_row(block, _SMALL_I), lane] += p * lanes[_row(0, _VALUE_I), lane]


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
                    lanes[_row(at, _TILT_R), lane], lanes[_row(at, _TILT_I), lane] = (
                        lanes[_row(start + at, _SLOPE_R), lane],
                        lanes[_row(start + at, _SLOPE_I), lane],
                    )
        _swap_own(own, lanes)
        _leave_one_out(members, 0, _TILT_R, lanes)
        _swap_own(own, lanes)
        for lane in range(lanes.shape[1]):
            lanes[_OWN_R, lane], lanes[_OWN_I, lane] = lanes[_PRODUCT_R, lane], lanes[_PRODUCT_I, lane]
    _leave_one_out(members, start, _SLOPE_R, lanes)
    for lane in range(lanes.shape[1]):
        real, imaginary = p * lanes[_PRODUCT_R, lane], p * lanes[_PRODUCT_I, lane]
        lanes[_row(block, _FACTOR_R), lane] += real
        lanes[_row(block, _FACTOR_I), lane] += imaginary
        if is_small:
            lanes[_row(block, _SMALL_R), lane] += real
            lanes[_row(block, _SMALL_I), lane] += imaginary


@njit(cache=True, nogil=True)
def _swap_own(own, lanes):
    for lane in range(lanes.shape[1]):
        lanes[_OWN_R, lane], lanes[_row(own, _VALUE_R), lane] = (
            lanes[_row(own, _VALUE_R), lane],
            lanes[_OWN_R, lane],
        )
        lanes[_OWN_I, lane], lanes[_row(own, _VALUE_I), lane] = (
            lanes[_row(own, _VALUE_I), lane],
            lanes[_OWN_I, lane],
        )


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _leave_one_out(members, start, kind, lanes):
    """Multiply row start + k by the values of all members but k; leave the product of all in the product lanes."""
    _start_at_one(_PRODUCT_R, lanes)
    for at in range(members):
        _multiply_then_pass(_PRODUCT_R, at, start, kind, lanes)
    _start_at_one(_REST_R, lanes)
    for at in range(members - 1, -1, -1):
        _multiply_then_pass(_REST_R, at, start, kind, lanes)


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _start_at_one(product, lanes):
    for lane in range(lanes.shape[1]):
        lanes[product, lane], lanes[product + 1, lane] = 1.0, 0.0


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _multiply_then_pass(product, at, start, kind, lanes):
    """Multiply row start + at by the product of the members passed so far, then let the product pass member at."""
    to = _row(start + at, kind)
    for lane in range(lanes.shape[1]):
        a, b = lanes[product, lane], lanes[product + 1, lane]
        c, d = lanes[_row(at, _VALUE_R), lane], lanes[_row(at, _VALUE_I), lane]
        x, y = lanes[to, lane], lanes[to + 1, lane]
        lanes[to, lane], lanes[to + 1, lane] = a * x - b * y, a * y + b * x
        lanes[product, lane], lanes[product + 1, lane] = a * c - b * d, a * d + b * c


@njit(cache=True, nogil=True)
def _add_products(row, active, blocks, own_block, weight, kind, slope, lanes):
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
                slope[k] += row.p[k] * _real_sum(_OF_SLOPE_R, _row(at, _SLOPE_R), lanes)
                if row.joint[own_block] or k == row.own:
                    slope[k] += row.p[k] * _real_sum(_OF_PAIR_R, _row(at - row.start[own_block], _TILT_R), lanes)
        value, bias_slope = _turn_back_at_own(row.p[row.own], own_block, kind, lanes)
    else:
        value, bias_slope = _turn_back(lanes)
    slope[row.g.size] += bias_slope
    rest = _REST_R
    for index in range(blocks.size - 1, -1, -1):
        block = blocks[index]
        for at in range(row.start[block], row.start[block + 1]):
            k = row.member[at]
            if active[k]:
                slope[k] += row.p[k] * _slope_of_rest(rest, index, at, lanes)
        rest = _multiply_back(rest, block, kind, lanes)
    return value


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _start_product(weight, lanes):
    before = _row(0, _BEFORE_R)
    for lane in range(lanes.shape[1]):
        lanes[before, lane], lanes[before + 1, lane] = weight, 0.0


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _end_product(blocks, lanes):
    before = _row(blocks, _BEFORE_R)
    for lane in range(lanes.shape[1]):
        lanes[_PRODUCT_R, lane], lanes[_PRODUCT_I, lane] = lanes[before, lane], lanes[before + 1, lane]


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _multiply_forth(at, block, kind, lanes):
    """Product of the first ``at`` + 1 blocks from that of the first ``at``: in another row, which vectorises better."""
    before, after = _row(at, _BEFORE_R), _row(at + 1, _BEFORE_R)
    factor = _row(block, kind)
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[before, lane], lanes[before + 1, lane], lanes[factor, lane], lanes[factor + 1, lane]
        lanes[after, lane], lanes[after + 1, lane] = a * c - b * d, a * d + b * c


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _real_sum(others, own, lanes):
    """Σ over the lanes of the real part of the product of all blocks before, of the others and of the own one."""
    total = 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[_PRODUCT_R, lane], lanes[_PRODUCT_I, lane]
        c, d = lanes[others, lane], lanes[others + 1, lane]
        x, y = a * c - b * d, a * d + b * c
        total += x * lanes[own, lane] - y * lanes[own + 1, lane]
    return total


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _turn_back_at_own(p, block, kind, lanes):
    """Share in the half loss and its slope by b; leaves in the rest lanes what the other blocks' slopes need."""
    value, bias_slope = 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[_PRODUCT_R, lane], lanes[_PRODUCT_I, lane]
        f_r, f_i, y_r, y_i = (
            lanes[_row(block, kind), lane],
            lanes[_row(block, kind + 1), lane],
            p * lanes[_OWN_R, lane],
            p * lanes[_OWN_I, lane],
        )
        s_r, s_i, t_r, t_i = (
            lanes[_OF_SLOPE_R, lane],
            lanes[_OF_SLOPE_I, lane],
            lanes[_OF_PAIR_R, lane],
            lanes[_OF_PAIR_I, lane],
        )
        u_r, u_i = lanes[_OF_ALL_R, lane], lanes[_OF_ALL_I, lane]
        v_r = u_r * f_r - u_i * f_i - s_r * y_r + s_i * y_i
        v_i = u_r * f_i + u_i * f_r - s_r * y_i - s_i * y_r
        e_r = s_r * f_r - s_i * f_i + t_r * y_r - t_i * y_i
        e_i = s_r * f_i + s_i * f_r + t_r * y_i + t_i * y_r
        value += a * v_r - b * v_i
        bias_slope += a * e_r - b * e_i
        lanes[_REST_R, lane], lanes[_REST_I, lane] = e_r, e_i
    return value, bias_slope


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _turn_back(lanes):
    value, bias_slope = 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[_PRODUCT_R, lane], lanes[_PRODUCT_I, lane]
        value += a * lanes[_OF_ALL_R, lane] - b * lanes[_OF_ALL_I, lane]
        bias_slope += a * lanes[_OF_SLOPE_R, lane] - b * lanes[_OF_SLOPE_I, lane]
        lanes[_REST_R, lane], lanes[_REST_I, lane] = lanes[_OF_SLOPE_R, lane], lanes[_OF_SLOPE_I, lane]
    return value, bias_slope


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _multiply_back(rest, block, kind, lanes):
    """Product of the last blocks with one more of them, from row ``rest`` to the other row of its kind."""
    other, factor = _REST_R + _OTHER_R - rest, _row(block, kind)
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[rest, lane], lanes[rest + 1, lane], lanes[factor, lane], lanes[factor + 1, lane]
        lanes[other, lane], lanes[other + 1, lane] = a * c - b * d, a * d + b * c
    return other


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _slope_of_rest(rest, index, at, lanes):
    before, slope, total = _row(index, _BEFORE_R), _row(at, _SLOPE_R), 0.0
    for lane in range(lanes.shape[1]):
        a, b, c, d = lanes[rest, lane], lanes[rest + 1, lane], lanes[before, lane], lanes[before + 1, lane]
        total += (a * c - b * d) * lanes[slope, lane] - (a * d + b * c) * lanes[slope + 1, lane]
    return total


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _add_alone(row, scale, own_block, slope, lanes):
    """Share in the half loss of states with one feature on (slopes by that feature apart); takes off that in slopes."""
    value, bias_slope, pair, tilt = 0.0, 0.0, 0.0, 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[_ALONE_R, lane], lanes[_ALONE_I, lane]
        value += a * lanes[_OF_ALL_R, lane] - b * lanes[_OF_ALL_I, lane]
        bias_slope += a * lanes[_OF_SLOPE_R, lane] - b * lanes[_OF_SLOPE_I, lane]
    slope[row.g.size] -= bias_slope
    if own_block < 0 or scale.single[row.own] == 0.0:
        return value
    to = 0
    while row.member[row.start[own_block] + to] != row.own:
        to += 1
    shared = 0.0
    for lane in range(lanes.shape[1]):
        a, b = lanes[_OWN_R, lane], lanes[_OWN_I, lane]
        shared += a * lanes[_OF_SLOPE_R, lane] - b * lanes[_OF_SLOPE_I, lane]
        pair += a * lanes[_OF_PAIR_R, lane] - b * lanes[_OF_PAIR_I, lane]
        tilt += (
            lanes[_OF_PAIR_R, lane] * lanes[_row(to, _TILT_R), lane]
            - lanes[_OF_PAIR_I, lane] * lanes[_row(to, _TILT_I), lane]
        )
    slope[row.own] -= scale.single[row.own] * tilt
    slope[row.g.size] -= scale.single[row.own] * pair
    return value - scale.single[row.own] * shared


@njit(cache=True, nogil=True)
def _off(p, start, member, joint):
    """Probability that no member of a block is on."""
    off = np.empty(joint.size)
    for block in range(joint.size):
        off[block] = 1.0 - p[member[start[block]]]
        if not joint[block]:
            for at in range(start[block] + 1, start[block + 1]):
                off[block] -= p[member[at]]
    return np.maximum(off, 0.0)


@njit(cache=True, nogil=True)
def _blocks_of(start, member):
    block = np.empty(member.size, dtype=np.int64)
    for index in range(start.size - 1):
        block[member[start[index] : start[index + 1]]] = index
    return block


@njit(cache=True, nogil=True)
def fill_rows(
    own, G, b, density, importance, tolerance, signed, absolute, one_is_on, start, member, joint,
    loss, error, gradient, slope_error,
):  # fmt: skip
    """Loss, gradient and their bounds of rows of overlaps: row r is that of feature ``own[r]`` of its model."""
    rows, features = G.shape
    block, lanes = _blocks_of(start, member), np.empty((_SHARED + _EACH * (features + 1), LANES))
    for r in range(rows):
        i, p, weight = own[r], density[r], importance[r, own[r]]
        off = np.zeros(joint.size) if one_is_on else _off(p, start, member, joint)
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
    block, lanes = _blocks_of(start, member), np.empty((_SHARED + _EACH * (features + 1), LANES))
    slope, mean_on = np.empty(features + 1), 0.0 if signed else 0.5
    for r in range(rows):
        p = density[r]
        off = np.zeros(joint.size) if one_is_on else _off(p, start, member, joint)
        row = Row(1, -1, W[r], 0.0, p, signed, False, off, start, member, block, joint)
        half, error[r], slope_error[r] = _half_loss(row, tolerance, slope, lanes)
        norm[r] = 2.0 * half
        for k in range(features):
            norm[r] -= mean_on * p[k] * W[r, k]
            gradient[r, k] = 2.0 * slope[k] - mean_on * p[k]
