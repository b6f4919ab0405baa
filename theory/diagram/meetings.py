"""Meetings: points of the plane where three minima have the same loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import Known, distance, lowest_known
from tegum.theory.diagram.crossing import FAR, crossing, minima, tangent_at
from tegum.theory.diagram.curves import Spot, inside
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import empty_loss

#: How far from a meeting the curves that leave it are looked for.
_LEAVING = 1e-3
#: A meeting this close to where a branch was left is looked for, however short the step.
_NEAR = 0.02
#: Overlaps and biases of a branch change by less on the way to a meeting so near.
_ALIKE = 0.3
#: A third minimum counts as lower beyond this times the empty model's loss.
_LOWER = 1e-13


@dataclass(frozen=True)
class Meeting:
    """A point where three minima have the same loss."""

    point: Float[np.ndarray, " 2"]
    theta: Float[np.ndarray, "3 parameters"]
    residual: float
    error: float


def lower(plane: Plane, known: Known, spot: Spot) -> Float[np.ndarray, " parameters"] | None:
    """A third minimum below the two of a spot, if one is known."""
    third, loss = lowest_known(plane, spot.point, known)
    law = plane.law(np.tile(spot.point, (2, 1)))
    own = followed(plane, np.tile(spot.point, (2, 1)), spot.theta, NEARBY)[1]
    return third if loss <= own.min() - _LOWER * empty_loss(law)[0] else None


def met(plane: Plane, spot: Spot, third: Float[np.ndarray, " parameters"] | None) -> Meeting | None:
    """The meeting with a third minimum that lies below the two of a spot."""
    return None if third is None else _meeting_of(plane, spot, third, FAR)


def left_at(
    plane: Plane, here: Spot, spot: Spot, left: Float[np.ndarray, " parameters"], meetings: Sequence[Meeting]
) -> Meeting | None:
    """The meeting at which a branch was left for another between two spots, or None where it went over into it."""
    reach = max(4 * float(np.linalg.norm(spot.point - here.point)), _NEAR)
    for one in meetings:
        if np.linalg.norm(one.point - here.point) < reach and _apart(plane, here, one).min(axis=1).max() < _ALIKE:
            return one
    for share in (1.0, 0.0, 0.5, 0.25, 0.75):
        point = here.point + share * (spot.point - here.point)
        found = _meeting_of(plane, replace(spot, point=point), left, reach)
        if found is not None:
            return found
    return None


def _meeting_of(plane: Plane, spot: Spot, third: np.ndarray, reach: float) -> Meeting | None:
    """The meeting of a spot's branches with a third, if it is nearby and all three are minima there."""
    found = crossing(plane, spot.point, np.concatenate([spot.theta, third[None]]))
    if found is None or np.linalg.norm(found.point - spot.point) > reach:
        return None
    return Meeting(found.point, found.theta, found.residual, found.error)


def closing(plane: Plane, here: Spot, meeting: Meeting) -> Spot:
    """A curve's last spot, at a meeting: of the three branches those that are its own."""
    own = meeting.theta[_apart(plane, here, meeting).argmin(axis=1)]
    return Spot(meeting.point, own, meeting.residual, meeting.error)


def _apart(plane: Plane, here: Spot, meeting: Meeting) -> Float[np.ndarray, "branches 3"]:
    """How far each branch of a spot is from each of a meeting's."""
    return np.array([distance(np.tile(one, (3, 1)), meeting.theta, plane.setting.count) for one in here.theta])


def leaving(plane: Plane, meeting: Meeting) -> list[tuple[Spot, Spot]]:
    """The meeting as the end of each curve that starts there, and where that passes nearby: the third branch above."""
    found = []
    for first, second in combinations(range(3), 2):
        pair, third = meeting.theta[[first, second]], meeting.theta[[3 - first - second]]
        end = Spot(meeting.point, pair, meeting.residual, meeting.error)
        for side in (1.0, -1.0):
            spot = crossing(plane, meeting.point + side * _LEAVING * tangent_at(plane, end), pair)
            if spot is None or not inside(spot.point) or not minima(plane, spot).all():
                continue
            losses = followed(plane, np.tile(spot.point, (3, 1)), np.concatenate([spot.theta, third]), NEARBY)[1]
            if losses[2] > losses[:2].min() + _LOWER * empty_loss(plane.law(spot.point[None]))[0]:
                found.append((end, spot))
    return found
