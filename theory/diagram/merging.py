"""Where the two minima of a first-order curve become one: critical and tricritical points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.branches import distance
from tegum.theory.diagram.curves import LONGEST_STEP, End, Spot
from tegum.theory.diagram.degenerate import degenerate_near
from tegum.theory.diagram.limit import is_fold, limit
from tegum.theory.diagram.plane import Plane
from tegum.theory.geometry.turning import turned_onto
from tegum.theory.loss.objective import parameters, tied_weights
from tegum.theory.search.curvature import least_modes

#: Minima further apart than this do not merge.
_NEAR = 0.2
#: The distance of two minima has shrunk where it was this many times what it is.
_SHRINKS = 1.01
#: The end lies no further than this times where the distance of the minima, as it shrinks now, would be none.
_FURTHEST = 2.0
#: Cosine above which the way from one minimum to the other is the one along which the first is least stable.
_ALONG = 0.99


def merging(plane: Plane, spots: Sequence[Spot]) -> End:
    """The end of a curve whose last spots these are: where its minima become one, or "lost" where they do not.

    A point where they do is located as the degenerate point of a stability limit; where that fails, the end is
    extrapolated, and its error says how far.
    """
    first, second = (np.array([spot.theta[k] for spot in spots]) for k in (0, 1))
    apart = distance(first, second, plane.setting.count)
    places = _shrinking(apart)
    if len(places) < 2 or apart[-1] > _NEAR:
        return End(spots[-1].point, "lost", LONGEST_STEP)
    apart, points = apart[places], np.array([spots[place].point for place in places])
    reach = _FURTHEST * apart[-1] / (apart[-2] - apart[-1]) * float(np.linalg.norm(points[-1] - points[-2]))
    return _located(plane, spots[-1], reach) or _extrapolated(points, apart, reach)


def _shrinking(apart: Float[np.ndarray, " spots"]) -> list[int]:
    """The last place, and up to two before it between which a distance has shrunk by more than its rounding."""
    places = [len(apart) - 1]
    for place in reversed(range(len(apart) - 1)):
        if apart[place] > _SHRINKS * apart[places[-1]] and len(places) < 3:
            places.append(place)
    return places[::-1]


def _extrapolated(points: Float[np.ndarray, "spots 2"], apart: Float[np.ndarray, " spots"], reach: float) -> End:
    """The end of a curve extrapolated to no distance between its branches.

    Near a critical end the point is a smooth function of the distance d of the branches, u = u₀ + u₁ d + u₂ d²; of two
    points a straight line is drawn.
    """
    point = np.linalg.solve(np.vander(apart, increasing=True), points)[0]
    further = float(np.linalg.norm(point - points[-1]))
    return End(point, "merging", further) if further < reach else End(points[-1], "merging", reach)


def _located(plane: Plane, spot: Spot, reach: float) -> End | None:
    """The critical or tricritical point close to a spot: the nearest that one of its branches leads to."""
    found = []
    for theta, direction in _guesses(plane, spot):
        start = limit(plane, spot.point, theta, direction)
        exact = None if start is None else degenerate_near(plane, start)
        if exact is not None and np.linalg.norm(exact.point - spot.point) <= reach:
            found.append(End(exact.point, "critical" if is_fold(plane, exact) else "tricritical", exact.error))
    return min(found, key=lambda one: float(np.linalg.norm(one.point - spot.point)), default=None)


def _guesses(
    plane: Plane, spot: Spot
) -> Iterator[tuple[Float[np.ndarray, " parameters"], Float[np.ndarray, " parameters"]]]:
    """What may be marginal at the end, and along what: the one branch on the way to the other, or what is between."""
    features = plane.setting.count
    W, b = tied_weights(spot.theta[:2], features)
    first, second = parameters(np.array([W[0], turned_onto(W[1], W[0])]), b)
    way = (second - first) / np.linalg.norm(second - first)
    for theta, direction in ((first, way), (second, -way)):
        mode = least_modes(*tied_weights(theta[None], features), plane.law(spot.point[None]))[1][0]
        along = mode @ direction
        yield theta, np.sign(along) * mode if abs(along) > _ALONG else direction
    yield (first + second) / 2, way
