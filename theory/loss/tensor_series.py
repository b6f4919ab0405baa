"""Half losses of rows by characteristic functions on any device: planned by the compiled code, summed in tensors."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

import numpy as np
import torch
from torch import Tensor

from tegum.theory.loss.devices import MOST_BYTES, device_named
from tegum.theory.loss.series.jobs import Jobs, Members, alike, jobs_of, other_members, own_members
from tegum.theory.loss.series.planning import end_rows, plan_rows, start_rows
from tegum.theory.loss.series.row import LANES, Halves, Rows, Scales, rows_in
from tegum.theory.loss.tensor_products import (
    Blocks,
    Harmonics,
    Law,
    coefficients,
    factors,
    own_factors,
    products_without,
    spread,
)
from tegum.theory.loss.threads import in_parts

#: Memory that one member of a block takes at one harmonic.
_BYTES = 256


def tensor_halves(rows: Rows, tolerance: float, device: str) -> Halves:
    """Half losses of rows, their slopes and bounds: what `sums.fill_halves` compiles for the CPU.

    Args:
        rows: rows with their laws.
        tolerance: for the harmonics left out.
        device: "cpu", "cuda" or "cuda:N".

    Returns:
        `Halves` on the CPU.  The jobs of a scale are taken in chunks that work within `devices.MOST_BYTES`, one row at
        32 harmonics at least; a row's rounding depends on its chunk, within its bound.

    Raises:
        InputError: there is no such device.
    """
    there = device_named(device)
    count, features = rows.g.shape
    halves = Halves(np.empty(count), np.empty((count, features + 1)), np.empty(count), np.empty(count))
    alive, large, live = (np.empty((count, width), dtype=bool) for width in (features, features, rows.off.shape[1]))
    scales = Scales(np.empty(count), alive, large, live, np.empty((count, features)))
    more, reach, harmonics = np.ones(count, dtype=bool), np.empty(count), np.empty(count, dtype=np.int64)

    def each(part: slice) -> tuple[Rows, Scales, Halves]:
        return rows_in(rows, part), Scales(*(a[part] for a in scales)), Halves(*(a[part] for a in halves))

    def plan(part: slice) -> None:
        some, at, into = each(part)
        plan_rows(some, at, tolerance, into, more[part], reach[part], harmonics[part])

    in_parts(count, lambda part: start_rows(*each(part)))
    while more.any():
        in_parts(count, plan)
        if harmonics.any():
            _add_series(rows, jobs_of(rows, scales, reach, harmonics), halves, there)
    in_parts(count, lambda part: end_rows(rows_in(rows, part), Halves(*(a[part] for a in halves))))
    return halves


def _add_series(rows: Rows, jobs: Jobs, halves: Halves, device: torch.device) -> None:
    """Add what the jobs sum to the half losses; nothing is waited for until all of them are under way."""
    widest = int(np.diff(rows.start).max())
    most = MOST_BYTES[device.type] // (_BYTES * widest)
    under_way = [(some, *_sums(rows, some, most, device)) for some in alike(jobs, most)]
    for some, features, sums in under_way:
        found = sums.cpu().numpy()
        np.add.at(halves.value, some.row, found[0])
        np.add.at(halves.slope[:, -1], some.row, found[1])
        # Padding stands where the slope by b is, and adds nothing to it.
        np.add.at(halves.slope, (some.row, features), found[2:])


def _sums(rows: Rows, jobs: Jobs, most: int, device: torch.device) -> tuple[np.ndarray, Tensor]:
    """Of jobs with the same harmonics: the features at work [members, jobs], and value, slope by b and by those."""
    own, others = own_members(jobs, rows), other_members(jobs, rows)
    law = Law(rows.signed, rows.absolute, bool(rows.joint.any()))
    mine = torch.as_tensor(own.feature[0] == jobs.own, device=device)
    reach, weight, b = (torch.as_tensor(part, device=device) for part in (jobs.reach, jobs.weight, rows.b[jobs.row]))
    own_block, other_blocks = _blocks(own, reach), [_blocks(members, reach) for members in others]
    feature = np.concatenate([members.feature.reshape(-1, len(jobs.row)) for members in (own, *others)])
    total = torch.zeros((2 + len(feature), len(jobs.row)), dtype=torch.float64, device=device)
    for k in _harmonics(int(jobs.harmonics[0]), max(1, most // (LANES * feature.size)), device):
        total += _part(rows.power, b, reach, weight, own_block, mine, other_blocks, k, law)
    return feature, total


def _blocks(members: Members, reach: Tensor) -> Blocks:
    g, p, single, off = (
        torch.as_tensor(np.ascontiguousarray(part), device=reach.device)
        for part in (members.g, members.p, members.single, members.off)
    )
    return Blocks(pi * g / (2.0 * reach), p, single, off)


def _harmonics(count: int, together: int, device: torch.device) -> Iterator[Harmonics]:
    """Blocks of harmonics from the highest down, so that small terms are added first."""
    lane = 2.0 * torch.arange(LANES, dtype=torch.float64, device=device)
    for end in range(count // LANES, 0, -together):
        block = torch.arange(max(end - together, 0), end, dtype=torch.float64, device=device)
        yield Harmonics(1.0 + 2.0 * LANES * block[:, None], lane)


def _part(
    power: int, b: Tensor, reach: Tensor, weight: Tensor, own: Blocks, mine: Tensor, others: list[Blocks],
    k: Harmonics, law: Law,
) -> Tensor:  # fmt: skip
    """Share of some harmonics in the value, in the slope by b, and in those by the members of the blocks.

    With the own block's factor in the value replaced by what it is in the slopes, U F - S Y by S F + T Y, the products
    without each block are what the slopes by the other blocks' members need.
    """
    of_all, of_slope, of_pair = coefficients(power, b, reach, k)
    at_own, target = own_factors(own, mine, k, law)
    at_others = [factors(blocks, k, law) for blocks in others]
    replaced = of_slope * at_own.all[0] + of_pair * target.target
    every = torch.cat([replaced[None], *(found.all for found in at_others)])
    without = products_without(every, spread(weight))
    alone = sum((found.alone for found in at_others), at_own.alone)
    value = without[0] * (of_all * at_own.all[0] - of_slope * target.target)
    value -= of_all * alone - of_slope * target.alone
    by_bias = without[0] * replaced - of_slope * alone - of_pair * target.alone
    own_slopes = of_slope * at_own.slopes[0] + of_pair * target.tilts
    slopes = [own.p[0] * _real_sum(without[0] * own_slopes) - own.single[0] * _real_sum(own_slopes)]
    first = 1
    for blocks, found in zip(others, at_others, strict=True):
        outer = without[first : first + len(blocks.off), None]
        first += len(blocks.off)
        each = blocks.p * _real_sum(outer * found.slopes) - blocks.single * _real_sum(of_slope * found.slopes)
        slopes.append(each.flatten(0, 1))
    return torch.cat([_real_sum(value)[None], _real_sum(by_bias)[None], *slopes])


def _real_sum(terms: Tensor) -> Tensor:
    """Σ of the real parts over the lanes, and then over the blocks of harmonics."""
    return terms.real.sum(-1).sum(-1)
