"""Pieces: factors with weights of their own for the features that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True, eq=False)
class Piece:
    """One factor with its weights and its part of the population loss.

    Attributes:
        name: of its geometry.
        W, b: weights [dimension, vertices] and biases [vertices].
        density, importance: p and I of the feature at each vertex.
        loss, error: Σ of the losses of its features, and the bound on its numerical error.
    """

    name: str
    W: Float[np.ndarray, "dimension vertices"]
    b: Float[np.ndarray, " vertices"]
    density: tuple[float, ...]
    importance: tuple[float, ...]
    loss: float
    error: float

    @property
    def vertices(self) -> int:
        """Number of features."""
        return len(self.density)

    @property
    def dimension(self) -> int:
        """Number of dimensions."""
        return len(self.W)


def piece(
    name: str,
    W: Float[np.ndarray, "dimension vertices"],
    b: Float[np.ndarray, " vertices"],
    density: tuple[float, ...],
    importance: tuple[float, ...],
) -> Piece:
    """The piece of given weights, its loss evaluated with a bound; at most `enumeration.MOST_FEATURES` features."""
    hidden = max(len(W), 1)  # a setting has at least one hidden unit; a row of zeros changes nothing
    padded = np.concatenate([W, np.zeros((hidden - len(W), W.shape[1]))])
    setting = Setting(count=len(b), hidden=hidden, density=density, importance=importance)
    exact = population_loss(Weights(padded, b), setting)
    return Piece(name, W, b, density, importance, float(exact.loss), float(exact.error))


def scaled(one: Piece, importance: float) -> Piece:
    """The piece of importances 1 for features of another common importance c: the weights stay, L(c I) = c L(I)."""
    return Piece(
        one.name,
        one.W,
        one.b,
        one.density,
        (importance,) * one.vertices,
        importance * one.loss,
        importance * one.error,
    )


def parts_of(
    W: Float[np.ndarray, "hidden features"],
    b: Float[np.ndarray, " features"],
    density: tuple[float, ...],
    importance: tuple[float, ...],
) -> Iterator[tuple[tuple[int, ...], Piece]]:
    """The factors of weights at a critical point, each in dimensions of its own, with the features that it holds."""
    for factor in identify(W, tolerance=CRITICAL_TOLERANCE).factors:
        members = list(factor.features)
        own = _own_dimensions(W[:, members], factor.dimension)
        held = tuple(density[i] for i in members), tuple(importance[i] for i in members)
        yield factor.features, piece(factor.name, own, b[members], *held)


def _own_dimensions(W: np.ndarray, dimension: int) -> np.ndarray:
    """The same overlaps in as many dimensions as the vectors span."""
    _, sizes, directions = np.linalg.svd(W, full_matrices=False)
    return sizes[:dimension, None] * directions[:dimension]


def undominated(pieces: Iterable[Piece]) -> list[Piece]:
    """The best piece of each size: no mixture of like features needs another of the same size."""
    best: dict[tuple[int, int], Piece] = {}
    for one in pieces:
        size = one.vertices, one.dimension
        if size not in best or one.loss < best[size].loss:
            best[size] = one
    return [best[size] for size in sorted(best)]
