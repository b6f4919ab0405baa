"""Signature of symmetric matrices in ball arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat
from jaxtyping import Float


def inertia(matrix: arb_mat) -> tuple[int, int]:
    """Numbers of positive and of negative eigenvalues, proved for every symmetric matrix in the balls.

    Raises:
        ArithmeticError: an eigenvalue cannot be told from zero.

    Source: Sylvester's law of inertia; LDLᵀ of a congruent matrix that is almost diagonal.
    """
    if not matrix.nrows():
        return 0, 0
    pivots = pivots_of(matrix, frame(matrix))
    positive, negative = sum(bool(one > 0) for one in pivots), sum(bool(one < 0) for one in pivots)
    if positive + negative < len(pivots):
        raise ArithmeticError("an eigenvalue of the Hessian cannot be told from zero at this precision")
    return positive, negative


def frame(matrix: arb_mat) -> Float[np.ndarray, "rows rows"]:
    """Approximate eigenvectors in the columns, those of small eigenvalues last."""
    middle = np.array([[float(entry.mid()) for entry in row] for row in matrix.tolist()])
    values, vectors = np.linalg.eigh((middle + middle.T) / 2)
    return vectors[:, np.argsort(-np.abs(values))]


def pivots_of(matrix: arb_mat, directions: Float[np.ndarray, "rows kept"]) -> list[arb]:
    """Pivots d of QᵀAQ = L diag(d) Lᵀ, Q the given directions: their signs are those of A's eigenvalues on their span.

    Q needs no proof: pivots that are all proved to be other than zero make QᵀAQ, and so Q, invertible.

    Raises:
        ArithmeticError: a pivot other than the last cannot be told from zero.
    """
    Q = arb_mat(directions.tolist())
    rest = _symmetric(Q.transpose() * matrix * Q)
    pivots = []
    while rest:
        pivot, across = rest[0][0], rest[0][1:]
        pivots.append(pivot)
        if across and pivot.contains(0):
            raise ArithmeticError("an eigenvalue of the Hessian cannot be told from zero at this precision")
        rest = [
            [entry - left * right / pivot for entry, right in zip(row[1:], across, strict=True)]
            for row, left in zip(rest[1:], across, strict=True)
        ]
    return pivots


def _symmetric(matrix: arb_mat) -> list[list[arb]]:
    return [list(row) for row in matrix.tolist()]


def bordered(matrix: arb_mat, border: Sequence[Sequence[arb]]) -> arb_mat:
    """[[H, Aᵀ], [A, 0]]: as many more positive as negative eigenvalues as H has on the kernel of A, A of full rank."""
    rows = [[*row, *(line[i] for line in border)] for i, row in enumerate(matrix.tolist())]
    rows += [[*line, *[arb(0)] * len(border)] for line in border]
    return arb_mat(rows) if rows else arb_mat(0, 0)
