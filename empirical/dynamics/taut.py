"""The taut string: the shortest curve through a tube, which shows what every curve through it must do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, eq=False)
class String:
    """The shortest curve from the upper end of a tube's first section to the lower end of its last.

    Attributes:
        knots: places at which it bends, the two ends among them.
        above: whether it touches the tube's upper side there, else its lower; True at the start, False at the end.
    """

    knots: Int[np.ndarray, " knots"]
    above: Bool[np.ndarray, " knots"]


def taut_string(
    t: Float[np.ndarray, " points"], lower: Float[np.ndarray, " points"], upper: Float[np.ndarray, " points"]
) -> String:
    """Pull a string tight from (t_0, upper_0) to (t_K, lower_K) between lower and upper.

    From each knot the string goes straight as long as one slope keeps it inside; where none does, it bends at the side
    that held it last.  At an upper knot its slope rises, at a lower one it falls.

    Args:
        t: rising.
        lower, upper: sides of the tube, lower <= upper.

    Source: Davies and Kovac, Annals of Statistics 29 (2001) 1, section 2.2.
    """
    bottom, top = lower.copy(), upper.copy()
    bottom[0], top[-1] = upper[0], lower[-1]
    knots, above = [0], [True]
    while knots[-1] < len(t) - 1:
        knot, side = _next_knot(t, bottom, top, knots[-1], upper if above[-1] else lower)
        knots.append(knot)
        above.append(side)
    return String(np.array(knots), np.array(above))


def _next_knot(t: np.ndarray, bottom: np.ndarray, top: np.ndarray, here: int, side: np.ndarray) -> tuple[int, bool]:
    """The next place where the string bends, and whether it touches the upper side there."""
    ahead = slice(here + 1, None)
    down, up = ((end[ahead] - side[here]) / (t[ahead] - t[here]) for end in (bottom, top))
    least, most = np.maximum.accumulate(down), np.minimum.accumulate(up)
    closed = np.flatnonzero(least > most)
    if not closed.size:
        return len(t) - 1, False
    # The first point that no slope reaches lies too high or too low; the string bends where the other side held it.
    j = int(closed[0])
    too_high = bool(down[j] > most[j - 1])
    held = up[:j] == most[j - 1] if too_high else down[:j] == least[j - 1]
    return here + 1 + int(np.flatnonzero(held)[-1]), too_high
