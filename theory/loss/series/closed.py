"""What needs no harmonics: polynomials of z, and states with a single active feature, in closed form."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def add_polynomial(row, scale, sign, active, share, reach, slope):
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
def add_singles(row, scale, share, reach, slope):
    """Closed form of the states with exactly one feature on, a large one, less their part in `add_polynomial`."""
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
