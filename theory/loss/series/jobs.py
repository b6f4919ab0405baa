"""The series of many rows as a flat list of jobs: products of blocks that are alike in what they cost, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.series.row import Rows, Scales


@dataclass(frozen=True)
class Members:
    """Blocks of one size of many jobs, whatever is not at work padded with what has no effect.

    Attributes:
        feature: which feature a member is; the number of features for padding.
        g, p: its overlap and density, 0 for padding.
        single: probability that it alone is on (see `row.Scale`).
        off: probability that none of the block is on, 1 for padding.
    """

    feature: Int[np.ndarray, "blocks members jobs"]
    g: Float[np.ndarray, "blocks members jobs"]
    p: Float[np.ndarray, "blocks members jobs"]
    single: Float[np.ndarray, "blocks members jobs"]
    off: Float[np.ndarray, "blocks jobs"]


@dataclass(frozen=True)
class Jobs:
    """Weighted products over blocks, E of weight × f(z) over some of a row's features, to be summed over harmonics.

    The remainder of a scale is the product over all that is alive, less that over what is small, less the single
    features.  Each of the two products is a job; the singles go with the first.

    Attributes:
        row: which row.
        weight: probability that the live blocks without a feature at work are off; negative to subtract.
        reach: R.
        harmonics: how many odd ones.
        own: the own feature, -1 where it is not at work.
        active: the features at work.
        single: as in `row.Scale`.
        listed: the blocks at work, but for the own one's.
    """

    row: Int[np.ndarray, " jobs"]
    weight: Float[np.ndarray, " jobs"]
    reach: Float[np.ndarray, " jobs"]
    harmonics: Int[np.ndarray, " jobs"]
    own: Int[np.ndarray, " jobs"]
    active: Bool[np.ndarray, "jobs features"]
    single: Float[np.ndarray, "jobs features"]
    listed: Bool[np.ndarray, "jobs blocks"]

    def __getitem__(self, part: np.ndarray) -> Jobs:
        return Jobs(*(values[part] for values in vars(self).values()))


def jobs_of(rows: Rows, scales: Scales, reach: np.ndarray, harmonics: np.ndarray) -> Jobs:
    """The jobs of the rows that have harmonics to be summed at their present scale."""
    at = np.flatnonzero(harmonics)
    alive, large = scales.alive[at], scales.large[at]
    row = np.tile(at, 2)
    active = np.concatenate([alive, alive & ~large])
    listed = np.logical_or.reduceat(active[:, rows.member], rows.start[:-1], axis=1)
    without = scales.live[row] & ~listed
    sign = np.repeat([1.0, -1.0], len(at))
    weight = sign * scales.weight[row] * np.where(without, rows.off[row], 1.0).prod(axis=1)
    # The last feature stands in for an own one that there is not.
    every, own = np.arange(len(row)), rows.own[row]
    own = np.where((own >= 0) & active[every, own], own, -1)
    listed[every, rows.block[own]] &= own < 0
    single = np.concatenate([scales.single[at], np.zeros(alive.shape)])
    jobs = Jobs(row, weight, reach[row], harmonics[row], own, active, single, listed)
    return jobs[np.flatnonzero(weight)]


def alike(jobs: Jobs, most: int) -> Iterator[Jobs]:
    """Jobs with the same number of harmonics and about as many blocks, at most ``most`` blocks × harmonics together."""
    blocks = 1 + jobs.listed.sum(axis=1)
    octave = np.frexp(blocks)[1]
    order = np.lexsort((octave, jobs.harmonics))
    cost = jobs.harmonics[order] * 64 + octave[order]
    for same in np.split(order, np.flatnonzero(np.diff(cost)) + 1):
        together = max(1, most // int(blocks[same].max() * jobs.harmonics[same[0]]))
        for first in range(0, len(same), together):
            yield jobs[same[first : first + together]]


def own_members(jobs: Jobs, rows: Rows) -> Members:
    """The own block of each job, the only one whose members differ in kind, padded to the size of the largest."""
    sizes, features = np.diff(rows.start), rows.p.shape[1]
    place = np.arange(sizes.max(initial=0))
    at = np.minimum(rows.start[:-1, None] + place, features - 1)
    table = np.where(place < sizes[:, None], rows.member[at], features)
    block = rows.block[jobs.own]
    feature = np.where(jobs.own[:, None] >= 0, table[block], features)
    off = np.where(jobs.own >= 0, rows.off[jobs.row, block], 1.0)
    return _members(jobs, rows, feature[:, None, :], off[:, None])


def other_members(jobs: Jobs, rows: Rows) -> list[Members]:
    """The other blocks at work, those of each size apart: those of a job come first, then padding."""
    sizes = np.diff(rows.start)
    found = []
    for size in np.unique(sizes):
        blocks = np.flatnonzero(sizes == size)
        listed = jobs.listed[:, blocks]
        most = int(listed.sum(axis=1).max(initial=0))
        first = np.argsort(~listed, axis=1, kind="stable")[:, :most]
        kept, block = np.take_along_axis(listed, first, axis=1), blocks[first]
        table = rows.member[rows.start[block][..., None] + np.arange(size)]
        feature = np.where(kept[..., None], table, rows.p.shape[1])
        found.append(_members(jobs, rows, feature, np.where(kept, rows.off[jobs.row[:, None], block], 1.0)))
    return found


def _members(jobs: Jobs, rows: Rows, feature: np.ndarray, off: np.ndarray) -> Members:
    """From [jobs, blocks, members]; padding is the feature after the last."""
    there = feature < rows.p.shape[1]
    inside, job = np.where(there, feature, 0), np.arange(len(feature))[:, None, None]
    there &= jobs.active[job, inside]
    row = jobs.row[:, None, None]
    g, p, single = (
        (part * there).transpose(1, 2, 0)
        for part in (rows.g[row, inside], rows.p[row, inside], jobs.single[job, inside])
    )
    return Members(feature.transpose(1, 2, 0), g, p, single, off.T)
