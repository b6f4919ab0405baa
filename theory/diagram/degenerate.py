"""Degenerate points of stability limits: where the leading Landau coefficient vanishes and the limit changes its kind.

On a fold, a cusp: there two folds meet, and a first-order curve ends in a critical point where its two minima become
one.  Elsewhere a tricritical point: there a continuous transition becomes a first-order one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tegum.theory.diagram.curves import inside
from tegum.theory.diagram.landau import landau
from tegum.theory.diagram.limit import LimitSpot, limit, tangent
from tegum.theory.diagram.plane import Plane

_CORRECTIONS = 15
#: The secant method has converged when it moves weights, direction and point by less than this.
_CONVERGED = 1e-8
#: How far along a limit, in weights, direction and point, a second guess lies.
_FURTHER = 1e-2


def degenerate_point(plane: Plane, first: LimitSpot, second: LimitSpot) -> LimitSpot | None:
    """The degenerate point of a limit next to two points of it, or None where none is found.

    The secant method: where the leading coefficient, taken for linear along the line through the last two points
    (θ, v, x), would vanish, `limit` finds the next one.  The cubic coefficient leads, and where symmetry makes it zero
    the quartic one.

    Returns:
        The point.  Its ``error`` estimates the distance from the exact one: the last step, and the error of the
        coefficient at the rate at which that changes between the two points given.
    """
    at = (landau(plane, first), landau(plane, second))
    if at[0] is None or at[1] is None:
        return None
    leading = "quartic" if at[0].symmetric and at[1].symmetric else "cubic"
    spots, values = (first, second), (getattr(at[0], leading), getattr(at[1], leading))
    rate = float(np.linalg.norm(first.point - second.point)) / (abs(values[1] - values[0]) or np.inf)
    for _ in range(_CORRECTIONS):
        ahead = _secant(plane, spots, values)
        reduced = None if ahead is None else landau(plane, ahead)
        if ahead is None or reduced is None:
            return None
        if np.linalg.norm(_coordinates(ahead) - _coordinates(spots[1])) < _CONVERGED:
            moved = float(np.linalg.norm(ahead.point - spots[1].point))
            return replace(ahead, error=ahead.error + moved + rate * reduced.error)
        spots, values = (spots[1], ahead), (values[1], getattr(reduced, leading))
    return None


def degenerate_near(plane: Plane, spot: LimitSpot) -> LimitSpot | None:
    """The degenerate point of a limit close to one of its points, or None where none is found."""
    along = tangent(plane, spot, None)
    second = None if along is None else _limit_at(plane, _coordinates(spot) + _FURTHER * along)
    return None if second is None else degenerate_point(plane, spot, second)


def _secant(plane: Plane, spots: tuple[LimitSpot, LimitSpot], values: tuple[float, float]) -> LimitSpot | None:
    """The point of the limit next to where a value at two of its points would vanish if it were linear."""
    if values[0] == values[1]:
        return None
    before, here = (_coordinates(spot) for spot in spots)
    return _limit_at(plane, here - values[1] / (values[1] - values[0]) * (here - before))


def _limit_at(plane: Plane, coordinates: np.ndarray) -> LimitSpot | None:
    """The point of a limit inside the plane next to a guess (θ, v, x)."""
    theta, direction = np.split(coordinates[:-2], 2)
    found = limit(plane, coordinates[-2:], theta, direction) if inside(coordinates[-2:]) else None
    return found if found is not None and inside(found.point) else None


def _coordinates(spot: LimitSpot) -> np.ndarray:
    """(θ, v, x) as `tangent` orders them."""
    return np.concatenate([spot.theta[0], spot.direction, spot.point])
