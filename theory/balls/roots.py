"""Roots of one equation in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from tegum.theory.balls.numbers import rational, rounded_down, rounded_up

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


@dataclass(frozen=True)
class Bracket:
    """A root to so many digits, between two rational ends at which the caller proves what differs.

    Attributes:
        value: the root as found; ``ends`` are 10^-(digits + 1) of it below and above.
        digits: significant digits that the ends leave.
    """

    value: fmpq
    ends: tuple[fmpq, fmpq]
    digits: int

    def numbers(self) -> dict[str, Any]:
        """What records of a proved root say of it: a double, doubles around the ends, the decimal and its digits."""
        return {
            "value": float(arb(self.value).mid()),
            "lower": rounded_down(self.ends[0]),
            "upper": rounded_up(self.ends[1]),
            "decimal": arb(self.value).str(self.digits, radius=False),
            "digits": self.digits,
        }


def bracket(function: Callable[[fmpq], arb], near: float, digits: int) -> Bracket:
    """`sharpened` from a double, with the ends between which the root is to be proved."""
    value, _ = sharpened(function, rational(arb(near)), digits)
    width = rational(abs(arb(value)) * arb(10) ** -(digits + 1))
    return Bracket(value, (value - width, value + width), digits)
