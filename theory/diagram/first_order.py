"""First-order curves: where the losses of two local minima cross, traced over the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tegum.theory.diagram.branches import Known, distance, same_branch
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.crossing import crossing, minima, stability, tangent_at
from tegum.theory.diagram.curves import (
    FIRST_STEP,
    LONGEST_MOVE,
    LONGEST_STEP,
    SHARP_TURN,
    SHORTEST_STEP,
    SLIGHT_TURN,
    Curve,
    End,
    Spot,
    exit_side,
    inside,
    turn,
)
from tegum.theory.diagram.meetings import Meeting, closing, left_at, lower, met
from tegum.theory.diagram.merging import merging
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane

_MOST_POINTS = 4000
#: A branch goes over into another of another name, and does not meet it, where steps this short find no meeting.
_PASSING = 3e-4
#: How far along its direction of escape weights on a saddle are moved before they go downhill.
_ESCAPE = 1e-3


def first_order_curve(
    plane: Plane, known: Known, start: Spot, meetings: Sequence[Meeting] = ()
) -> tuple[Curve, list[Meeting]]:
    """The curve along which two minima have the same, lowest loss, and the meetings at its ends.

    Pseudo-arclength continuation: a step along the curve's tangent, then `crossing` across it.

    Args:
        plane, known: where, and the minima found so far.
        start: a point of the curve.
        meetings: known already; a branch that is left near one of them ends the curve there.
    """
    there = _half(plane, known, start, 1.0, meetings)
    if there.end.why == "closed":
        return Curve((start, *there.spots), (there.end, there.end)), []
    back = _half(plane, known, start, -1.0, meetings)
    ends = [one.meeting for one in (back, there) if one.meeting]
    return Curve((*back.spots[::-1], start, *there.spots), (back.end, there.end)), ends


@dataclass(frozen=True)
class _Half:
    """A curve from its start one way: the spots after the start, and how it ends."""

    spots: list[Spot]
    end: End
    meeting: Meeting | None = None


def _half(plane: Plane, known: Known, start: Spot, side: float, meetings: Sequence[Meeting]) -> _Half:
    spots, step = [start], FIRST_STEP
    tangent = side * tangent_at(plane, start)
    while len(spots) < _MOST_POINTS:
        here = spots[-1]
        ahead = here.point + step * tangent
        if not inside(ahead):
            end = _at_edge(plane, here, ahead)
            if end is not None:
                return _Half([*spots[1:], end], End(end.point, "edge", end.error))
        found = _accepted(plane, here, tangent, step)
        if found is None:
            step /= 2
            if step < SHORTEST_STEP:
                return _Half(spots[1:], merging(plane, spots))
            continue
        spot, onwards, left = found
        ending = _ending(plane, known, here, spot, left, meetings)
        met_none = ending is None or ending.meeting is None
        if met_none and step > _PASSING and (left is not None or _renamed(plane, here, spot)):
            step /= 2
            continue
        if ending is not None:
            return replace(ending, spots=[*spots[1:], *ending.spots])
        if len(spots) > 4 and np.linalg.norm(spot.point - start.point) < 0.9 * step:
            return _Half([*spots[1:], start], End(start.point, "closed", start.error))
        spots.append(spot)
        if turn(tangent, onwards) < SLIGHT_TURN:
            step = min(1.5 * step, LONGEST_STEP)
        tangent = onwards
    raise ArithmeticError(f"a first-order curve did not end within {_MOST_POINTS} points")


def _ending(
    plane: Plane, known: Known, here: Spot, spot: Spot, left: np.ndarray | None, meetings: Sequence[Meeting]
) -> _Half | None:
    """How a curve ends between two spots, if it does: where it meets a third branch, or where one is better unmet."""
    third = lower(plane, known, spot)
    meeting = met(plane, spot, third) if left is None else left_at(plane, here, spot, left, meetings)
    if meeting is not None:
        return _Half([closing(plane, here, meeting)], End(meeting.point, "meeting", meeting.error), meeting)
    if third is not None:
        return _Half([], End(here.point, "lost", float(np.linalg.norm(spot.point - here.point))))
    return None


def _renamed(plane: Plane, here: Spot, spot: Spot) -> bool:
    """Whether a branch has another name than at the spot before."""
    pairs = zip(here.theta, spot.theta, strict=True)
    return any(geometry_name(before, plane) != geometry_name(now, plane) for before, now in pairs)


def _accepted(
    plane: Plane, here: Spot, tangent: np.ndarray, step: float
) -> tuple[Spot, np.ndarray, np.ndarray | None] | None:
    """The next point, the tangent there, and a branch that was left for what grew out of it, if any.

    None if the step was too long to stay on both branches.
    """
    ahead = here.point + step * tangent
    if not inside(ahead):
        return None
    spot = crossing(plane, ahead, here.theta)
    if spot is None:
        return None
    stable, ways = stability(plane, spot)
    left = ~stable
    if left.any():
        spot = crossing(plane, spot.point, _grown(plane, spot, left, ways))
    if spot is None or not inside(spot.point) or np.linalg.norm(spot.point - ahead) > 0.3 * step:
        return None
    onwards = tangent_at(plane, spot)
    onwards = onwards if onwards @ tangent > 0 else -onwards
    moved = distance(here.theta, spot.theta, plane.setting.count).max()
    if moved > LONGEST_MOVE or turn(tangent, onwards) > SHARP_TURN or (left.any() and not minima(plane, spot).all()):
        return None
    back = followed(plane, np.tile(here.point, (2, 1)), spot.theta, NEARBY)[0]
    left |= ~same_branch(back, here.theta, plane.setting.count)
    return spot, onwards, here.theta[left][0] if left.any() else None


def _grown(plane: Plane, spot: Spot, left: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """A spot's branches, those that are no minimum replaced by what they lead to along the way that they escape by."""
    theta = spot.theta.copy()
    theta[left] = followed(plane, np.tile(spot.point, (left.sum(), 1)), theta[left] + _ESCAPE * ways[left], NEARBY)[0]
    return theta


def _at_edge(plane: Plane, here: Spot, ahead: np.ndarray) -> Spot | None:
    """The point where the curve leaves the plane: the crossing along that side."""
    coordinate, value = exit_side(here.point, ahead)
    on_side = here.point + (ahead - here.point) * (value - here.point[coordinate]) / (ahead - here.point)[coordinate]
    on_side[coordinate] = value
    spot = crossing(plane, np.clip(on_side, 0, 1), here.theta, np.eye(2)[:, [1 - coordinate]])
    return spot if spot is not None and inside(spot.point) else None
