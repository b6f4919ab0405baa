"""Balls, exact rational numbers and doubles: passing from one to another without losing the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nextafter
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpz
from jaxtyping import Float

from tegum.theory.loss.law import Law, Structure, structure_of
from tegum.theory.loss.marginal import restricted
from tegum.theory.setting import Setting, axis_parts


@dataclass(frozen=True)
class BallLaw:
    """Density and importance of each feature as balls, and what kind of law they are of."""

    density: Sequence[arb]
    importance: Sequence[arb]
    structure: Structure = Structure()

    def of(self, features: Sequence[int]) -> BallLaw:
        """The law of some features."""
        structure = restricted(self.structure, features, len(self.density))
        return BallLaw([self.density[i] for i in features], [self.importance[i] for i in features], structure)

    @property
    def midpoints(self) -> Law:
        """The law in double precision, of one model."""
        return Law(midpoints(self.density)[None], midpoints(self.importance)[None], self.structure)

    @property
    def square(self) -> arb:
        """Mean square of a feature that is on."""
        return arb(1) if self.structure.values == "binary" else arb(1) / 3

    @property
    def answer(self) -> arb:
        """Mean of what is asked of a feature that is on, its own value or its magnitude."""
        if self.structure.values == "signed" and self.structure.target == "identity":
            return arb(0)
        return arb(1) if self.structure.values == "binary" else arb(1) / 2


def ball_law(setting: Setting, axis: str | None = None, value: Any = None) -> BallLaw:
    """The law of a setting, its doubles taken exactly; with one axis at a value that need not be a double.

    Args:
        setting: of any feature law.
        axis: "density", "density[i]", "importance" or "importance[i]", or None.
        value: of that axis, a ball.
    """
    exact = {key: [arb(number) for number in getattr(setting, key)] for key in ("density", "importance")}
    if axis is not None:
        field, feature = axis_parts(axis)
        for place in range(setting.count) if feature is None else (feature,):
            exact[field][place] = value
    return BallLaw(exact["density"], exact["importance"], structure_of(setting))


def midpoints(balls: Iterable[arb]) -> Float[np.ndarray, " balls"]:
    """Midpoints in double precision."""
    return np.array([float(ball.mid()) for ball in balls])


def rational(ball: arb) -> fmpq:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = ball.mid().man_exp()
    power = int(exponent)
    return fmpq(mantissa) * fmpq(2) ** power if power >= 0 else fmpq(mantissa, fmpz(2) ** -power)


def rounded_down(value: fmpq) -> float:
    """The largest double not above an exact number, or the one before it."""
    near = float(arb(value).mid())
    return near if rational(arb(near)) <= value else nextafter(near, -np.inf)


def rounded_up(value: fmpq) -> float:
    """The least double not below an exact number, or the one after it."""
    return -rounded_down(-value)


def outward(ball: arb) -> tuple[float, float]:
    """Doubles below and above every number in a ball."""
    return rounded_down(rational(ball.lower())), rounded_up(rational(ball.upper()))


def key(ball: arb) -> tuple[int, ...]:
    """The ball, hashable."""
    return *map(int, ball.mid().man_exp()), *map(int, ball.rad().man_exp())


def bound(ball: arb) -> float:
    """A double that no number in a ball exceeds in magnitude."""
    return rounded_up(rational(ball.abs_upper()))
