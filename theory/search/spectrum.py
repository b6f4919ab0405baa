"""The direction of least curvature where the loss comes with a gradient but no Hessian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import parameters, tied_weights, weights_of
from tegum.theory.loss.slope import slope
from tegum.theory.search.curvature import symmetries

#: Step of the finite differences, and the error of ℓ_i / I_i relative to E x² at which gradients are taken.
_STEP, _TOLERANCE = 1e-4, 1e-8
#: Vectors of the Krylov space; with fewer parameters it is the whole space.
_KRYLOV = 160


@dataclass(frozen=True)
class Mode:
    """A direction of least curvature.

    Attributes:
        curvature: v·H v, loss per squared weight.
        noise: ‖H v - (v·H v) v‖ plus what doubling the step of the differences changes; an eigenvalue lies within the
            first, and the second is how far H is known.
        W, b: the unit direction v, in the shape of weights.
    """

    curvature: float
    noise: float
    W: Float[np.ndarray, "hidden features"]
    b: Float[np.ndarray, " features"]


def lowest_mode(W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], law: Law) -> Mode:
    """Direction of least curvature of the exact loss at a critical point, the rotations of the hidden space left out.

    min_v v·H v over unit v orthogonal to all A W, A antisymmetric, by Lanczos' method on
    H v = [∇L(θ + hv) - ∇L(θ - hv)] / 2h.

    Args:
        W, b: weights and biases at a critical point.
        law: densities and importances, of one model.

    Returns:
        `Mode`.

    Raises:
        ArithmeticError: the iteration does not converge.

    Validity: any number of features, transform route.  Where a bias is zero H jumps, and this is the mean of both
    sides (`curvature.least_curvatures` takes the least, for few features).

    Source: implicitly restarted Lanczos method (ARPACK).
    """
    theta, turns = parameters(W[None], b[None])[0], symmetries(W, None, law)
    allowed = _TOLERANCE * float(law.density.mean()) / 3
    pair = law[np.zeros(2, dtype=int)]

    def product(direction: np.ndarray, step: float = _STEP) -> np.ndarray:
        across = direction - turns @ (turns.T @ direction)
        ends = slope(*tied_weights(theta + step * np.outer([1.0, -1.0], across), b.size), pair, allowed)
        bent = (ends.gradient[0] - ends.gradient[1]) / (2 * step)
        return bent - turns @ (turns.T @ bent)

    stiff = float(np.abs(law.importance * law.density).sum()) * (1.0 + float(np.abs(W).max()) ** 2)

    def lifted(direction: np.ndarray) -> np.ndarray:
        direction = direction.ravel()
        return product(direction) + stiff * (turns @ (turns.T @ direction))

    direction = _least_eigenvector(lifted, theta.size)
    bent, coarser = product(direction), product(direction, 2 * _STEP)
    curvature = float(direction @ bent)
    noise = float(np.linalg.norm(bent - curvature * direction)) + abs(float(direction @ coarser) - curvature)
    v_W, v_b, _ = weights_of(direction[None], b.size)
    return Mode(curvature, noise, v_W[0], v_b[0])


def _least_eigenvector(product, size: int) -> np.ndarray:
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh  # slow to import, needed by few searches

    start = np.random.default_rng(0).normal(size=size)
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    try:
        _, vectors = eigsh(operator, k=1, which="SA", v0=start, ncv=min(_KRYLOV, size), tol=1e-3)
    except ArpackNoConvergence as error:
        raise ArithmeticError(f"the least curvature of {size} parameters could not be found: {error}") from error
    return vectors[:, 0]
