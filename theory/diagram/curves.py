"""Curves of a phase diagram as records, and the geometry of the unit square that tracing them needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from tegum.theory.diagram.branches import invariants

#: Steps along a curve, as shares of the axes: the first, the longest, and the one below which it has come to an end.
FIRST_STEP, LONGEST_STEP, SHORTEST_STEP = 0.005, 0.03, 2e-6
#: The four ways aside of a point.
SIDES = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
#: Overlaps and biases that move by more within a step have jumped to another branch.
LONGEST_MOVE = 0.08
#: A step is retried shorter if the curve turns by more than the first (radians), and lengthened below the second.
SHARP_TURN, SLIGHT_TURN = 0.25, 0.08
#: A point this close to a traced curve lies on it: chords of the longest step leave a curve by less.
_ON_CURVE = 2e-3
#: Ends of curves this close to each other are one point, and branches there one branch: where two of them are about to
#: merge, a meeting knows them much worse than its place.
_SAME_POINT, _SAME_END = 1e-6, 1e-3
#: Overlaps and biases of one branch at neighbouring spots agree to this.
_ALIKE = 0.15


@dataclass(frozen=True)
class Spot:
    """A point of a curve with the branches that meet there.

    Attributes:
        point: shares of the two axes.
        theta: weights of the branches.
        residual: how far the equations of the curve are from holding, in units of the loss.
        error: bound on its distance from the exact curve, in shares of the axes.
    """

    point: Float[np.ndarray, " 2"]
    theta: Float[np.ndarray, "branches parameters"]
    residual: float
    error: float


@dataclass(frozen=True)
class End:
    """Where a curve ends and why.

    Attributes:
        point: shares of the two axes.
        why: "edge" of the plane; "meeting" with a third branch; "critical" or "tricritical" where the two branches of a
            first-order curve become one, by a fold or on a continuous transition, "merging" where that point was not
            located; "cusp" where two stability limits meet; "closed" curve; "lost" where a branch stops being a minimum
            or a third is better that was not met; or "change" of names or kind.
        error: bound on the distance from the exact end at "edge", "meeting" and "closed"; an estimate elsewhere; at
            "change" the distance of the two points between which it was seen.
    """

    point: Float[np.ndarray, " 2"]
    why: str
    error: float


@dataclass(frozen=True)
class Curve:
    """A traced curve: its points in order, and its two ends."""

    spots: tuple[Spot, ...]
    ends: tuple[End, End]

    @property
    def points(self) -> Float[np.ndarray, "points 2"]:
        """Shares of the two axes."""
        return np.array([spot.point for spot in self.spots])

    @property
    def divides(self) -> bool:
        """Whether something of the plane lies on either side: it is no single point, nor part of the plane's edge."""
        first, last = self.ends
        is_point = first.why != "closed" and np.linalg.norm(first.point - last.point) < _SAME_POINT
        on_edge = (np.abs(self.points - 0.5) > 0.5 - _SAME_POINT).all(axis=0).any()
        return not (is_point or on_edge)


def on_curve(spot: Spot, curves: list[Curve], classes: Int[np.ndarray, " features"], within: float = _ON_CURVE) -> bool:
    """Whether a spot lies on one of several curves, chords taken for arcs, with the branches of that curve."""
    return any(
        _gap(spot.point, curve.points) < within and alike(spot, _nearest(spot, curve), classes) for curve in curves
    )


def ends_at(end: Spot, curves: list[Curve], classes: Int[np.ndarray, " features"]) -> bool:
    """Whether one of several curves ends at a spot, with the branches of that spot."""
    ends = [spot for curve in curves for spot in (curve.spots[0], curve.spots[-1])]
    here = [one for one in ends if np.linalg.norm(one.point - end.point) < _SAME_POINT]
    return any(alike(end, one, classes, _SAME_END) for one in here)


def _nearest(spot: Spot, curve: Curve) -> Spot:
    return curve.spots[int(np.argmin(np.linalg.norm(curve.points - spot.point, axis=1)))]


def alike(spot: Spot, other: Spot, classes: Int[np.ndarray, " features"], tolerance: float = _ALIKE) -> bool:
    """Whether two spots have the same branches, in any order and up to an exchange of features that are alike."""
    ours, theirs = (unlabelled(one.theta, classes) for one in (spot, other))
    theirs = theirs[: len(ours)]
    return any(np.abs(ours - one).max() < tolerance for one in (theirs, theirs[::-1]))


def unlabelled(
    theta: Float[np.ndarray, "branches parameters"], classes: Int[np.ndarray, " features"]
) -> Float[np.ndarray, "branches invariants"]:
    """Overlaps and biases of each branch, those of like features in rising order: what an exchange does not change."""
    features = len(classes)
    each = invariants(theta, features)
    pairs = np.add.outer(features * classes, classes).ravel()
    of_class = np.concatenate([pairs, features**2 + classes])  # a place's class: of two features, or of one's bias
    order = np.lexsort((each, np.broadcast_to(of_class, each.shape)), axis=-1)
    return np.take_along_axis(each, order, axis=1)


def _gap(point: np.ndarray, chain: np.ndarray) -> float:
    """Distance of a point from a polygonal chain."""
    if len(chain) == 1:
        return float(np.linalg.norm(point - chain[0]))
    start, along = chain[:-1], np.diff(chain, axis=0)
    length = (along**2).sum(axis=1)
    share = ((point - start) * along).sum(axis=1) / np.where(length > 0, length, 1.0)
    nearest = start + np.clip(share, 0, 1)[:, None] * along
    return float(np.linalg.norm(nearest - point, axis=1).min())


def crossed_at(
    start: Float[np.ndarray, " 2"], stop: Float[np.ndarray, " 2"], curves: list[Curve]
) -> tuple[Float[np.ndarray, " 2"], Spot] | None:
    """The point at which one of several curves crosses the segment between two points, and the curve's spot next to it.

    Chords are taken for arcs; of a chord along the segment the point nearest to its spot counts.
    """
    for curve in curves:
        first, second = curve.points[:-1], curve.points[1:]
        apart = _side(start, stop, first) * _side(start, stop, second) <= 0
        apart &= (first != second).any(axis=1)  # a curve that starts on the plane's edge ends there at once, too
        hits = np.flatnonzero(apart & (_side(first, second, start) * _side(first, second, stop) <= 0))
        if hits.size:
            spot, sides = curve.spots[hits[0]], [_side(first, second, end)[hits[0]] for end in (start, stop)]
            across, along = sides[0] - sides[1], stop - start
            share = sides[0] / across if across else np.clip((spot.point - start) @ along / (along @ along), 0, 1)
            return start + share * along, spot
    return None


def _side(start: np.ndarray, stop: np.ndarray, point: np.ndarray) -> np.ndarray:
    """On which side of a line a point lies, by sign."""
    along, to = stop - start, point - start
    return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]


def inside(point: Float[np.ndarray, " 2"]) -> bool:
    """Whether a point lies in the plane."""
    return bool(((point >= 0) & (point <= 1)).all())


def exit_side(start: Float[np.ndarray, " 2"], stop: Float[np.ndarray, " 2"]) -> tuple[int, float]:
    """The side of the unit square (coordinate, its value) by which the way to a point outside leaves it."""
    along = stop - start
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(along > 0, (1 - start) / along, np.where(along < 0, -start / along, np.inf))
    coordinate = int(np.argmin(share))
    return coordinate, 1.0 if along[coordinate] > 0 else 0.0


def turn(first: Float[np.ndarray, " 2"], second: Float[np.ndarray, " 2"]) -> float:
    """Angle between two directions."""
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.arccos(np.clip(first @ second / lengths, -1, 1))) if lengths else 0.0
