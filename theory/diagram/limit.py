"""Stability limits: where a branch of critical points stops being a local minimum.

A fold, a broken symmetry, a dropped feature that starts to grow and the kink of zero bias are one system: a critical
point θ, a direction v along which the gradient does not grow, ∇L(θ) = 0 and H_v v = 0 with |v| = 1, H_v the Hessian on
the side of v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.diagram.curves import Spot
from tegum.theory.diagram.frame import ZERO, frame, turned, zeros
from tegum.theory.diagram.plane import Plane, by_shares, derivative_laws, sensitivities
from tegum.theory.loss.law import empty_loss, joined
from tegum.theory.loss.objective import expansion_at, tied_weights
from tegum.theory.search.curvature import least_modes, symmetries

#: Distances at which the one-sided Hessian is taken and extrapolated to none.
_SIDE = 1e-7
#: Step of differences of the one-sided Hessian.
_STEP = 1e-4
#: A direction with more than this share of its square in what is zero grows out of it.
_GROWS = 0.1
#: Coupling of a direction to the axes below which symmetry forbids it.
_FORBIDDEN = 1e-5
#: Singular values below this share of the largest are zero: differences of the Hessian leave some 1e-8.
_RANK = 1e-6
_CORRECTIONS = 20
_CONVERGED = 1e-10
_FAR = 0.1


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

    Newton's method on Fᵀ∇L(θ, x) = 0, H_v(θ, x) v = 0, |v|² = 1 for (θ, v, x), the shortest step each time, without
    rotations of θ or v.  F are the directions in which the critical point may move: those that keep zeros zero and,
    where symmetry forbids v, are orthogonal to it.

    Args:
        point, theta: near the limit, a critical point of the branch.
        direction: a guess of v; the direction of least curvature where None.
        within: directions in which the point may move; both where None.
    """
    features = plane.setting.count
    rotation = frame(theta, features)
    theta = turned(theta, rotation, features)
    theta = np.where(zeros(theta, features), 0.0, theta)
    direction = _marginal_way(plane, point, theta) if direction is None else turned(direction, rotation, features)
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


def is_fold(plane: Plane, spot: LimitSpot) -> bool:
    """Whether the branch itself ends at a limit: neither zeros that v grows out of nor symmetry lead it on."""
    theta, direction = spot.theta[0], spot.direction
    pinned = zeros(theta, plane.setting.count)
    return not (_grows(direction, pinned) or _forbidden(plane, spot.point, theta, direction))


def _free(
    plane: Plane, point: np.ndarray, theta: np.ndarray, direction: np.ndarray
) -> Float[np.ndarray, "parameters free"]:
    pinned = zeros(theta, plane.setting.count)
    basis = np.eye(theta.size)[:, ~pinned]
    if _grows(direction, pinned) or not _forbidden(plane, point, theta, direction):
        return basis
    within = basis.T @ direction
    return basis @ _complement(within[:, None] / np.linalg.norm(within))


def _grows(direction: np.ndarray, pinned: np.ndarray) -> bool:
    return bool((direction[pinned] ** 2).sum() > _GROWS)


def _forbidden(plane: Plane, point: np.ndarray, theta: np.ndarray, direction: np.ndarray) -> bool:
    """Whether symmetry forbids a direction: no change of the axes pushes along it."""
    by_axes = sensitivities(theta[None], plane, point).gradient
    return bool(np.abs(by_axes @ direction).max() < _FORBIDDEN * np.linalg.norm(by_axes))


def _complement(columns: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what is orthogonal to some orthonormal columns."""
    basis, _, _ = np.linalg.svd(columns, full_matrices=True)
    return basis[:, columns.shape[1] :]


def _system(
    plane: Plane, point: np.ndarray, theta: np.ndarray, direction: np.ndarray, basis: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Residual of (Fᵀ∇L, H_v v, (|v|² - 1)/2), in units of the loss, and its Jacobian by (place in F, v, point).

    Last come rows that allow neither θ nor v any rotation.
    """
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
    turns = symmetries(tied_weights(theta[None], plane.setting.count)[0][0], None, law).T
    size, free, still = theta.size, basis.shape[1], len(turns)
    norm = [(direction @ direction - 1) / 2]
    residual = np.concatenate([gradient / scale, pull / scale, norm, np.zeros(still), turns @ direction])
    jacobian = np.zeros((free + size + 1 + 2 * still, free + size + 2))
    jacobian[:free, :free] = basis.T @ at.hessian[0] @ basis / scale
    jacobian[:free, -2:] = basis.T @ by_axes.gradient[:2].T / scale
    rows = slice(free, free + size)
    jacobian[rows, :free] = bend / scale
    jacobian[rows, free:-2] = one_sided / scale
    jacobian[rows, -2:] = (by_axes.hessian[2:] @ direction).T / scale
    jacobian[free + size, free:-2] = direction
    jacobian[free + size + 1 : free + size + 1 + still, :free] = turns @ basis
    jacobian[free + size + 1 + still :, free:-2] = turns
    return residual, jacobian


def tangent(
    plane: Plane, spot: LimitSpot, before: Float[np.ndarray, " coordinates"] | None
) -> Float[np.ndarray, " coordinates"] | None:
    """Unit direction (θ, v, point) along the limit, onwards from the one before; None where it does not move the point.

    Of the null space it is what moves the point most: v may turn freely where several directions are marginal.
    """
    theta = spot.theta[0]
    basis = _free(plane, spot.point, theta, spot.direction)
    jacobian = _system(plane, spot.point, theta, spot.direction, basis)[1]
    _, size, rows = np.linalg.svd(jacobian)
    null = rows[(size > _RANK * size[0]).sum() :]
    if not len(null):
        return None
    lift = np.zeros((2 * theta.size + 2, jacobian.shape[1]))
    lift[: theta.size, : basis.shape[1]] = basis
    lift[theta.size :, basis.shape[1] :] = np.eye(theta.size + 2)
    along = np.linalg.svd(null[:, -2:], full_matrices=False)[0][:, 0] @ null @ lift.T
    if np.linalg.norm(along[-2:]) < ZERO:
        return None
    return along if before is None or along @ before > 0 else -along
