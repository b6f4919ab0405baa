"""Frames: every arrangement of a slice turned and relabelled so that neighbours lie over each other.

Without an L1 term the loss does not know the axes of the hidden space, and arrangements may be rotated.  The term does
know them: under it they may be permuted and reflected only.  Features that are alike may always change places.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import permutations, product

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from tegum.compare.explorer.branches import Branch, winners
from tegum.compare.report.alignment import Aligned, Vectors, aligned, axes_along

#: Keeps features of different kinds from changing places.
_FORBIDDEN = 1e9


def in_one_frame(found: Sequence[Branch], kinds: Sequence[Hashable], turnable: bool) -> list[Branch]:
    """The branches, each point laid over its neighbour, each branch over the winner where it comes nearest to it.

    Args:
        found: branches of a slice.
        kinds: features of equal kind are alike.
        turnable: whether the hidden space may be rotated: there is no L1 term.
    """
    best = winners(found)
    lowest = np.nanmin([branch.loss for branch in found], axis=0)
    turned: dict[int, Branch] = {}
    for place in dict.fromkeys([*best.tolist(), *range(len(found))]):
        branch = found[place]
        anchor = int(np.nanargmin(branch.loss / lowest)) if place not in best else int(np.argmax(best == place))
        target = _target(turned, best, anchor, place)
        start = _upright(branch, anchor, turnable) if target is None else _onto(target, branch, anchor, kinds, turnable)
        turned[place] = _chained(start, anchor, kinds, turnable)
    return [turned[place] for place in range(len(found))]


def onto(target: Vectors, W: Vectors, kinds: Sequence[Hashable], turnable: bool) -> Aligned:
    """An arrangement laid over another one by what leaves its loss as it is."""
    if turnable:
        return aligned(target, W, None, kinds)
    return min((_placed(target, turn @ W, kinds) for turn in _signed_permutations(len(W))), key=_miss)


def _target(turned: dict[int, Branch], best: np.ndarray, anchor: int, place: int) -> Vectors | None:
    """The arrangement over which a branch is laid: the winner's, at the anchor or, for a new winner, just before it."""
    for point in (anchor, anchor - 1, anchor + 1):
        if 0 <= point < len(best) and best[point] in turned and best[point] != place:
            W = turned[int(best[point])].W[point]
            return None if np.isnan(W).any() else W
    return next((branch.W[anchor] for branch in turned.values() if not np.isnan(branch.W[anchor]).any()), None)


def _upright(branch: Branch, anchor: int, turnable: bool) -> Branch:
    """The first vector of the first factor upright, where the hidden space may be turned."""
    if not turnable or len(branch.W[anchor]) < 2:
        return branch
    order = np.argsort(np.where(branch.factor[anchor] < 0, np.inf, branch.factor[anchor]), kind="stable")
    axes = axes_along(branch.W[anchor][:, order])
    return replace(branch, W=np.roll(axes, 1, axis=0) @ branch.W)


def _onto(target: Vectors, branch: Branch, anchor: int, kinds: Sequence[Hashable], turnable: bool) -> Branch:
    """The whole branch relabelled and turned as lays its anchor over the target."""
    pair = onto(target, branch.W[anchor], kinds, turnable)
    places = np.argsort(pair.places)
    moved = replace(branch, W=branch.W[:, :, places], b=branch.b[:, places], factor=branch.factor[:, places])
    moved.W[anchor] = pair.learned[:, places]
    return moved


def _chained(branch: Branch, anchor: int, kinds: Sequence[Hashable], turnable: bool) -> Branch:
    """Every point laid over its neighbour towards the anchor."""
    W, b, factor = branch.W.copy(), branch.b.copy(), branch.factor.copy()
    identity = range(W.shape[2])
    for way in (range(anchor + 1, len(W)), range(anchor - 1, -1, -1)):
        before = W[anchor]
        for point in way:
            if np.isnan(W[point]).any():
                continue
            pair = aligned(before, W[point], identity, kinds) if turnable else onto(before, W[point], kinds, False)
            places = np.argsort(pair.places)
            W[point], b[point], factor[point] = pair.learned[:, places], b[point][places], factor[point][places]
            before = W[point]
    return replace(branch, W=W, b=b, factor=factor)


def _placed(target: Vectors, W: Vectors, kinds: Sequence[Hashable]) -> Aligned:
    """The relabelling among features that are alike which lays an arrangement best over another."""
    unlike = np.array([[one != other for other in kinds] for one in kinds])
    distance = ((W[:, :, None] - target[:, None, :]) ** 2).sum(axis=0)
    places = linear_sum_assignment(distance + _FORBIDDEN * unlike)[1]
    return Aligned(tuple(places.tolist()), target[:, places], W)


def _miss(pair: Aligned) -> tuple[float, tuple[int, ...]]:
    return round(float(((pair.learned - pair.predicted) ** 2).sum()), 9), pair.places


def _signed_permutations(size: int) -> list[Float[np.ndarray, "size size"]]:
    return [
        np.diag(signs)[list(order)]
        for order in permutations(range(size))
        for signs in product((1.0, -1.0), repeat=size)
    ]
