"""The exact loss of a ReLU hidden layer near weights whose units are decided (see `loss.halves`)."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.enumeration import MOST_KNOTS
from tegum.theory.loss.halves import are_decided, half_knot_count
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion, weights_of
from tegum.theory.loss.scenarios import knot_count
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.search.held import SMALL, free_parameters, inward_weights
from tegum.theory.search.newton import Expansion, Rest, minimise

#: Steps of Newton's method, and the longest.
_STEPS, _REACH = 100, 0.2
#: Units whose weights on both sides are below this share of the largest say nothing.
_SILENT = 1e-2


def decided_nearby(theta: Float[np.ndarray, " parameters"], law: Law) -> Float[np.ndarray, " parameters"] | None:
    """Parameters whose units are all decided and enumerated: those given, or those without the small weights of units.

    Args:
        theta: of one model, balanced if untied (see `geometry.balance`).
        law: of that model.

    Returns:
        Such parameters, or None if neither are.
    """
    if not _within_reach(law):
        return None
    W, _, _ = weights_of(theta[None], law.density.shape[1], law.structure)
    if are_decided(W, law.structure)[0]:
        return theta
    size = np.abs(W[0]).max(axis=1, keepdims=True)
    kept = (np.abs(W[0]) > SMALL * size) & (size > _SILENT * size.max())
    nearby = theta.copy()
    nearby[inward_weights(theta.size, law)] *= kept.ravel()
    return nearby if are_decided(W * kept, law.structure)[0] else None


def _within_reach(law: Law) -> bool:
    """Whether decided units have an exact expansion: `objective.expansion` enumerates their knots."""
    features, structure = law.density.shape[1], law.structure
    if structure.values == "binary":
        return False
    penalised = law.l1 is not None and knot_count(structure, features) > MOST_KNOTS
    return not penalised and (structure.readout == "linear" or half_knot_count(structure, features) <= MOST_KNOTS)


def descend_decided(theta: Float[np.ndarray, " parameters"], law: Law) -> Rest:
    """Newton's method on the exact loss of decided units, by the weights that are not zero.

    Args:
        theta: of one model with decided units.
        law: of that model.

    Returns:
        `Rest` of that one model; it stays where all units are decided.

    Validity: what `decided_nearby` gives.
    """
    return minimise(theta[None], partial(_expansion, law), gradient_tolerance(law), _STEPS, _REACH)


def _expansion(law: Law, theta: Float[np.ndarray, "members parameters"], members: np.ndarray) -> Expansion:
    """The expansion by the free weights; nothing is known where a unit is undecided, and no step ends there."""
    W, b, W_out = weights_of(theta, law.density.shape[1], law.structure)
    if not are_decided(W, law.structure).all():
        return Expansion(np.full(len(b), np.inf), np.zeros_like(theta), np.zeros((*theta.shape, theta.shape[1])))
    at, free = expansion(W, b, law[members], W_out), free_parameters(theta, law)
    return Expansion(at.loss, at.gradient * free, at.hessian * free[:, :, None] * free[:, None, :])
