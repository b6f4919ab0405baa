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
#: Cosine above which the way from one minimum to the other is the one along which the first is least stable.
_ALONG = 0.99


def merging(plane: Plane, spots: Sequence[Spot]) -> End:
    """The end of a curve whose last spots these are: where its minima become one, or "lost" where they do not.

    A point where they do is located as the degenerate point of a stability limit; where that fails, the end is
    extrapolated, and its error says how far.
    """
    end = _extrapolated(plane, spots)
    return end if end.why == "lost" else (_located(plane, spots[-1], end) or end)


def _extrapolated(plane: Plane, spots: Sequence[Spot]) -> End:
    """The end of a curve extrapolated to no distance between its branches.

    Near a critical end the point is a smooth function of the distance d of the branches, u = u₀ + u₁ d + u₂ d².
    """
    last = spots[-1]
    recent = spots[-12::4] if len(spots) >= 12 else spots[-3:]
    apart = np.array([distance(one.theta[:1], one.theta[1:], plane.setting.count)[0] for one in recent])
    if len(recent) < 3 or not (np.diff(apart) < 0).all() or apart[-1] > _NEAR:
        return End(last.point, "lost", LONGEST_STEP)
    rows = np.vander(apart, 3, increasing=True)
    point = np.linalg.solve(rows, np.array([one.point for one in recent]))[0]
    further = float(np.linalg.norm(point - last.point))
    if further > np.linalg.norm(last.point - recent[0].point):
        return End(last.point, "merging", LONGEST_STEP)
    return End(point, "merging", further)


def _located(plane: Plane, spot: Spot, end: End) -> End | None:
    """The critical or tricritical point close to an extrapolated end: the nearest that one of its branches leads to."""
    found = []
    for theta, direction in _guesses(plane, spot):
        start = limit(plane, end.point, theta, direction)
        exact = None if start is None else degenerate_near(plane, start)
        if exact is not None and np.linalg.norm(exact.point - end.point) <= end.error:
            found.append(End(exact.point, "critical" if is_fold(plane, exact) else "tricritical", exact.error))
    return min(found, key=lambda one: float(np.linalg.norm(one.point - end.point)), default=None)


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
