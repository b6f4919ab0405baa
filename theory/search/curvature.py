"""Curvature of the exact loss at a critical point: minimum or saddle, kinks and rotations taken into account."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law, Structure
from tegum.theory.loss.objective import expansion_at, parameters
from tegum.theory.search.kinks import one_sided_modes

#: Biases below this are zero up to rounding; the curvature has a jump there.
_ON_KINK = 1e-9
#: Rotations of the hidden space that move the weights by less than this share of the largest do not move them.
_RANK = 1e-7
#: Shares of a unit direction below this are rounding.
_NO_SHARE = 1e-13
#: A fourth of the entries of all the Hessians around kinks that are held at once.
_ENTRIES = 2**22


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
    kinked = (np.abs(b) < _ON_KINK) & (law.structure.readout == "relu")
    fixed = [symmetries(W[k], None if W_out is None else W_out[k], law[k : k + 1]) for k in range(len(W))]
    least, along = np.empty(len(theta)), np.empty_like(theta)
    for members in _alike(fixed, kinked.any(axis=1)):
        others = _complement(np.stack([fixed[k] for k in members]))
        if kinked[members].any():
            least[members], along[members] = one_sided_modes(theta[members], kinked[members], others, law[members])
        else:
            curvatures, modes = _modes(hessians[members], others)
            least[members], along[members] = curvatures[:, 0], modes[:, :, 0]
    return least, along


def _alike(fixed: list[np.ndarray], on_kink: np.ndarray) -> Iterator[np.ndarray]:
    """Models of as many symmetries each, all on a kink or all off, few enough to hold the Hessians around them."""
    groups: dict[tuple[int, bool], list[int]] = {}
    for model, kind in enumerate(zip((one.shape[1] for one in fixed), on_kink.tolist(), strict=True)):
        groups.setdefault(kind, []).append(model)
    together = max(1, _ENTRIES // len(fixed[0]) ** 3)
    for members in groups.values():
        yield from (np.array(members[first : first + together]) for first in range(0, len(members), together))


def curvature_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """10⁻⁶ × max_i I_i p_i, the curvature that counts as zero: rounding, and the steps off a kink, stay below it."""
    return 1e-6 * (law.importance * law.density).max(axis=1)


def symmetries(
    W: Float[np.ndarray, "hidden features"], W_out: Float[np.ndarray, "features hidden"] | None, law: Law
) -> Float[np.ndarray, "parameters directions"]:
    """Orthonormal directions along which a model's loss cannot change, or cannot fall at first order.

    Rotations W -> (1 + A) W, A antisymmetric, of tied weights; any A of untied ones, W_out -> W_out (1 - A); with a
    ReLU hidden layer only the diagonal ones; none under an L1 term.  There, and with a ReLU hidden layer over
    continuous values, weights that are exactly zero are held by kinks, and their directions belong to these.

    Args:
        W, W_out: weights of one model.
        law: of that model.
    """
    structure = law.structure
    size = (1 if W_out is None else 2) * W.size + structure.bias * W.shape[1]
    kinked = structure.activation == "relu" and structure.values != "binary"
    held = np.flatnonzero(W.ravel() == 0.0) if kinked or law.l1 is not None else np.array([], dtype=int)
    turns = _turns(W, W_out, structure, structure.bias) if law.l1 is None else np.zeros((0, size))
    return np.concatenate([_spanned(turns, size), np.eye(size)[:, held]], axis=1)


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


def _complement(fixed: Float[np.ndarray, "models parameters directions"]) -> np.ndarray:
    """Orthonormal bases of all directions orthogonal to some."""
    whole, _, _ = np.linalg.svd(fixed, full_matrices=True)
    others = whole[..., fixed.shape[-1] :]
    # A weight held at zero stays there exactly: the least weight of the wrong sign leaves a unit undecided.
    return np.where(np.abs(others) < _NO_SHARE, 0.0, others)


def _modes(hessian: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures from the lowest up and their directions (columns), within those that count."""
    curvatures, directions = np.linalg.eigh(others.swapaxes(1, 2) @ hessian @ others)
    return curvatures, others @ directions
