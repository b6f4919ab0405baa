"""Edges between neighbouring cells across which the optimum changes, each narrowed down to what happens there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from tegum.theory.diagram.branches import distance, same_branch, settled
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.crossing import slope_difference
from tegum.theory.diagram.curves import Spot
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import empty_loss

#: Halvings of an edge, beyond which two branches that never stood side by side are taken to meet continuously.
_HALVINGS = 10
#: Where the rest of an edge beside a curve that crosses it begins, as a share of that rest.
_BESIDE = 0.1
#: Places on the way between two points at which branches from either are compared; near an end its own is not lost yet.
_PLACES = (0.0, 0.1, 0.9, 1.0)
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
    """Two minima side by side at a point near which their losses cross, and the unit direction of the edge."""

    point: Float[np.ndarray, " 2"]
    first: Float[np.ndarray, " parameters"]
    second: Float[np.ndarray, " parameters"]
    along: Float[np.ndarray, " 2"]


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


def changing_edges(
    plane: Plane, optima: Float[np.ndarray, "rows columns parameters"], names: Shaped[np.ndarray, "rows columns"]
) -> list[Edge]:
    """Edges of the grid across which the optimum has another name, or followed on the way is not what is optimal there.

    Following alone goes downhill across a transition that is continuous or nearly so, and names alone do not tell the
    copies of a geometry apart.
    """
    found = []
    for step in ((0, 1), (1, 0)):
        rows, columns = plane.shape
        here = np.indices((rows - step[0], columns - step[1])).reshape(2, -1).T
        there = here + step
        cells = tuple(here.T), tuple(there.T)
        changes = names[cells[0]] != names[cells[1]]
        changes |= _part(plane, *(plane.points()[one] for one in cells), *(optima[one] for one in cells))
        for pair in zip(here[changes].tolist(), there[changes].tolist(), strict=True):
            places = tuple(np.array(pair).T)
            found.append(Edge(plane.points()[places], optima[places]))
    return found


def unexplained(plane: Plane, edge: Edge, at: Float[np.ndarray, " 2"], spot: Spot) -> list[Edge]:
    """What remains of an edge that a first-order curve crosses at a point of it, next to a spot of the curve's.

    On either side of the curve its lower branch should be the optimum up to the edge's end, copies under an exchange of
    like features counting as the same, and have its name; where not, something else happens between.
    """
    slope = slope_difference(plane, spot)
    remaining = []
    for point, theta in zip(edge.points, edge.theta, strict=True):
        branch = spot.theta[0 if slope @ (point - spot.point) < 0 else 1]
        beside = at + _BESIDE * (point - at)
        if np.linalg.norm(point - beside) < _SHORT:
            continue
        parted = _part(plane, beside[None], point[None], branch[None], theta[None])[0]
        if parted or geometry_name(branch, plane) != geometry_name(theta, plane):
            remaining.append(Edge(np.array([beside, point]), np.array([branch, theta])))
    return remaining


def _part(
    plane: Plane,
    start: Float[np.ndarray, "edges 2"],
    stop: Float[np.ndarray, "edges 2"],
    first: Float[np.ndarray, "edges parameters"],
    second: Float[np.ndarray, "edges parameters"],
) -> Bool[np.ndarray, " edges"]:
    """Whether weights at two points, both followed to some places between, lead to different losses at any."""
    parted = np.zeros(len(start), dtype=bool)
    for share in _PLACES:
        points = start + share * (stop - start)
        tolerance = _SAME_LOSS * empty_loss(plane.law(points))
        one, other = (followed(plane, points, theta, NEARBY)[1] for theta in (first, second))
        parted |= ~np.isfinite(one) | ~np.isfinite(other) | (one > other + tolerance) | (other > one + tolerance)
    return parted


def narrowed(plane: Plane, edge: Edge) -> Jump | Onset | None:
    """What happens along an edge: halve it until both branches stand side by side, or take them to meet.

    A branch that is lost on the way is lost on the side of the other.
    """
    points, theta, along = list(edge.points), list(edge.theta), edge.points[1] - edge.points[0]
    for _ in range(_HALVINGS):
        middle = (points[0] + points[1]) / 2
        found, loss = settled(plane, middle, np.stack(theta))
        if not same_branch(found[:1], found[1:], plane.setting.count)[0]:
            if np.isfinite(loss).all() and abs(loss[0] - loss[1]) > _SAME_LOSS * empty_loss(plane.law(middle[None]))[0]:
                return Jump(middle, found[0], found[1], along / np.linalg.norm(along))
            side = int(loss[1] < loss[0])
        else:
            side = _belongs(plane, found, np.stack(theta))
        points[side], theta[side] = middle, found[side]
    return _onset(plane, points, theta)


def _belongs(plane: Plane, found: np.ndarray, theta: np.ndarray) -> int:
    """On whose side of a change weights are: of the branch of their name, or where names do not tell, of the nearer."""
    name = geometry_name(found[0], plane)
    named = [geometry_name(one, plane) == name for one in theta]
    return named.index(True) if sum(named) == 1 else int(np.argmin(distance(theta, found, plane.setting.count)))


def _onset(plane: Plane, points: list, theta: list) -> Onset | None:
    """The branch that survives as a saddle on the other's side, if there is one."""
    for side in (0, 1):
        other = 1 - side
        kept, loss = followed(plane, points[other][None], theta[side][None], NEARBY)
        if np.isfinite(loss[0]) and not same_branch(kept, theta[other][None], plane.setting.count)[0]:
            return Onset(points[side], points[other], kept[0])
    return None
