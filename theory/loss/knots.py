"""Exact expectations of truncated powers by a pruned tree of knots (compiled).

With ``U_q(t) = t_+^q / q!`` (``U_0`` the step, ``U_{-1}`` the delta function) every term of the loss, of its
gradient and of its Hessian is one of the expectations

    V_q^r(c) = E[ Π_j x_j^{r_j} U_q(c + Σ_j g_j x_j) ],

x_j on with probability p_j, then uniform on [0, 1], or on [-1, 1] if it is signed.  Integrating one feature by parts
leaves the same expectation over the other features:

    r = 0:   V_q(c) = (1 - p) V_q(c) + p [V_{q+1}(c + g) - V_{q+1}(c)] / g
    r > 0:   V_q(c) = p { Σ_{s=0}^r (-1)^s r!/(r-s)! V_{q+1+s}(c + g) / g^{s+1}  -  (-1)^r r! V_{q+1+r}(c) / g^{r+1} }
    signed:  V_q(c) = (1 - p) V_q(c) [r = 0]
                      + (p/2) Σ_{s=0}^r (-1)^s r!/(r-s)! [V_{q+1+s}(c + g) - (-1)^{r-s} V_{q+1+s}(c - g)] / g^{s+1}

so that a tree over the knots ``c + Σ_{j on} ± g_j`` sums all terms of the box integrals over active subsets in n 2ⁿ
operations (3ⁿ if signed).  Two rules make it stable where the plain sum explodes (tiny overlaps):

* features are taken in order of falling ``|g|``;
* a node whose remaining features cannot change the sign of ``z`` is a polynomial and is evaluated by moments,
  all of whose terms are of one sign.

A node that is split therefore has ``|c| <= (features left) * |g|``: what is subtracted is of the size of the
result.  Below the root V_q is held in units of |g|^q, g the overlap that was split last.  In these units a feature is
integrated with an overlap of ±1, without a division, and what comes out goes up to the units above by a factor of at
most 1 for each power: overlaps of any size neither overflow nor underflow.

Everything compiled stands in this one file: numba's cache of a function does not see changes in the files of the
functions that it calls.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

#: Powers beyond this would overflow the table of factorials in double precision.
MOST_POWERS = 160
_FACTORIAL = np.array([float(math.factorial(k)) for k in range(MOST_POWERS)])


@njit(cache=True, nogil=True)
def _expectations(c, g, p, signed, size, exponent, child, lowest, highest, absolute, work, roots):
    """Fill ``roots[t, q + 1]`` with V_q^r(c) for the root entries t of one trie.

    ``g`` [features] falls in magnitude, ``p`` and ``signed`` go with it.  With ``absolute`` every subtraction
    becomes an addition of magnitudes: the result then bounds the sum of all absolute values that the
    recursion meets, which is what a rounding-error bound needs.  ``work`` is that of `_work_space`.
    """
    moments, values, law, low_range, high_range, knot, unit, stage, side = work
    count = g.size
    low_range[count] = high_range[count] = 0.0
    for d in range(count - 1, -1, -1):
        low_range[d] = low_range[d + 1] + (-abs(g[d]) if signed[d] else min(g[d], 0.0))
        high_range[d] = high_range[d + 1] + (abs(g[d]) if signed[d] else max(g[d], 0.0))
    unit[0] = 1.0
    for d in range(count):
        unit[d + 1] = abs(g[d])
    _fill_moments(g, p, signed, unit, size, exponent, child, highest, absolute, moments, law)
    knot[0], stage[0] = c, 0
    d = 0
    while d >= 0:
        here = values[d, side[d]] if d > 0 else roots
        if stage[d] == 0:
            if knot[d] + high_range[d] <= 0.0:
                _write_zeros(size[d], lowest[d], highest[d], here)
                d -= 1
                continue
            if knot[d] + low_range[d] >= 0.0 or d == count:  # the latter for a knot that is no number
                least = _in_units(knot[d] + low_range[d], unit[d])
                _write_polynomial(least, size[d], lowest[d], highest[d], moments[d], here)
                d -= 1
                continue
        if stage[d] == (3 if signed[d] else 2):
            slope = -1.0 if g[d] < 0.0 and not absolute else 1.0
            if signed[d]:
                _combine_signed(
                    slope, p[d], size[d], exponent[d], child[d], lowest[d], highest[d], absolute,
                    values[d + 1, 0], values[d + 1, 1], values[d + 1, 2], here,
                )  # fmt: skip
            else:
                _combine(
                    slope, p[d], size[d], exponent[d], child[d], lowest[d], highest[d], absolute,
                    values[d + 1, 0], values[d + 1, 1], here,
                )  # fmt: skip
            _change_units(unit[d + 1] / unit[d], size[d], lowest[d], highest[d], here)
            d -= 1
            continue
        move = stage[d]
        stage[d] += 1
        d += 1
        knot[d] = knot[d - 1] + (0.0 if move == 0 else g[d - 1] if move == 1 else -g[d - 1])
        side[d], stage[d] = move, 0


@njit(cache=True, nogil=True)
def _combine(slope, p, size, exponent, child, lowest, highest, absolute, off, on, here):
    """Integrate one feature on [0, 1] by parts, its overlap ±1: the first two recursions at the head of this file."""
    sign = 1.0 if absolute else -1.0
    for t in range(size):
        below, above, r = off[child[t]], on[child[t]], exponent[t]
        for q in range(lowest[t] + 1, highest[t] + 2):
            if r == 0:
                here[t, q] = (1.0 - p) * below[q] + p * slope * (above[q + 1] + sign * below[q + 1])
                continue
            total, factor = 0.0, 1.0
            for s in range(r + 1):
                factor *= slope
                total += factor * above[q + 1 + s]
                if s < r:
                    factor *= sign * (r - s)
            here[t, q] = p * (total + sign * factor * below[q + 1 + r])


@njit(cache=True, nogil=True)
def _combine_signed(slope, p, size, exponent, child, lowest, highest, absolute, off, plus, minus, here):
    """Integrate one feature on [-1, 1] by parts, its overlap ±1: the last recursion at the head of this file."""
    sign = 1.0 if absolute else -1.0
    for t in range(size):
        middle, above, below, r = off[child[t]], plus[child[t]], minus[child[t]], exponent[t]
        for q in range(lowest[t] + 1, highest[t] + 2):
            total, factor = 0.0, 1.0
            parity = 1.0 if absolute or r % 2 == 1 else -1.0
            for s in range(r + 1):
                factor *= slope
                total += factor * (above[q + 1 + s] + parity * below[q + 1 + s])
                factor *= sign * (r - s)
                parity *= sign
            here[t, q] = 0.5 * p * total
            if r == 0:
                here[t, q] += (1.0 - p) * middle[q]


@njit(cache=True, nogil=True)
def _change_units(ratio, size, lowest, highest, here):
    """From units of a lower overlap to those above: V_q times the q-th power of what the one is in the other."""
    for t in range(size):
        factor = 1.0 / ratio if lowest[t] < 0 else ratio ** lowest[t]
        for q in range(lowest[t] + 1, highest[t] + 2):
            here[t, q] *= factor
            factor *= ratio


@njit(cache=True, nogil=True)
def _in_units(value, unit):
    """A value in units of an overlap; where that is zero, so is what is left of z."""
    return value / unit if unit > 0.0 else value


@njit(cache=True, nogil=True)
def _write_zeros(size, lowest, highest, here):
    for t in range(size):
        for q in range(lowest[t] + 1, highest[t] + 2):
            here[t, q] = 0.0


@njit(cache=True, nogil=True)
def _write_polynomial(least, size, lowest, highest, moments, here):
    """E Π x^r (least + u)^q / q! with u = z - least >= 0, by the binomial sum over the moments of u."""
    for t in range(size):
        for q in range(lowest[t], highest[t] + 1):
            total, power = 0.0, 1.0
            for s in range(q + 1):
                total += power * moments[t, q - s]
                power *= least / (s + 1)
            here[t, q + 1] = total


@njit(cache=True, nogil=True)
def _fill_moments(g, p, signed, unit, size, exponent, child, highest, absolute, moments, law):
    """moments[d, t, s] = E[Π_{j>=d} x_j^{r_j} u_d^s] / s!, u_d = Σ_{j>=d} (g_j x_j - its least value) >= 0 in units."""
    count = g.size
    moments[count, 0, :] = 0.0
    moments[count, 0, 0] = 1.0
    for d in range(count - 1, -1, -1):
        ratio, is_negative = _in_units(unit[d + 1], unit[d]), g[d] < 0.0
        for t in range(size[d]):
            r, top = exponent[d, t], highest[d, t]
            if signed[d]:
                _signed_moments(is_negative, p[d], r, top, absolute, law)
            else:
                _unsigned_moments(is_negative, p[d], r, top, law)
            deeper, factor = moments[d + 1, child[d, t]], 1.0
            for s in range(top + 1):
                total = 0.0
                for i in range(s + 1):
                    total += law[i] * deeper[s - i]
                moments[d, t, s] = total * factor
                factor *= ratio


@njit(cache=True, nogil=True)
def _unsigned_moments(is_negative, p, r, top, law):
    """law[s] = E x^r u^s / s!, u = x, or 1 - x if its overlap is negative, whose mean with x^r is a Beta integral."""
    for s in range(top + 1):
        if is_negative:
            law[s] = p * _FACTORIAL[r] / _FACTORIAL[r + s + 1]
            if r == 0:
                law[s] += (1.0 - p) / _FACTORIAL[s]
        else:
            law[s] = p / (_FACTORIAL[s] * (r + s + 1))
    if r == 0 and not is_negative:
        law[0] += 1.0 - p


@njit(cache=True, nogil=True)
def _signed_moments(is_negative, p, r, top, absolute, law):
    """law[s] = E x^r u^s / s!, u = 1 ± x = y, y uniform on [0, 2]; x = ±(y - 1), and no term changes sign."""
    sign = -1.0 if r % 2 == 1 and is_negative and not absolute else 1.0
    for s in range(top + 1):
        if r == 0:
            mean = 1.0 / (s + 1)
        elif r == 1:
            mean = s / ((s + 1.0) * (s + 2.0))
        elif r == 2:
            mean = (s * s + s + 2.0) / ((s + 1.0) * (s + 2.0) * (s + 3.0))
        else:
            mean = s * (s * s + 3.0 * s + 8.0) / ((s + 1.0) * (s + 2.0) * (s + 3.0) * (s + 4.0))
        law[s] = p * sign * 2.0**s * mean / _FACTORIAL[s]
        if r == 0:
            law[s] += (1.0 - p) * sign / _FACTORIAL[s]


@njit(cache=True, nogil=True)
def _work_space(depths, entries, powers):
    """What the rows of a batch write over, one after another: on small rows allocating it would take half the time."""
    return (
        np.zeros((depths, entries, powers)), np.empty((depths, 3, entries, powers)), np.empty(powers),
        np.empty(depths), np.empty(depths), np.empty(depths), np.empty(depths),
        np.empty(depths, dtype=np.int64), np.empty(depths, dtype=np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _sort_row(g, density, signed, places, sorted_g, sorted_p, sorted_signed):
    """Overlaps from the largest magnitude down, with what goes with them, and their ``places``; never on counts as 0.

    Insertion sort: rows are short.
    """
    for i in range(g.size):
        size = g[i] if density[i] > 0.0 else 0.0
        j = i
        while j > 0 and abs(sorted_g[j - 1]) < abs(size):
            places[j], sorted_g[j] = places[j - 1], sorted_g[j - 1]
            j -= 1
        places[j], sorted_g[j] = i, size
    for i in range(g.size):
        sorted_p[i], sorted_signed[i] = density[places[i]], signed[places[i]]


@njit(cache=True, nogil=True)
def fill_rows(
    own, aim, G, b, density, signed, importance, absolute,
    size, exponent, child, lowest, highest, first, pair, triple,
    loss, gradient, hessian,
):  # noqa: PLR0913  # fmt: skip
    """Loss I E(y - (g·x + b)_+)² of each row, with derivatives: y = ±x_own (``aim``), or 0 where own is no feature."""
    rows, features = G.shape
    depths, entries = exponent.shape[1:]
    powers = highest.max() + 2
    work, roots = _work_space(depths, entries, powers), np.empty((entries, powers))
    places, kinds = np.empty(features, dtype=np.int64), np.empty(features, dtype=np.bool_)
    g, p = np.empty(features), np.empty(features)
    for r in range(rows):
        _sort_row(G[r], density[r], signed[r], places, g, p, kinds)
        place = 0
        while place < features and places[place] != own[r]:
            place += 1
        _expectations(
            b[r], g, p, kinds, size[place], exponent[place], child[place], lowest[place], highest[place],
            absolute, work, roots,
        )  # fmt: skip
        _fill_output(importance[r], places, first[place], pair[place], roots, loss, gradient, hessian, r)
        if place < features:
            cross = importance[r] * (2.0 if absolute else -2.0 * aim[r])
            _add_cross(
                cross, place, places, first[place], pair[place], triple[place], roots, loss, gradient, hessian, r
            )
            loss[r] += importance[r] * density[r, own[r]] / 3.0


@njit(cache=True, nogil=True)
def _fill_output(weight, places, first, pair, roots, loss, gradient, hessian, r):
    """I E (z_+)² and its derivatives."""
    features = places.size
    loss[r] = weight * 2.0 * roots[0, 3]
    gradient[r, features] = weight * 2.0 * roots[0, 2]
    for k in range(features):
        gradient[r, places[k]] = weight * 2.0 * roots[first[k], 2]
    if hessian.shape[1] == 0:
        return
    hessian[r, features, features] = weight * 2.0 * roots[0, 1]
    for k in range(features):
        mixed = weight * 2.0 * roots[first[k], 1]
        hessian[r, places[k], features] = mixed
        hessian[r, features, places[k]] = mixed
        for n in range(features):
            hessian[r, places[k], places[n]] = weight * 2.0 * roots[pair[k, n], 1]


@njit(cache=True, nogil=True)
def _add_cross(cross, own, places, first, pair, triple, roots, loss, gradient, hessian, r):
    """Add -2 I E y z_+ and its derivatives."""
    features = places.size
    loss[r] += cross * roots[first[own], 2]
    gradient[r, features] += cross * roots[first[own], 1]
    for k in range(features):
        gradient[r, places[k]] += cross * roots[pair[own, k], 1]
    if hessian.shape[1] == 0:
        return
    hessian[r, features, features] += cross * roots[first[own], 0]
    for k in range(features):
        mixed = cross * roots[pair[own, k], 0]
        hessian[r, places[k], features] += mixed
        hessian[r, features, places[k]] += mixed
        for n in range(features):
            hessian[r, places[k], places[n]] += cross * roots[triple[k, n], 0]


@njit(cache=True, nogil=True)
def fill_positive_parts(
    W, density, signed, absolute, size, exponent, child, lowest, highest, first, pair, value, gradient, hessian
):
    """E (w·x + c)_+ at c = 0 of each row w of W, with derivatives by (w, c)."""
    rows, features = W.shape
    depths, entries = exponent.shape
    powers = highest.max() + 2
    work, roots = _work_space(depths, entries, powers), np.empty((entries, powers))
    places, kinds = np.empty(features, dtype=np.int64), np.empty(features, dtype=np.bool_)
    w, p = np.empty(features), np.empty(features)
    for r in range(rows):
        _sort_row(W[r], density[r], signed[r], places, w, p, kinds)
        _expectations(0.0, w, p, kinds, size, exponent, child, lowest, highest, absolute, work, roots)
        value[r] = roots[0, 2]
        gradient[r, features] = roots[0, 1]
        for k in range(features):
            gradient[r, places[k]] = roots[first[k], 1]
        if hessian.shape[1] > 0:
            hessian[r, features, features] = roots[0, 0]
        for k in range(features if hessian.shape[1] > 0 else 0):
            hessian[r, places[k], features] = roots[first[k], 0]
            hessian[r, features, places[k]] = roots[first[k], 0]
            for n in range(features):
                hessian[r, places[k], places[n]] = roots[pair[k, n], 0]
