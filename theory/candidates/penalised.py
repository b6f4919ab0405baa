"""Geometries under an L1 term: which rotation of a geometry the term prefers, and how it bends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import SAME_LOSS
from tegum.theory.search.sparse import descend_sparse
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Rotations of the whole hidden space, and as many of each factor in its own dimensions, that the term starts from.
_ROTATIONS = 6
#: Steps in which λ grows from zero to the setting's.
_STEPS = 4


@dataclass(frozen=True)
class Rests:
    """Weights of one geometry at which the loss with its L1 term is at rest, best first.

    Attributes:
        W, b: weights and biases, one model for each rest of its own loss; at λ = 0 rotations of one and the same.
        loss: of each.
    """

    W: Float[np.ndarray, "models hidden features"]
    b: Float[np.ndarray, "models features"]
    loss: Float[np.ndarray, " models"]

    @property
    def best(self) -> Weights:
        """The rest with the least loss."""
        return Weights(self.W[0], self.b[0])


def turned(plain: Weights, loss: float, dimensions: Sequence[int]) -> Rests:
    """A geometry at λ = 0, where every rotation of it has the same loss: as it stands and rotated at random.

    Args:
        plain: the geometry's weights, each factor in dimensions of its own, in the order of ``dimensions``.
        loss: of those weights without the L1 term.
        dimensions: of each factor.

    Returns:
        `Rests`: first the weights as they stand, then with the factors turned each within its own dimensions, then with
        the whole hidden space turned.  The rotations are the same in every call.
    """
    random = np.random.default_rng(0)
    hidden, rest = len(plain.W), len(plain.W) - sum(dimensions)
    within = [_blocks([_rotation(random, size) for size in (*dimensions, rest)]) for _ in range(_ROTATIONS)]
    turns = np.stack([np.eye(hidden), *within, *(_rotation(random, hidden) for _ in range(_ROTATIONS))])
    return Rests(turns @ plain.W, np.tile(plain.b, (len(turns), 1)), np.full(len(turns), loss))


def grown(geometry: str, plain: Rests, setting: Setting) -> Rests | None:
    """A geometry under an L1 term, λ grown in steps from zero to the setting's.

    Args:
        geometry: its name.
        plain: the geometry's rotations at λ = 0 (see `turned`).
        setting: with an L1 term.

    Returns:
        `Rests`; None where the term leaves nothing of this geometry.
    """
    rests: Rests | None = plain
    for step in range(1, _STEPS + 1):
        if rests is not None:
            rests = followed(geometry, rests, replace(setting, l1=setting.l1 * step / _STEPS))
    return rests


def followed(geometry: str, rests: Rests, setting: Setting) -> Rests | None:
    """The rests of a geometry next to given ones, at a setting next to theirs.

    min L(W, b) + λ E‖Wx‖₁ downhill from each, weights held at zero by the term's kinks (`sparse.descend_sparse`); those
    that come to rest and are still of the geometry's type are kept, one for each loss.

    Args:
        geometry: its name.
        rests: where to start.
        setting: with an L1 term.

    Returns:
        `Rests`; None if the geometry is gone.

    Validity: a local search from the given rests: a rotation that none of them leads to is not found.
    """
    found = descend_sparse(rests.W, rests.b, law_of(setting, len(rests.b)))
    kept: list[int] = []
    for k in np.argsort(np.where(found.converged, found.loss, np.inf)).tolist():
        apart = not kept or found.loss[k] > found.loss[kept[-1]] * (1 + SAME_LOSS)
        if found.converged[k] and apart and identify(found.W[k], tolerance=CRITICAL_TOLERANCE).geometry == geometry:
            kept.append(k)
    return Rests(found.W[kept], found.b[kept], found.loss[kept]) if kept else None


def _rotation(random: np.random.Generator, size: int) -> np.ndarray:
    """A random rotation or reflection."""
    return np.linalg.qr(random.normal(size=(size, size)))[0]


def _blocks(blocks: Sequence[np.ndarray]) -> np.ndarray:
    size = sum(len(block) for block in blocks)
    whole, row = np.zeros((size, size)), 0
    for block in blocks:
        whole[row : row + len(block), row : row + len(block)] = block
        row += len(block)
    return whole
