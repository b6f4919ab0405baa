"""What a row has at each scale: closed forms, bounds, and how many harmonics remain to be summed, wherever they are."""

from __future__ import annotations

from collections import namedtuple

from numba import njit

from tegum.theory.loss.series.closed import add_polynomial, add_singles
from tegum.theory.loss.series.row import LANES, Scale, row_at, scale_at
from tegum.theory.loss.series.scales import (
    fill_singles,
    is_one_exclusive_block,
    mark_large,
    mark_live,
    negligible_mean,
    range_of,
    reach_of,
)
from tegum.theory.loss.series.tails import harmonics_needed

#: Overlaps below this times the largest one are "small".
SMALL = 1e-3
#: R is this much longer than the reach of z, so that the kink of the periodic extension is not met.
_MARGIN = 1.1
_ROUNDOFF = 2.0**-53
#: One scale of a row: whether there may be more, what its features are, its value in closed form, bounds on errors
#: (those of the series included), and R and the number of harmonics of the series; no harmonics, no series.
Step = namedtuple("Step", "more scale value error slope_error reach harmonics")


@njit(cache=True, nogil=True)
def start_row(row, scale, slope):
    """Start with all features at no scale and slopes of zero; return bounds on the errors of the closed forms."""
    slope[:], scale.alive[:], scale.large[:], scale.live[:] = 0.0, row.p > 0.0, False, True
    negligible = negligible_mean(row)
    dropped, spread = 0.0, abs(row.b)
    for j in range(row.g.size):
        if negligible[j]:
            dropped += abs(row.g[j])
            scale.alive[j] = scale.live[row.block[j]] = False
        spread += abs(row.g[j]) * row.p[j]
    # Rounding of the closed forms; every level of the series adds its own.
    per_term = _rounding(row)
    error, slope_error = per_term * (spread + 0.1) * (spread + 1.0), per_term * (spread + 1.0)
    if dropped > 0.0:
        error += 2.0 * dropped * (spread + dropped + 1.0)
        slope_error += 2.0 * dropped * (1.0 + 2.0 / abs(row.g[row.own]))
    return error, slope_error


@njit(cache=True, nogil=True)
def plan_scale(row, scale, tolerance, slope):
    """The next scale, without what was large at the last one; adds its closed forms to ``slope``."""
    for j in range(row.g.size):
        scale.alive[j] = scale.alive[j] and not scale.large[j]
    weight = scale.weight * mark_live(row, scale.alive, scale.live)
    scale = Scale(weight, scale.alive, scale.large, scale.live, scale.single)
    low, high, largest = range_of(row, scale.alive, scale.live)
    if high <= 0.0 or weight == 0.0:
        return Step(False, scale, 0.0, 0.0, 0.0, 0.0, 0)
    if low >= 0.0:
        return Step(False, scale, add_polynomial(row, scale, 1.0, scale.alive, 1.0, 0.0, slope), 0.0, 0.0, 0.0, 0)
    alone = is_one_exclusive_block(row, scale.live)
    mark_large(row, scale.alive, scale.live, 0.0 if alone else SMALL * largest, scale.large)
    fill_singles(row, scale)
    if alone:
        return Step(True, scale, add_singles(row, scale, 0.0, 0.0, slope), 0.0, 0.0, 0.0, 0)
    return _plan_series(row, scale, _MARGIN * max(high, -low), tolerance, slope)


@njit(cache=True, nogil=True)
def _plan_series(row, scale, full, tolerance, slope):
    """A scale whose remainder is summed over harmonics; z is never beyond ``full``."""
    weight = scale.weight
    reach, outside = reach_of(row, scale, full, 0.1 * tolerance / weight)
    # A short row hardly shows in the loss, but its slopes are as large as any.
    asked = tolerance / weight * min(reach, 1.0)
    harmonics, tail, slope_tail = harmonics_needed(row, scale, reach, asked)
    value = add_singles(row, scale, 0.5, reach, slope)
    value += add_polynomial(row, scale, 1.0, scale.alive, 0.5, reach, slope)
    value += add_polynomial(row, scale, -1.0, scale.alive & ~scale.large, 0.5, reach, slope)
    extent = reach if row.power == 2 else 1.0
    # Whoever sums them takes the harmonics `LANES` together, and then these sums.
    rounding = _rounding(row) + _ROUNDOFF * (LANES + harmonics / LANES)
    error = weight * (tail + (2.0 * reach + 4.0) * extent * outside + rounding * (0.5 * reach + 1.0) * extent)
    slope_error = weight * (slope_tail + (4.0 * reach + 2.0) * outside + 2.0 * rounding * (reach + 4.0))
    return Step(True, scale, value, error, slope_error, reach, harmonics)


@njit(cache=True, nogil=True)
def _rounding(row):
    return _ROUNDOFF * (8.0 * row.g.size + 40.0 * row.p.sum() + 64.0)


@njit(cache=True, nogil=True)
def end_row(row, slope):
    """Slopes by the features that were taken to be absent."""
    negligible = negligible_mean(row)
    for j in range(row.g.size):
        if negligible[j]:
            slope[j] = 0.0 if row.signed else 0.5 * row.p[j] * slope[row.g.size]


@njit(cache=True, nogil=True)
def start_rows(rows, scales, halves):
    for r in range(rows.own.size):
        scales.weight[r], halves.value[r] = 1.0, 0.0
        halves.error[r], halves.slope_error[r] = start_row(row_at(rows, r), scale_at(scales, r), halves.slope[r])


@njit(cache=True, nogil=True)
def plan_rows(rows, scales, tolerance, halves, more, reach, harmonics):
    """The next scale of all rows that have one more: its share but for the series, and what that has to sum."""
    harmonics[:] = 0
    for r in range(rows.own.size):
        if more[r]:
            step = plan_scale(row_at(rows, r), scale_at(scales, r), tolerance, halves.slope[r])
            more[r], scales.weight[r], reach[r], harmonics[r] = step.more, step.scale.weight, step.reach, step.harmonics
            halves.value[r] += step.value
            halves.error[r] += step.error
            halves.slope_error[r] += step.slope_error


@njit(cache=True, nogil=True)
def end_rows(rows, halves):
    for r in range(rows.own.size):
        end_row(row_at(rows, r), halves.slope[r])
