"""Jumps: where a loss leaves one energy level for the next, beyond what its own noise explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.dynamics.taut import taut_string


@dataclass(frozen=True)
class Plateau:
    """Snapshots between which a loss falls more slowly than before and after.

    Attributes:
        first, last: places of its first and its last snapshot.
    """

    first: int
    last: int


@dataclass(frozen=True)
class Jump:
    """A fall from one plateau to the next.

    Attributes:
        first, last: places of the last snapshot of the plateau before and the first one of the plateau after.
        steepest: places between which the loss falls fastest.
        least: what the loss falls at least between them, whatever the noise within its bound did.
    """

    first: int
    last: int
    steepest: tuple[int, int]
    least: float


@dataclass(frozen=True)
class Staircase:
    """Plateaus and the jumps between them: plateau, jump, plateau, ..., plateau.

    Attributes:
        plateaus: one more than jumps.
        noise: half-width of the tube in which the loss was allowed to be anywhere.
    """

    plateaus: tuple[Plateau, ...]
    jumps: tuple[Jump, ...]
    noise: float


def largest_rise(loss: Float[np.ndarray, " snapshots"]) -> float:
    """max_{i<j} (L_j - L_i)_+: what noise alone did, since descent without noise never raises the loss."""
    return float((loss - np.minimum.accumulate(loss)).max())


def staircase(
    clock: Float[np.ndarray, " snapshots"], loss: Float[np.ndarray, " snapshots"], error: float = 0.0
) -> Staircase:
    """The plateaus and jumps that every curve through the snapshots has, give or take the noise.

    Descent into one basin is a sum of decays: the loss falls ever more slowly and its curve is convex.  A jump is what
    breaks that: slow, fast, slow.  Let r be the largest rise of the loss plus its numerical error, and take the taut
    string through the tube L ± r from its upper end at the start to its lower end at the stop.  The string's slope
    rises at upper knots and falls at lower ones; a plateau is a piece from an upper to a lower knot, between two
    plateaus lies a jump.  On a plateau's piece any curve in the tube falls on average no faster than the string, on a
    piece from a lower to an upper knot no slower: so each jump is in every such curve, and a curve that is convex up to
    r has none.

    Args:
        clock: time of each snapshot, rising; the optimiser's steps, or the sum of its learning rates.
        loss: exact loss at each.
        error: bound on the error of the losses.

    Validity: r is measured on the same curve, and stationary noise falls as far as it rises: it would have to fall by
    more than twice its largest rise to be taken for a jump (tests measure how often it is).  What breaks: one large
    rise hides all jumps below twice its size; a plateau without two snapshots on it is not seen.
    """
    noise = largest_rise(loss) + error
    string = taut_string(clock, loss - noise, loss + noise)
    knots, above = string.knots.tolist(), string.above.tolist()
    pieces = list(zip(knots[:-1], knots[1:], above[:-1], above[1:], strict=True))
    plateaus = [Plateau(first, last) for first, last, left, right in pieces if left and not right]
    steepest = [(first, last) for first, last, left, right in pieces if right and not left]
    jumps = [
        Jump(before.last, after.first, steep, float(loss[before.last] - loss[after.first] - 2 * noise))
        for before, after, steep in zip(plateaus[:-1], plateaus[1:], steepest, strict=True)
    ]
    return Staircase(tuple(plateaus), tuple(jumps), noise)


def joined(
    jumps: Sequence[Jump], clock: Float[np.ndarray, " snapshots"], loss: Float[np.ndarray, " snapshots"], noise: float
) -> Jump:
    """Jumps that follow each other as one, the plateaus between them passed over; its steepest part is theirs."""
    first, last = jumps[0].first, jumps[-1].last
    ends = [one.steepest for one in jumps]
    steepest = max(ends, key=lambda part: (loss[part[0]] - loss[part[1]]) / (clock[part[1]] - clock[part[0]]))
    return Jump(first, last, steepest, float(loss[first] - loss[last] - 2 * noise))
