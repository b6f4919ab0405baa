"""Stability limits: where a branch of critical points stops being a local minimum, traced over the plane.

A fold, a broken symmetry, a dropped feature that starts to grow and the kink of zero bias are one system: a critical
point θ, a direction v along which the gradient does not grow, ∇L(θ) = 0 and H_v v = 0 with |v| = 1, H_v the Hessian on
the side of v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.branches import distance
from tegum.theory.diagram.curves import (
    FIRST_STEP,
    LONGEST_STEP,
    Curve,
    End,
    Spot,
    exit_side,
    inside,
)
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane, by_shares, derivative_laws, sensitivities
from tegum.theory.loss.law import empty_loss, joined
from tegum.theory.loss.objective import expansion_at, tied_weights
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures, least_modes

#: Weights and biases below this are zero up to rounding.
_ZERO = 1e-7
#: Distances at which the one-sided Hessian is taken and extrapolated to none.
_SIDE = 1e-7
#: Step of differences of the one-sided Hessian.
_STEP = 1e-4
#: A direction with more than this share of its square in what is zero grows out of it.
_GROWS = 0.1
#: Coupling of a direction to the axes below which symmetry forbids it.
_FORBIDDEN = 1e-5
_RANK = 1e-8
_CORRECTIONS = 20
_CONVERGED = 1e-10
_FAR = 0.1
_MOST_POINTS = 4000
#: Below this step a limit has come to an end; the longest way of any weight in a step.
_SHORTEST_STEP, _LONGEST_WAY = 2e-4, 0.1


@dataclass(frozen=True)
class LimitSpot(Spot):
    """A point of a stability limit: ``theta`` [1, parameters] and the marginal ``direction``."""

    direction: Float[np.ndarray, " parameters"]


def limit(
    plane: Plane,
    point: Float[np.ndarray, " 2"],
    theta: Float[np.ndarray, " parameters"],
    direction: Float[np.ndarray, " parameters"] | None = None,
    within: Float[np.ndarray, "2 directions"] | None = None,
) -> LimitSpot | None:
    """The point nearby where a branch stops being a local minimum, or None where there is none.

    Newton's method on Fᵀ∇L(θ, x) = 0, H_v(θ, x) v = 0, |v|² = 1 for (θ, v, x), the shortest step each time.  F are the
    directions in which the critical point may move: those that keep zeros zero, where v grows out of them; those
    orthogonal to v, where symmetry forbids v; all, at a fold.

    Args:
        point, theta: near the limit, a critical point of the branch.
        direction: a guess of v; the direction of least curvature where None.
        within: directions in which the point may move; both where None.
    """
    features = plane.setting.count
    theta = np.where(_zeros(theta, features), 0.0, theta)
    direction = _marginal_way(plane, point, theta) if direction is None else direction
    basis = _free(plane, point, theta, direction)
    directions = np.eye(2) if within is None else within
    start = point
    for _ in range(_CORRECTIONS):
        residual, jacobian = _system(plane, point, theta, direction, basis)
        jacobian = np.concatenate([jacobian[:, :-2], jacobian[:, -2:] @ directions], axis=1)
        step = -np.linalg.pinv(jacobian, rcond=_RANK) @ residual
        free, parameter_count = basis.shape[1], theta.size
        theta = theta + basis @ step[:free]
        direction = direction + step[free : free + parameter_count]
        moved = directions @ step[free + parameter_count :]
        point = point + moved
        if not np.isfinite(step).all() or np.abs(point - start).max() > _FAR or not _valid(plane, point):
            return None
        if np.linalg.norm(step) < _CONVERGED:
            left = float(np.abs(residual).max())
            scale = float(empty_loss(plane.law(point[None]))[0])
            return LimitSpot(point, theta[None], left * scale, float(np.linalg.norm(moved)) + 1e-12, direction)
    return None


def _marginal_way(plane: Plane, point: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Unit direction along which a critical point is least stable."""
    return least_modes(*tied_weights(theta[None], plane.setting.count), plane.law(point[None]))[1][0]


def _valid(plane: Plane, point: np.ndarray) -> bool:
    """Whether the law exists there: a correction may leave the plane a little, but not the densities' range."""
    return bool((np.abs(point - 0.5) < 0.6).all() and (plane.law(point[None]).density < 1.2).all())


def _free(
    plane: Plane, point: np.ndarray, theta: np.ndarray, direction: np.ndarray
) -> Float[np.ndarray, "parameters free"]:
    pinned = _zeros(theta, plane.setting.count)
    if (direction[pinned] ** 2).sum() > _GROWS:
        return np.eye(theta.size)[:, ~pinned]
    by_axes = sensitivities(theta[None], plane, point).gradient
    if np.abs(by_axes @ direction).max() < _FORBIDDEN * np.linalg.norm(by_axes):
        return _complement(direction[:, None] / np.linalg.norm(direction))
    return np.eye(theta.size)


def _complement(columns: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what is orthogonal to some orthonormal columns."""
    basis, _, _ = np.linalg.svd(columns, full_matrices=True)
    return basis[:, columns.shape[1] :]


def _zeros(theta: np.ndarray, features: int) -> Bool[np.ndarray, " parameters"]:
    """Weights and biases that stay zero along the branch: dropped vectors, and biases on the kink."""
    W, b = tied_weights(theta[None], features)
    dropped = np.abs(W[0]).max(axis=0) < _ZERO
    return np.concatenate([np.tile(dropped, len(W[0])), np.abs(b[0]) < _ZERO])


def _system(
    plane: Plane, point: np.ndarray, theta: np.ndarray, direction: np.ndarray, basis: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Residual of (Fᵀ∇L, H_v v, (|v|² - 1)/2), in units of the loss, and its Jacobian by (place in F, v, point)."""
    law = plane.law(point[None])
    terms, weight = derivative_laws(plane, point)
    scale = float(empty_loss(law)[0])
    side = _SIDE * direction
    moved = theta + np.concatenate([_STEP * basis.T, -_STEP * basis.T]) + side
    here = np.concatenate([[theta, theta + side, theta + 2 * side], moved])
    there = np.repeat([theta, theta + side], len(weight), axis=0)
    laws = joined([law[np.zeros(len(here), dtype=int)], terms, terms])
    at = expansion_at(np.concatenate([here, there]), laws)
    one_sided = 2 * at.hessian[1] - at.hessian[2]
    pulls = at.hessian[3 : len(here)] @ direction
    bend = (pulls[: basis.shape[1]] - pulls[basis.shape[1] :]).T / (2 * _STEP)
    by_axes = by_shares(at[len(here) :], weight)
    gradient, pull = basis.T @ at.gradient[0], one_sided @ direction
    residual = np.concatenate([gradient / scale, pull / scale, [(direction @ direction - 1) / 2]])
    size, free = theta.size, basis.shape[1]
    jacobian = np.zeros((free + size + 1, free + size + 2))
    jacobian[:free, :free] = basis.T @ at.hessian[0] @ basis / scale
    jacobian[:free, -2:] = basis.T @ by_axes.gradient[:2].T / scale
    jacobian[free:-1, :free] = bend / scale
    jacobian[free:-1, free:-2] = one_sided / scale
    jacobian[free:-1, -2:] = (by_axes.hessian[2:] @ direction).T / scale
    jacobian[-1, free:-2] = direction
    return residual, jacobian


def limit_curve(plane: Plane, start: LimitSpot) -> Curve:
    """The curve along which a branch stops being a local minimum, by pseudo-arclength continuation of `limit`."""
    there, last = _half(plane, start, 1.0)
    if last.why == "closed":
        return Curve((start, *there), (last, last))
    back, first = _half(plane, start, -1.0)
    return Curve((*back[::-1], start, *there), (first, last))


def _half(plane: Plane, start: LimitSpot, side: float) -> tuple[list[LimitSpot], End]:
    spots, step = [start], FIRST_STEP
    tangent = _tangent(plane, start, None)
    if tangent is None:
        return [], End(start.point, "lost", start.error)
    tangent = side * tangent
    while len(spots) < _MOST_POINTS:
        here = spots[-1]
        ahead = _moved(plane, here, tangent, step)
        if not inside(ahead.point):
            end = _at_edge(plane, here, ahead)
            if end is not None:
                return [*spots[1:], end], End(end.point, "edge", end.error)
        spot = _accepted(plane, here, ahead, step) if inside(ahead.point) else None
        if spot is None:
            step /= 2
            if step < _SHORTEST_STEP:
                return spots[1:], End(here.point, "lost", 10 * _SHORTEST_STEP)
            continue
        onwards = _tangent(plane, spot, tangent)
        if onwards is None:
            return spots[1:], End(here.point, "lost", LONGEST_STEP)
        if onwards[-2:] @ tangent[-2:] < 0:
            return spots[1:], End(spot.point, "cusp", float(np.linalg.norm(spot.point - here.point)))
        if len(spots) > 4 and np.linalg.norm(spot.point - start.point) < 0.9 * step:
            return [*spots[1:], start], End(start.point, "closed", start.error)
        spots.append(spot)
        step, tangent = min(1.4 * step, LONGEST_STEP), onwards
    raise ArithmeticError(f"a stability limit did not end within {_MOST_POINTS} points")


def _tangent(plane: Plane, spot: LimitSpot, before: np.ndarray | None) -> np.ndarray | None:
    """Unit direction (θ, v, point) along the curve: of the null space, what is nearest to the one before."""
    theta = spot.theta[0]
    basis = _free(plane, spot.point, theta, spot.direction)
    jacobian = _system(plane, spot.point, theta, spot.direction, basis)[1]
    _, size, rows = np.linalg.svd(jacobian)
    null = rows[(size > _RANK * size[0]).sum() :]
    lift = np.zeros((2 * theta.size + 2, jacobian.shape[1]))
    lift[: theta.size, : basis.shape[1]] = basis
    lift[theta.size :, basis.shape[1] :] = np.eye(theta.size + 2)
    null = null @ lift.T
    if before is None:
        share = np.linalg.svd(null[:, -2:], full_matrices=False)[0][:, 0]
    else:
        share = null @ before
    tangent = share @ null
    length = np.linalg.norm(tangent)
    return None if length < _ZERO or np.linalg.norm(tangent[-2:]) < _ZERO * length else tangent / length


def _moved(plane: Plane, here: LimitSpot, tangent: np.ndarray, step: float) -> LimitSpot:
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
