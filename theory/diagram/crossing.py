"""First-order curves: where the losses of two local minima cross, traced over the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.branches import Known, distance, lowest_known, same_branch
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
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane, sensitivities
from tegum.theory.loss.law import empty_loss
from tegum.theory.loss.objective import expansion_at, tied_weights, weights_of
from tegum.theory.loss.population import enumerated_errors
from tegum.theory.search.curvature import curvature_tolerance, least_modes

_CORRECTIONS = 40
#: Newton's method has converged when a step, in shares of the axes, is below this.
_CONVERGED = 1e-12
#: ... or below what rounding of a loss, relative to the empty model's, moves the crossing.
_ROUNDING = 1e-15
#: Corrections that lead further away than this are on the way to something else.
_FAR = 0.1
_MOST_POINTS = 4000
#: How far along its direction of escape weights on a saddle are moved before they go downhill.
_ESCAPE = 1e-3
#: How far from a meeting the curves that leave it are looked for.
_LEAVING = 1e-3
#: A crossing that is known no better than this is none: copies under an exchange of like features are equal everywhere.
_SHARP = 1e-5
#: A third minimum counts as lower beyond this times the empty model's loss.
_LOWER = 1e-13


@dataclass(frozen=True)
class Meeting:
    """A point where three minima have the same loss."""

    point: Float[np.ndarray, " 2"]
    theta: Float[np.ndarray, "3 parameters"]
    residual: float
    error: float


def crossing(
    plane: Plane,
    point: Float[np.ndarray, " 2"],
    theta: Float[np.ndarray, "branches parameters"],
    within: Float[np.ndarray, "2 directions"] | None = None,
) -> Spot | None:
    """The point nearby where the losses of several minima are equal, or None where there is none.

    Newton's method on ∇L_A(θ_A, x) = ∇L_B(θ_B, x) = ... = 0 and L_A - L_B = ... = 0 for (θ_A, θ_B, ..., x), with the
    minima eliminated: at a minimum dL/dx is the partial derivative at fixed weights.

    Args:
        point, theta: near the crossing, two minima for a point of a curve, three for a meeting of curves.
        within: directions in which the point may move; both where None.  For two minima the shortest step is taken.
    """
    directions = np.eye(2) if within is None else within
    start, step = point, np.zeros(2)
    for _ in range(_CORRECTIONS):
        found = _side_by_side(plane, point + step, theta)
        if found is None:  # beyond the end of a branch: back towards the last point where all are there
            step = step / 2
            if np.linalg.norm(step) < _CONVERGED:
                return None
            continue
        point, theta = point + step, found
        law = plane.law(np.tile(point, (len(theta), 1)))
        loss = expansion_at(theta, law).loss
        slopes = sensitivities(theta, plane, point).loss.reshape(-1, 2)
        apart, steepness = loss[:-1] - loss[1:], (slopes[:-1] - slopes[1:]) @ directions
        step = directions @ np.linalg.lstsq(steepness, -apart, rcond=None)[0]
        least = np.linalg.svd(steepness, compute_uv=False).min()
        if np.linalg.norm(step) < _CONVERGED + _ROUNDING * empty_loss(law)[0] / least:
            error = float(rounding(plane, np.tile(point, (len(theta), 1)), theta).sum() / least)
            return Spot(point, theta, float(np.abs(apart).max()), error) if error < _SHARP else None
        if np.linalg.norm(point + step - start) > _FAR:
            return None
    return None


def _side_by_side(plane: Plane, point: np.ndarray, theta: np.ndarray) -> np.ndarray | None:
    """Critical points that several weights lead to at a point, or None where two of them are the same."""
    found, loss = followed(plane, np.tile(point, (len(theta), 1)), theta, NEARBY)
    pairs = np.array(list(combinations(range(len(theta)), 2)))
    same = same_branch(found[pairs[:, 0]], found[pairs[:, 1]], plane.setting.count)
    return found if np.isfinite(loss).all() and not same.any() else None


def rounding(
    plane: Plane, points: Float[np.ndarray, "members 2"], theta: Float[np.ndarray, "members parameters"]
) -> Float[np.ndarray, " members"]:
    """Bounds on the numerical errors of the losses of weights at points."""
    law = plane.law(np.clip(points, 0, 1))
    W, b, W_out = weights_of(theta, plane.setting.count, law.structure)
    return enumerated_errors(W, b, law, W_out)


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
    there, first_end, first = _half(plane, known, start, 1.0, meetings)
    if first_end.why == "closed":
        return Curve((start, *there), (first_end, first_end)), []
    back, last_end, last = _half(plane, known, start, -1.0, meetings)
    return Curve((*back[::-1], start, *there), (last_end, first_end)), [one for one in (last, first) if one]


def _half(
    plane: Plane, known: Known, start: Spot, side: float, meetings: Sequence[Meeting]
) -> tuple[list[Spot], End, Meeting | None]:
    spots, step = [start], FIRST_STEP
    tangent = side * _tangent(plane, start)
    while len(spots) < _MOST_POINTS:
        here = spots[-1]
        ahead = here.point + step * tangent
        if not inside(ahead):
            end = _at_edge(plane, here, ahead)
            if end is not None:
                return [*spots[1:], end], End(end.point, "edge", end.error), None
        found = _accepted(plane, here, tangent, step)
        if found is None:
            step /= 2
            if step < SHORTEST_STEP:
                return spots[1:], _merging(plane, spots), None
            continue
        spot, onwards, left = found
        meeting = _meeting(plane, known, spot) if left is None else _left_at(plane, here, spot, left, meetings)
        if meeting is not None:
            return [*spots[1:], _closing(plane, here, meeting)], End(meeting.point, "meeting", meeting.error), meeting
        if len(spots) > 4 and np.linalg.norm(spot.point - start.point) < 0.9 * step:
            return [*spots[1:], start], End(start.point, "closed", start.error), None
        spots.append(spot)
        if turn(tangent, onwards) < SLIGHT_TURN:
            step = min(1.5 * step, LONGEST_STEP)
        tangent = onwards
    raise ArithmeticError(f"a first-order curve did not end within {_MOST_POINTS} points")


def _closing(plane: Plane, here: Spot, meeting: Meeting) -> Spot:
    """A curve's last spot, at a meeting: of the three branches those that are its own."""
    features = plane.setting.count
    apart = [distance(np.repeat(one[None], 3, axis=0), meeting.theta, features) for one in here.theta]
    own = meeting.theta[[int(np.argmin(row)) for row in apart]]
    return Spot(meeting.point, own, meeting.residual, meeting.error)


def _tangent(plane: Plane, spot: Spot) -> np.ndarray:
    across = slope_difference(plane, spot)
    return np.array([-across[1], across[0]]) / np.linalg.norm(across)


def slope_difference(plane: Plane, spot: Spot) -> Float[np.ndarray, " 2"]:
    """Derivatives of L_A - L_B by the two shares."""
    slopes = sensitivities(spot.theta[:2], plane, spot.point).loss
    return slopes[:2] - slopes[2:]


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
    stable, ways = _stability(plane, spot)
    left = ~stable
    if left.any():
        spot = crossing(plane, spot.point, _grown(plane, spot, left, ways))
    if spot is None or not inside(spot.point) or np.linalg.norm(spot.point - ahead) > 0.3 * step:
        return None
    onwards = _tangent(plane, spot)
    onwards = onwards if onwards @ tangent > 0 else -onwards
    moved = distance(here.theta, spot.theta, plane.setting.count).max()
    if moved > LONGEST_MOVE or turn(tangent, onwards) > SHARP_TURN or (left.any() and not minima(plane, spot).all()):
        return None
    back = followed(plane, np.tile(here.point, (2, 1)), spot.theta, NEARBY)[0]
    left |= ~same_branch(back, here.theta, plane.setting.count)
    return spot, onwards, here.theta[left][0] if left.any() else None


def minima(plane: Plane, spot: Spot) -> Bool[np.ndarray, " branches"]:
    """Which of a spot's branches are local minima there."""
    return _stability(plane, spot)[0]


def _stability(plane: Plane, spot: Spot) -> tuple[np.ndarray, np.ndarray]:
    """Which of a spot's branches are local minima, and the direction of each along which it is least stable."""
    law = plane.law(np.tile(spot.point, (len(spot.theta), 1)))
    least, ways = least_modes(*tied_weights(spot.theta, plane.setting.count), law)
    return least > curvature_tolerance(law), ways


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


def _meeting(plane: Plane, known: Known, spot: Spot) -> Meeting | None:
    """The meeting with a third minimum, if one lies below the two at this point."""
    third, loss = lowest_known(plane, spot.point, known)
    law = plane.law(np.tile(spot.point, (2, 1)))
    own = followed(plane, np.tile(spot.point, (2, 1)), spot.theta, NEARBY)[1]
    if loss > own.min() - _LOWER * empty_loss(law)[0]:
        return None
    return _meeting_of(plane, spot, third, _FAR)


def _left_at(plane: Plane, here: Spot, spot: Spot, left: np.ndarray, meetings: Sequence[Meeting]) -> Meeting | None:
    """The meeting at which a branch was left for another between two spots, or None where it went over into it."""
    reach = 4 * float(np.linalg.norm(spot.point - here.point))
    for one in meetings:
        if np.linalg.norm(one.point - here.point) < reach:
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


def leaving(plane: Plane, meeting: Meeting) -> list[Spot]:
    """Where the three curves that start at a meeting pass nearby: two branches equal, the third above them."""
    found = []
    for first, second in combinations(range(3), 2):
        pair, third = meeting.theta[[first, second]], meeting.theta[[3 - first - second]]
        along = _tangent(plane, Spot(meeting.point, pair, 0.0, 0.0))
        for side in (1.0, -1.0):
            spot = crossing(plane, meeting.point + side * _LEAVING * along, pair)
            if spot is None or not inside(spot.point) or not minima(plane, spot).all():
                continue
            losses = followed(plane, np.tile(spot.point, (3, 1)), np.concatenate([spot.theta, third]), NEARBY)[1]
            if losses[2] > losses[:2].min():
                found.append(spot)
    return found


def _merging(plane: Plane, spots: list[Spot]) -> End:
    """The end of a curve where its branches become one: extrapolated to no distance between them.

    Near a critical end the point is a smooth function of the distance d of the branches, u = u₀ + u₁ d + u₂ d².
    """
    last = spots[-1]
    recent = spots[-12::4] if len(spots) >= 12 else spots[-3:]
    apart = np.array([distance(one.theta[:1], one.theta[1:], plane.setting.count)[0] for one in recent])
    if len(recent) < 3 or not (np.diff(apart) < 0).all() or apart[-1] > 0.2:
        return End(last.point, "lost", LONGEST_STEP)
    rows = np.vander(apart, 3, increasing=True)
    limit = np.linalg.solve(rows, np.array([one.point for one in recent]))[0]
    further = float(np.linalg.norm(limit - last.point))
    if further > np.linalg.norm(last.point - recent[0].point):
        return End(last.point, "merging", LONGEST_STEP)
    return End(limit, "merging", further)
