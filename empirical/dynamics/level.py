"""Energy levels: the critical point of the exact loss next to given weights, minimum or saddle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.models import arrays_of
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE, feature_vectors
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.objective import expansion_at, parameters, require_expandable, weights_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Steps of the Levenberg-Marquardt iteration, and what its damping is multiplied by after a good and a bad one.
_STEPS, _EASED, _STIFFENED = 200, 0.2, 4.0
#: First damping, relative to the largest squared curvature.
_DAMPING = 1e-2


@dataclass(frozen=True)
class Level:
    """A critical point of the exact loss.

    Attributes:
        weights: of one model, there.
        geometry: its name.
        loss, error: exact loss there, the energy of the level, and the bound on its error.
        gradient_norm: Euclidean norm of the exact gradient.
        least_curvature: without the rotations of the hidden space; negative at a saddle.
        moved: Euclidean distance from the weights that it was sought from.
    """

    weights: Weights
    geometry: str
    loss: float
    error: float
    gradient_norm: float
    least_curvature: float
    moved: float


def has_levels(setting: Setting) -> bool:
    """Whether the setting has the exact Hessian that `nearby_levels` needs everywhere, and no kinks of an L1 term."""
    try:
        require_expandable(law_of(setting).structure, setting.count)
    except InputError:
        return False
    return setting.l1 == 0


def nearby_levels(weights: Weights, setting: Setting) -> list[Level | None]:
    """The critical point that each of several models is close to, saddles included.

    min_θ ½‖∇L(θ)‖² by Levenberg-Marquardt, θ ← θ - H (H² + μ)⁻¹ ∇L: unlike a descent of L it goes up to a saddle as
    readily as down to a minimum, and along the rotations of the hidden space, where H vanishes, it does not move.

    Args:
        weights: an ensemble of models that are near critical points, as on a plateau of training.
        setting: one that `has_levels`.

    Returns:
        One for each model; None where ‖∇L‖ did not fall below `descent.gradient_tolerance`: there is no critical point
        nearby, or ‖∇L‖ has a local minimum of its own.

    Validity: what is found is a critical point; that it is the one that held training up is said by `Level.moved`.
    """
    law = law_of(setting, len(weights.W))
    start = parameters(weights.W, weights.b, weights.W_out, setting.bias)
    theta = _flattest(start, law)
    W, b, W_out = weights_of(theta, setting.count, law.structure)
    settled = np.linalg.norm(expansion_at(theta, law).gradient, axis=1) < gradient_tolerance(law)
    curvatures = least_curvatures(W, b, law, W_out)
    moved = np.linalg.norm(theta - start, axis=1)
    found: list[Level | None] = []
    for k in range(len(theta)):
        model = Weights(W[k], b[k], None if W_out is None else W_out[k])
        found.append(_level(model, setting, float(curvatures[k]), float(moved[k])) if settled[k] else None)
    return found


def distances(weights: Weights, other: Weights) -> Float[np.ndarray, " models"]:
    """Euclidean distance of each model of an ensemble from one other, over all its weights."""
    apart = [array - arrays_of(other)[name] for name, array in arrays_of(weights).items()]
    return np.sqrt(sum((one**2).reshape(len(one), -1).sum(axis=1) for one in apart))


def _level(weights: Weights, setting: Setting, curvature: float, moved: float) -> Level:
    exact = population_loss(weights, setting)
    norm = float(np.sqrt(sum(float((slope**2).sum()) for slope in arrays_of(exact.gradient).values())))
    # Identification knows no scale; but where all vectors vanish none is longer than the others for a reason.
    vectors = feature_vectors(weights)
    vectors = np.where(np.linalg.norm(vectors, axis=0) < CRITICAL_TOLERANCE, 0.0, vectors)
    geometry = identify(vectors, tolerance=CRITICAL_TOLERANCE).geometry
    return Level(weights, geometry, float(exact.loss), float(exact.error), norm, curvature, moved)


def _flattest(theta: np.ndarray, law: Law) -> Float[np.ndarray, "models parameters"]:
    """Local minima of ‖∇L‖ next to θ, all models side by side, each until its gradient counts as zero."""
    theta, enough = theta.copy(), gradient_tolerance(law)
    at = expansion_at(theta, law)
    gradient, hessian = at.gradient, at.hessian
    damping = _DAMPING * np.linalg.norm(hessian, axis=(1, 2)) ** 2
    for _ in range(_STEPS):
        moving = np.flatnonzero(np.linalg.norm(gradient, axis=1) >= enough)
        if not moving.size:
            break
        trial = theta[moving] - _step(gradient[moving], hessian[moving], damping[moving])
        there = expansion_at(trial, law[moving])
        better = (there.gradient**2).sum(axis=1) < (gradient[moving] ** 2).sum(axis=1)
        taken = moving[better]
        theta[taken], gradient[taken], hessian[taken] = trial[better], there.gradient[better], there.hessian[better]
        damping[moving] *= np.where(better, _EASED, _STIFFENED)
    return theta


def _step(gradient: np.ndarray, hessian: np.ndarray, damping: np.ndarray) -> Float[np.ndarray, "models parameters"]:
    """H (H² + μ)⁻¹ ∇L by the eigenvectors of H."""
    curvatures, directions = np.linalg.eigh(hessian)
    along = np.einsum("kpi,kp->ki", directions, gradient)
    return np.einsum("kpi,ki->kp", directions, along * curvatures / (curvatures**2 + damping[:, None]))
