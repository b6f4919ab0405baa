"""How many harmonics are needed: bounds on all that come after, from the fall of each block with the frequency."""

from __future__ import annotations

import numpy as np
from numba import njit

from tegum.theory.loss.series.row import LANES

MOST_FREQUENCIES = 1 << 15
#: Octaves of harmonics beyond the last one for which the tail is bounded one by one.
_OCTAVES = 22
# Divisions as NumPy has them: one that may raise keeps the loops over features from being compiled into one piece.


@njit(cache=True, nogil=True, error_model="numpy")
def harmonics_needed(row, scale, reach, tolerance):
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _one_block_more(none, few, one, rest, off, small, on, joint):
    """The four masses of `_envelopes` with one block more."""
    rest = rest * (off + small + on) + few * on + one * (small + on) + (none * on if joint else 0.0)
    one = one * off + (0.0 if joint else none * on)
    return none * off, few * (off + small) + none * small, one, rest
