"""Whole models in ball arithmetic: loss, gradient and Hessian by (W, b), critical points, rotations taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from flint import arb, arb_mat
from jaxtyping import Float

from tegum.theory.balls.inertia import bordered
from tegum.theory.balls.krawczyk import System, enclosed_zero
from tegum.theory.balls.numbers import BallLaw, midpoints
from tegum.theory.balls.rows import BallRow, ball_row

#: Rotations whose share in the motion of the weights is below this do not count as independent.
_RANK = 1e-7
#: Decimal places to which the sizes of motions are compared.
_PLACES = 6

Matrix = list[list[arb]]


@dataclass(frozen=True)
class BallWeights:
    """Weights in balls.

    Attributes:
        W: [hidden][features].
        b: [features].
        G: overlaps WᵀW, [features][features]; given besides W because a zero may be exact, and equal ones the same
            ball.
    """

    W: Matrix
    b: list[arb]
    G: Matrix

    @property
    def parameters(self) -> list[arb]:
        """θ = (W row by row, b)."""
        return [*(x for row in self.W for x in row), *self.b]


def overlaps(W: Matrix, features: int) -> Matrix:
    """G = WᵀW."""
    half = [[sum((row[i] * row[j] for row in W), arb(0)) for j in range(i + 1)] for i in range(features)]
    return [[half[max(i, j)][min(i, j)] for j in range(features)] for i in range(features)]


def rows_of(at: BallWeights, law: BallLaw, order: int, closed: bool = False) -> list[BallRow]:
    """ℓ_i of every feature with its derivatives by row i of (G, b)."""
    return [ball_row(i, at.G[i], at.b[i], law, order, closed) for i in range(len(at.b))]


def gradient_of(at: BallWeights, rows: Sequence[BallRow]) -> list[arb]:
    """∂L/∂θ: W (D + Dᵀ) and ∂L/∂b, D_ij = ∂ℓ_i/∂G_ij."""
    symmetric = both_ways(rows)
    by_weight = [sum((x * s for x, s in zip(row, line, strict=True)), arb(0)) for row in at.W for line in symmetric]
    return [*by_weight, *(row.gradient[-1] for row in rows)]


def hessian_of(at: BallWeights, rows: Sequence[BallRow]) -> arb_mat:
    """∂²L/∂θ² = Σ_i J_iᵀ (∂²ℓ_i) J_i + (D + Dᵀ) ⊗ 1, J_i the Jacobian of row i of (G, b)."""
    hidden, features = len(at.W), len(at.b)
    size = (hidden + 1) * features
    total = arb_mat(size, size)
    for i, row in enumerate(rows):
        J = _row_jacobian(at.W, features, i)
        total += J.transpose() * (arb_mat(row.hessian) * J)
    symmetric = both_ways(rows)
    for a in range(hidden):
        for i, j in np.ndindex(features, features):
            total[a * features + i, a * features + j] += symmetric[i][j]
    return total


def both_ways(rows: Sequence[BallRow]) -> Matrix:
    """D + Dᵀ, D_ij = ∂ℓ_i/∂G_ij."""
    every = range(len(rows))
    return [[rows[i].gradient[j] + rows[j].gradient[i] for j in every] for i in every]


def _row_jacobian(W: Matrix, features: int, i: int) -> arb_mat:
    J = arb_mat(features + 1, (len(W) + 1) * features)
    for a, row in enumerate(W):
        for j, x in enumerate(row):
            J[j, a * features + j] += row[i]
            J[j, a * features + i] += x
    J[features, len(W) * features + i] = 1
    return J


def rotations(W: Matrix, features: int) -> list[tuple[int, int]]:
    """Pairs of hidden units whose rotations move the weights independently; rounding does not change their order."""
    middle = np.array([midpoints(row) for row in W]).reshape(len(W), features)
    pairs = list(combinations(range(len(W)), 2))
    chosen: list[tuple[int, int]] = []
    span = np.zeros((0, middle.size))
    for pair in sorted(pairs, key=lambda pair: -round(float(np.linalg.norm(middle[list(pair)])), _PLACES)):
        move = _turned(middle, pair).ravel()
        rest = move - span.T @ (span @ move)
        if np.linalg.norm(rest) > _RANK * np.linalg.norm(middle):
            span = np.vstack([span, rest / np.linalg.norm(rest)])
            chosen.append(pair)
    return chosen


def _turned(W: Float[np.ndarray, "hidden features"], pair: tuple[int, int]) -> Float[np.ndarray, "hidden features"]:
    move = np.zeros_like(W)
    move[pair[0]], move[pair[1]] = W[pair[1]], -W[pair[0]]
    return move


def turns(at: BallWeights, pairs: Sequence[tuple[int, int]]) -> Matrix:
    """∂θ along each rotation: null vectors of the Hessian at a critical point."""
    return [
        [
            *(
                x
                for a in range(len(at.W))
                for x in (at.W[c] if a == e else [-y for y in at.W[e]] if a == c else [arb(0)] * len(at.b))
            ),
            *[arb(0)] * len(at.b),
        ]
        for e, c in pairs
    ]


def enclosed_weights(
    W: Float[np.ndarray, "hidden features"],
    b: Float[np.ndarray, " features"],
    law: BallLaw,
    reach: float,
    accuracy: int,
) -> BallWeights:
    """The critical point of the loss near given weights, all of them free, up to the rotations of the hidden space.

    ∇L(θ) + Σ_k λ_k a_k = 0,  a_k·(θ - θ_0) = 0,  a_k the motions A_k W_0 under independent rotations.  Since ∇L(θ)
    has no component along A_k W, all λ vanish where the matrix of a_j·A_k W is invertible, which is checked.

    Args:
        W, b: weights in double precision.
        law: densities and importances.
        reach, accuracy: see `enclosed_zero`.

    Returns:
        `BallWeights` that hold exactly one critical point with a_k·(θ - θ_0) = 0.

    Raises:
        ArithmeticError: see `enclosed_zero`; a feature whose output vanishes exactly cannot be decided here.
    """
    hidden, features = W.shape
    start = _unpacked([arb(float(x)) for x in (*W.ravel(), *b)], hidden, features)
    pairs = rotations(start.W, features)
    border, size = turns(start, pairs), (hidden + 1) * features

    def equations(theta: list[arb]) -> list[arb]:
        at = _unpacked(theta[:size], hidden, features)
        pulled = gradient_of(at, rows_of(at, law, 1))
        for line, multiplier in zip(border, theta[size:], strict=True):
            pulled = [x + multiplier * a for x, a in zip(pulled, line, strict=True)]
        moved = [x - y for x, y in zip(theta[:size], start.parameters, strict=True)]
        return [*pulled, *(_dot(line, moved) for line in border)]

    def jacobian(theta: list[arb]) -> arb_mat:
        at = _unpacked(theta[:size], hidden, features)
        return bordered(hessian_of(at, rows_of(at, law, 2)), border)

    zero = [*start.parameters, *[arb(0)] * len(border)]
    found = _unpacked(enclosed_zero(System(equations, jacobian), zero, reach, accuracy)[:size], hidden, features)
    check_transversal(border, turns(found, pairs))
    return found


def check_transversal(border: Matrix, motions: Matrix) -> None:
    """Prove that motions under rotations are independent and that none lies in the kernel of the border.

    Raises:
        ArithmeticError: it cannot be proved.
    """
    if border and arb_mat([[_dot(line, move) for move in motions] for line in border]).det().contains(0):
        raise ArithmeticError("the rotations of the hidden space could not be separated from other motions")


def _unpacked(theta: list[arb], hidden: int, features: int) -> BallWeights:
    W = [theta[a * features : (a + 1) * features] for a in range(hidden)]
    return BallWeights(W, theta[hidden * features :], overlaps(W, features))


def _dot(one: Sequence[arb], other: Sequence[arb]) -> arb:
    return sum((x * y for x, y in zip(one, other, strict=True)), arb(0))
