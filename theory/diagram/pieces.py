"""Pieces of traced curves: each of one kind and between the same two geometries all along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import Known, distance, lowest_known
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.crossing import crossing
from tegum.theory.diagram.curves import SIDES, Curve, End, Spot, inside
from tegum.theory.diagram.degenerate import degenerate_point
from tegum.theory.diagram.landau import still_minimum
from tegum.theory.diagram.limit import LimitSpot, is_fold, limit
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import empty_loss
from tegum.theory.loss.objective import expansion_at

FIRST_ORDER, CONTINUOUS, METASTABILITY = KINDS = ("first-order", "continuous", "metastability")
#: Ends that lie beyond the last spot: there the two minima of a first-order curve have become one.
_BEYOND = "critical", "tricritical", "merging"
#: Losses that differ by less than this times the empty model's are the same.
_SAME_LOSS = 1e-13
#: How far aside of a limit, in shares and along its direction, one looks for what grows there, and by how much it has.
_ASIDE, _GROWN = (0.01, 0.02, 0.04), 1e-4
#: Random changes of that direction, to leave saddles on the way, and their size.
_KICKS, _KICK = 4, 0.2
#: Halvings of the way between two spots of a curve where its names or its kind change.
_CUTS = 10


@dataclass(frozen=True)
class PhaseBoundary:
    """A piece of a boundary, between the same two geometries all along.

    Attributes:
        between: names of the two geometries; the same name twice where a geometry changes its shape at once.  For a
            metastability limit the branch that is lost, and what is optimal there.
        kind: "first-order" (the losses of two minima cross), "continuous" (the optimum stops being a minimum and
            another grows out of it), "metastability" (a minimum that is not the best stops being one).
        points: (x, y) along it.
        error: largest distance of a point from the exact curve, as share of the axes.
        ends: its two ends, their points as shares of the axes.
    """

    between: tuple[str, str]
    kind: str
    points: Float[np.ndarray, "points 2"]
    error: float
    ends: tuple[End, End]


def better(plane: Plane, known: Known, spot: Spot) -> Float[np.ndarray, " parameters"] | None:
    """A minimum that lies below a spot's (first) branch, if one is known."""
    best, lowest = lowest_known(plane, spot.point, known)
    law = plane.law(spot.point[None])
    own = expansion_at(spot.theta[:1], law).loss[0]
    return best if lowest < own - _SAME_LOSS * empty_loss(law)[0] else None


def first_order_pieces(plane: Plane, curve: Curve) -> Iterator[PhaseBoundary]:
    """Stretches of a first-order curve between the same two geometries."""

    def label(spot: Spot) -> tuple:
        return FIRST_ORDER, *(geometry_name(one, plane) for one in spot.theta[:2])

    def between(first: Spot, second: Spot) -> Spot | None:
        return crossing(plane, (first.point + second.point) / 2, first.theta[:2])

    return _pieces(plane, curve, label, between)


def limit_pieces(plane: Plane, known: Known, curve: Curve) -> Iterator[PhaseBoundary]:
    """Stretches of a stability limit of the same kind and names."""

    def label(spot: LimitSpot) -> tuple:
        name, best = geometry_name(spot.theta[0], plane), better(plane, known, spot)
        if best is not None:
            return METASTABILITY, name, geometry_name(best, plane)
        # Close to a tricritical point the loss of what is better differs by less than can be told.
        rests = not is_fold(plane, spot) and still_minimum(plane, spot)
        return CONTINUOUS if rests else METASTABILITY, name, _child_name(plane, spot)

    def between(first: LimitSpot, second: LimitSpot) -> LimitSpot | None:
        point, theta = (first.point + second.point) / 2, (first.theta[0] + second.theta[0]) / 2
        return limit(plane, point, theta, (first.direction + second.direction) / 2)

    def tricritical(first: LimitSpot, second: LimitSpot) -> LimitSpot | None:
        found = degenerate_point(plane, first, second)
        apart = np.linalg.norm(second.point - first.point)
        ends = (first, second)
        return found if found and all(np.linalg.norm(found.point - end.point) <= apart for end in ends) else None

    return _pieces(plane, curve, label, between, tricritical)


def _child_name(plane: Plane, spot: LimitSpot) -> str:
    """Name of what grows out of a marginal branch, by the least way aside at which it is another than the branch's."""
    name = geometry_name(spot.theta[0], plane)
    children = (geometry_name(_child(plane, spot, aside), plane) for aside in _ASIDE)
    return next((child for child in children if child != name), name)


def _child(plane: Plane, spot: LimitSpot, aside: float) -> np.ndarray:
    """The nearest minimum on any side of a limit, in the plane, that has grown out of the branch that ends there.

    Of several on one side it is the lowest: others are on the way down from the direction alone where several are
    marginal.
    """
    points = spot.point + aside * SIDES
    points = points[[inside(point) for point in points]]
    parent = followed(plane, points, np.tile(spot.theta, (len(points), 1)), NEARBY)[0]
    kicks = spot.direction + _KICK * np.random.default_rng(0).normal(size=(_KICKS, spot.direction.size))
    starts = np.tile(spot.theta + aside * kicks, (len(points), 1))
    found, loss = followed(plane, np.repeat(points, _KICKS, axis=0), starts, NEARBY)
    lowest = loss.reshape(-1, _KICKS).argmin(axis=1)
    child = found.reshape(len(points), _KICKS, -1)[np.arange(len(points)), lowest]
    apart = distance(parent, child, plane.setting.count)
    return child[int(np.argmin(np.where(apart > _GROWN, apart, np.inf)))]


def _pieces(
    plane: Plane, curve: Curve, label: Callable, between: Callable, tricritical: Callable = lambda first, second: None
) -> Iterator[PhaseBoundary]:
    """A curve cut where its label (kind, name, name) changes, each cut found by halving the way between two spots.

    Where its kind changes the cut is the tricritical point between them, if there is one.
    """
    here, spots, start = label(curve.spots[0]), [curve.spots[0]], curve.ends[0]
    for spot in curve.spots[1:]:
        there = label(spot)
        exact = tricritical(spots[-1], spot) if there[0] != here[0] else None
        if exact is not None:
            end = End(exact.point, "tricritical", exact.error)
            yield _piece(plane, here, spots, (start, end))
            here, spots, start = there, [], end
        elif there != here:
            last, following = _cut(spots[-1], spot, label, between, here)
            end = End(following.point, "change", float(np.linalg.norm(following.point - last.point)))
            yield _piece(plane, here, [*spots, last, following], (start, end))
            here, spots, start = there, [following], end
        spots.append(spot)
    yield _piece(plane, here, spots, (start, curve.ends[1]))


def _cut(first: Spot, second: Spot, label: Callable, between: Callable, here: tuple) -> tuple[Spot, Spot]:
    """The last spot of a label and the first of what follows, close together."""
    for _ in range(_CUTS):
        middle = between(first, second)
        if middle is None:
            break
        if label(middle) == here:
            first = middle
        else:
            second = middle
    return first, second


def _piece(plane: Plane, label: tuple, spots: list[Spot], ends: tuple[End, End]) -> PhaseBoundary:
    points = [spot.point for spot in spots]
    points = [end.point for end in ends[:1] if end.why in _BEYOND] + points
    points += [end.point for end in ends[1:] if end.why in _BEYOND]
    kind, *names = label
    return PhaseBoundary(tuple(names), kind, plane.values(np.array(points)), max(spot.error for spot in spots), ends)
