"""Rigid factors with like features: two scalars, the squared norm g and the bias b, enclosed with the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat
from jaxtyping import Float

from tegum.theory.balls.krawczyk import System, enclosed_zero
from tegum.theory.balls.numbers import BallLaw
from tegum.theory.balls.rows import Expectation, answers, expectations

#: Squared lengths that differ by less than this share are alike.
_TIE = 1e-6


def enclosed_scalars(
    cosines: Sequence[arb], g: float, b: float, law: BallLaw, reach: float, accuracy: int
) -> tuple[arb, arb]:
    """The critical point of k ℓ(g C, b) near given scalars.

    Args:
        cosines: first row of C.
        g, b: squared norm and bias in double precision.
        law: of the vertices, all alike.
        reach, accuracy: see `enclosed_zero`.

    Returns:
        Balls of (g, b); there is exactly one critical point of the ansatz in them.

    Raises:
        ArithmeticError: see `enclosed_zero`.
    """
    found = enclosed_zero(
        System(
            lambda theta: symmetric_gradient(cosines, theta[0], theta[1], law),
            lambda theta: symmetric_hessian(cosines, theta[0], theta[1], law),
        ),
        [g, b],
        reach,
        accuracy,
    )
    return found[0], found[1]


def symmetric_loss(cosines: Sequence[arb], g: arb, b: arb, law: BallLaw) -> arb:
    """k ℓ(g C, b) = k I [E y² - 2 E y U_1(z) + 2 E U_2(z)]."""
    E, Y = _expectations(cosines, g, b, law)
    return len(cosines) * law.importance[0] * (law.density[0] * law.square - 2 * Y(1) + 2 * E(2))


def _expectations(cosines: Sequence[arb], g: arb, b: arb, law: BallLaw) -> tuple[Expectation, Expectation]:
    row = [g * c for c in cosines]
    return expectations(row, b, law), answers(0, row, b, law)


def symmetric_gradient(cosines: Sequence[arb], g: arb, b: arb, law: BallLaw) -> list[arb]:
    """∂(k ℓ)/∂(g, b): with z = g s + b, s = c·x, every factor s is (z - b)/g, and z U_q(z) = (q + 1) U_{q+1}(z)."""
    E, Y = _expectations(cosines, g, b, law)
    scale = 2 * len(cosines) * law.importance[0]
    by_norm = (2 * E(2) - b * E(1) - Y(1) + b * Y(0)) / g
    return [scale * by_norm, scale * (E(1) - Y(0))]


def symmetric_hessian(cosines: Sequence[arb], g: arb, b: arb, law: BallLaw) -> arb_mat:
    """∂²(k ℓ)/∂(g, b)², by the same rule; on the delta function's support s is -b/g."""
    E, Y = _expectations(cosines, g, b, law)
    scale = 2 * len(cosines) * law.importance[0]
    delta = Y(-1)
    both = scale * (2 * E(2) - 2 * b * E(1) + b * b * (E(0) - delta)) / (g * g)
    mixed = scale * (E(1) - b * (E(0) - delta)) / g
    return arb_mat([[both, mixed], [mixed, scale * (E(0) - delta)]])


def vectors(overlaps: Sequence[Sequence[arb]], dimension: int) -> list[list[arb]]:
    """Vectors with given overlaps: W with WᵀW = G, the first independent ones in triangular form.

    Args:
        overlaps: G, of exact rank ``dimension``.

    Returns:
        W, [dimension][vertices].
    """
    chosen = _independent(np.array([[float(x.mid()) for x in row] for row in overlaps]), dimension)
    W = [[arb(0)] * len(overlaps) for _ in range(dimension)]
    for a, i in enumerate(chosen):
        # Cholesky's row by row: once the triangle of the chosen ones is known, so are all other vectors.
        square = overlaps[i][i] - sum((W[c][i] * W[c][i] for c in range(a)), arb(0))
        length = square.sqrt()
        for j in range(len(overlaps)):
            W[a][j] = (overlaps[i][j] - sum((W[c][i] * W[c][j] for c in range(a)), arb(0))) / length
        for c in chosen[:a]:
            W[a][c] = arb(0)
        W[a][i] = length
    return W


def _independent(G: Float[np.ndarray, "vertices vertices"], dimension: int) -> list[int]:
    """Vertices that span, by pivoted elimination; of like ones the first, so that rounding never turns the frame."""
    rest, chosen = G.copy(), []
    for _ in range(dimension):
        lengths = np.diagonal(rest)
        i = int(np.argmax(lengths > (1 - _TIE) * lengths.max()))
        chosen.append(i)
        rest = rest - np.outer(rest[:, i], rest[i]) / rest[i, i]
    return chosen
