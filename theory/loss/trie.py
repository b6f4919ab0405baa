"""Which expectations the recursion over knots must carry at each depth, as tables for the compiled kernel."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

Exponents = tuple[int, ...]
Wanted = dict[Exponents, tuple[int, int]]


class Trie(NamedTuple):
    """The exponent vectors r wanted at each depth, as flat tables for the compiled kernel.

    At depth d only the exponents of features d, d+1, … matter; entry t of depth d has the exponent
    ``exponent[d, t]`` of feature d, continues as entry ``child[d, t]`` of depth d+1, and is needed for
    ``lowest[d, t] <= q <= highest[d, t]``.  ``size[d]`` counts the entries.
    """

    size: np.ndarray
    exponent: np.ndarray
    child: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def trie(wanted: Wanted) -> Trie:
    """Lay out the exponent vectors ``wanted`` (r -> lowest and highest q) for the kernel."""
    levels = [dict(wanted)]
    for _ in next(iter(wanted)):
        levels.append(_children(levels[-1]))
    depths, widest = len(levels), max(len(level) for level in levels)
    tables = Trie(np.array([len(level) for level in levels]), *np.zeros((4, depths, widest), dtype=np.int64))
    for d, level in enumerate(levels):
        position = {r: t for t, r in enumerate(levels[d + 1])} if d + 1 < depths else {}
        for t, (r, (low, high)) in enumerate(level.items()):
            tables.lowest[d, t], tables.highest[d, t] = low, high
            if r:
                tables.exponent[d, t], tables.child[d, t] = r[0], position[r[1:]]
    return tables


def _children(level: Wanted) -> Wanted:
    deeper: Wanted = {}
    for r, (low, high) in level.items():
        # Off, the feature keeps q; on, q rises by at least one and at most 1 + r.
        needed = (low if r[0] == 0 else low + 1, high + 1 + r[0])
        known = deeper.get(r[1:], needed)
        deeper[r[1:]] = (min(known[0], needed[0]), max(known[1], needed[1]))
    return deeper


class LossTables(NamedTuple):
    """The tries of the loss of one row and its derivatives, stacked over the place of the row's own feature.

    ``trie`` has a leading axis ``own``, its last entry for a row whose own feature is never on; at the root
    ``first[own, k]``, ``pair[own, k, m]`` and ``triple[own, k, m]`` are the entries of ``e_k``, ``e_k + e_m`` and
    ``e_own + e_k + e_m``; entry 0 is r = 0.
    """

    trie: Trie
    first: np.ndarray
    pair: np.ndarray
    triple: np.ndarray


@lru_cache(maxsize=64)
def loss_tables(count: int, order: int) -> LossTables:
    """Tables for the loss of one row of ``count`` overlaps and its first ``order`` derivatives."""
    families = [_loss_family(count, own, order) for own in (*range(count), None)]
    first, pair = (np.stack([_places(family, count, axes) for family in families]) for axes in (1, 2))
    triple = np.stack([_places(family, count, 2, own) for own, family in enumerate(families)])
    return LossTables(_stacked([trie(family) for family in families]), first, pair, triple)


class PartTables(NamedTuple):
    """The trie of E (w·x + c)_+ and its derivatives, with the root entries of ``e_k`` and ``e_k + e_m``."""

    trie: Trie
    first: np.ndarray
    pair: np.ndarray


@lru_cache(maxsize=64)
def part_tables(count: int, order: int) -> PartTables:
    """Tables for the mean positive part of one row of ``count`` weights and its first ``order`` derivatives."""
    wanted: Wanted = {unit(count): (1 - order, 1)}
    for k in range(count):
        _want(wanted, unit(count, k), 1 - order, 0)
        for m in range(k, count) if order >= 2 else ():
            _want(wanted, unit(count, k, m), -1, -1)
    return PartTables(trie(wanted), _places(wanted, count, 1), _places(wanted, count, 2))


def _loss_family(count: int, own: int | None, order: int) -> Wanted:
    wanted: Wanted = {}
    _want(wanted, unit(count), 2 - order, 2)
    for k in range(count):
        _want(wanted, unit(count, k), 2 - order, 1)
        for m in range(k, count) if order >= 2 else ():
            _want(wanted, unit(count, k, m), 0, 0)
    if own is not None:
        _want(wanted, unit(count, own), 1 - order, 1)
        for k in range(count):
            _want(wanted, unit(count, own, k), 1 - order, 0)
            for m in range(k, count) if order >= 2 else ():
                _want(wanted, unit(count, own, k, m), -1, -1)
    return wanted


def _want(wanted: Wanted, r: Exponents, low: int, high: int) -> None:
    known = wanted.get(r, (low, high))
    wanted[r] = (min(known[0], low), max(known[1], high))


def _places(family: Wanted, count: int, axes: int, own: int = -1) -> np.ndarray:
    """Root entry of each exponent vector with one index, or two, and the own one if given; -1 where there is none."""
    place = {r: t for t, r in enumerate(family)}
    fixed = (own,) if 0 <= own < count else ()
    table = np.empty((count,) * axes, dtype=np.int64)
    for indices in np.ndindex(*table.shape):
        table[indices] = place.get(unit(count, *fixed, *indices), -1)
    return table


def unit(count: int, *indices: int) -> Exponents:
    """Exponent vector with one added for every index given: ``unit(3, 0, 0, 2) == (2, 0, 1)``."""
    return tuple(indices.count(k) for k in range(count))


def _stacked(tries: list[Trie]) -> Trie:
    widest = max(one.exponent.shape[1] for one in tries)

    def padded(table: np.ndarray) -> np.ndarray:
        return table if table.ndim == 1 else np.pad(table, ((0, 0), (0, widest - table.shape[1])))

    return Trie(*(np.stack([padded(getattr(one, field)) for one in tries]) for field in Trie._fields))
