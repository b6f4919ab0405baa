"""From learned weights to the exact critical point of their basin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.geometry.balance import balanced
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import Law, empty_loss
from tegum.theory.loss.objective import parameters
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import Descent, descend, free_expansion, gradient_tolerance
from tegum.theory.search.optimum import ZERO_LOSS
from tegum.theory.search.sparse import descend_sparse, obeys_kinks
from tegum.theory.search.spectrum import lowest_mode
from tegum.theory.search.wide import settle_widely, sharp_slope, wide_tolerance
from tegum.theory.weights import Weights

#: Longest step while polishing: a tenth of a typical feature's norm, so that the basin is not left.
_REACH = 0.1
#: Entries of all the Hessians that are held at once.
_ENTRIES = 2**25


@dataclass(frozen=True)
class Polished:
    """Critical points that learned weights were close to.

    Attributes:
        weights: W [models, hidden, features], b [models, features] and, if untied, W_out at the critical points.
        loss: exact population loss there.
        moved: Euclidean distance in (W, b, W_out) from the learned weights, once those are balanced.
        gradient_norm: of the exact loss there; under an L1 term by the weights that its kinks do not hold at zero.
        hessian_min: least curvature there, symmetries of the hidden space left out; negative at a saddle, zero in a
            valley of equally good weights.
        hessian_error: how far that curvature is known; 0 where it comes from the exact Hessian.
        converged: whether the gradient vanishes to the tolerance of the search and all kinks hold what they should; or
            the loss itself vanishes, below which there is nothing.
    """

    weights: Weights
    loss: Float[np.ndarray, " models"]
    moved: Float[np.ndarray, " models"]
    gradient_norm: Float[np.ndarray, " models"]
    hessian_min: Float[np.ndarray, " models"]
    hessian_error: Float[np.ndarray, " models"]
    converged: Bool[np.ndarray, " models"]

    def __getitem__(self, models: slice) -> Polished:
        fields = vars(self).items()
        return Polished(**{name: values[models] for name, values in fields})


def polish(weights: Weights, law: Law) -> Polished:
    """Follow the exact loss downhill, in short steps, from an ensemble of learned weights.

    By the search's own descent: `descent.descend` on the exact Hessian, `sparse.descend_sparse` under an L1 term, and
    beyond `enumeration.MOST_FEATURES` features `wide.settle_widely`.

    Args:
        weights: an ensemble; untied weights are balanced first (`geometry.balance`).
        law: density, importance and kind of each model; beyond `enumeration.MOST_FEATURES` features the same for all.

    Returns:
        `Polished`, models in the order given.

    Validity: what the search takes (`scope.require_searchable`).
    """
    start = _balanced(weights, law)
    rest: Descent
    if is_wide(law):
        rest = settle_widely(start.W, start.b, law, _REACH)
    elif law.l1 is not None:
        rest = descend_sparse(start.W, start.b, law, reach=_REACH)
    else:
        rest = descend(start.W, start.b, law, reach=_REACH, W_out=start.W_out)
    return polished_at(Weights(rest.W, rest.b, rest.W_out), weights, law)


def polished_at(rest: Weights, learned: Weights, law: Law) -> Polished:
    """What the exact loss says of given critical points, and how far they are from learned weights.

    Args:
        rest, learned: ensembles of one shape.
        law: of each model.

    Returns:
        `Polished`, of the points as they are.

    Validity: as `polish`.
    """
    apart = _theta(rest, law) - _theta(_turned(_balanced(learned, law), rest, law), law)
    look = _looked_widely if is_wide(law) else _looked
    loss, norm, least, error, converged = look(rest, law)
    return Polished(rest, loss, np.linalg.norm(apart, axis=1), norm, least, error, converged)


def _balanced(weights: Weights, law: Law) -> Weights:
    """Learned weights as the polish starts from them: W_out is there exactly where the model is untied."""
    if law.structure.tied:
        return weights
    return balanced(Weights(weights.W, weights.b, weights.outward), law.structure.activation)


def _turned(learned: Weights, rest: Weights, law: Law) -> Weights:
    """Learned weights turned onto others where the way from the one to the other leaves the rotation open.

    Balancing a linear hidden layer does, and so does giving orthogonal parts dimensions of their own.
    """
    if (law.structure.tied and not is_wide(law)) or law.structure.activation == "relu":
        return learned
    halves = [np.concatenate([one.W, one.outward.swapaxes(1, 2)], axis=2) for one in (rest, learned)]
    left, _, right = np.linalg.svd(halves[0] @ halves[1].swapaxes(1, 2))
    turn = left @ right
    outward = None if learned.W_out is None else learned.W_out @ turn.swapaxes(1, 2)
    return Weights(turn @ learned.W, learned.b, outward)


def resting_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """The gradient norm that counts as zero, by the way on which the models are polished."""
    return wide_tolerance(law) if is_wide(law) else gradient_tolerance(law)


def is_wide(law: Law) -> bool:
    """Whether there are more features than are enumerated."""
    return law.density.shape[1] > MOST_FEATURES


def at_rest(
    loss: Float[np.ndarray, " models"], gradient_norm: Float[np.ndarray, " models"], law: Law
) -> Bool[np.ndarray, " models"]:
    """Whether the gradient counts as zero, or the loss itself does, below which there is nothing."""
    return (gradient_norm <= resting_tolerance(law)) | (loss <= ZERO_LOSS * empty_loss(law))


def _theta(weights: Weights, law: Law) -> np.ndarray:
    return parameters(weights.W, weights.b, weights.W_out, law.structure.bias)


#: Loss, norm of the gradient, least curvature and its error, and whether a point is at rest, of each model.
_Look = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _looked(rest: Weights, law: Law) -> _Look:
    """By the exact Hessian, a few models at a time."""
    theta = _theta(rest, law)
    together = max(1, _ENTRIES // theta.shape[1] ** 2)
    parts = [slice(first, first + together) for first in range(0, len(theta), together)]
    slopes = [_slopes(theta[part], law[part]) for part in parts]
    loss, norm = (np.concatenate(values) for values in zip(*slopes, strict=True))
    pieces = [rest[part] for part in parts]
    curvatures = [least_curvatures(one.W, one.b, law[part], one.W_out) for part, one in zip(parts, pieces, strict=True)]
    converged = at_rest(loss, norm, law)
    if law.l1 is not None:
        converged &= obeys_kinks(rest.W, rest.b, law)
    return loss, norm, np.concatenate(curvatures), np.zeros(len(theta)), converged


def _slopes(theta: np.ndarray, law: Law) -> tuple[np.ndarray, np.ndarray]:
    """Loss and norm of its gradient."""
    at = free_expansion(law, theta, slice(None))
    return at.loss, np.linalg.norm(at.gradient, axis=1)


def _looked_widely(rest: Weights, law: Law) -> _Look:
    """By the sharpest gradient and by Lanczos' method, model by model."""
    at = sharp_slope(rest.W, rest.b, law)
    norm = np.linalg.norm(at.gradient, axis=1)
    modes = [lowest_mode(rest.W[k], rest.b[k], law[k : k + 1]) for k in range(len(rest.b))]
    least, error = (np.array([getattr(mode, name) for mode in modes]) for name in ("curvature", "noise"))
    return at.loss, norm, least, error, at_rest(at.loss, norm, law)
