"""Curves of stability limits: continuation of `limit` over the plane."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import distance
from tegum.theory.diagram.curves import FIRST_STEP, LONGEST_STEP, Curve, End, exit_side, inside
from tegum.theory.diagram.degenerate import degenerate_point
from tegum.theory.diagram.limit import LimitSpot, is_fold, limit, tangent
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.objective import tied_weights
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures

_MOST_POINTS = 4000
#: Below this step a limit has come to an end; the longest way of any weight in a step.
_SHORTEST_STEP, _LONGEST_WAY = 2e-4, 0.1


def limit_curve(plane: Plane, start: LimitSpot) -> Curve:
    """The curve along which a branch stops being a local minimum, by pseudo-arclength continuation of `limit`."""
    there, last = _half(plane, start, 1.0)
    if last.why == "closed":
        return Curve((start, *there), (last, last))
    back, first = _half(plane, start, -1.0)
    return Curve((*back[::-1], start, *there), (first, last))


def _half(plane: Plane, start: LimitSpot, side: float) -> tuple[list[LimitSpot], End]:
    spots, step = [start], FIRST_STEP
    along = tangent(plane, start, None)
    if along is None:
        return [], End(start.point, "lost", start.error)
    along = side * along
    while len(spots) < _MOST_POINTS:
        here = spots[-1]
        ahead = _moved(here, along, step)
        if not inside(ahead.point):
            end = _at_edge(plane, here, ahead)
            if end is not None:
                return [*spots[1:], end], End(end.point, "edge", end.error)
        spot = _accepted(plane, here, ahead, step) if inside(ahead.point) else None
        if spot is None:
            step /= 2
            if step < _SHORTEST_STEP:
                return _closing(plane, spots, None, End(here.point, "lost", 10 * _SHORTEST_STEP))
            continue
        onwards = tangent(plane, spot, along)
        if onwards is None:
            return _closing(plane, spots, spot, End(here.point, "lost", LONGEST_STEP))
        if onwards[-2:] @ along[-2:] < 0:
            return _closing(plane, spots, spot, End(spot.point, "cusp", float(np.linalg.norm(spot.point - here.point))))
        if len(spots) > 4 and np.linalg.norm(spot.point - start.point) < 0.9 * step:
            return [*spots[1:], start], End(start.point, "closed", start.error)
        spots.append(spot)
        step, along = min(1.4 * step, LONGEST_STEP), onwards
    raise ArithmeticError(f"a stability limit did not end within {_MOST_POINTS} points")


def _closing(plane: Plane, spots: list[LimitSpot], beyond: LimitSpot | None, end: End) -> tuple[list[LimitSpot], End]:
    """The spots after the first and the end of a limit: the cusp where the fold turns back, if one is found there."""
    last = spots[-2:] if beyond is None else [spots[-1], beyond]
    cusp = degenerate_point(plane, last[0], last[1]) if len(last) > 1 and is_fold(plane, last[0]) else None
    if cusp is None or np.linalg.norm(cusp.point - end.point) > end.error:
        return spots[1:], end
    return [*spots[1:], cusp], End(cusp.point, "cusp", cusp.error)


def _moved(here: LimitSpot, tangent: np.ndarray, step: float) -> LimitSpot:
    """The prediction a step further, the step measured in the plane but no weight moved by more than `_LONGEST_WAY`."""
    size = here.direction.size
    way = tangent * min(step / np.linalg.norm(tangent[-2:]), _LONGEST_WAY / (np.abs(tangent[:size]).max() + 1e-12))
    return LimitSpot(here.point + way[-2:], here.theta + way[:size], np.inf, np.inf, here.direction + way[size:-2])


def _accepted(plane: Plane, here: LimitSpot, ahead: LimitSpot, step: float) -> LimitSpot | None:
    spot = limit(plane, ahead.point, ahead.theta[0], ahead.direction)
    if spot is None or not inside(spot.point) or np.linalg.norm(spot.point - ahead.point) > 0.5 * step:
        return None
    if distance(here.theta, spot.theta, plane.setting.count)[0] > 2 * _LONGEST_WAY or not marginal(plane, spot):
        return None
    return spot


def marginal(plane: Plane, spot: LimitSpot) -> bool:
    """Whether no curvature is negative there."""
    law = plane.law(spot.point[None])
    least = least_curvatures(*tied_weights(spot.theta, plane.setting.count), law)[0]
    return bool(least > -20 * curvature_tolerance(law)[0])


def _at_edge(plane: Plane, here: LimitSpot, ahead: LimitSpot) -> LimitSpot | None:
    coordinate, value = exit_side(here.point, ahead.point)
    share = (value - here.point[coordinate]) / (ahead.point - here.point)[coordinate]
    mixed = [one + share * (other - one) for one, other in zip(_parts(here), _parts(ahead), strict=True)]
    mixed[0][coordinate] = value
    spot = limit(plane, mixed[0], mixed[1], mixed[2], np.eye(2)[:, [1 - coordinate]])
    return spot if spot is not None and inside(spot.point) else None


def _parts(spot: LimitSpot) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return spot.point, spot.theta[0], spot.direction


def lost_between(
    plane: Plane, start: Float[np.ndarray, " 2"], theta: Float[np.ndarray, " parameters"], way: Float[np.ndarray, " 2"]
) -> LimitSpot | None:
    """The stability limit that a minimum meets on its way from a point in some direction; None if it meets none."""
    step, point = 2 * FIRST_STEP, start
    bracket = None
    while step > FIRST_STEP / 8:
        ahead = point + step * way
        if not inside(ahead):
            return None
        kept = _kept(plane, ahead, theta)
        if kept is None:
            bracket, step = ahead, step / 2
        else:
            point, theta = ahead, kept
            step = step / 2 if bracket is not None else min(2 * step, 4 * LONGEST_STEP)
    return limit(plane, point, theta)


def _kept(plane: Plane, point: np.ndarray, theta: np.ndarray) -> np.ndarray | None:
    """The branch at a point, or None where it is no minimum any more."""
    found, loss = followed(plane, point[None], theta[None], NEARBY)
    law = plane.law(point[None])
    if not np.isfinite(loss[0]) or distance(found, theta[None], plane.setting.count)[0] > 2 * _LONGEST_WAY:
        return None
    least = least_curvatures(*tied_weights(found, plane.setting.count), law)[0]
    return found[0] if least > curvature_tolerance(law)[0] else None
