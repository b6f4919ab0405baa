"""Descent under an L1 term, whose kinks hold weights at exactly zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.enumeration import enumerated_norms
from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion, weights_of
from tegum.theory.loss.scenarios import scenarios
from tegum.theory.search.descent import Descent, descend

#: Rounds of descent, each with its own set of weights held at zero, and the Newton steps of one.
_ROUNDS, _STEPS = 24, 80
#: On either side of zero, where the slopes of the L1 term are taken.
_ASIDE = 1e-8
#: Weights below this share of the largest, or of 1, may have been stopped by a kink; and where a released one restarts.
_SMALL, _RESTART = 0.05, 1e-3


def descend_sparse(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    advance: Callable[[int, int], object] = lambda done, total: None,
    reach: float = 2.0,
) -> Descent:
    """Follow the exact loss with its L1 term downhill to a point where no weight, held at zero or free, can lower it.

    λ E|Σ_j W_aj x_j| has a kink at W_aj = 0, its slopes s_aj ± κ_aj there, κ_aj = λ E |x_j| P(no other weighted feature
    is on | j is on): there a weight rests if the slope of the rest of the loss and s_aj add up to less than κ_aj.
    Weights are held at zero, the others follow Newton's method, and the set held is revised by that rule until it
    stays.

    Args:
        W, b: starting weights and biases.
        law: of each member, with an L1 term.
        advance: told how many members are at rest, and how many there are.
        reach: longest step of the free weights (see `descent.descend`).

    Returns:
        `Descent`; ``converged`` says that the free weights are at rest and every held one obeys the rule.

    Validity: tied weights, hidden layer without ReLU, uniform or signed values.  Features that cancel in a unit with
    positive probability (binary values) have further kinks, at which it does not come to rest.

    Source: orthant-wise active sets, Andrew & Gao 2007.
    """
    nothing = np.zeros(len(b))
    rest = Descent(W, b, nothing, nothing, nothing.astype(bool), nothing.astype(int))
    moving = np.arange(len(b))
    for _ in range(_ROUNDS):
        found = descend(rest.W[moving], rest.b[moving], law[moving], _STEPS, reach)
        W, kept = _revised(found.W, found.b, law[moving])
        settled = kept & found.converged
        rest = _with(rest, moving, replace(found, W=W, converged=settled))
        moving = moving[~settled]
        advance(len(b) - moving.size, len(b))
        if not moving.size:
            break
    return rest


def obeys_kinks(
    W: Float[np.ndarray, "models hidden features"], b: Float[np.ndarray, "models features"], law: Law
) -> Bool[np.ndarray, " models"]:
    """Whether every weight at zero is held there by its kink, and no small one should be stopped by its own."""
    return _revised(W, b, law)[1]


def _revised(W: np.ndarray, b: np.ndarray, law: Law) -> tuple[np.ndarray, np.ndarray]:
    """Weights with the set held at zero revised, and which models had nothing to revise."""
    held = W == 0.0
    small = np.abs(W) <= _SMALL * np.maximum(np.abs(W).max(axis=(1, 2), keepdims=True), 1.0)
    tried = np.where(small, 0.0, W)
    slope, _, _ = weights_of(expansion(tried, b, law).gradient, b.shape[1])
    slope = slope + _to_middle(tried, law)
    rests = np.abs(slope) <= kinks(tried, law) * (1 + 1e-9)
    stopped, released = small & ~held & rests, held & ~rests
    W = np.where(stopped, 0.0, np.where(released, -np.sign(slope) * _RESTART, W))
    return W, ~(stopped | released).any(axis=(1, 2))


def _to_middle(W: np.ndarray, law: Law) -> np.ndarray:
    """What takes the slopes of λ E‖h‖₁ at W_aj = 0, given on one side of the kink or the other, to their middle."""
    assert law.l1 is not None
    model, a, j = np.nonzero(W == 0.0)
    units = np.repeat(W[model, a][None, :, None], 3, axis=0)
    for unit, aside in zip(units, (0.0, _ASIDE, -_ASIDE), strict=True):
        unit[np.arange(j.size), 0, j] = aside
    slopes = np.array([enumerated_norms(one, law.density[model], structure=law.structure).gradient for one in units])
    here, right, left = slopes[:, np.arange(j.size), 0, j]
    shift = np.zeros_like(W)
    shift[model, a, j] = law.l1[model] * ((right + left) / 2 - here)
    return shift


def kinks(W: Float[np.ndarray, "models hidden features"], law: Law) -> Float[np.ndarray, "models hidden features"]:
    """κ_aj, half the jump of ∂L/∂W_aj where W_aj is zero."""
    assert law.l1 is not None
    weighted = W != 0.0
    total = np.zeros_like(W)
    for scenario in scenarios(law.density, law.structure):
        members = list(scenario.features)
        off = np.where(weighted[:, :, members], 1.0 - scenario.density[:, None, :], 1.0)
        for k, j in enumerate(members):
            others_off = np.delete(off, k, axis=2).prod(axis=2)
            total[:, :, j] += (scenario.probability * scenario.density[:, k])[:, None] * others_off
    size = 1.0 if law.structure.values == "binary" else 0.5
    return law.l1[:, None, None] * size * total


def _with(rest: Descent, members: np.ndarray, found: Descent) -> Descent:
    arrays = {}
    for name in ("W", "b", "loss", "gradient_norm", "converged", "iterations"):
        arrays[name] = getattr(rest, name).copy()
        arrays[name][members] = getattr(found, name)
    return replace(rest, **arrays)
