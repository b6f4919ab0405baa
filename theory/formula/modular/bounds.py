"""Bounds on a resultant from Sylvester's determinant: the range of its degrees, and the size of its coefficients."""

from __future__ import annotations

from math import hypot, inf, log2

import numpy as np
from flint import arb
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from tegum.theory.formula.modular.sheet import Sheet

#: log2 of the scales of t that are tried.
_SCALES = np.arange(-40, 40, 0.25)
#: Cost of an entry that vanishes: above that of all others together.
_ABSENT = 1e9
#: What rounding may take off a logarithm.
_ROUNDING = 1e-9


def degree_range(f: Sheet, g: Sheet, place: int) -> tuple[int, int]:
    """Least and greatest exponent of a variable that the terms of the resultant by t can have.

    Each term of Sylvester's determinant takes one entry of each row and column: the extremes are assignments.

    Args:
        place: of the variable in `Sheet.powers`.

    Raises:
        ArithmeticError: no assignment, so that the resultant vanishes.
    """
    ends = []
    for sign in (1, -1):
        costs = _sylvester(*(_extremes(one, place, sign) for one in (f, g)))
        rows, columns = linear_sum_assignment(costs)
        if costs[rows, columns].max(initial=0) == _ABSENT:
            raise ArithmeticError("an elimination vanished identically")
        ends.append(sign * int(costs[rows, columns].sum()))
    return ends[0], ends[1]


def _extremes(one: Sheet, place: int, sign: int) -> Float[np.ndarray, " coefficients"]:
    """Of each coefficient by powers of t: its least exponent, or less its greatest."""
    found = np.full(one.degree + 1, _ABSENT)
    np.minimum.at(found, one.powers[:, 0], sign * one.powers[:, place])
    return found


def _sylvester(f: Float[np.ndarray, " n"], g: Float[np.ndarray, " m"]) -> Float[np.ndarray, "size size"]:
    """Sylvester's matrix of two rows, powers rising."""
    size = len(f) + len(g) - 2
    matrix = np.full((size, size), _ABSENT)
    for start in range(len(g) - 1):
        matrix[start, start : start + len(f)] = f
    for start in range(len(f) - 1):
        matrix[len(g) - 1 + start, start : start + len(g)] = g
    return matrix


def height_bits(f: Sheet, g: Sheet, generator: arb) -> float:
    """log2 of a bound on the resultant by t where all kept variables have modulus one; so on its coefficients.

    |Res(f, g)| <= ‖f‖^m ‖g‖^n s^{-nm},  ‖f‖² = Σ_j (s^j |f_j|_1)²,  with |·|_1 the sum of moduli of a coefficient by
    powers of t: Hadamard's inequality for the rows of Sylvester's matrix of f(s t) and g(s t), for the best s of many.

    Args:
        f, g: of degrees n and m in t.
        generator: what c stands for.

    Source: Goldstein and Graham (1974), SIAM Review 16, 394.
    """
    first, second = (_one_norms(one, generator) for one in (f, g))
    n, m = f.degree, g.degree
    rows = (m * _row_norm(first, s) + n * _row_norm(second, s) - n * m * s for s in _SCALES.tolist())
    return min(rows) + _ROUNDING


def _one_norms(one: Sheet, generator: arb) -> list[float]:
    """log2 of the sum of moduli of each coefficient by powers of t."""
    collected: dict[tuple[int, ...], arb] = {}
    for (t, c, *kept), a in zip(one.powers.tolist(), one.coefficients, strict=True):
        collected[t, *kept] = collected.get((t, *kept), arb(0)) + a * generator**c
    sums = [arb(0)] * (one.degree + 1)
    for (t, *_), value in collected.items():
        sums[t] += abs(value)
    return [_log2(total) for total in sums]


def _log2(total: arb) -> float:
    if not total.upper() > 0:
        return -inf
    mantissa, exponent = total.upper().man_exp()
    return log2(int(mantissa)) + int(exponent) + _ROUNDING


def _row_norm(logarithms: list[float], scale: float) -> float:
    """log2 of (Σ_j (2^{a_j + j s})²)^½."""
    shifted = [a + j * scale for j, a in enumerate(logarithms)]
    top = max(shifted)
    return top + log2(hypot(*(2.0 ** (a - top) for a in shifted))) + _ROUNDING
