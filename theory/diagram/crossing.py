"""Crossings: points of the plane where several local minima have the same loss."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.branches import same_branch
from tegum.theory.diagram.curves import Spot
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane, sensitivities
from tegum.theory.loss.law import empty_loss
from tegum.theory.loss.objective import expansion_at, tied_weights, weights_of
from tegum.theory.loss.population import enumerated_errors
from tegum.theory.search.curvature import curvature_tolerance, least_modes

_CORRECTIONS = 40
#: Newton's method has converged when a step, in shares of the axes, is below this.
_CONVERGED = 1e-12
#: ... or below what rounding of a loss, relative to the empty model's, moves the crossing.
_ROUNDING = 1e-15
#: Corrections that lead further away than this are on the way to something else.
FAR = 0.1
#: A crossing that is known no better than this is none: copies under an exchange of like features are equal everywhere.
_SHARP = 1e-5


def crossing(
    plane: Plane,
    point: Float[np.ndarray, " 2"],
    theta: Float[np.ndarray, "branches parameters"],
    within: Float[np.ndarray, "2 directions"] | None = None,
) -> Spot | None:
    """The point nearby where the losses of several minima are equal, or None where there is none.

    Newton's method on ∇L_A(θ_A, x) = ∇L_B(θ_B, x) = ... = 0 and L_A - L_B = ... = 0 for (θ_A, θ_B, ..., x), with the
    minima eliminated: at a minimum dL/dx is the partial derivative at fixed weights.

    Args:
        point, theta: near the crossing, two minima for a point of a curve, three for a meeting of curves.
        within: directions in which the point may move; both where None.  For two minima the shortest step is taken.
    """
    directions = np.eye(2) if within is None else within
    start, step = point, np.zeros(2)
    for _ in range(_CORRECTIONS):
        found = _side_by_side(plane, point + step, theta)
        if found is None:  # beyond the end of a branch: back towards the last point where all are there
            step = step / 2
            if np.linalg.norm(step) < _CONVERGED:
                return None
            continue
        point, theta = point + step, found
        law = plane.law(np.tile(point, (len(theta), 1)))
        loss = expansion_at(theta, law).loss
        slopes = sensitivities(theta, plane, point).loss.reshape(-1, 2)
        apart, steepness = loss[:-1] - loss[1:], (slopes[:-1] - slopes[1:]) @ directions
        step = directions @ np.linalg.lstsq(steepness, -apart, rcond=None)[0]
        least = np.linalg.svd(steepness, compute_uv=False).min()
        if np.linalg.norm(step) < _CONVERGED + _ROUNDING * empty_loss(law)[0] / least:
            error = float(rounding(plane, np.tile(point, (len(theta), 1)), theta).sum() / least)
            return Spot(point, theta, float(np.abs(apart).max()), error) if error < _SHARP else None
        if np.linalg.norm(point + step - start) > FAR:
            return None
    return None


def _side_by_side(plane: Plane, point: np.ndarray, theta: np.ndarray) -> np.ndarray | None:
    """Critical points that several weights lead to at a point, or None where two of them are the same."""
    found, loss = followed(plane, np.tile(point, (len(theta), 1)), theta, NEARBY)
    pairs = np.array(list(combinations(range(len(theta)), 2)))
    same = same_branch(found[pairs[:, 0]], found[pairs[:, 1]], plane.setting.count)
    return found if np.isfinite(loss).all() and not same.any() else None


def rounding(
    plane: Plane, points: Float[np.ndarray, "members 2"], theta: Float[np.ndarray, "members parameters"]
) -> Float[np.ndarray, " members"]:
    """Bounds on the numerical errors of the losses of weights at points."""
    law = plane.law(np.clip(points, 0, 1))
    W, b, W_out = weights_of(theta, plane.setting.count, law.structure)
    return enumerated_errors(W, b, law, W_out)


def slope_difference(plane: Plane, spot: Spot) -> Float[np.ndarray, " 2"]:
    """Derivatives of L_A - L_B by the two shares."""
    slopes = sensitivities(spot.theta[:2], plane, spot.point).loss
    return slopes[:2] - slopes[2:]


def tangent_at(plane: Plane, spot: Spot) -> Float[np.ndarray, " 2"]:
    """Unit direction of the curve through a spot."""
    across = slope_difference(plane, spot)
    return np.array([-across[1], across[0]]) / np.linalg.norm(across)


def minima(plane: Plane, spot: Spot) -> Bool[np.ndarray, " branches"]:
    """Which of a spot's branches are local minima there."""
    return stability(plane, spot)[0]


def stability(
    plane: Plane, spot: Spot
) -> tuple[Bool[np.ndarray, " branches"], Float[np.ndarray, "branches parameters"]]:
    """Which of a spot's branches are local minima, and the direction of each along which it is least stable."""
    law = plane.law(np.tile(spot.point, (len(spot.theta), 1)))
    least, ways = least_modes(*tied_weights(spot.theta, plane.setting.count), law)
    return least > curvature_tolerance(law), ways
