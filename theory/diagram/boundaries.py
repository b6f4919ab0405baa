"""All boundaries of a phase diagram: from the optima of its cells to curves with names, kinds and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import Known, distance, known_at_cells, lowest_known
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.crossing import Meeting, crossing, first_order_curve, leaving, minima, slope_difference
from tegum.theory.diagram.curves import Curve, End, Spot, crossed_at, inside, on_curve
from tegum.theory.diagram.edges import Jump, Onset, changing_edges, narrowed, unexplained
from tegum.theory.diagram.limit import LimitSpot, limit, limit_curve, lost_between, marginal
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import empty_loss
from tegum.theory.loss.objective import expansion_at

FIRST_ORDER, CONTINUOUS, METASTABILITY = KINDS = ("first-order", "continuous", "metastability")
#: Losses that differ by less than this times the empty model's are the same.
_SAME_LOSS = 1e-13
#: From so many points of a first-order curve both branches are followed until they are lost.
_PROBES = 5
#: How far aside of a limit, in shares and along its direction, one looks for what grows there; and by how much it has.
_ASIDE, _GROWN = 0.01, 1e-4
#: Halvings of the way between two spots of a curve where its names or its kind change.
_CUTS = 10
#: A limit this close to a traced one of the same branch is the same.
_SAME_LIMIT = 4e-3

Advance = Callable[[str, int, int], object]


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


@dataclass(frozen=True)
class TriplePoint:
    """Where three geometries have the same loss."""

    geometries: tuple[str, str, str]
    point: Float[np.ndarray, " 2"]
    residual: float
    error: float


def boundaries(
    plane: Plane,
    optima: Float[np.ndarray, "rows columns parameters"],
    advance: Advance = lambda stage, done, total: None,
) -> tuple[list[PhaseBoundary], list[TriplePoint]]:
    """Every boundary that the grid shows, traced, and the points where three geometries meet."""
    known = known_at_cells(plane, optima)
    crossings: list[Curve] = []
    meetings: list[Meeting] = []
    onsets: list[Onset] = []
    edges = changing_edges(plane, optima)
    total = len(edges)
    while edges:
        edge = edges.pop()
        advance("first-order curves", total - min(len(edges), total), total)
        crossed = crossed_at(edge.points[0], edge.points[1], crossings)
        if crossed is not None:
            edges += unexplained(plane, edge, crossed)
            continue
        change = narrowed(plane, edge)
        spot = _crossing_at(plane, change) if isinstance(change, Jump) else None
        if isinstance(change, Onset):
            onsets.append(change)
        elif isinstance(change, Jump) and spot is None:
            onsets += [Onset(change.point, change.point, theta) for theta in (change.first, change.second)]
        starts = [spot] if spot is not None else []
        while starts:
            start = starts.pop()
            if not _is_new(plane, known, start, crossings):
                continue
            curve, ends = first_order_curve(plane, known, start, meetings)
            crossings.append(curve)
            meetings += ends
            known = _with_spots(known, curve)
            starts += [one for end in ends for one in leaving(plane, end)]
            edges.append(edge)  # there may be more to it
    limits = _limits(plane, onsets, crossings, advance)
    pieces = [piece for curve in crossings for piece in _first_order_pieces(plane, curve)]
    pieces += [piece for curve in limits for piece in _limit_pieces(plane, known, curve)]
    return pieces, _triple_points(plane, meetings)


def _crossing_at(plane: Plane, jump: Jump) -> Spot | None:
    return crossing(plane, jump.point, np.stack([jump.first, jump.second]))


def _is_new(plane: Plane, known: Known, spot: Spot, curves: list[Curve]) -> bool:
    """Whether a crossing is part of the diagram and of no curve traced before."""
    seen = not inside(spot.point) or on_curve(spot, curves, plane.setting.count)
    return not seen and bool(minima(plane, spot).all()) and not _beaten(plane, known, spot)


def _with_spots(known: Known, curve: Curve) -> Known:
    points = np.repeat(curve.points, 2, axis=0)
    theta = np.concatenate([spot.theta[:2] for spot in curve.spots])
    return replace(known, spots=np.concatenate([known.spots, points]), minima=np.concatenate([known.minima, theta]))


def _beaten(plane: Plane, known: Known, spot: Spot) -> bool:
    """Whether another minimum lies below a spot's branch."""
    lowest = lowest_known(plane, spot.point, known)[1]
    law = plane.law(spot.point[None])
    own = expansion_at(spot.theta[:1], law).loss[0]
    return bool(lowest < own - _SAME_LOSS * empty_loss(law)[0])


def _limits(plane: Plane, onsets: list[Onset], crossings: list[Curve], advance: Advance) -> list[Curve]:
    """Stability limits through the onsets, and those that the branches of first-order curves meet beyond them."""
    curves: list[Curve] = []
    probes = [spot for curve in crossings for spot in _evenly(curve.spots)]
    total = len(onsets) + len(probes)
    for done, onset in enumerate(onsets, 1):
        advance("stability limits", done, total)
        here = Spot(onset.unstable, onset.parent[None], 0.0, 0.0)
        if on_curve(here, curves, plane.setting.count, _SAME_LIMIT):
            continue
        _trace(plane, limit(plane, onset.unstable, onset.parent), curves)
    for done, spot in enumerate(probes, len(onsets) + 1):
        advance("stability limits", done, total)
        worse = slope_difference(plane, spot)
        worse = worse / np.linalg.norm(worse)
        for theta, way in ((spot.theta[0], worse), (spot.theta[1], -worse)):
            _trace(plane, lost_between(plane, spot.point, theta, way), curves)
    return curves


def _evenly(spots: tuple[Spot, ...]) -> list[Spot]:
    """A few spots of a curve, its ends left out."""
    places = np.linspace(0, len(spots) - 1, _PROBES + 2).round().astype(int)[1:-1]
    return [spots[place] for place in dict.fromkeys(places.tolist())]


def _trace(plane: Plane, spot: LimitSpot | None, curves: list[Curve]) -> None:
    """Add the limit through a spot to the curves unless it is there already."""
    if (
        spot is not None
        and inside(spot.point)
        and not on_curve(spot, curves, plane.setting.count, _SAME_LIMIT)
        and marginal(plane, spot)
    ):
        curves.append(limit_curve(plane, spot))


def _first_order_pieces(plane: Plane, curve: Curve) -> Iterator[PhaseBoundary]:
    def label(spot: Spot) -> tuple:
        return FIRST_ORDER, *(geometry_name(one, plane) for one in spot.theta[:2])

    def between(first: Spot, second: Spot) -> Spot | None:
        return crossing(plane, (first.point + second.point) / 2, first.theta[:2])

    return _pieces(plane, curve, label, between)


def _limit_pieces(plane: Plane, known: Known, curve: Curve) -> Iterator[PhaseBoundary]:
    def label(spot: LimitSpot) -> tuple:
        name, law = geometry_name(spot.theta[0], plane), plane.law(spot.point[None])
        best, lowest = lowest_known(plane, spot.point, known)
        own = expansion_at(spot.theta, law).loss[0]
        if own <= lowest + _SAME_LOSS * empty_loss(law)[0]:
            return CONTINUOUS, name, _child_name(plane, spot)
        return METASTABILITY, name, geometry_name(best, plane)

    def between(first: LimitSpot, second: LimitSpot) -> LimitSpot | None:
        point, theta = (first.point + second.point) / 2, (first.theta[0] + second.theta[0]) / 2
        return limit(plane, point, theta, (first.direction + second.direction) / 2)

    return _pieces(plane, curve, label, between)


def _child_name(plane: Plane, spot: LimitSpot) -> str:
    """Name of what grows out of a marginal branch: the nearest minimum on any side of the limit that has grown."""
    shifts = _ASIDE * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    points = np.clip(spot.point + shifts, 0, 1)
    parent = followed(plane, points, np.tile(spot.theta, (4, 1)), NEARBY)[0]
    child = followed(plane, points, np.tile(spot.theta[0] + _ASIDE * spot.direction, (4, 1)), NEARBY)[0]
    apart = distance(parent, child, plane.setting.count)
    nearest = int(np.argmin(np.where(apart > _GROWN, apart, np.inf)))
    return geometry_name(child[nearest], plane)


def _pieces(plane: Plane, curve: Curve, label: Callable, between: Callable) -> Iterator[PhaseBoundary]:
    """A curve cut where its label (kind, name, name) changes, each cut found by halving the way between two spots."""
    here, spots, start = label(curve.spots[0]), [curve.spots[0]], curve.ends[0]
    for spot in curve.spots[1:]:
        there = label(spot)
        if there != here:
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
    points = [end.point for end in ends[:1] if end.why == "merging"] + points
    points += [end.point for end in ends[1:] if end.why == "merging"]
    kind, *names = label
    return PhaseBoundary(tuple(names), kind, plane.values(np.array(points)), max(spot.error for spot in spots), ends)


def _triple_points(plane: Plane, meetings: list[Meeting]) -> list[TriplePoint]:
    found: list[TriplePoint] = []
    for one in meetings:
        if all(np.linalg.norm(one.point - plane_shares(plane, other.point)) > 1e-8 for other in found):
            first, second, third = sorted(geometry_name(theta, plane) for theta in one.theta)
            found.append(TriplePoint((first, second, third), plane.values(one.point), one.residual, one.error))
    return found


def plane_shares(plane: Plane, values: Float[np.ndarray, " 2"]) -> Float[np.ndarray, " 2"]:
    """Shares of the axes of (x, y)."""
    return np.array([plane.x.shares(values[0]), plane.y.shares(values[1])])
