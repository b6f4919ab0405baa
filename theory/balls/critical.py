"""Critical points found in double precision, enclosed: factor by factor, or all weights at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat
from jaxtyping import Float

from tegum.theory.balls.cosines import exact_cosines
from tegum.theory.balls.inertia import bordered, inertia
from tegum.theory.balls.numbers import BallLaw, key
from tegum.theory.balls.regular import enclosed_scalars, symmetric_loss, vectors
from tegum.theory.balls.symmetric import enclosed_arrangement, factor_exact_ansatz
from tegum.theory.balls.weights import (
    BallWeights,
    Matrix,
    check_transversal,
    enclosed_weights,
    hessian_of,
    rotations,
    rows_of,
    turns,
)
from tegum.theory.candidates.candidates import Fit
from tegum.theory.candidates.factors import FittedFactor
from tegum.theory.geometry.factor import Factor, merged, regular_cosines
from tegum.theory.loss.law import Structure
from tegum.theory.loss.marginal import is_exchangeable

#: How far from the given double-precision point the critical point may lie, entry by entry.
REACH = 1e-4
#: A feature this close to (‖w‖ = 1, b = 0, orthogonal to all others) stands for the exact dedicated one.
_DEDICATED = 1e-7
#: Norms and biases of a rigid factor with like features agree to this.
_ALIKE = 1e-9


@dataclass(frozen=True)
class Enclosed:
    """A critical point in balls.

    Attributes:
        at: the weights.
        loss: of all features.
        scalars: the free scalars of all factors, the box in which it is the only critical point.
        dedicated: features exactly on the kink b = 0.
    """

    at: BallWeights
    loss: arb
    scalars: tuple[arb, ...]
    dedicated: tuple[int, ...] = ()


def enclosed_fit(fit: Fit, law: BallLaw, hidden: int, accuracy: int) -> Enclosed:
    """A tegum product of critical factors, each in dimensions of its own, is critical as a whole.

    ∂ℓ_j/∂G_ji = (p_i/2) ∂ℓ_j/∂b_j = 0 for features j, i of different factors: x_i is independent of the output of j.
    """
    parts = [
        (place, enclosed_factor(part, law.of(place), accuracy))
        for place, part in zip(fit.features, fit.factors, strict=True)
    ]
    return assembled(parts, hidden, len(law.density))


def enclosed_factor(fitted: FittedFactor, law: BallLaw, accuracy: int) -> Enclosed:
    """One factor alone in its own dimensions; the free scalars of every ansatz are chosen here and nowhere else.

    Dropped: b = E y.  Dedicated: g = 1, b = 0.  So too for features that are never on together and never overlap with a
    positive sign: a loss of exactly 0.  Merged features that are always on together: g = 1/k, b = 0, which answers the
    mean, all that is known.  Like features keep the factor's symmetry: two scalars where that leaves it rigid, else
    also heights, angles and the orbits' biases.  Unlike features: all weights.

    Raises:
        ArithmeticError: see `krawczyk.enclosed_zero`.
    """
    k, d = fitted.factor.vertices, fitted.factor.dimension
    if d == 0:
        return dropped_block(law)
    if d == k == 1 and (law.structure.values != "signed" or dedicated_features(fitted.W, fitted.b)):
        return dedicated_block(law)
    if _are_apart(fitted, law):
        return _apart(fitted.factor)
    if fitted.factor == merged(k) and _are_together(law):
        return _together(law)
    if not _alike(law):
        return free_block(fitted.W, fitted.b, law, accuracy)
    cosines = _rigid_cosines(fitted)
    if cosines is None:
        ansatz = factor_exact_ansatz(fitted.factor)
        at, scalars = enclosed_arrangement(ansatz, fitted.W, fitted.b, law, REACH, accuracy)
        return Enclosed(at, loss_of(at, law), tuple(scalars))
    norm = float((fitted.W * fitted.W).sum()) / k
    g, b = enclosed_scalars(cosines[0], norm, float(fitted.b[0]), law, REACH, accuracy)
    G = [[g * c for c in row] for row in cosines]
    return Enclosed(BallWeights(vectors(G, d), [b] * k, G), symmetric_loss(cosines[0], g, b, law), (g, b))


def enclosed_model(
    W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], law: BallLaw, accuracy: int
) -> Enclosed:
    """All weights of one model; features with a dimension of their own are put exactly where they stand for.

    Raises:
        ArithmeticError: see `krawczyk.enclosed_zero`.
    """
    hidden, features = W.shape
    alone = dedicated_features(W, b) if law.structure == Structure() else ()
    others = [i for i in range(features) if i not in alone]
    axes = np.linalg.svd(W[:, list(alone)], full_matrices=True)[0][:, len(alone) :]
    parts: list[tuple[tuple[int, ...], Enclosed]] = [((i,), dedicated_block(law.of((i,)))) for i in alone]
    if others:
        parts.append((tuple(others), free_block(axes.T @ W[:, others], b[others], law.of(others), accuracy)))
    return assembled(parts, hidden, features)


def dedicated_features(W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"]) -> tuple[int, ...]:
    """Features with a dimension of their own: unit norm, no overlap with any other, no bias."""
    off = np.abs(W.T @ W - np.eye(len(b))).max(axis=1)
    return tuple(int(i) for i in np.flatnonzero(np.maximum(off, np.abs(b)) < _DEDICATED))


def dropped_block(law: BallLaw) -> Enclosed:
    """One feature's zero vector: b = E y."""
    p = law.density[0]
    mean = p * law.answer
    return Enclosed(BallWeights([], [mean], [[arb(0)]]), law.importance[0] * (p * law.square - mean * mean), (mean,))


def dedicated_block(law: BallLaw) -> Enclosed:
    """One feature alone in its dimension: g = 1, b = 0, whose loss is exactly 0, the least possible.

    Of a signed feature the negative half is lost: I p/6.
    """
    lost = law.importance[0] * law.density[0] / 6 if law.structure.values == "signed" else arb(0)
    return Enclosed(BallWeights([[arb(1)]], [arb(0)], [[arb(1)]]), lost, (), (0,))


def _are_apart(fitted: FittedFactor, law: BallLaw) -> bool:
    """Whether no two features are ever on together and no two vertices enclose an acute angle."""
    every = tuple(range(len(law.density)))
    exclusive = law.structure.law == "one-hot" or (law.structure.law, law.structure.groups) == (
        "anticorrelated",
        (every,),
    )
    acute = (regular_cosines(fitted.factor) - np.eye(len(every)) > 0.0).any()
    return exclusive and law.structure.values != "signed" and not acute


def _apart(factor: Factor) -> Enclosed:
    """Each output is x_i while feature i is on, and zero while another one is: it points away, or is orthogonal."""
    cosines = exact_cosines(regular_cosines(factor))
    if cosines is None:
        raise ArithmeticError(f"the cosines of a {factor.name} are not known exactly")
    zero, every = arb(0), tuple(range(factor.vertices))
    return Enclosed(BallWeights(vectors(cosines, factor.dimension), [zero for _ in every], cosines), zero, (), every)


def _are_together(law: BallLaw) -> bool:
    return _alike(law) and law.structure.law == "correlated" and law.structure.values == "uniform"


def _together(law: BallLaw) -> Enclosed:
    """Outputs Σ x_j / k: given that they are on, E(x_i | Σ x_j), which leaves 1/12 less the variance of the mean."""
    k = len(law.density)
    length, zero = (arb(1) / k).sqrt(), arb(0)
    loss = k * law.importance[0] * law.density[0] * (1 - arb(1) / k) / 12
    G = [[arb(1) / k] * k for _ in range(k)]
    return Enclosed(BallWeights([[length] * k], [zero] * k, G), loss, (), tuple(range(k)))


def free_block(
    W: Float[np.ndarray, "dimension vertices"], b: Float[np.ndarray, " vertices"], law: BallLaw, accuracy: int
) -> Enclosed:
    """A block all of whose weights are free, up to rotations."""
    at = enclosed_weights(W, b, law, REACH, accuracy)
    return Enclosed(at, loss_of(at, law), tuple(at.parameters))


def loss_of(at: BallWeights, law: BallLaw) -> arb:
    """Σ_i ℓ_i."""
    return sum((row.loss for row in rows_of(at, law, 1)), arb(0))


def _alike(law: BallLaw) -> bool:
    """Whether all features have the same density and the same importance, the same ball, and may change places."""
    same = len(set(map(key, law.density))) == len(set(map(key, law.importance))) == 1
    return same and is_exchangeable(law.structure, len(law.density))


def _rigid_cosines(fitted: FittedFactor) -> Matrix | None:
    """Exact cosines where one squared norm and one bias are all the freedom of like features; else None."""
    G = fitted.W.T @ fitted.W
    norms, scale = np.diagonal(G), float(np.trace(G)) / len(G)
    if np.ptp(fitted.b) > _ALIKE or np.ptp(norms) > _ALIKE * scale:
        return None
    return exact_cosines(G / scale)


def assembled(parts: Sequence[tuple[Sequence[int], Enclosed]], hidden: int, features: int) -> Enclosed:
    """Blocks with the features that each holds, in orthogonal dimensions, as one model."""
    zero = arb(0)
    W, b, row = [[zero] * features for _ in range(hidden)], [zero] * features, 0
    G = [[zero] * features for _ in range(features)]
    for place, part in parts:
        for local, i in enumerate(place):
            b[i] = part.at.b[local]
            for a, line in enumerate(part.at.W):
                W[row + a][i] = line[local]
            for other, j in enumerate(place):
                G[i][j] = part.at.G[local][other]
        row += len(part.at.W)
    dedicated = tuple(sorted(place[i] for place, part in parts for i in part.dedicated))
    scalars = tuple(x for _, part in parts for x in part.scalars)
    return Enclosed(BallWeights(W, b, G), sum((part.loss for _, part in parts), zero), scalars, dedicated)


def bordered_hessian(enclosed: Enclosed, law: BallLaw, closed: bool = False) -> tuple[arb_mat, int]:
    """The Hessian bordered by the rotations, and their number t: its inertia is that of the rest plus (t, t)."""
    at = enclosed.at
    pairs = rotations(at.W, len(at.b))
    border = [[x.mid() for x in line] for line in turns(at, pairs)]
    check_transversal(border, turns(at, pairs))
    return bordered(hessian_of(at, rows_of(at, law, 2, closed)), border), len(pairs)


def signature(enclosed: Enclosed, law: BallLaw, closed: bool = False) -> tuple[int, int, int]:
    """Numbers of positive, negative and zero eigenvalues of the full Hessian at a critical point, proved.

    The motions under t independent rotations are null vectors; bordered by them the Hessian is invertible, so there are
    no others.

    Args:
        enclosed: the critical point.
        law: of all features.
        closed: which of the two one-sided Hessians at features on the kink b = 0 (see `rows.expectations`).

    Raises:
        ArithmeticError: an eigenvalue cannot be told from zero.
    """
    matrix, turning = bordered_hessian(enclosed, law, closed)
    positive, negative = inertia(matrix)
    return positive - turning, negative - turning, turning
