"""All boundaries of a phase diagram: from the optima of its cells to curves with names, kinds and ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from jaxtyping import Float, Shaped

from tegum.theory.diagram.branches import Known, known_at_cells, lowest_known, settled
from tegum.theory.diagram.cells import geometry_name
from tegum.theory.diagram.crossing import crossing, minima, slope_difference
from tegum.theory.diagram.curves import SIDES, Curve, Spot, alike, crossed_at, ends_at, inside, on_curve
from tegum.theory.diagram.edges import Edge, Jump, Onset, changing_edges, narrowed, unexplained
from tegum.theory.diagram.first_order import first_order_curve
from tegum.theory.diagram.lattice import lost_minima
from tegum.theory.diagram.limit import LimitSpot, limit
from tegum.theory.diagram.limit_curve import limit_curve, lost_between, marginal
from tegum.theory.diagram.meetings import Meeting, leaving
from tegum.theory.diagram.pieces import PhaseBoundary, better, first_order_pieces, limit_pieces
from tegum.theory.diagram.plane import Plane

#: From so many points of a first-order curve both branches are followed until they are lost.
_PROBES = 5
#: How far beside a limit, in shares, a branch is taken up again that it ends.
_BESIDE = 1e-3
#: A limit this close to a traced one of the same branch is the same.
_SAME_LIMIT = 4e-3

Advance = Callable[[str, int, int], object]


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
    names: Shaped[np.ndarray, "rows columns"],
    advance: Advance = lambda stage, done, total: None,
) -> tuple[list[PhaseBoundary], list[TriplePoint]]:
    """Every boundary that the grid shows, traced, and the points where three geometries meet."""
    lines = _FirstOrder(plane, known_at_cells(plane, optima))
    onsets = _along_edges(lines, changing_edges(plane, optima, names), advance)
    limits: list[Curve] = []
    _limits_from_onsets(plane, onsets, limits, advance)
    for spot in [spot for curve in limits for spot in _metastable(plane, lines.known, curve)]:
        lines.trace(_lead_lost(plane, lines.known, spot))
    _limits_from_crossings(plane, lines.curves, limits, advance)
    _limits_from_lattice(plane, optima, limits, advance)
    pieces = [piece for curve in lines.curves for piece in first_order_pieces(plane, curve)]
    pieces += [piece for curve in limits for piece in limit_pieces(plane, lines.known, curve)]
    return pieces, _triple_points(plane, lines.meetings)


@dataclass
class _FirstOrder:
    """The first-order curves traced so far, their meetings, and the minima known, those along them included."""

    plane: Plane
    known: Known
    curves: list[Curve] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)

    def trace(self, start: Spot | None) -> bool:
        """Trace the curve through a crossing and those that leave its ends; whether that has led to any new one."""
        if start is None or self._seen(start) or not self._best(start):
            return False
        before = len(self.curves)
        onwards = self._follow(start)
        while onwards:
            end, spot = onwards.pop()
            if not ends_at(end, self.curves, self.plane.classes()) and self._best(spot):
                onwards += self._follow(spot)
        return len(self.curves) > before

    def _follow(self, start: Spot) -> list[tuple[Spot, Spot]]:
        """Trace one curve; of each meeting at its ends, the ends and next spots of the curves that start there."""
        curve, ends = first_order_curve(self.plane, self.known, start, self.meetings)
        if not curve.divides:  # as where several tie in a corner or, dense features being symmetric, at density 1
            return []
        self.meetings += ends
        self.curves.append(curve)
        self.known = _with_spots(self.known, curve)
        return [one for meeting in ends for one in leaving(self.plane, meeting)]

    def _seen(self, spot: Spot) -> bool:
        """Whether a crossing lies outside the plane or on a curve traced before."""
        return not inside(spot.point) or on_curve(spot, self.curves, self.plane.classes())

    def _best(self, spot: Spot) -> bool:
        """Whether a crossing is one of two minima, and no other that is known lies below them."""
        return bool(minima(self.plane, spot).all()) and better(self.plane, self.known, spot) is None


def _along_edges(lines: _FirstOrder, edges: list[Edge], advance: Advance) -> list[Onset]:
    """Trace what crosses edges whose optima differ; where a branch gives way continuously instead."""
    onsets: list[Onset] = []
    total = len(edges)
    while edges:
        edge = edges.pop()
        advance("first-order curves", total - min(len(edges), total), total)
        crossed = crossed_at(edge.points[0], edge.points[1], lines.curves)
        if crossed is not None:
            edges += unexplained(lines.plane, edge, *crossed)
            continue
        change = narrowed(lines.plane, edge)
        spot = _crossing_at(lines.plane, change) if isinstance(change, Jump) else None
        if isinstance(change, Onset):
            onsets.append(change)
        elif isinstance(change, Jump) and spot is None:
            onsets += [Onset(change.point, change.point, theta) for theta in (change.first, change.second)]
        if lines.trace(spot):
            edges.append(edge)  # there may be more to it
    return onsets


def _crossing_at(plane: Plane, jump: Jump) -> Spot | None:
    """The crossing next to a jump; on the edge where the nearest one lies outside the plane."""
    pair = np.stack([jump.first, jump.second])
    spot = crossing(plane, jump.point, pair)
    return spot if spot is not None and inside(spot.point) else crossing(plane, jump.point, pair, jump.along[:, None])


def _metastable(plane: Plane, known: Known, curve: Curve) -> list[Spot]:
    """A few spots of each stretch of a limit along which something is better than the branch that it ends."""
    stretches = groupby(curve.spots, lambda spot: better(plane, known, spot) is not None)
    return [spot for beaten, stretch in stretches if beaten for spot in _evenly(list(stretch))]


def _lead_lost(plane: Plane, known: Known, spot: Spot) -> Spot | None:
    """Where a branch that a limit ends lost the lead to what is better at the limit: on its stable side, nearby."""
    best = lowest_known(plane, spot.point, known)[0]
    for shift in _BESIDE * SIDES:
        point = np.clip(spot.point + shift, 0, 1)
        pair = settled(plane, point, np.stack([spot.theta[0], best]))[0]
        lead = crossing(plane, point, pair)
        if lead is not None and minima(plane, lead).all():
            return lead
    return None


def _with_spots(known: Known, curve: Curve) -> Known:
    points = np.repeat(curve.points, 2, axis=0)
    theta = np.concatenate([spot.theta[:2] for spot in curve.spots])
    return replace(known, spots=np.concatenate([known.spots, points]), minima=np.concatenate([known.minima, theta]))


def _limits_from_onsets(plane: Plane, onsets: list[Onset], curves: list[Curve], advance: Advance) -> None:
    """Trace the stability limits through the onsets."""
    for done, onset in enumerate(onsets, 1):
        advance("stability limits", done, len(onsets))
        here = Spot(onset.unstable, onset.parent[None], 0.0, 0.0)
        if not on_curve(here, curves, plane.classes(), _SAME_LIMIT):
            _trace(plane, limit(plane, onset.unstable, onset.parent), curves)


def _limits_from_crossings(plane: Plane, crossings: list[Curve], curves: list[Curve], advance: Advance) -> None:
    """Trace the stability limits that the branches of first-order curves meet beyond them."""
    probes = [spot for curve in crossings for spot in _evenly(curve.spots)]
    for done, spot in enumerate(probes, 1):
        advance("metastability limits", done, len(probes))
        worse = slope_difference(plane, spot)
        worse = worse / np.linalg.norm(worse)
        for theta, way in ((spot.theta[0], worse), (spot.theta[1], -worse)):
            _trace(plane, lost_between(plane, spot.point, theta, way), curves)


def _limits_from_lattice(
    plane: Plane, optima: Float[np.ndarray, "rows columns parameters"], curves: list[Curve], advance: Advance
) -> None:
    """Trace the stability limits at which minima followed over a lattice are lost, where none is traced between."""
    known = known_at_cells(plane, optima)
    ends = lost_minima(plane, known.cells, known.optima)
    for done, end in enumerate(ends, 1):
        advance("isolated limits", done, len(ends))
        here = Spot(end.point, end.theta[None], 0.0, 0.0)
        crossed = [crossed_at(end.point, end.beyond, [curve]) for curve in curves]
        if not any(one is not None and alike(here, one[1], plane.classes()) for one in crossed):
            way = end.beyond - end.point
            _trace(plane, lost_between(plane, end.point, end.theta, way / np.linalg.norm(way)), curves)


def _evenly(spots: Sequence[Spot]) -> list[Spot]:
    """A few spots of a curve, its ends left out."""
    places = np.linspace(0, len(spots) - 1, _PROBES + 2).round().astype(int)[1:-1]
    return [spots[place] for place in dict.fromkeys(places.tolist())]


def _trace(plane: Plane, spot: LimitSpot | None, curves: list[Curve]) -> None:
    """Add the limit through a spot to the curves unless it is there already."""
    if (
        spot is not None
        and inside(spot.point)
        and not on_curve(spot, curves, plane.classes(), _SAME_LIMIT)
        and marginal(plane, spot)
    ):
        curve = limit_curve(plane, spot)
        if curve.divides:
            curves.append(curve)


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
