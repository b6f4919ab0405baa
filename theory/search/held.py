"""Rest on a sample's loss, where kinks of the hidden units hold input weights at exactly zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.law import Law, empty_loss
from tegum.theory.loss.sample import Sample, sampled_loss
from tegum.theory.search.descent import Advance
from tegum.theory.search.lbfgs import Settled, Slope, settle

#: Rounds of descent at most, each with its own set of weights held at zero, and the evaluations of one.
_ROUNDS, _EVALUATIONS = 8, 150
#: The gradient that counts as zero on a sample: relative to the loss of the empty model.
_FLAT = 1e-5
#: A round that lowers the loss by less, relatively or relative to the empty model's, finds it at rest.
_RESOLVED, _NOTHING = 1e-4, 1e-9
#: Weights below this share of their unit's largest may have been stopped by a kink; and where a released one restarts.
SMALL, _RESTART = 0.05, 1e-3
#: On either side of zero, where the slopes are taken; and the slope there that counts as zero.
_ASIDE, _SLACK = 1e-7, 1e-4
_REACH = 1.0


@dataclass(frozen=True)
class Rested:
    """One model at rest on a sample.

    Attributes:
        theta: its parameters; input weights that are exactly zero are held there.
        loss: over the sample.
        converged: whether the last round of descent hardly lowered the loss and every held weight obeys its kink.
    """

    theta: Float[np.ndarray, " parameters"]
    loss: float
    converged: bool


def settle_freely(
    theta: Float[np.ndarray, "members parameters"],
    law: Law,
    sample: Sample,
    evaluations: int = _EVALUATIONS,
    advance: Advance = lambda done, total: None,
) -> Settled:
    """L-BFGS on the loss over a sample; input weights that are exactly zero stay so.

    Args:
        theta: starts.
        law: of each member.
        sample: the inputs.
        evaluations: at most, of each member.
        advance: told how many members are at rest, and how many there are.
    """
    free = free_parameters(theta, law)

    def objective(at: np.ndarray, members: np.ndarray) -> Slope:
        loss, gradient = sampled_loss(at, law[members], sample)
        return Slope(loss, gradient * free[members], np.zeros(len(at)))

    return settle(theta, objective, _FLAT * empty_loss(law), evaluations, _REACH, advance)


def free_parameters(theta: Float[np.ndarray, "members parameters"], law: Law) -> Bool[np.ndarray, "members parameters"]:
    """Which parameters no kink holds: all but input weights that are exactly zero."""
    free = np.ones(theta.shape, dtype=bool)
    inward = inward_weights(theta.shape[1], law)
    free[:, inward] = theta[:, inward] != 0.0
    return free


def inward_weights(parameters: int, law: Law) -> slice:
    """Where in θ the input weights are."""
    matrices = parameters - law.structure.bias * law.density.shape[1]
    return slice(0, matrices if law.structure.tied else matrices // 2)


def settle_held(theta: Float[np.ndarray, " parameters"], law: Law, sample: Sample, rounds: int = _ROUNDS) -> Rested:
    """Follow a sample's loss to a point where no weight, free or held at zero, lowers it noticeably.

    By W_aj the loss has a kink at zero, where the other features that unit a hears are off: there a weight rests if the
    loss rises on both sides.  Free weights follow L-BFGS; then small ones that their kink would hold are set to zero,
    held ones that it does not hold are released, and so on until nothing is left to revise.

    Args:
        theta: start.
        law: of one model.
        sample: the inputs.
        rounds: of descent at most.

    Returns:
        `Rested`: the lowest rest, a later one if the sample does not tell them apart.

    Validity: any setting.  What breaks: weights on their way to infinity, such as those by which one feature silences a
    unit, end where a round of descent gains less than a share of 10⁻⁴.

    Source: orthant-wise active sets, Andrew & Gao 2007.
    """
    scale = float(empty_loss(law)[0])
    best, start = Rested(theta, np.inf, False), theta
    for _ in range(rounds):
        rest = settle_freely(start[None], law, sample)
        loss = float(rest.at.loss[0])
        resolved = _RESOLVED * loss + _NOTHING * scale
        start, obeyed = _revised(rest.theta[0], law, sample, _SLACK * scale)
        still = bool(rest.converged[0]) or abs(best.loss - loss) <= resolved
        if loss <= best.loss + 0.1 * resolved:
            best = Rested(rest.theta[0], loss, still and obeyed)
        if still and obeyed:
            break
    return best


def obeys_kinks(theta: Float[np.ndarray, " parameters"], law: Law, sample: Sample) -> bool:
    """Whether every input weight at zero is held there by its kink, as far as a sample tells."""
    inward = inward_weights(theta.size, law)
    left, right = _sides(theta, np.flatnonzero(theta[inward] == 0.0), law, sample)
    slack = _SLACK * float(empty_loss(law)[0])
    return bool(((left <= slack) & (right >= -slack)).all())


def _revised(theta: np.ndarray, law: Law, sample: Sample, slack: float) -> tuple[np.ndarray, bool]:
    """θ with the set held at zero revised, and whether there was nothing to revise."""
    inward = inward_weights(theta.size, law)
    small = np.flatnonzero(_small(theta[inward], law.density.shape[1]))
    tried, weights = theta.copy(), theta[small]
    tried[small] = 0.0
    left, right = _sides(tried, small, law, sample)
    rests, held = (left <= slack) & (right >= -slack), weights == 0.0
    restart = np.where(-right > left, _RESTART, -_RESTART)
    tried[small] = np.where(rests, 0.0, np.where(held, restart, weights))
    return tried, bool((rests == held).all())


def _small(weights: np.ndarray, features: int) -> np.ndarray:
    size = np.abs(weights.reshape(-1, features))
    return (size <= SMALL * size.max(axis=1, keepdims=True)).ravel()


def _sides(theta: np.ndarray, places: np.ndarray, law: Law, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the sample's loss by weights at zero, on the left and on the right."""
    every = np.arange(places.size)
    slopes = []
    if not places.size:
        return np.zeros(0), np.zeros(0)
    for side in (-_ASIDE, _ASIDE):
        moved = np.tile(theta, (places.size, 1))
        moved[every, places] = side
        slopes.append(sampled_loss(moved, law[np.zeros(places.size, dtype=int)], sample)[1][every, places])
    return slopes[0], slopes[1]
