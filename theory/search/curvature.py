"""Curvature of the exact loss at a critical point: minimum or saddle, kinks and rotations taken into account."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law, Structure
from tegum.theory.loss.objective import BASIC, expansion_at, parameters, slopes_at
from tegum.theory.search.newton import Expansion

#: Biases below this are zero up to rounding; the curvature has a jump there.
_ON_KINK = 1e-9
_NUDGE = 1e-9
_STEP = 1e-7
#: Modes taken from each cone, directions followed on the sphere, and steps of that descent.
_LOWEST, _FOLLOWED, _SPHERE_STEPS = 3, 16, 40
#: That descent has ended when so many steps lower the curvature by less than this share of the stiffness.
_STALL, _STALLED = 1e-9, 4
#: Rotations of the hidden space that move the weights by less than this share of the largest do not move them.
_RANK = 1e-7

#: A curvature and the unit direction along which it holds.
_Mode = tuple[float, np.ndarray]


def least_curvatures(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
) -> Float[np.ndarray, " models"]:
    """Least curvature of the exact loss at each of several critical points, symmetries of the hidden space left out.

    min_v v·H v over unit directions v orthogonal to all A W, A antisymmetric (see `symmetries` for other models).
    Where a bias is zero H jumps, and this is the least one-sided curvature along any direction.

    Args:
        W, b: weights and biases at critical points.
        law: of each model.
        W_out: output weights; None if tied.

    Returns:
        Loss per squared weight; positive at a strict minimum, negative at a saddle (see `curvature_tolerance`).

    Validity: what `objective.expansion` takes.  On a kink it is the least of a search over directions: an upper bound,
    as sharp as that search.  Weights that are exactly zero under an L1 term are held there by the term's own kinks.
    """
    return least_modes(W, b, law, W_out)[0]


def least_modes(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
) -> tuple[Float[np.ndarray, " models"], Float[np.ndarray, "models parameters"]]:
    """Least curvatures as `least_curvatures`, and the unit directions along which they hold: on a kink one-sided."""
    theta = parameters(W, b, W_out, law.structure.bias)
    hessians = expansion_at(theta, law).hessian
    fixed = [symmetries(W[k], None if W_out is None else W_out[k], law[k : k + 1]) for k in range(len(W))]
    each = zip(theta, b, hessians, fixed, strict=True)
    found = [_least(*model, law[k : k + 1]) for k, model in enumerate(each)]
    return np.array([least for least, _ in found]), np.stack([direction for _, direction in found])


def curvature_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """10⁻⁶ × max_i I_i p_i, the curvature that counts as zero: rounding, and the steps off a kink, stay below it."""
    return 1e-6 * (law.importance * law.density).max(axis=1)


def _least(theta: np.ndarray, b: np.ndarray, hessian: np.ndarray, fixed: np.ndarray, law: Law) -> _Mode:
    """Least curvature of one model and its direction; one-sided on the kink of the empty input, b_i = 0.

    There the loss is a different quadratic form on each of several cones, and a cone's lowest mode need not lie in the
    cone: only curvatures along directions, each on its own side, tell whether this is a minimum.
    """
    kinked = np.abs(b) < _ON_KINK
    if not kinked.any() or law.structure.readout == "linear":
        curvatures, modes = _modes(hessian, fixed)
        return float(curvatures[0]), modes[:, 0]
    # A bias so much smaller than the nudge only chooses its side of the kink.
    side = np.zeros_like(theta)
    if law.structure.bias:
        theta = theta.copy()
        theta[-b.size :][kinked] = 0.0
        side[-b.size :] = _NUDGE**2 * kinked
    nudges = _NUDGE * np.concatenate([np.eye(theta.size), -np.eye(theta.size)])
    around = np.concatenate([theta + nudges + side, theta + nudges - side])
    hessians = _expansions(around, law).hessian
    others = _complement(fixed)
    lowest = np.linalg.eigh(others.T @ hessians @ others)[1][..., :_LOWEST]
    modes = (others @ lowest).swapaxes(1, 2).reshape(-1, theta.size)
    return _least_one_sided(
        theta, np.concatenate([modes, -modes]), fixed, float(np.abs(hessians).sum(axis=2).max()), law
    )


def _least_one_sided(theta: np.ndarray, directions: np.ndarray, fixed: np.ndarray, stiffness: float, law: Law) -> _Mode:
    """min_v H_v v·v over unit directions, H_v v = [∇L(θ + εv) - ∇L(θ)]/ε, by descent on the sphere from those given."""
    here = slopes_at(theta[None], law)
    least, along, stalled = np.inf, directions[0], 0
    for _ in range(_SPHERE_STEPS):
        slopes = (slopes_at(theta + _STEP * directions, _repeated(law, len(directions))) - here) / _STEP
        curvatures = (slopes * directions).sum(axis=1)
        lowest = np.argsort(curvatures)[:_FOLLOWED]
        stalled = 0 if curvatures[lowest[0]] < least - _STALL * stiffness else stalled + 1
        if curvatures[lowest[0]] < least:
            least, along = float(curvatures[lowest[0]]), directions[lowest[0]]
        if stalled == _STALLED:
            break
        down = slopes[lowest] - curvatures[lowest, None] * directions[lowest]
        directions = directions[lowest] - down / stiffness
        directions -= directions @ fixed @ fixed.T
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return least, along


def _expansions(theta: np.ndarray, law: Law) -> Expansion:
    """Expansions of one member at several points."""
    return expansion_at(theta, _repeated(law, len(theta)))


def _repeated(law: Law, times: int) -> Law:
    return law[np.zeros(times, dtype=int)]


def least_curvature(
    W: Float[np.ndarray, "hidden features"], hessian: Float[np.ndarray, "parameters parameters"]
) -> float:
    """Least eigenvalue of the Hessian on the complement of the rotations W -> (1 + A) W, A antisymmetric.

    Args:
        W: weights at a critical point, tied, with biases.
        hessian: ∂²L/∂θ² there, θ = (W row by row, b).

    Returns:
        The least curvature, in units of loss per squared weight; negative at a saddle.
    """
    return float(_modes(hessian, _spanned(_turns(W, None, BASIC, True), hessian.shape[0]))[0][0])


def symmetries(
    W: Float[np.ndarray, "hidden features"], W_out: Float[np.ndarray, "features hidden"] | None, law: Law
) -> Float[np.ndarray, "parameters directions"]:
    """Orthonormal directions along which a model's loss cannot change, or cannot fall at first order.

    Rotations W -> (1 + A) W, A antisymmetric, of tied weights; any A of untied ones, W_out -> W_out (1 - A); with a
    ReLU hidden layer only the diagonal ones; none under an L1 term, but there the weights that its kinks hold at zero.

    Args:
        W, W_out: weights of one model.
        law: of that model.
    """
    size = (1 if W_out is None else 2) * W.size + law.structure.bias * W.shape[1]
    if law.l1 is None:
        return _spanned(_turns(W, W_out, law.structure, law.structure.bias), size)
    return np.eye(size)[:, np.flatnonzero(W.ravel() == 0.0)]


def _turns(W: np.ndarray, W_out: np.ndarray | None, structure: Structure, bias: bool) -> np.ndarray:
    """Generators of the symmetries, each a stack of rows like θ."""
    hidden, features = W.shape
    matrices = 1 if W_out is None else 2
    every = np.arange(hidden)
    if structure.activation == "relu":
        generators = [np.diag(1.0 * (every == a)) for a in every] if W_out is not None else []
    elif W_out is None:
        generators = [_unit(hidden, a, c) - _unit(hidden, c, a) for a, c in combinations(range(hidden), 2)]
    else:
        generators = [_unit(hidden, a, c) for a, c in product(range(hidden), repeat=2)]
    turns = np.zeros((len(generators), matrices * hidden + bias, features))
    for turn, A in zip(turns, generators, strict=True):
        turn[:hidden] = A @ W
        if W_out is not None:
            turn[hidden : 2 * hidden] = -A.T @ W_out.T
    return turns


def _unit(size: int, a: int, c: int) -> np.ndarray:
    matrix = np.zeros((size, size))
    matrix[a, c] = 1.0
    return matrix


def _spanned(turns: np.ndarray, size: int) -> np.ndarray:
    """Orthonormal basis of what some directions span."""
    basis, lengths, _ = np.linalg.svd(turns.reshape(len(turns), size).T, full_matrices=False)
    return basis[:, lengths > _RANK * lengths.max(initial=0.0)]


def _complement(fixed: np.ndarray) -> np.ndarray:
    """Orthonormal basis of all directions orthogonal to some."""
    whole, _, _ = np.linalg.svd(fixed, full_matrices=True)
    return whole[:, fixed.shape[1] :]


def _modes(hessian: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures from the lowest up and their directions (columns), some directions left out."""
    others = _complement(fixed)
    curvatures, directions = np.linalg.eigh(others.T @ hessian @ others)
    return curvatures, others @ directions
