"""One factor of a geometry, optimised for the features it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from tegum.theory.descent import descend, gradient_tolerance
from tegum.theory.geometry.factor import Factor, regular_cosines, regular_vectors
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import Law
from tegum.theory.newton import Expansion, minimise

#: Overlaps of a bent factor below this times its largest squared norm count as zero when its type is checked.
_SIGN_TOLERANCE = 1e-6
#: Starting squared norms and biases; the basins of a symmetric factor are few.
_STARTING_NORMS = (0.6, 1.0, 1.4)
_STARTING_BIASES = (-1.0, -0.5, -0.2, 0.0, 0.2)
_BENDING_STEPS = 8


@dataclass(frozen=True)
class FittedFactor:
    """A factor with its free scalars optimised for its features.

    Attributes:
        factor: what it is.
        W: weights, [dimension, vertices].
        b: biases, [vertices].
        loss: its part of the population loss, Σ over its vertices.
        symmetric: whether the ansatz was one squared norm g and one bias b (like features), W = √g × regular vectors;
            otherwise all its weights were free.
    """

    factor: Factor
    W: Float[np.ndarray, "dimension vertices"]
    b: Float[np.ndarray, " vertices"]
    loss: float
    symmetric: bool


def fitted_factors(
    factor: Factor,
    density: Float[np.ndarray, "contents vertices"],
    importance: Float[np.ndarray, "contents vertices"],
) -> list[FittedFactor | None]:
    """Best weights of a factor for each of several contents, vertex by vertex.

    Like features keep the factor regular: G = g C with the regular cosines C, and one bias; L = k ℓ(g, b) over two
    scalars.  Unlike features bend it: all weights are free, from the regular shape, as long as the signs of its
    overlaps stay the catalogue's.

    Args:
        factor: a catalogue factor.
        density: p of the feature at each vertex.
        importance: I of the feature at each vertex.

    Returns:
        One `FittedFactor` for each content, or None where no critical point of this combinatorial type exists near the
        regular shape.

    Validity: independent uniform features, ReLU readout; the factor has no overlap with any other (tegum product).
    """
    if factor.dimension == 0:
        return [_dropped(factor, *content) for content in zip(density, importance, strict=True)]
    means = zip(density.mean(axis=1).tolist(), importance.mean(axis=1).tolist(), strict=True)
    found = [_symmetric(factor, *mean) for mean in means]
    unlike = (np.ptp(density, axis=1) > 0) | (np.ptp(importance, axis=1) > 0)
    bending = [k for k, regular in enumerate(found) if regular is not None and unlike[k]]
    if bending:
        regular = [one for k, one in enumerate(found) if k in bending and one is not None]
        for k, bent in zip(bending, _bent(regular, density[bending], importance[bending]), strict=True):
            found[k] = bent
    return found


def _dropped(factor: Factor, density: np.ndarray, importance: np.ndarray) -> FittedFactor:
    """The zero vector: x̂ is the constant b = E x = p/2, and the loss is the variance p/3 - p²/4."""
    loss = float((importance * (density / 3 - density**2 / 4)).sum())
    return FittedFactor(factor, np.zeros((0, 1)), density / 2, loss, True)


@lru_cache(maxsize=1024)
def _symmetric(factor: Factor, density: float, importance: float) -> FittedFactor | None:
    starts = np.array([(g, b) for g in _STARTING_NORMS for b in _STARTING_BIASES])
    law = _law(np.full(factor.vertices, density), np.full(factor.vertices, importance), len(starts))
    rest = minimise(
        starts, lambda theta, members: symmetric_expansion(theta, factor, law[members]), gradient_tolerance(law)
    )
    usable = rest.converged & (rest.theta[:, 0] > _SIGN_TOLERANCE)
    if not usable.any():
        return None
    best = int(np.argmin(np.where(usable, rest.at.loss, np.inf)))
    g, b = rest.theta[best]
    W = np.sqrt(g) * regular_vectors(factor)
    return FittedFactor(factor, W, np.full(factor.vertices, b), float(rest.at.loss[best]), True)


def symmetric_expansion(theta: Float[np.ndarray, "members 2"], factor: Factor, law: Law) -> Expansion:
    """k ℓ(g, b) of a vertex-transitive factor with overlaps g C, and its derivatives: one row stands for all.

    Args:
        theta: squared norm g and bias b of each member.
        factor: a catalogue factor of at least one dimension.
        law: of its vertices, all alike.

    Returns:
        Expansion by (g, b).
    """
    cosines = regular_cosines(factor)[0]
    vertices = cosines.size
    row = theta[:, :1] * cosines
    rows = enumerated_rows(row[:, None], theta[:, 1:], law.density, law.importance, order=2)
    assert rows.hessian is not None
    jacobian = np.zeros((vertices + 1, 2))
    jacobian[:vertices, 0], jacobian[vertices, 1] = cosines, 1.0
    hessian = jacobian.T @ rows.hessian[:, 0] @ jacobian
    return Expansion(vertices * rows.loss[:, 0], vertices * rows.gradient[:, 0] @ jacobian, vertices * hessian)


def _bent(regular: list[FittedFactor], density: np.ndarray, importance: np.ndarray) -> list[FittedFactor | None]:
    """Follow regular factors while their features are made unlike step by step, so that each stays on its branch."""
    factor = regular[0].factor
    W, b = np.stack([one.W for one in regular]), np.stack([one.b for one in regular])
    alive = np.ones(len(regular), dtype=bool)
    for share in np.linspace(0.0, 1.0, _BENDING_STEPS + 1)[1:]:
        rest = descend(W, b, Law(_between(density, share), _between(importance, share)))
        W, b = rest.W, rest.b
        alive &= rest.converged & _same_signs(W, regular_cosines(factor))
    return [
        FittedFactor(factor, W[k], b[k], float(rest.loss[k]), False) if alive[k] else None for k in range(len(regular))
    ]


def _between(values: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * values.mean(axis=1, keepdims=True) + share * values


def _same_signs(W: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    G = W.swapaxes(1, 2) @ W
    largest = np.abs(G).max(axis=(1, 2), keepdims=True)
    signs = np.where(np.abs(G) > _SIGN_TOLERANCE * largest, np.sign(G), 0.0)
    regular = np.where(np.abs(cosines) > _SIGN_TOLERANCE, np.sign(cosines), 0.0)
    return (signs == regular).all(axis=(1, 2))


def _law(density: np.ndarray, importance: np.ndarray, models: int) -> Law:
    return Law(np.tile(density, (models, 1)), np.tile(importance, (models, 1)))
