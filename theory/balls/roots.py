"""Roots of one equation in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, fmpq

from tegum.theory.balls.numbers import rational

_MOST_STEPS = 20


def sharpened(difference: Callable[[fmpq], arb], value: fmpq, digits: int) -> tuple[fmpq, float]:
    """A root to ``digits`` + 4 significant digits and the slope there; not yet a proof.

    Newton's steps with one slope, by central differences, until a step no longer moves the digits wanted.

    Args:
        difference: smooth function with a simple root next to the value.
        value: root in double precision, not zero.
        digits: significant digits wanted; ``flint.ctx`` sets the working precision.

    Raises:
        ArithmeticError: the steps do not settle.
    """
    step = value / fmpq(10) ** 8
    slope = (difference(value + step) - difference(value - step)) / (2 * arb(step))
    near = float(arb(value).mid())
    for _ in range(_MOST_STEPS):
        move = (difference(value) / slope).mid()
        if not move.is_finite():
            break
        value -= rational(move)
        if abs(move) < abs(arb(value)) * arb(10) ** -(digits + 4):
            return value, float(slope.mid())
    raise ArithmeticError(f"the crossing near {near!r} could not be sharpened")
