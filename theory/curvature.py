"""Curvature of the exact loss at a critical point: minimum or saddle, kinks and rotations taken into account."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion, parameters, weights_of
from tegum.theory.newton import Expansion

#: Biases below this are zero up to rounding; the curvature has a jump there.
_ON_KINK = 1e-9
_NUDGE = 1e-9
_STEP = 1e-7
#: Modes taken from each cone, directions followed on the sphere, and steps of that descent.
_LOWEST, _FOLLOWED, _SPHERE_STEPS = 3, 16, 40
#: Rotations of the hidden space that move the weights by less than this share of the largest do not move them.
_RANK = 1e-7


def least_curvatures(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Float[np.ndarray, " models"]:
    """Least curvature of the exact loss at each of several critical points, the rotations of the hidden space left out.

    min_v v·H v over unit directions v orthogonal to all A W, A antisymmetric.  Where a bias is zero H jumps, and this
    is the least one-sided curvature along any direction.

    Args:
        W, b: weights and biases at critical points.
        law: densities and importances of each model.

    Returns:
        Loss per squared weight; positive at a strict minimum, negative at a saddle (see `curvature_tolerance`).

    Validity: at most `enumeration.MOST_FEATURES` features.  On a kink it is the least of a search over directions: an
    upper bound, as sharp as that search.
    """
    hessians = expansion(W, b, law).hessian
    return np.array([_least(*model, law[k : k + 1]) for k, model in enumerate(zip(W, b, hessians, strict=True))])


def curvature_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """10⁻⁶ × max_i I_i p_i, the curvature that counts as zero: rounding, and the steps off a kink, stay below it."""
    return 1e-6 * (law.importance * law.density).max(axis=1)


def _least(W: np.ndarray, b: np.ndarray, hessian: np.ndarray, law: Law) -> float:
    """Least curvature of one model; on the kink of the empty input, b_i = 0, the least one-sided curvature.

    There the loss is a different quadratic form on each of several cones, and a cone's lowest mode need not lie in the
    cone: only curvatures along directions, each on its own side, tell whether this is a minimum.
    """
    kinked = np.abs(b) < _ON_KINK
    if not kinked.any():
        return least_curvature(W, hessian)
    theta = parameters(W[None], np.where(kinked, 0.0, b)[None])
    # A bias so much smaller than the nudge only chooses its side of the kink.
    side = _NUDGE**2 * parameters(np.zeros_like(W)[None], kinked[None].astype(float))
    nudges = _NUDGE * np.concatenate([np.eye(theta.size), -np.eye(theta.size)])
    around = np.concatenate([theta + nudges + side, theta + nudges - side])
    hessians = _expansions(around, b.size, law).hessian
    modes = np.concatenate([_modes(W, one)[1][:, :_LOWEST].T for one in hessians])
    return _least_one_sided(theta, np.concatenate([modes, -modes]), float(np.abs(hessians).sum(axis=2).max()), law)


def _least_one_sided(theta: np.ndarray, directions: np.ndarray, stiffness: float, law: Law) -> float:
    """min_v H_v v·v over unit directions, H_v v = [∇L(θ + εv) - ∇L(θ)]/ε, by descent on the sphere from those given."""
    features = law.density.shape[1]
    here = _expansions(theta, features, law).gradient
    least = np.inf
    for _ in range(_SPHERE_STEPS):
        slopes = (_expansions(theta + _STEP * directions, features, law).gradient - here) / _STEP
        curvatures = (slopes * directions).sum(axis=1)
        least = min(least, float(curvatures.min()))
        lowest = np.argsort(curvatures)[:_FOLLOWED]
        down = slopes[lowest] - curvatures[lowest, None] * directions[lowest]
        directions = directions[lowest] - down / stiffness
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return least


def _expansions(theta: np.ndarray, features: int, law: Law) -> Expansion:
    """Expansions of one member at several points."""
    return expansion(*weights_of(theta, features), law[np.zeros(len(theta), dtype=int)])


def least_curvature(
    W: Float[np.ndarray, "hidden features"], hessian: Float[np.ndarray, "parameters parameters"]
) -> float:
    """Least eigenvalue of the Hessian on the complement of the rotations W -> (1 + A) W, A antisymmetric.

    Args:
        W: weights at a critical point.
        hessian: ∂²L/∂θ² there, θ = (W row by row, b).

    Returns:
        The least curvature, in units of loss per squared weight; negative at a saddle.
    """
    return float(_modes(W, hessian)[0][0])


def _modes(W: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures from the lowest up and their directions (columns), the rotations of the hidden space left out."""
    hidden, features = W.shape
    turns = np.zeros((hidden * (hidden - 1) // 2, hidden + 1, features))
    for turn, (a, c) in zip(turns, combinations(range(hidden), 2), strict=True):
        turn[a], turn[c] = W[c], -W[a]
    basis, size, _ = np.linalg.svd(turns.reshape(len(turns), hessian.shape[0]).T, full_matrices=True)
    others = basis[:, int((size > _RANK * size.max(initial=0.0)).sum()) :]
    curvatures, directions = np.linalg.eigh(others.T @ hessian @ others)
    return curvatures, others @ directions
