"""Expectations of one row of overlaps by characteristic functions (compiled): the kernel of route 2.

On |t| <= R the odd harmonics ω_k = kπ/R, k = 1, 3, 5, … give exactly

    |t| = R/2 - (4R/π²) Σ cos(ω_k t)/k²,   t|t| = R t - (8R²/π³) Σ sin(ω_k t)/k³,   sign t = (4/π) Σ sin(ω_k t)/k,

and the characteristic function of z = b + Σ_j g_j x_j is the product e^{iωb} Π_j (1 - p_j + p_j φ(ω g_j)).

Small overlaps do not damp that product, and subsets with one active feature hardly do.  So the features are split by
scale.  With all large features off, the small ones are a row of their own, treated next, at their own scale; subsets
of exactly one, large, active feature are integrated in closed form; only the remainder goes through the series.

Everything compiled stands in this one file: numba's cache of a function does not see changes in the files of the
functions that it calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Overlaps below this times the largest one are "small".
SMALL = 1e-3
#: R is this much longer than the reach of z, so that the kink of the periodic extension is not met.
_MARGIN = 1.1
FEWEST_FREQUENCIES = 32
MOST_FREQUENCIES = 1 << 15
_CHERNOFF_STEPS = 14
_ROUNDOFF = 2.0**-53


@njit(cache=True, nogil=True)
def _row_series(own, g, b, p, tolerance, first, pair):
    """Fill ``first[k] = E x_k U_1(z)`` and ``pair[k] = E x_own x_k U_0(z)``; return E U_2(z) and two bounds.

    U_q(t) = t_+^q / q!; index k = n stands for the constant x_n = 1.  The first bound is on the error of
    2 E U_2 - 2 first[own], the second on that of every 2 first[k] - 2 pair[k].  Frequencies are doubled until the
    first bound is below ``tolerance`` or there are `MOST_FREQUENCIES`.
    """
    first[:] = 0.0
    pair[:] = 0.0
    total, weight = 0.0, 1.0
    # Rounding of the closed forms; every level of the series adds its own.
    span, per_term = abs(b) + np.abs(g).sum(), _ROUNDOFF * (8 * g.size + 64)
    error, slope_error = per_term * (span * (span + 1.0) + p[own]), per_term * (span + 1.0)
    alive = np.ones(g.size, dtype=np.bool_)
    while True:
        low, high, largest = b, b, 0.0
        for j in range(g.size):
            if alive[j]:
                low += min(g[j], 0.0)
                high += max(g[j], 0.0)
                largest = max(largest, abs(g[j]))
        if high <= 0.0:
            return total, error, slope_error
        if low >= 0.0:
            square, _ = _add_moments(weight, 0.0, 1.0, own, g, b, p, alive, first, pair)
            return total + 0.5 * square, error, slope_error
        large = alive & (np.abs(g) >= SMALL * largest)
        reach, outside = _reach(g, b, p, alive, _MARGIN * max(high, -low), 0.1 * tolerance / weight)
        frequencies, tail, slope_tail = _frequencies(own, g, p, alive, large, reach, tolerance / weight)
        total += _add_single_features(weight, own, g, b, p, alive, large, first, pair)
        total += _add_remainder(weight, own, g, b, p, alive, large, reach, frequencies, first, pair)
        rounding = per_term * (reach + 1.0)
        error += weight * (tail + (2.0 * reach + 4.0) * reach * outside + rounding * reach)
        slope_error += weight * (slope_tail + (4.0 * reach + 2.0) * outside + rounding)
        for j in range(g.size):
            if large[j]:
                weight *= 1.0 - p[j]
                alive[j] = False
        if weight == 0.0:
            return total, error, slope_error


@njit(cache=True, nogil=True)
def _reach(g, b, p, alive, full, tolerance):
    """A half period R, as short as |z| <= R almost surely allows, and a bound on q = P(|z| > R).

    Beyond R the series is wrong by at most z² for U_2, 2 |z| for U_1 and 1 for U_0, and by Chernoff's bound
    E z^k 1(|z| > R) <= R^k q, q = min_s e^{-sR} (M(s) + M(-s)) over s >= 2/R, M(s) = E e^{sz}.  R is halved, from the
    full reach at which q = 0, while what that costs stays within the tolerance.
    """
    best, outside = full, 0.0
    while True:
        shorter = 0.5 * best
        q = np.inf
        for step in range(_CHERNOFF_STEPS):
            s = 2.0 / shorter * 2.0 ** (0.5 * step)
            up, down = s * (b - shorter), -s * (b + shorter)
            for j in range(g.size):
                if alive[j]:
                    up += np.log1p(p[j] * (_mean_exponential(s * g[j]) - 1.0))
                    down += np.log1p(p[j] * (_mean_exponential(-s * g[j]) - 1.0))
            if max(up, down) < 0.0:
                q = min(q, np.exp(up) + np.exp(down))
        if not (2.0 * shorter + 4.0) * shorter * q <= tolerance:
            return best, outside
        best, outside = shorter, q


@njit(cache=True, nogil=True)
def _mean_exponential(y):
    """E e^{yx}, x uniform on [0, 1]; infinite where it overflows."""
    if abs(y) < 1e-8:
        return 1.0 + 0.5 * y
    return np.expm1(y) / y if y < 700.0 else np.inf


@njit(cache=True, nogil=True)
def _frequencies(own, g, p, alive, large, reach, tolerance):
    """Number of odd harmonics (a power of two) whose tail is within the tolerance, and the bounds of both tails.

    With ρ_j = 2 p_j / (ω |g_j|) bounding p_j |φ|, p_j |φ'| and p_j |φ''|, the remainder's characteristic function and
    its derivatives stay below B(ω_K) K/k beyond the last harmonic K; with min(ρ_j, p_j), which bounds them too, below
    B(ω_K).
    """
    harmonics = FEWEST_FREQUENCIES
    while True:
        k = 2.0 * harmonics - 1.0
        value, own_tilt, slope = _remainder_bounds(own, g, p, alive, large, reach, k, False)
        flat_value, flat_own_tilt, _ = _remainder_bounds(own, g, p, alive, large, reach, k, True)
        # Σ over odd harmonics beyond K of 1/k^4, 1/k^3 and 1/k^2, times K where the bound falls like K/k.
        value_sum = min(value / (6.0 * k**2), flat_value / (4.0 * k**2))
        own_sum = min(own_tilt / (4.0 * k), flat_own_tilt / (2.0 * k))
        tail = 4.0 * reach**2 / np.pi**3 * value_sum + 4.0 * reach / np.pi**2 * own_sum
        if tail <= tolerance or 2 * harmonics > MOST_FREQUENCIES:
            return harmonics, tail, slope * (reach / (np.pi**2 * k) + 2.0 / np.pi)
        harmonics *= 2


@njit(cache=True, nogil=True)
def _remainder_bounds(own, g, p, alive, large, reach, k, flat):
    """B(ω_k) of the remainder, of its derivative by the own overlap, and of any one or two derivatives."""
    all_, off, one, small_off = 1.0, 1.0, 0.0, 1.0
    others, others_off, own_rate = 1.0, 1.0, 0.0
    for j in range(g.size):
        if not alive[j]:
            continue
        if not large[j]:
            small_off *= 1.0 - p[j]
            continue
        rate = 2.0 * p[j] * reach / (np.pi * k * abs(g[j]))
        if flat:
            rate = min(rate, p[j])
        one = one * (1.0 - p[j]) + off * rate
        all_ *= 1.0 - p[j] + rate
        off *= 1.0 - p[j]
        if j == own:
            own_rate = rate
        else:
            others *= 1.0 - p[j] + rate
            others_off *= 1.0 - p[j]
    value = max(all_ - off - one, 0.0) + one * (1.0 - small_off)
    own_tilt = 0.0
    if large[own]:
        own_tilt = own_rate * (others - small_off * others_off)
    elif alive[own]:
        own_tilt = p[own] * (all_ - off)
    return value, own_tilt, all_ - off


@njit(cache=True, nogil=True)
def _add_moments(mass, half_reach, polynomial, own, g, b, p, active, first, pair):
    """Polynomial part of the expectations when the features of ``active`` follow their law and all others are off.

    Adds mass × polynomial × E x_k (z + half_reach) to ``first`` and mass × polynomial × E x_own x_k to ``pair``;
    returns mass × (E z², E z).
    """
    count = g.size
    mean, variance = b, 0.0
    for j in range(count):
        if active[j]:
            mean += 0.5 * g[j] * p[j]
            variance += g[j] ** 2 * (p[j] / 3.0 - 0.25 * p[j] ** 2)
    scale = mass * polynomial
    first[count] += scale * (mean + half_reach)
    for k in range(count):
        if active[k]:
            spread = p[k] / 3.0 - 0.25 * p[k] ** 2
            first[k] += scale * (0.5 * p[k] * (mean + half_reach) + g[k] * spread)
            if active[own]:
                pair[k] += scale * (p[k] / 3.0 if k == own else 0.25 * p[k] * p[own])
    if active[own]:
        pair[count] += scale * 0.5 * p[own]
    return mass * (mean**2 + variance), mass * mean


@njit(cache=True, nogil=True)
def _single_mass(k, p, alive):
    mass = p[k]
    for j in range(p.size):
        if alive[j] and j != k:
            mass *= 1.0 - p[j]
    return mass


@njit(cache=True, nogil=True)
def _add_single_features(weight, own, g, b, p, alive, large, first, pair):
    """Closed form of the subsets with exactly one active feature, a large one: integrals where b + g x > 0."""
    count, total = g.size, 0.0
    for k in range(count):
        if not large[k]:
            continue
        mass = weight * _single_mass(k, p, alive)
        root = min(max(-b / g[k], 0.0), 1.0)
        start, stop = (root, 1.0) if g[k] > 0.0 else (0.0, root)
        length, linear = stop - start, (stop**2 - start**2) / 2.0
        square = (stop**3 - start**3) / 3.0
        total += mass * 0.5 * (b * b * length + 2.0 * b * g[k] * linear + g[k] ** 2 * square)
        first[k] += mass * (b * linear + g[k] * square)
        first[count] += mass * (b * length + g[k] * linear)
        if k == own:
            pair[k] += mass * square
            pair[count] += mass * linear
    return total


@njit(cache=True, nogil=True)
def _add_remainder(weight, own, g, b, p, alive, large, reach, frequencies, first, pair):
    """Everything but the two subtracted parts, by the series; returns its share of E U_2(z)."""
    count = g.size
    small = alive & ~large
    large_off = 1.0
    for j in range(count):
        if large[j]:
            large_off *= 1.0 - p[j]
    square, mean = _add_moments(weight, 0.5 * reach, 0.5, own, g, b, p, alive, first, pair)
    less_square, less_mean = _add_moments(-weight * large_off, 0.5 * reach, 0.5, own, g, b, p, small, first, pair)
    square, mean = square + less_square, mean + less_mean
    single = np.zeros(count)
    for k in range(count):
        if large[k]:
            single[k] = _single_mass(k, p, alive)
            mass = weight * single[k]
            square -= mass * (b * b + b * g[k] + g[k] ** 2 / 3.0)
            mean -= mass * (b + 0.5 * g[k])
            first[k] -= 0.5 * mass * (0.5 * (b + 0.5 * reach) + g[k] / 3.0)
            first[count] -= 0.5 * mass * (b + 0.5 * g[k] + 0.5 * reach)
            if k == own:
                pair[k] -= mass / 6.0
                pair[count] -= mass / 4.0
    cubic = _add_series(weight, own, g, b, p, alive, large, single, reach, frequencies, first, pair)
    return 0.25 * (square + reach * mean) - 2.0 * reach**2 / np.pi**3 * weight * cubic


@njit(cache=True, nogil=True)
def _add_series(weight, own, g, b, p, alive, large, single, reach, frequencies, first, pair):
    """Add the harmonics of the remainder to ``first`` and ``pair``; return Σ Im Φ(ω_k)/k³."""
    count = g.size
    factors = np.empty((3, count), dtype=np.complex128)
    off_factors = np.empty((3, count), dtype=np.complex128)
    tilted = np.empty((2, count + 1), dtype=np.complex128)
    work = np.empty(count + 1, dtype=np.complex128)
    has_small = (alive & ~large).any()
    cubic = 0.0
    # From the highest harmonic down, so that small terms are added first.
    for k in range(2 * frequencies - 1, 0, -2):
        omega = k * np.pi / reach
        tilted[:] = 0.0
        value = 0.0j
        for j in range(count):
            if alive[j]:
                phi, phi_1, phi_2 = _uniform_characteristic(omega * g[j])
                factors[0, j], factors[1, j], factors[2, j] = 1.0 - p[j] + p[j] * phi, p[j] * phi_1, p[j] * phi_2
                off_factors[:, j] = factors[:, j]
                if large[j]:
                    off_factors[0, j], off_factors[1, j], off_factors[2, j] = 1.0 - p[j], 0.0, 0.0
                    value -= single[j] * phi
                    tilted[0, j] -= single[j] * phi_1
                    if j == own:
                        tilted[1, j] -= single[j] * phi_2
                        tilted[1, count] -= single[j] * phi_1
        value += _add_products(1.0, own, factors, alive, work, tilted)
        if has_small:
            value += _add_products(-1.0, own, off_factors, alive, work, tilted)
        else:
            empty = 1.0
            for j in range(count):
                if alive[j]:
                    empty *= 1.0 - p[j]
            value -= empty
        tilted[0, count] = value
        phase = np.exp(1j * omega * b)
        cubic += (phase * value).imag / k**3
        for j in range(count + 1):
            first[j] -= weight * 2.0 * reach / (np.pi * k) ** 2 * (phase * tilted[0, j]).real
            pair[j] += weight * 2.0 / (np.pi * k) * (phase * tilted[1, j]).imag
    return cubic


@njit(cache=True, nogil=True)
def _add_products(sign, own, factors, alive, work, tilted):
    """Add sign × the product rule to ``tilted``: one factor differentiated, and the own one too; return the product.

    tilted[0, k] += f'_k Π_{j≠k} f_j,  tilted[1, k] += f'_own f'_k Π_{j≠own,k} f_j  (f''_own for k = own),
    tilted[1, n] += f'_own Π_{j≠own} f_j, by running products from both ends, without a division.
    """
    count = alive.size
    others = 1.0 + 0.0j
    for k in range(count):
        work[k] = others
        if alive[k] and k != own:
            others *= factors[0, k]
    own_value, own_slope, own_curve = 1.0 + 0.0j, 0.0j, 0.0j
    if alive[own]:
        own_value, own_slope, own_curve = factors[0, own], factors[1, own], factors[2, own]
    after = 1.0 + 0.0j
    for k in range(count - 1, -1, -1):
        if alive[k] and k != own:
            rest = sign * factors[1, k] * work[k] * after
            tilted[0, k] += rest * own_value
            tilted[1, k] += rest * own_slope
            after *= factors[0, k]
    tilted[0, own] += sign * own_slope * others
    tilted[1, own] += sign * own_curve * others
    tilted[1, count] += sign * own_slope * others
    return sign * own_value * others


@njit(cache=True, nogil=True)
def _uniform_characteristic(y):
    """E x^r e^{iyx} for r = 0, 1, 2 and x uniform on [0, 1]: by parts, or by its power series near y = 0."""
    if abs(y) < 1.0:
        zeroth, once, twice, term = 0.0j, 0.0j, 0.0j, 1.0 + 0.0j
        for s in range(19):
            zeroth += term / (s + 1)
            once += term / (s + 2)
            twice += term / (s + 3)
            term *= 1j * y / (s + 1)
        return zeroth, once, twice
    turn = np.exp(1j * y)
    zeroth = (turn - 1.0) / (1j * y)
    once = (turn - zeroth) / (1j * y)
    return zeroth, once, (turn - 2.0 * once) / (1j * y)


@njit(cache=True, nogil=True)
def fill_rows(own, G, b, density, importance, tolerance, loss, error, gradient, slope_error):
    """Loss, gradient and their bounds of rows of overlaps: row r is that of feature ``own[r]`` of its model."""
    rows, features = G.shape
    first, pair = np.empty(features + 1), np.empty(features + 1)
    for r in range(rows):
        i, weight = own[r], importance[r, own[r]]
        square, bound, slope_bound = _row_series(i, G[r], b[r], density[r], tolerance, first, pair)
        loss[r] = weight * (density[r, i] / 3.0 - 2.0 * first[i] + 2.0 * square)
        error[r] = weight * bound
        slope_error[r] = weight * slope_bound
        for k in range(features + 1):
            gradient[r, k] = weight * 2.0 * (first[k] - pair[k])
