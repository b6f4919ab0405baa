"""Critical points among arrangements with given symmetries, enclosed over their free scalars."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from flint import arb, arb_mat, ctx
from jaxtyping import Float

from tegum.theory.balls.centraliser import ExactAnsatz, exact_ansatz
from tegum.theory.balls.krawczyk import System, enclosed_zero
from tegum.theory.balls.numbers import BallLaw
from tegum.theory.balls.regular import vectors
from tegum.theory.balls.rows import BallRow, ball_row
from tegum.theory.balls.weights import BallWeights, Matrix
from tegum.theory.candidates.factors import factor_ansatz
from tegum.theory.geometry.factor import Factor, regular_vectors


def enclosed_arrangement(
    ansatz: ExactAnsatz,
    W: Float[np.ndarray, "dimension vertices"],
    b: Float[np.ndarray, " vertices"],
    law: BallLaw,
    reach: float,
    accuracy: int,
) -> tuple[BallWeights, list[arb]]:
    """The critical point of the loss near given weights, among all with the symmetries of an arrangement.

    ∂/∂(t, β) Σ_orbits |orbit| ℓ(row of its representative) = 0: squared norms, heights, angles and the orbits' biases.
    By symmetry it is critical for the full loss, and it stays isolated where the full Hessian has a null vector that
    breaks the symmetry.

    Args:
        ansatz: of the arrangement; the symmetries keep the kinds of the vertices.
        W, b: weights in double precision, symmetric.
        law: of the vertices, alike within each orbit.
        reach, accuracy: see `enclosed_zero`; entry by entry of t.

    Returns:
        `BallWeights`, where overlaps of one orbit of pairs are the same ball; and (t, β), in which it is unique.

    Raises:
        ArithmeticError: see `enclosed_zero`; weights without the symmetry.

    Source: Palais, The principle of symmetric criticality, Commun. Math. Phys. 69 (1979).
    """
    heads = ansatz.symmetry.representatives
    found = enclosed_zero(
        System(lambda theta: _gradient(ansatz, theta, law), lambda theta: _hessian(ansatz, theta, law)),
        [*ansatz.scalars_of(W).tolist(), *b[heads].tolist()],
        reach,
        accuracy,
    )
    values = _overlaps(ansatz, found)
    G = [[values[c] for c in row] for row in ansatz.classes.tolist()]
    biases = [found[ansatz.scalars + orbit] for orbit in ansatz.symmetry.vertex_orbits.tolist()]
    return BallWeights(vectors(G, ansatz.dimension), biases, G), found


def factor_exact_ansatz(factor: Factor) -> ExactAnsatz:
    """The ansatz of a catalogue entry, at the working precision."""
    return _factor_exact_ansatz(factor, ctx.prec)


@lru_cache(maxsize=64)
def _factor_exact_ansatz(factor: Factor, precision: int) -> ExactAnsatz:
    return exact_ansatz(regular_vectors(factor), factor_ansatz(factor).symmetry)


def _slopes(ansatz: ExactAnsatz, theta: list[arb]) -> Matrix:
    """∂G_c/∂t = 2 Q_c t of every class."""
    t = arb_mat(ansatz.scalars, 1, theta[: ansatz.scalars])
    return [[2 * x for x in (form * t).entries()] for form in ansatz.forms]


def _overlaps(ansatz: ExactAnsatz, theta: list[arb]) -> list[arb]:
    """G_c = t·Q_c t of every class."""
    half = [[x / 2 for x in slope] for slope in _slopes(ansatz, theta)]
    return [sum((x * y for x, y in zip(theta, line, strict=False)), arb(0)) for line in half]


def _rows(ansatz: ExactAnsatz, theta: list[arb], law: BallLaw, order: int) -> list[BallRow]:
    """ℓ of each orbit's representative."""
    G, biases = _overlaps(ansatz, theta), theta[ansatz.scalars :]
    heads = ansatz.symmetry.representatives.tolist()
    return [
        ball_row(head, [G[c] for c in ansatz.classes[head].tolist()], b, law, order)
        for head, b in zip(heads, biases, strict=True)
    ]


def _jacobian(ansatz: ExactAnsatz, slopes: Matrix, orbit: int) -> arb_mat:
    """∂(row of the orbit's representative, its bias)/∂θ."""
    orbits = ansatz.symmetry.orbit_sizes.size
    head = int(ansatz.symmetry.representatives[orbit])
    rows = [[*slopes[c], *[arb(0)] * orbits] for c in ansatz.classes[head].tolist()]
    return arb_mat([*rows, [arb(int(k == ansatz.scalars + orbit)) for k in range(ansatz.scalars + orbits)]])


def _gradient(ansatz: ExactAnsatz, theta: list[arb], law: BallLaw) -> list[arb]:
    slopes, total = _slopes(ansatz, theta), arb_mat(1, len(theta))
    for orbit, row in enumerate(_rows(ansatz, theta, law, 1)):
        size = int(ansatz.symmetry.orbit_sizes[orbit])
        total += size * (arb_mat([row.gradient]) * _jacobian(ansatz, slopes, orbit))
    return total.entries()


def _hessian(ansatz: ExactAnsatz, theta: list[arb], law: BallLaw) -> arb_mat:
    """Σ_orbits |orbit| [Jᵀ ∂²ℓ J + Σ_j ∂ℓ/∂G_j 2 Q_{c(j)}]"""
    slopes, total = _slopes(ansatz, theta), arb_mat(len(theta), len(theta))
    every = range(ansatz.scalars)
    for orbit, row in enumerate(_rows(ansatz, theta, law, 2)):
        size, J = int(ansatz.symmetry.orbit_sizes[orbit]), _jacobian(ansatz, slopes, orbit)
        total += size * (J.transpose() * (arb_mat(row.hessian) * J))
        head = int(ansatz.symmetry.representatives[orbit])
        for c, slope in zip(ansatz.classes[head].tolist(), row.gradient, strict=False):
            for a in every:
                for e in every:
                    total[a, e] += 2 * size * slope * ansatz.forms[c][a, e]
    return total
