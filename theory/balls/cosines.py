"""Exact cosines of a rigid arrangement, to any number of digits, from its doubles: nothing is typed in."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np
from flint import arb, arb_mat, ctx
from jaxtyping import Float, Int

from tegum.theory.balls.krawczyk import System, enclosed_zero

#: Cosines of doubles that agree to this are meant to be equal.
_EQUAL = 1e-7


def exact_cosines(cosines: Float[np.ndarray, "vertices vertices"]) -> list[list[arb]] | None:
    """Cosines of a rigid arrangement as balls; equal cosines are the same ball.

    Pairs of equal cosine form classes with 0/1 matrices A_s.  Where A_s A_t = Σ_c p_st^c A_c, checked in integers, the
    matrix P = (d/k) C of a tight arrangement in d dimensions is Σ x_s A_s with  Σ_st p_st^c x_s x_t = x_c,  whose
    Jacobian 2P - 1 is invertible in that algebra: an isolated zero, enclosed by interval Newton.  Its trace is the
    whole number d, so that the diagonal is exactly 1.

    Args:
        cosines: of a regular arrangement, to about ten digits.

    Returns:
        Cosines, [vertices][vertices]; None where the arrangement is not tight or the classes form no such algebra.

    Validity: vertices of equal norm; simplices, polygons, platonic and other regular arrangements.

    Source: Bose–Mesner algebra of an association scheme; Bannai & Ito, Algebraic Combinatorics I (1984), chapter 2.
    """
    return _exact_cosines(cosines.shape[0], np.ascontiguousarray(cosines).tobytes(), ctx.prec)


@lru_cache(maxsize=64)
def _exact_cosines(vertices: int, content: bytes, precision: int) -> list[list[arb]] | None:
    C = np.frombuffer(content).reshape(vertices, vertices)
    share = float(np.linalg.eigvalsh(C)[-1])  # k / d
    rank = round(vertices / share)
    if np.abs(C @ C - share * C).max() > _EQUAL * share or abs(vertices / share - rank) > _EQUAL * rank:
        return None
    classes = _classes(C)
    products = _products(classes)
    if products is None:
        return None
    start = [C[classes == c].mean() / share for c in range(len(products))]
    found = enclosed_zero(_projector(products), start, 10 * _EQUAL, precision - 16)
    # The trace is a whole number: which one, the ball says.
    if not (found[0] * vertices).contains(rank) or ceil(float(found[0].rad()) * vertices) > 1:
        return None
    values = [arb(1), *(x * vertices / rank for x in found[1:])]
    return [[values[c] for c in row] for row in classes.tolist()]


def _classes(C: np.ndarray) -> Int[np.ndarray, "vertices vertices"]:
    """Class of each pair: the diagonal is class 0, the others go by their cosine."""
    order = np.unique(np.round(np.sort(C.ravel()) / _EQUAL))
    starts = order[np.concatenate([[True], np.diff(order) > 1])] * _EQUAL
    classes = np.searchsorted(starts, C.ravel() + 2 * _EQUAL).reshape(C.shape)
    np.fill_diagonal(classes, 0)
    return np.unique(classes, return_inverse=True)[1].reshape(C.shape)


def _products(classes: np.ndarray) -> Int[np.ndarray, "classes classes classes"] | None:
    """The numbers p_st^c, or None where a product of two classes is not constant on a class."""
    count = int(classes.max()) + 1
    matrices = (classes[None] == np.arange(count)[:, None, None]).astype(np.int64)
    products = np.einsum("sij,tjk->stik", matrices, matrices, optimize=True)
    first = [np.flatnonzero(classes == c)[0] for c in range(count)]
    numbers = products.reshape(count, count, -1)[:, :, first]
    return numbers if np.array_equal(numbers[:, :, classes], products) else None


def _projector(products: np.ndarray) -> System:
    """P² = P over the coefficients of the classes."""
    numbers, every = products.tolist(), range(len(products))

    def halves(x: list[arb]) -> list[list[arb]]:
        """Σ_s p_st^c x_s, rows by c, columns by t."""
        return [[sum((numbers[s][t][c] * x[s] for s in every), arb(0)) for t in every] for c in every]

    def equations(x: list[arb]) -> list[arb]:
        return [sum((a * y for a, y in zip(row, x, strict=True)), -x[c]) for c, row in enumerate(halves(x))]

    def jacobian(x: list[arb]) -> arb_mat:
        return arb_mat([[2 * a - int(c == t) for t, a in enumerate(row)] for c, row in enumerate(halves(x))])

    return System(equations, jacobian)
