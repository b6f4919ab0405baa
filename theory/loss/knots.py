"""Exact expectations of truncated powers by a pruned tree of knots (compiled).

With ``U_q(t) = t_+^q / q!`` (``U_0`` the step, ``U_{-1}`` the delta function) every term of the loss, of its
gradient and of its Hessian is one of the expectations

    V_q^r(c) = E[ Π_j x_j^{r_j} U_q(c + Σ_j g_j x_j) ],     x_j on with probability p_j, then uniform on [0, 1].

Integrating one feature by parts leaves the same expectation over the other features:

    r = 0:  V_q(c) = (1 - p) V_q(c) + p [V_{q+1}(c + g) - V_{q+1}(c)] / g
    r > 0:  V_q(c) = p { Σ_{s=0}^r (-1)^s r!/(r-s)! V_{q+1+s}(c + g) / g^{s+1}  -  (-1)^r r! V_{q+1+r}(c) / g^{r+1} }

so that a binary tree over the knots ``c + Σ_{j on} g_j`` sums all 3ⁿ terms of the box integrals over active
subsets in n 2ⁿ operations.  Two rules make it stable where the plain sum explodes (tiny overlaps):

* features are taken in order of falling ``|g|``;
* a node whose remaining features cannot change the sign of ``z`` is a polynomial and is evaluated by moments,
  all of whose terms are positive.

A node that is split therefore has ``|c| <= (features left) * |g|``: what is subtracted is of the size of the
result, and nothing is ever divided by an overlap much smaller than the quantity divided.

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
def _expectations(c, g, p, size, exponent, child, lowest, highest, absolute, moments, values, roots):  # noqa: PLR0913
    """Fill ``roots[t, q + 1]`` with V_q^r(c) for the root entries t of one trie.

    ``g`` [features] falls in magnitude, ``p`` [features] goes with it.  With ``absolute`` every subtraction
    becomes an addition of magnitudes: the result then bounds the sum of all absolute values that the
    recursion meets, which is what a rounding-error bound needs.  ``moments`` and ``values`` are work space.
    """
    count = g.size
    low_range = np.zeros(count + 1)
    high_range = np.zeros(count + 1)
    for d in range(count - 1, -1, -1):
        low_range[d] = low_range[d + 1] + min(g[d], 0.0)
        high_range[d] = high_range[d + 1] + max(g[d], 0.0)
    _fill_moments(g, p, size, exponent, child, highest, moments)
    knot = np.empty(count + 1)
    stage = np.zeros(count + 1, dtype=np.int64)
    side = np.zeros(count + 1, dtype=np.int64)
    knot[0] = c
    d = 0
    while d >= 0:
        here = values[d, side[d]] if d > 0 else roots
        if stage[d] == 0:
            if knot[d] + high_range[d] <= 0.0:
                _write_zeros(size[d], lowest[d], highest[d], here)
                d -= 1
            elif knot[d] + low_range[d] >= 0.0:
                _write_polynomial(knot[d] + low_range[d], size[d], lowest[d], highest[d], moments[d], here)
                d -= 1
            else:
                stage[d] = 1
                d += 1
                knot[d], side[d], stage[d] = knot[d - 1], 0, 0
        elif stage[d] == 1:
            stage[d] = 2
            d += 1
            knot[d], side[d], stage[d] = knot[d - 1] + g[d - 1], 1, 0
        else:
            _combine(
                g[d], p[d], size[d], exponent[d], child[d], lowest[d], highest[d], absolute,
                values[d + 1, 0], values[d + 1, 1], here,
            )  # fmt: skip
            d -= 1


@njit(cache=True, nogil=True)
def _combine(g, p, size, exponent, child, lowest, highest, absolute, off, on, here):
    """Integrate one feature by parts: the two recursions at the head of this file."""
    sign = 1.0 if absolute else -1.0
    slope = abs(g) if absolute else g
    for t in range(size):
        below, above, r = off[child[t]], on[child[t]], exponent[t]
        for q in range(lowest[t] + 1, highest[t] + 2):
            if r == 0:
                here[t, q] = (1.0 - p) * below[q] + p * (above[q + 1] + sign * below[q + 1]) / slope
                continue
            total, factor = 0.0, 1.0
            for s in range(r + 1):
                factor /= slope
                total += factor * above[q + 1 + s]
                if s < r:
                    factor *= sign * (r - s)
            here[t, q] = p * (total + sign * factor * below[q + 1 + r])


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
def _fill_moments(g, p, size, exponent, child, highest, moments):
    """moments[d, t, s] = E[Π_{j>=d} x_j^{r_j} u_d^s] / s! with u_d = Σ_{j>=d} (g_j x_j + max(-g_j, 0)) >= 0."""
    count = g.size
    moments[count, 0, :] = 0.0
    moments[count, 0, 0] = 1.0
    law = np.empty(moments.shape[2])
    for d in range(count - 1, -1, -1):
        for t in range(size[d]):
            r, top = exponent[d, t], highest[d, t]
            power = 1.0
            for s in range(top + 1):
                # E x^r u^s / s!: u = g x if g >= 0, else |g| (1 - x), whose mean with x^r is a Beta integral.
                if g[d] >= 0.0:
                    law[s] = p[d] * power / (_FACTORIAL[s] * (r + s + 1))
                else:
                    law[s] = p[d] * power * _FACTORIAL[r] / _FACTORIAL[r + s + 1]
                    if r == 0:
                        law[s] += (1.0 - p[d]) * power / _FACTORIAL[s]
                power *= abs(g[d])
            if r == 0 and g[d] >= 0.0:
                law[0] += 1.0 - p[d]
            deeper = moments[d + 1, child[d, t]]
            for s in range(top + 1):
                total = 0.0
                for i in range(s + 1):
                    total += law[i] * deeper[s - i]
                moments[d, t, s] = total


@njit(cache=True, nogil=True)
def fill_rows(
    G, b, density, importance, absolute,
    size, exponent, child, lowest, highest, first, pair, triple,
    loss, gradient, hessian,
):  # noqa: PLR0913  # fmt: skip
    models, rows, features = G.shape
    depths, entries = exponent.shape[1:]
    powers = highest.max() + 2
    moments = np.zeros((depths, entries, powers))
    values = np.empty((depths, 2, entries, powers))
    roots = np.empty((entries, powers))
    cross = 2.0 if absolute else -2.0
    for m in range(models):
        for i in range(rows):
            sorted_places = _by_falling_magnitude(G[m, i])
            own = 0
            while sorted_places[own] != i:
                own += 1
            _expectations(
                b[m, i], G[m, i][sorted_places], density[m][sorted_places],
                size[own], exponent[own], child[own], lowest[own], highest[own],
                absolute, moments, values, roots,
            )  # fmt: skip
            weight, e_own = importance[m, i], first[own, own]
            loss[m, i] = weight * (density[m, i] / 3.0 + cross * roots[e_own, 2] + 2.0 * roots[0, 3])
            gradient[m, i, features] = weight * (cross * roots[e_own, 1] + 2.0 * roots[0, 2])
            for k in range(features):
                gradient[m, i, sorted_places[k]] = weight * (
                    cross * roots[pair[own, own, k], 1] + 2.0 * roots[first[own, k], 2]
                )
            if hessian.shape[1] > 0:
                _fill_hessian(weight, cross, own, sorted_places, first, pair, triple, roots, hessian[m, i])


@njit(cache=True, nogil=True)
def _fill_hessian(weight, cross, own, sorted_places, first, pair, triple, roots, hessian):
    bias = sorted_places.size
    hessian[bias, bias] = weight * (cross * roots[first[own, own], 0] + 2.0 * roots[0, 1])
    for k in range(bias):
        at_k = sorted_places[k]
        mixed = weight * (cross * roots[pair[own, own, k], 0] + 2.0 * roots[first[own, k], 1])
        hessian[at_k, bias] = mixed
        hessian[bias, at_k] = mixed
        for n in range(bias):
            hessian[at_k, sorted_places[n]] = weight * (
                cross * roots[triple[own, k, n], 0] + 2.0 * roots[pair[own, k, n], 1]
            )


@njit(cache=True, nogil=True)
def _by_falling_magnitude(g):
    """Indices that sort |g| from the largest down (insertion sort: rows are short)."""
    places = np.arange(g.size)
    for i in range(1, g.size):
        moving, j = places[i], i - 1
        while j >= 0 and abs(g[places[j]]) < abs(g[moving]):
            places[j + 1] = places[j]
            j -= 1
        places[j + 1] = moving
    return places
