"""From any weights downhill to the critical point of their basin, by the exact loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.law import Law, empty_loss
from tegum.theory.loss.objective import expansion_at, parameters, weights_of
from tegum.theory.search.newton import Expansion, minimise

#: A gradient below this times the loss of the empty model counts as zero: about 10⁴ roundings.
GRADIENT_TOLERANCE = 1e-12
#: Members followed side by side: their Hessians are held at once.
_TOGETHER = 1024

#: Told how many members are at rest, and how many there are.
Advance = Callable[[int, int], object]


@dataclass(frozen=True)
class Descent:
    """Where the exact loss leads each member of a batch.

    Attributes:
        W, b: weights and biases at rest; W_out: output weights, None if tied.
        loss: exact population loss there.
        gradient_norm: Euclidean norm of ∂L/∂(W, b).
        converged: whether the gradient norm fell below `gradient_tolerance`.
        iterations: Newton steps tried.
    """

    W: Float[np.ndarray, "models hidden features"]
    b: Float[np.ndarray, "models features"]
    loss: Float[np.ndarray, " models"]
    gradient_norm: Float[np.ndarray, " models"]
    converged: Bool[np.ndarray, " models"]
    iterations: Int[np.ndarray, " models"]
    W_out: Float[np.ndarray, "models features hidden"] | None = None


def descend(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    steps: int = 300,
    reach: float = 2.0,
    advance: Advance = lambda done, total: None,
    W_out: Float[np.ndarray, "models features hidden"] | None = None,
) -> Descent:
    """Follow the exact loss from each start to the critical point of its basin.

    Args:
        W, b: starting weights and biases.
        law: of each member.
        steps: limit on Newton steps for each member.
        reach: longest step.  Long steps explore, short ones stay in the basin they start in.
        advance: told how many members are at rest, and how many there are.

    Returns:
        `Descent`, members in the order given.  Members that did not converge say so.

    Validity: what `objective.expansion` takes.  A start exactly on a saddle stays there: `curvature.least_curvatures`
    tells.
    """
    theta = parameters(W, b, W_out, law.structure.bias)
    parts = [slice(first, first + _TOGETHER) for first in range(0, len(b), _TOGETHER)]
    rests = [
        minimise(
            theta[part],
            partial(free_expansion, law[part]),
            gradient_tolerance(law[part]),
            steps,
            reach,
            partial(_passed_on, advance, part.start, len(b)),
        )
        for part in parts
    ]
    W, b, W_out = weights_of(np.concatenate([rest.theta for rest in rests]), law.density.shape[1], law.structure)
    return Descent(
        W,
        b,
        np.concatenate([rest.at.loss for rest in rests]),
        np.concatenate([np.linalg.norm(rest.at.gradient, axis=1) for rest in rests]),
        np.concatenate([rest.converged for rest in rests]),
        np.concatenate([rest.iterations for rest in rests]),
        W_out,
    )


def free_expansion(law: Law, theta: Float[np.ndarray, "members parameters"], members) -> Expansion:
    """The loss by the free weights: under an L1 term a weight that is exactly zero is held by the kink there.

    Args:
        law: of a batch of models.
        theta, members: parameters of some of them, and which those are.
    """
    at = expansion_at(theta, law[members])
    if law.l1 is None:
        return at
    free = theta != 0.0
    return Expansion(at.loss, at.gradient * free, at.hessian * free[:, :, None] * free[:, None, :])


def _passed_on(advance: Advance, before: int, total: int, done: int, _: int) -> None:
    """Progress of one part, told as progress of the whole."""
    advance(before + done, total)


def gradient_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """`GRADIENT_TOLERANCE` × the loss of the empty model, the gradient norm that counts as zero."""
    return GRADIENT_TOLERANCE * empty_loss(law)
