"""One block of any shape, catalogued or not: its critical point enclosed within the symmetries it was found to have."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.balls.centraliser import ExactAnsatz, exact_ansatz
from tegum.theory.balls.critical import (
    REACH,
    Enclosed,
    dedicated_block,
    dedicated_features,
    dropped_block,
    free_block,
    loss_of,
)
from tegum.theory.balls.numbers import BallLaw
from tegum.theory.balls.symmetric import enclosed_arrangement
from tegum.theory.geometry.symmetry import Symmetry


def enclosed_block(
    W: Float[np.ndarray, "dimension vertices"],
    b: Float[np.ndarray, " vertices"],
    law: BallLaw,
    symmetry: Symmetry,
    accuracy: int,
) -> Enclosed:
    """The critical point near a block's weights, the only one with its symmetries in a box.

    A zero vector with b = p/2 and a feature alone in its dimension are exact.  Everything else is enclosed over the
    free scalars of its symmetric ansatz, or over all its weights where a rotation commutes with the symmetries.

    Args:
        W, b: in double precision, in as many dimensions as W spans.
        law: of the vertices.
        symmetry: of overlaps, biases and law together.
        accuracy: see `krawczyk.enclosed_zero`.

    Raises:
        ArithmeticError: see `krawczyk.enclosed_zero`; a zero vector with another bias, whose loss does not hang on it.
    """
    if not len(W):
        return _dropped(b, law)
    if dedicated_features(W, b) == (0,):
        return dedicated_block(law)
    ansatz = _ansatz(W, symmetry)
    if ansatz is None:
        return free_block(W, b, law, accuracy)
    at, scalars = enclosed_arrangement(ansatz, W, b, law, REACH, accuracy)
    return Enclosed(at, loss_of(at, law), tuple(scalars))


def _dropped(b: np.ndarray, law: BallLaw) -> Enclosed:
    found = dropped_block(law)
    if not (law.importance[0] > 0 and abs(found.at.b[0] - float(b[0])) < REACH):
        raise ArithmeticError("the loss of a dropped feature does not hang on its bias there")
    return found


def _ansatz(W: np.ndarray, symmetry: Symmetry) -> ExactAnsatz | None:
    """None where the symmetries leave no fewer scalars than there are weights, or a rotation commutes with them."""
    if symmetry.order == 1:
        return None
    try:
        return exact_ansatz(W, symmetry)
    except ArithmeticError:
        return None
