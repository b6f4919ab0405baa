"""The box integrals of the loss, written once for any arithmetic (fractions, balls, symbols)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

#: A number of the chosen arithmetic: it must support +, -, *, / with integers and with itself.
Number = Any
#: Σ_v P_v(q): truncated powers at one knot, as power q -> coefficient of U_q.
Powers = dict[int, Number]


def box_expectation(
    c: Number,
    g: Sequence[Number],
    p: Sequence[Number],
    r: Sequence[int],
    q: int,
    truncated_power: Callable[[Number, int], Number],
) -> Number:
    """Expectation of a truncated power of a sum of sparse uniform features, term by term.

    E[Π_j x_j^{r_j} U_q(c + Σ_j g_j x_j)], U_q(t) = t_+^q / q!, x_j on with probability p_j, then uniform on [0, 1].

    Each feature turns every U_q(t) into truncated powers at t (off, and the lower end of the box) and at
    t + g_j (the upper end); the sum over all subsets is collected by knot, without any pruning, so in exact
    arithmetic the result is exact however small an overlap is.

    Args:
        c: bias.
        g: overlaps, none of them exactly zero where the feature's p is not.
        p: densities.
        r: exponents of the features' magnitudes, one for each g.
        q: power, at least 0.
        truncated_power: (t, q) -> t_+^q in the arithmetic used.

    Returns:
        The expectation as a number of that arithmetic.

    Source: repeated integration by parts of ∫_0^1 x^r U_q(t + g x) dx.
    """
    knots: list[tuple[Number, Powers]] = [(c, {q: 1})]
    for slope, density, exponent in zip(g, p, r, strict=True):
        knots = [
            child for knot in knots for child in _one_feature_more(*knot, slope, density, exponent)
        ]  # fmt: skip
    return sum(
        coefficient * truncated_power(t, power) / factorial(power)
        for t, powers in knots
        for power, coefficient in powers.items()
    )


def _one_feature_more(
    t: Number, powers: Powers, g: Number, p: Number, r: int
) -> tuple[tuple[Number, Powers], tuple[Number, Powers]]:
    stays: Powers = {}
    moves: Powers = {}
    for q, coefficient in powers.items():
        if r == 0:
            _add(stays, q, coefficient * (1 - p))
        on, scale = coefficient * p, 1
        for s in range(r + 1):
            on = on / g
            _add(moves, q + 1 + s, on * scale)
            scale *= -(r - s) if s < r else -1
        _add(stays, q + 1 + r, on * scale)
    return (t, stays), (t + g, moves)


def _add(powers: Powers, q: int, amount: Number) -> None:
    powers[q] = powers[q] + amount if q in powers else amount
