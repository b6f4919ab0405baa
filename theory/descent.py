"""From any weights downhill to the critical point of their basin, by the exact loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.loss.law import Law, empty_loss
from tegum.theory.loss.objective import expansion, parameters, weights_of
from tegum.theory.newton import minimise

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
        W, b: weights and biases at rest.
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


def descend(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    law: Law,
    steps: int = 300,
    reach: float = 2.0,
    advance: Advance = lambda done, total: None,
) -> Descent:
    """Follow the exact loss from each start to the critical point of its basin.

    Args:
        W, b: starting weights and biases.
        law: densities and importances of each member.
        steps: limit on Newton steps for each member.
        reach: longest step.  Long steps explore, short ones stay in the basin they start in.
        advance: told how many members are at rest, and how many there are.

    Returns:
        `Descent`, members in the order given.  Members that did not converge say so.

    Validity: independent uniform features, ReLU readout, at most `enumeration.MOST_FEATURES` features.  A start exactly
    on a saddle stays there: `curvature.least_curvatures` tells.
    """
    parts = [slice(first, first + _TOGETHER) for first in range(0, len(b), _TOGETHER)]
    rests = [
        _descend(W[part], b[part], law[part], steps, reach, partial(_passed_on, advance, part.start, len(b)))
        for part in parts
    ]
    return Descent(*(np.concatenate([getattr(rest, name) for rest in rests]) for name in Descent.__dataclass_fields__))


def _passed_on(advance: Advance, before: int, total: int, done: int, _: int) -> None:
    """Progress of one part, told as progress of the whole."""
    advance(before + done, total)


def _descend(W: np.ndarray, b: np.ndarray, law: Law, steps: int, reach: float, advance: Advance) -> Descent:
    features = b.shape[1]
    rest = minimise(
        parameters(W, b),
        lambda theta, members: expansion(*weights_of(theta, features), law[members]),
        gradient_tolerance(law),
        steps,
        reach,
        advance,
    )
    W, b = weights_of(rest.theta, features)
    norm = np.linalg.norm(rest.at.gradient, axis=1)
    return Descent(W, b, rest.at.loss, norm, rest.converged, rest.iterations)


def gradient_tolerance(law: Law) -> Float[np.ndarray, " models"]:
    """`GRADIENT_TOLERANCE` × the loss of the empty model, the gradient norm that counts as zero."""
    return GRADIENT_TOLERANCE * empty_loss(law)
