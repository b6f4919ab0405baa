"""The direction in which a critical point is least stable, kinks and rotations taken into account."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion_at, tied_weights
from tegum.theory.search.newton import Expansion

#: Weights and biases below this are zero up to rounding.
ZERO = 1e-7
#: Distances at which the one-sided Hessian is taken and extrapolated to none.
SIDE = 1e-7
_DIRECTIONS, _FOLLOWED, _SPHERE_STEPS = 64, 8, 200


def escape_direction(
    theta: Float[np.ndarray, " parameters"], law: Law, features: int
) -> Float[np.ndarray, " parameters"]:
    """Unit direction of least curvature at a critical point, rotations left out; one-sided where there are kinks.

    The lowest mode of the Hessian, or on kinks min_v v·H_v v by descent on the sphere from random directions.
    """
    others = complement(_turns(theta, features))
    hessian = expansions(theta[None], features, law).hessian[0]
    curvature, modes = np.linalg.eigh(others.T @ hessian @ others)
    if not zeros(theta, features)[-features:].any():
        return others @ modes[:, 0]
    random = np.random.default_rng(0).normal(size=(_DIRECTIONS, others.shape[1]))
    directions = np.concatenate([random, modes.T, -modes.T]) @ others.T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    stiffness = 2 * float(np.abs(curvature).max())
    for _ in range(_SPHERE_STEPS):
        slopes = np.einsum("kpq,kq->kp", sided(theta, directions, features, law), directions)
        curvatures = (slopes * directions).sum(axis=1, keepdims=True)
        order = np.argsort(curvatures[:, 0])[:_FOLLOWED]
        directions = (directions - (slopes - curvatures * directions) / stiffness)[order]
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions[0]


def sided(theta: np.ndarray, directions: np.ndarray, features: int, law: Law) -> np.ndarray:
    """Hessians at θ on the side of each direction: extrapolated from two small distances to none."""
    near, far = (expansions(theta + k * SIDE * directions, features, law).hessian for k in (1, 2))
    return 2 * near - far


def expansions(theta: np.ndarray, features: int, law: Law) -> Expansion:
    return expansion_at(theta, law[np.zeros(len(theta), dtype=int)])


def _turns(theta: np.ndarray, features: int) -> Float[np.ndarray, "parameters turns"]:
    """Orthonormal directions in which rotations of the hidden space move the weights."""
    W = tied_weights(theta[None], features)[0][0]
    turns = [np.zeros_like(theta) for _ in combinations(range(len(W)), 2)]
    for one, (a, c) in zip(turns, combinations(range(len(W)), 2), strict=True):
        block = one[: W.size].reshape(W.shape)
        block[a], block[c] = W[c], -W[a]
    return _range(np.array(turns).reshape(len(turns), theta.size).T)


def _range(columns: np.ndarray) -> np.ndarray:
    if not columns.size:
        return columns
    basis, size, _ = np.linalg.svd(columns, full_matrices=False)
    return basis[:, size > ZERO]


def complement(columns: np.ndarray) -> np.ndarray:
    """Orthonormal basis of what is orthogonal to some orthonormal columns."""
    basis, _, _ = np.linalg.svd(columns, full_matrices=True)
    return basis[:, columns.shape[1] :]


def zeros(theta: np.ndarray, features: int) -> Bool[np.ndarray, " parameters"]:
    """Weights and biases that stay zero along the branch: dropped vectors, and biases on the kink."""
    W, b = tied_weights(theta[None], features)
    dropped = np.abs(W[0]).max(axis=0) < ZERO
    return np.concatenate([np.tile(dropped, len(W[0])), np.abs(b[0]) < ZERO])
