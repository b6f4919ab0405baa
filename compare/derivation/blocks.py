"""Blocks: the orthogonal, indecomposable pieces of a critical point, each with the symmetries it has."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.ansatz import symmetric_ansatz
from tegum.theory.geometry.identify import IdentifiedFactor, Identity
from tegum.theory.geometry.symmetry import EQUAL, Symmetry, symmetry
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Singular values, and motions, below this share of the largest are rounding at a critical point.
_RANK = 1e-6


@dataclass(frozen=True, eq=False)
class Block:
    """One factor with its weights in the dimensions that it spans.

    Attributes:
        factor: as identified.
        W: [dimension, vertices]; b: [vertices].
        density, importance: of each vertex.
        symmetry: relabellings that keep overlaps, biases, densities and importances together.
        free: number of free scalars of the ansatz: squared norms, overlaps and biases that the symmetry leaves free.
    """

    factor: IdentifiedFactor
    W: Float[np.ndarray, "dimension vertices"]
    b: Float[np.ndarray, " vertices"]
    density: tuple[float, ...]
    importance: tuple[float, ...]
    symmetry: Symmetry
    free: int

    @property
    def features(self) -> tuple[int, ...]:
        """The feature at each vertex."""
        return self.factor.features


def blocks_of(point: Weights, identity: Identity, setting: Setting) -> tuple[Block, ...]:
    """The factors of a critical point, in the order of its name.

    Args:
        point: one model at a critical point.
        identity: of its W.
        setting: whose densities and importances colour the vertices.
    """
    return tuple(_block(point, factor, setting) for factor in identity.factors)


def _block(point: Weights, factor: IdentifiedFactor, setting: Setting) -> Block:
    places = list(factor.features)
    W, b = _spanned(point.W[:, places]) if factor.dimension else np.zeros((0, len(places))), point.b[places]
    density = tuple(setting.density[i] for i in places)
    importance = tuple(setting.importance[i] for i in places)
    kinds = list(zip(density, importance, _levels(b), strict=True))
    group = symmetry(W.T @ W, kinds=kinds)
    free = group.orbit_sizes.size + (_free(symmetric_ansatz(W, kinds=kinds).basis, W) if len(W) else 0)
    return Block(factor, W, b, density, importance, group, free)


def _spanned(W: np.ndarray) -> np.ndarray:
    """The same overlaps in as many dimensions as the vectors span."""
    _, sizes, rows = np.linalg.svd(W, full_matrices=False)
    kept = sizes > _RANK * sizes[0]
    return sizes[kept, None] * rows[kept]


def _levels(b: Float[np.ndarray, " vertices"]) -> list[int]:
    """Which biases are equal."""
    values, place = np.unique(b, return_inverse=True)
    steps = np.diff(values) > EQUAL * max(1.0, np.abs(values).max())
    return np.concatenate([[0], np.cumsum(steps)])[place].tolist()


def _free(basis: np.ndarray, W: np.ndarray) -> int:
    """Dimensions of the symmetric arrangements less those of the rotations among them."""
    turns = []
    for a, c in combinations(range(len(W)), 2):
        turn = np.zeros_like(W)
        turn[a], turn[c] = W[c], -W[a]
        turns.append(turn.ravel())
    if not turns:
        return len(basis)
    flat = basis.reshape(len(basis), -1)
    outside = np.array(turns) - (np.array(turns) @ flat.T) @ flat
    return len(basis) - len(turns) + int(np.linalg.matrix_rank(outside, tol=_RANK * float(np.linalg.norm(W))))
