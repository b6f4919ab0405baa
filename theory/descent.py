"""From any weights downhill to the critical point of their basin, by the exact loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion, parameters, weights_of
from tegum.theory.newton import minimise

#: A gradient below this times the loss of the empty model counts as zero: about 10⁴ roundings.
GRADIENT_TOLERANCE = 1e-12
#: Biases below this are zero up to rounding; the curvature has a jump there.
_ON_KINK = 1e-9
_NUDGE = 1e-9


@dataclass(frozen=True)
class Descent:
    """Where the exact loss leads each member of a batch.

    Attributes:
        W, b: weights and biases at rest.
        loss: exact population loss there.
        gradient_norm: Euclidean norm of ∂L/∂(W, b).
        hessian_min: least curvature without the rotations of the hidden space; where a bias is zero the curvature
            jumps, and this is the least on any side.
        converged: whether the gradient norm fell below `gradient_tolerance`.
        iterations: Newton steps tried.
    """

    W: Float[np.ndarray, "models hidden features"]
    b: Float[np.ndarray, "models features"]
    loss: Float[np.ndarray, " models"]
    gradient_norm: Float[np.ndarray, " models"]
    hessian_min: Float[np.ndarray, " models"]
    converged: Bool[np.ndarray, " models"]
    iterations: Int[np.ndarray, " models"]


def descend(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    steps: int = 300,
    reach: float = 2.0,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Descent:
    """Follow the exact loss from each start to the critical point of its basin.

    Args:
        W, b: starting weights and biases.
        law: densities and importances of each member.
        steps: limit on Newton steps for each member; 0 judges the weights where they are.
        reach: longest step.  Long steps explore, short ones stay in the basin they start in.
        advance: told how many members are at rest, and how many there are.

    Returns:
        `Descent`, members in the order given.  Members that did not converge say so.

    Validity: independent uniform features, ReLU readout, at most `enumeration.MOST_FEATURES` features.  A start exactly
    on a saddle stays there; ``hessian_min`` below zero tells.
    """
    features = b.shape[1]
    rest = minimise(
        parameters(W, b),
        lambda theta, members: expansion(*weights_of(theta, features), law[members]),
        gradient_tolerance(law),
        steps,
        reach,
        advance,
    )
    W, b = weights_of(rest.theta, features)
    norm = np.linalg.norm(rest.at.gradient, axis=1)
    least = np.array(
        [_least(*member, law[k : k + 1]) for k, member in enumerate(zip(W, b, rest.at.hessian, strict=True))]
    )
    return Descent(W, b, rest.at.loss, norm, least, rest.converged, rest.iterations)


def gradient_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """`GRADIENT_TOLERANCE` × Σ_i I_i p_i / 3, the gradient norm that counts as zero."""
    return GRADIENT_TOLERANCE * (law.importance * law.density).sum(axis=1) / 3


def curvature_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """10⁻⁸ × max_i I_i p_i, the curvature that counts as zero: rounding, and the nudges off a kink, stay below it."""
    return 1e-8 * (law.importance * law.density).max(axis=1)


def _least(W: np.ndarray, b: np.ndarray, hessian: np.ndarray, law: Law) -> float:
    """Least curvature of one member; on the kink of the empty input, b_i = 0, the least over its sides."""
    kinked = np.abs(b) < _ON_KINK
    if not kinked.any():
        return least_curvature(W, hessian)
    theta = parameters(W[None], np.where(kinked, 0.0, b)[None])
    nudges = _NUDGE * np.concatenate([np.eye(theta.size), -np.eye(theta.size)])
    # A bias so much smaller than the nudge only chooses its side of the kink.
    side = _NUDGE**2 * parameters(np.zeros_like(W)[None], kinked[None].astype(float))
    around = np.concatenate([theta + nudges + side, theta + nudges - side])
    hessians = expansion(*weights_of(around, b.size), law[np.zeros(len(around), dtype=int)]).hessian
    return min(least_curvature(W, one) for one in hessians)


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
    hidden, features = W.shape
    turns = []
    for a in range(hidden):
        for c in range(a):
            turn = np.zeros((hidden + 1, features))
            turn[a], turn[c] = W[c], -W[a]
            turns.append(turn.ravel())
    if not turns:
        return float(np.linalg.eigvalsh(hessian)[0])
    basis, size, _ = np.linalg.svd(np.array(turns).T, full_matrices=True)
    rank = int((size > 1e-7 * max(size[0], 1e-300)).sum())
    others = basis[:, rank:]
    return float(np.linalg.eigvalsh(others.T @ hessian @ others)[0])
