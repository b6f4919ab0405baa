"""Curvature at points where the Hessian jumps: it depends on the direction in which one leaves them."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import expansion_at, slopes_at
from tegum.theory.search.newton import Expansion, minimise

#: Distances at which the Hessian of a cone, and that on the side of a direction, are taken.
_NUDGE, _STEP = 1e-9, 1e-7
#: Modes taken from each cone, and how many of them are followed downhill, those of least curvature that are not alike.
_LOWEST, _FOLLOWED = 3, 12
#: Cosine above which two directions are alike.
_ALIKE = 0.95
#: Slopes of the curvature, as shares of the stiffness, that count as zero: ten times what `_STEP` adds to them.
_FLAT = 1e-6
#: Steps of that descent, the longest, in radians, and how stiffly a direction keeps its length, as such a share.
_STEPS, _REACH, _KEPT = 40, 0.5, 0.1


def one_sided_modes(
    theta: Float[np.ndarray, "models parameters"],
    kinked: Bool[np.ndarray, "models features"],
    others: Float[np.ndarray, "models parameters directions"],
    law: Law,
) -> tuple[Float[np.ndarray, " models"], Float[np.ndarray, "models parameters"]]:
    """Least one-sided curvature at each of several critical points on a kink, and the unit direction along which it is.

    min_v v·H_v v / |v|², H_v = lim ∇²L(θ + εv) for ε -> 0.  At b_i = 0 the loss is a different quadratic form on each
    of several cones, and a cone's lowest mode need not lie in the cone: the lowest modes of all the cones next to
    θ are where Newton's method on the quotient starts.

    Args:
        theta: critical points.
        kinked: biases that are zero up to rounding.
        others: orthonormal bases of the directions that count.
        law: of each model.

    Validity: that of `objective.expansion`.  The least of a search over directions, so an upper bound.
    """
    features = kinked.shape[1]
    if law.structure.bias:
        theta = theta.copy()
        theta[:, -features:][kinked] = 0.0
    v, member, stiffness = _starts(theta, kinked, others, law)
    found = minimise(
        v, partial(_quotient, theta, others, law, member, stiffness), _FLAT * stiffness[member], _STEPS, _REACH
    )
    order = np.lexsort((found.at.loss, member))
    best = order[np.searchsorted(member, np.arange(len(theta)))]
    along = (others @ found.theta[best][..., None])[..., 0]
    return found.at.loss[best], along / np.linalg.norm(along, axis=1, keepdims=True)


def _starts(
    theta: np.ndarray, kinked: np.ndarray, others: np.ndarray, law: Law
) -> tuple[Float[np.ndarray, "starts directions"], Int[np.ndarray, " starts"], Float[np.ndarray, " models"]]:
    """Lowest modes of the cones next to each model, and whose they are; and the largest curvature of any."""
    models, size = theta.shape
    nudges = _NUDGE * np.concatenate([np.eye(size), -np.eye(size)])
    # A bias so much smaller than the nudge only chooses its side of the kink.
    side = np.zeros_like(theta)
    if law.structure.bias:
        side[:, -kinked.shape[1] :] = _NUDGE**2 * kinked
    # A weight that its own kink holds stays exactly where it is.
    free = np.abs(others).max(axis=2) > 0.0
    nudged = nudges * free[:, None]
    around = theta[:, None] + np.concatenate([nudged + side[:, None], nudged - side[:, None]], axis=1)
    hessians = _each(expansion_at, around, law).hessian.reshape(models, -1, size, size)
    modes = np.linalg.eigh(others[:, None].swapaxes(2, 3) @ hessians @ others[:, None])[1][..., :_LOWEST]
    modes = modes.swapaxes(2, 3).reshape(models, -1, others.shape[2])
    modes = np.concatenate([modes, -modes], axis=1)
    directions = modes @ others.swapaxes(1, 2)
    slopes = _each(slopes_at, theta[:, None] + _STEP * directions, law).reshape(directions.shape)
    curvatures = ((slopes - slopes_at(theta, law)[:, None]) * directions).sum(axis=2)
    member, place = np.nonzero(_lowest_unlike(curvatures, modes))
    return modes[member, place], member, np.abs(hessians).sum(axis=3).max(axis=(1, 2))


def _lowest_unlike(
    curvatures: Float[np.ndarray, "models modes"], modes: Float[np.ndarray, "models modes directions"]
) -> Bool[np.ndarray, "models modes"]:
    """Which modes to follow: the lowest, then the lowest of those unlike it, and so on."""
    left, chosen, every = curvatures.copy(), np.zeros(curvatures.shape, dtype=bool), np.arange(len(modes))
    for _ in range(_FOLLOWED):
        lowest = left.argmin(axis=1)
        chosen[every, lowest] |= np.isfinite(left[every, lowest])
        cosines = (modes @ modes[every, lowest][..., None])[..., 0]
        left[cosines > _ALIKE] = np.inf
    return chosen


def _each(function, theta: Float[np.ndarray, "models points parameters"], law: Law):
    """A function of parameters and laws at several points for each model, one after another."""
    models, points, size = theta.shape
    return function(theta.reshape(-1, size), law[np.repeat(np.arange(models), points)])


def _quotient(
    theta: np.ndarray,
    others: np.ndarray,
    law: Law,
    member: np.ndarray,
    stiffness: np.ndarray,
    v: np.ndarray,
    starts: np.ndarray,
) -> Expansion:
    """q = v·H_v v / |v|² with its derivatives by v, H_v v being the gradient of v·H_v v / 2; of the starts asked for.

    ∇q = (2/|v|²) (H_v v - q v),  ∇²q = (2/|v|²) (H_v - q - v ∇qᵀ - ∇q vᵀ), and s (|v|² - 1)²/4 to keep the length.
    """
    of = member[starts]
    basis, s = others[of], _KEPT * stiffness[of]
    square = (v**2).sum(axis=1)
    unit = v / np.sqrt(square)[:, None]
    there = theta[of] + _STEP * (basis @ unit[..., None])[..., 0]
    hessian = basis.swapaxes(1, 2) @ expansion_at(there, law[of]).hessian @ basis
    pull = (hessian @ v[..., None])[..., 0]
    quotient = (pull * v).sum(axis=1) / square
    slope = 2 * (pull - quotient[:, None] * v) / square[:, None]
    turned = v[:, :, None] * slope[:, None, :]
    eye = np.eye(v.shape[1])
    curve = 2 * (hessian - quotient[:, None, None] * eye - turned - turned.swapaxes(1, 2)) / square[:, None, None]
    excess = s * (square - 1)
    curve += excess[:, None, None] * eye + 2 * s[:, None, None] * v[:, :, None] * v[:, None, :]
    return Expansion(quotient + excess * (square - 1) / 4, slope + excess[:, None] * v, curve)
