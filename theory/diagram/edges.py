"""Edges between neighbouring cells across which the optimum changes, each narrowed down to what happens there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import distance, same_branch, settled
from tegum.theory.diagram.crossing import slope_difference
from tegum.theory.diagram.curves import Spot
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import empty_loss
from tegum.theory.loss.objective import expansion_at

#: Halvings of an edge, beyond which two branches that never stood side by side are taken to meet continuously.
_HALVINGS = 10
#: Where the rest of an edge beside a curve that crosses it begins, as a share of that rest.
_BESIDE = 0.1
#: What remains of an edge is dropped below this length.
_SHORT = 1e-3
#: Losses that differ by less than this times the empty model's are the same.
_SAME_LOSS = 1e-11


@dataclass(frozen=True)
class Edge:
    """Two points close together whose optima do not go over into each other."""

    points: Float[np.ndarray, "2 2"]
    theta: Float[np.ndarray, "2 parameters"]


@dataclass(frozen=True)
class Jump:
    """Two minima side by side at a point near which their losses cross."""

    point: Float[np.ndarray, " 2"]
    first: Float[np.ndarray, " parameters"]
    second: Float[np.ndarray, " parameters"]


@dataclass(frozen=True)
class Onset:
    """A branch that stops being a minimum between two points, where another grows out of it continuously.

    Attributes:
        stable, unstable: points on either side.
        parent: its weights at ``unstable``, a saddle there.
    """

    stable: Float[np.ndarray, " 2"]
    unstable: Float[np.ndarray, " 2"]
    parent: Float[np.ndarray, " parameters"]


def changing_edges(plane: Plane, optima: Float[np.ndarray, "rows columns parameters"]) -> list[Edge]:
    """Edges of the grid across which one cell's optimum, followed to the other, is not the other's optimum."""
    found = []
    for step in ((0, 1), (1, 0)):
        rows, columns = plane.shape
        here = np.indices((rows - step[0], columns - step[1])).reshape(2, -1).T
        there = here + step
        changes = _differs(plane, optima, here, there) | _differs(plane, optima, there, here)
        for pair in zip(here[changes].tolist(), there[changes].tolist(), strict=True):
            places = tuple(np.array(pair).T)
            found.append(Edge(plane.points()[places], optima[places]))
    return found


def unexplained(plane: Plane, edge: Edge, spot: Spot) -> list[Edge]:
    """What remains of an edge that a first-order curve crosses near one of its points.

    On either side of the curve its lower branch should lead to the optimum at the edge's end, and that back to the
    branch, copies under an exchange of like features counting as the same; where not, something else happens between.
    """
    slope = slope_difference(plane, spot)
    remaining = []
    for point, theta in zip(edge.points, edge.theta, strict=True):
        branch = spot.theta[0 if slope @ (point - spot.point) < 0 else 1]
        beside = spot.point + _BESIDE * (point - spot.point)
        if np.linalg.norm(point - beside) < _SHORT:
            continue
        found = followed(plane, np.array([point, point, beside, beside]), np.array([branch, theta] * 2), NEARBY)[1]
        apart = np.abs(found[::2] - found[1::2])
        if not (apart < _SAME_LOSS * empty_loss(plane.law(np.array([point, beside])))).all():
            remaining.append(Edge(np.array([beside, point]), np.array([branch, theta])))
    return remaining


def _differs(
    plane: Plane, optima: Float[np.ndarray, "rows columns parameters"], source: np.ndarray, target: np.ndarray
) -> np.ndarray:
    points, own = plane.points()[tuple(target.T)], optima[tuple(target.T)]
    law = plane.law(points)
    loss = followed(plane, points, optima[tuple(source.T)], NEARBY)[1]
    lowest = expansion_at(own, law).loss
    return loss > lowest + _SAME_LOSS * empty_loss(law)


def narrowed(plane: Plane, edge: Edge) -> Jump | Onset | None:
    """What happens along an edge: halve it until both branches stand side by side, or take them to meet.

    A branch that is lost on the way is lost on the side of the other.
    """
    points, theta = list(edge.points), list(edge.theta)
    for _ in range(_HALVINGS):
        middle = (points[0] + points[1]) / 2
        found, loss = settled(plane, middle, np.stack(theta))
        if not same_branch(found[:1], found[1:], plane.setting.count)[0]:
            if np.isfinite(loss).all() and abs(loss[0] - loss[1]) > _SAME_LOSS * empty_loss(plane.law(middle[None]))[0]:
                return Jump(middle, found[0], found[1])
            side = int(loss[1] < loss[0])
        else:
            side = int(np.argmin(distance(np.stack(theta), found, plane.setting.count)))
        points[side], theta[side] = middle, found[side]
    return _onset(plane, points, theta)


def _onset(plane: Plane, points: list, theta: list) -> Onset | None:
    """The branch that survives as a saddle on the other's side, if there is one."""
    for side in (0, 1):
        other = 1 - side
        kept, loss = followed(plane, points[other][None], theta[side][None], NEARBY)
        if np.isfinite(loss[0]) and not same_branch(kept, theta[other][None], plane.setting.count)[0]:
            return Onset(points[side], points[other], kept[0])
    return None
