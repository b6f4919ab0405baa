"""Least curvature where only samples tell the loss: differences of gradients, and how far two samples agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Law
from tegum.theory.loss.objective import weights_of
from tegum.theory.loss.sample import Sample, sampled_loss
from tegum.theory.search.curvature import symmetries

#: Step of the differences: many inputs cross the kinks of their units on the way.
_STEP = 1e-2
#: Directions at once.
_TOGETHER = 32


@dataclass(frozen=True)
class SampledCurvature:
    """Least curvature of the loss, as samples know it.

    Attributes:
        curvature: least eigenvalue of the mean of the samples' Hessians, the symmetries left out.
        error: how far the least eigenvalue of either sample's own Hessian is from it, plus what doubling the step
            changes; an estimate.
    """

    curvature: float
    error: float


def sampled_curvature(
    theta: Float[np.ndarray, " parameters"], law: Law, samples: tuple[Sample, Sample]
) -> SampledCurvature:
    """Least curvature over the directions that are neither symmetries nor held by a kink.

    min_v v·H v,  H v = [∇L_S(θ + hv) - ∇L_S(θ - hv)] / 2h, averaged over two independent samples S.

    Args:
        theta: parameters of one model.
        law: of that model.
        samples: two, independent of each other and of those that θ was fitted to.

    Returns:
        `SampledCurvature`, in loss per squared weight.

    Validity: an estimate, not a bound: where a free weight is within h of a kink of the population loss, the jump of
    its slope stands in for a curvature, and the error says so by its step.
    """
    W, b, W_out = weights_of(theta[None], law.density.shape[1], law.structure)
    whole, fixed = np.eye(theta.size), symmetries(W[0], None if W_out is None else W_out[0], law)
    others = np.linalg.svd(whole - fixed @ fixed.T)[0][:, : theta.size - fixed.shape[1]]
    one, other = (_hessian(theta, others, law, sample, _STEP) for sample in samples)
    curvatures, modes = np.linalg.eigh((one + other) / 2)
    least = float(curvatures[0])
    coarser = [_hessian(theta, others @ modes[:, :1], law, sample, 2 * _STEP)[0, 0] for sample in samples]
    scatter = max(abs(float(np.linalg.eigvalsh(own)[0]) - least) for own in (one, other))
    return SampledCurvature(least, scatter + abs(float(np.mean(coarser)) - least))


def _hessian(theta: np.ndarray, directions: np.ndarray, law: Law, sample: Sample, step: float) -> np.ndarray:
    """The Hessian between some directions (columns), made symmetric."""
    rows = [
        _bent(theta, part, law, sample, step)
        for part in np.split(directions.T, range(_TOGETHER, directions.shape[1], _TOGETHER))
    ]
    hessian = np.concatenate(rows) @ directions
    return (hessian + hessian.T) / 2


def _bent(theta: np.ndarray, directions: np.ndarray, law: Law, sample: Sample, step: float) -> np.ndarray:
    """H v of each direction v (rows)."""
    ends = theta + step * np.concatenate([directions, -directions])
    _, slopes = sampled_loss(ends, law[np.zeros(len(ends), dtype=int)], sample)
    right, left = np.split(slopes, 2)
    return (right - left) / (2 * step)
