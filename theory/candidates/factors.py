"""One factor of a geometry, optimised for the features it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from tegum.theory.candidates.ansatz import Ansatz, ansatz_minima, symmetric_ansatz
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import Factor, is_rigid, regular_cosines, regular_vectors
from tegum.theory.loss.enumeration import MOST_FEATURES, enumerated_rows
from tegum.theory.loss.law import Law, Structure
from tegum.theory.loss.marginal import is_exchangeable, without_groups
from tegum.theory.loss.moments import moments
from tegum.theory.loss.objective import BASIC, losses_of
from tegum.theory.search.descent import descend, gradient_tolerance
from tegum.theory.search.newton import Expansion, Rest, minimise

#: Overlaps of a bent factor below this times its largest squared norm count as zero when its type is checked.
_SIGN_TOLERANCE = 1e-6
#: Starting squared norms and biases; the basins of a symmetric factor are few.
_STARTING_NORMS = (0.6, 1.0, 1.4)
_STARTING_BIASES = (-1.0, -0.5, -0.2, 0.0, 0.2)
#: The same where more scalars than these two are free.
_FEWER_BIASES = (-0.5, -0.2, 0.0)
_BENDING_STEPS = 8


@dataclass(frozen=True)
class FittedFactor:
    """A factor with its free scalars optimised for its features.

    Attributes:
        factor: what it is.
        W: weights, [dimension, vertices].
        b: biases, [vertices].
        loss: its part of the population loss, Σ over its vertices.
        symmetric: whether the ansatz was one squared norm g and one bias b (like features, a rigid shape),
            W = √g × regular vectors; otherwise all its weights were free, or all that its symmetry leaves free.
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
    structure: Structure = BASIC,
) -> list[FittedFactor | None]:
    """Best weights of a factor for each of several contents, vertex by vertex.

    Like features keep the factor's symmetry.  Where that leaves the shape rigid, G = g C with the regular cosines C,
    and one bias: L = k ℓ(g, b) over two scalars; else heights, radii and the orbits' biases are free too (`ansatz`).
    Unlike features bend it, and so do groups of some of them: all weights are free, from the regular shape.  Either way
    the signs of its overlaps stay the catalogue's.

    Args:
        factor: a catalogue factor.
        density: p of the feature at each vertex.
        importance: I of the feature at each vertex.
        structure: the law of its vertices, and the kind of model.

    Returns:
        One `FittedFactor` for each content, or None where no critical point of this combinatorial type exists near the
        regular shape.

    Raises:
        InputError: unlike features in a factor of more than `enumeration.MOST_FEATURES` vertices.

    Validity: tied weights on a linear hidden layer; the factor has no overlap with any other (tegum product).
    """
    if factor.dimension == 0:
        return [_dropped(factor, *content, structure) for content in zip(density, importance, strict=True)]
    like = is_exchangeable(structure, factor.vertices)
    found = _of_means(factor, density, importance, structure if like else without_groups(structure))
    unlike = (np.ptp(density, axis=1) > 0) | (np.ptp(importance, axis=1) > 0) | (not like)
    if unlike.any() and factor.vertices > MOST_FEATURES:
        raise InputError(
            f"a {factor.name} of unlike features is not supported: it has more than {MOST_FEATURES} vertices"
        )
    bending = [k for k, regular in enumerate(found) if regular is not None and unlike[k]]
    if bending:
        regular = [one for k, one in enumerate(found) if k in bending and one is not None]
        content = density[bending], importance[bending], structure
        for k, bent in zip(bending, _bent(regular, *content), strict=True):
            found[k] = bent
    return found


def _of_means(
    factor: Factor, density: np.ndarray, importance: np.ndarray, structure: Structure
) -> list[FittedFactor | None]:
    """The regular factor of each content's mean density and importance."""
    means = zip(density.mean(axis=1).tolist(), importance.mean(axis=1).tolist(), strict=True)
    return [_symmetric(factor, *mean, structure) for mean in means]


def unbent_losses(
    factor: Factor,
    density: Float[np.ndarray, "contents vertices"],
    importance: Float[np.ndarray, "contents vertices"],
    structure: Structure = BASIC,
) -> Float[np.ndarray, " contents"]:
    """Loss of each content in the shape that features of its mean density and importance would take.

    Args:
        factor: of at most `enumeration.MOST_FEATURES` vertices.
        density, importance, structure: as for `fitted_factors`.

    Returns:
        Σ over the vertices, an upper bound on the bent factor's; infinite where there is no symmetric critical point.
    """
    if factor.dimension == 0:
        contents = zip(density, importance, strict=True)
        return np.array([_dropped(factor, *content, structure).loss for content in contents])
    like = is_exchangeable(structure, factor.vertices)
    found = _of_means(factor, density, importance, structure if like else without_groups(structure))
    losses, known = np.full(len(found), np.inf), [k for k, one in enumerate(found) if one is not None]
    if known:
        shapes = [one for one in found if one is not None]
        W, b = np.stack([one.W for one in shapes]), np.stack([one.b for one in shapes])
        losses[known] = losses_of(W, b, Law(density[known], importance[known], structure))
    return losses


def _dropped(factor: Factor, density: np.ndarray, importance: np.ndarray, structure: Structure) -> FittedFactor:
    """The zero vector: x̂ is a constant, at best E y if there is a bias and the readout lets it through."""
    of = moments(density[None], structure)
    constant = of.target_mean[0] * structure.bias
    loss = float((importance * (of.target_square[0] - constant**2)).sum())
    return FittedFactor(factor, np.zeros((0, 1)), constant, loss, True)


@lru_cache(maxsize=1024)
def _symmetric(factor: Factor, density: float, importance: float, structure: Structure) -> FittedFactor | None:
    if structure == BASIC and is_rigid(factor) and factor.vertices <= MOST_FEATURES:
        return _rigid(factor, density, importance)
    ansatz, regular = factor_ansatz(factor), regular_vectors(factor)
    biases = _FEWER_BIASES if factor.vertices <= MOST_FEATURES else _FEWER_BIASES[1:2]
    norms = _STARTING_NORMS if factor.vertices <= MOST_FEATURES else _STARTING_NORMS[1:2]
    starts = np.stack(
        [ansatz.parameters(np.sqrt(g) * regular, np.full(factor.vertices, b)) for g in norms for b in biases]
    )
    starts = starts if structure.bias else np.unique(starts[:, : len(ansatz.basis)], axis=0)
    law = _law(np.full(factor.vertices, density), np.full(factor.vertices, importance), len(starts), structure)
    rest = ansatz_minima(starts, ansatz, law)
    best = _best(rest, _same_signs(ansatz.weights(rest.theta)[0], regular_cosines(factor)))
    if best is None:
        return None
    return FittedFactor(factor, *ansatz.weights(rest.theta[best]), float(rest.at.loss[best]), is_rigid(factor))


def _rigid(factor: Factor, density: float, importance: float) -> FittedFactor | None:
    starts = np.array([(g, b) for g in _STARTING_NORMS for b in _STARTING_BIASES])
    law = _law(np.full(factor.vertices, density), np.full(factor.vertices, importance), len(starts), BASIC)
    rest = minimise(
        starts, lambda theta, members: symmetric_expansion(theta, factor, law[members]), gradient_tolerance(law)
    )
    best = _best(rest, rest.theta[:, 0] > _SIGN_TOLERANCE)
    if best is None:
        return None
    g, b = rest.theta[best]
    W = np.sqrt(g) * regular_vectors(factor)
    return FittedFactor(factor, W, np.full(factor.vertices, b), float(rest.at.loss[best]), True)


def _best(rest: Rest, of_its_type: np.ndarray) -> int | None:
    """The member of least loss that has come to rest and kept its type."""
    usable = rest.converged & of_its_type
    return int(np.argmin(np.where(usable, rest.at.loss, np.inf))) if usable.any() else None


@lru_cache(maxsize=256)
def factor_ansatz(factor: Factor) -> Ansatz:
    """The symmetric ansatz of a catalogue factor's regular arrangement."""
    return symmetric_ansatz(regular_vectors(factor))


def symmetric_expansion(theta: Float[np.ndarray, "members 2"], factor: Factor, law: Law) -> Expansion:
    """k ℓ(g, b) of a vertex-transitive factor with overlaps g C, and its derivatives: one row stands for all.

    Args:
        theta: squared norm g and bias b of each member.
        factor: a rigid catalogue factor of at least one dimension.
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


def _bent(
    regular: list[FittedFactor], density: np.ndarray, importance: np.ndarray, structure: Structure
) -> list[FittedFactor | None]:
    """Follow regular factors while their features are made unlike step by step, so that each stays on its branch.

    Groups that do not hold all features come last: there is no way from none to some.
    """
    factor = regular[0].factor
    W, b = np.stack([one.W for one in regular]), np.stack([one.b for one in regular])
    alive = np.ones(len(regular), dtype=bool)
    like = is_exchangeable(structure, factor.vertices)
    alone = structure if like else without_groups(structure)
    shares = np.linspace(0.0, 1.0, _BENDING_STEPS + 1)[1:]
    path = [Law(_between(density, share), _between(importance, share), alone) for share in shares]
    for law in path if like else [*path, Law(density, importance, structure)]:
        rest = descend(W, b, law)
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


def _law(density: np.ndarray, importance: np.ndarray, models: int, structure: Structure) -> Law:
    return Law(np.tile(density, (models, 1)), np.tile(importance, (models, 1)), structure)
