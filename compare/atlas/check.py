"""Checking: every point of an atlas evaluated again by the exact loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tegum.compare.atlas.entry import Atlas, Point
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import gradient_tolerance
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Digits of a formula's evaluation, and how far its value may be from the loss, relative to the empty model's.
_DIGITS, _AGREES = 40, 1e-12


@dataclass(frozen=True)
class PointDifference:
    """A point that does not hold when it is evaluated again.

    Attributes:
        entry, density: the point.
        found: what does not hold: "loss", "gradient" or "formula".
        stored, recomputed: of it.
    """

    entry: str
    density: float
    found: str
    stored: float
    recomputed: float


def check_atlas(atlas: Atlas) -> list[PointDifference]:
    """Every point evaluated again: the loss within its bounds, no gradient, and the closed form's value.

    Names, canonical forms and the signs of all overlaps are held when an atlas is read.
    """
    return [found for entry in atlas.entries for point in entry.points for found in _differences(entry.name, point)]


def _differences(name: str, point: Point) -> Iterator[PointDifference]:
    W, b = np.array(point.W), np.array(point.b)
    setting = Setting(count=W.shape[1], hidden=W.shape[0], density=point.density)
    exact, law = population_loss(Weights(W, b), setting), law_of(setting)
    loss, error = float(exact.loss), float(exact.error)
    if not point.lower - error <= loss <= point.upper + error:
        yield PointDifference(name, point.density, "loss", float(point.decimal), loss)
    gradient = float(np.linalg.norm(expansion(W[None], b[None], law).gradient))
    if gradient > gradient_tolerance(law)[0]:
        yield PointDifference(name, point.density, "gradient", 0.0, gradient)
    if point.formula:
        value = formula_value(point)
        if abs(value - loss) > _AGREES * len(b) * point.density / 3 + error:
            yield PointDifference(name, point.density, "formula", loss, value)


def formula_value(point: Point) -> float:
    """What a point's closed form gives with the values of its scalars."""
    from sympy import Float, Symbol, sympify

    values = {name: Float(value, _DIGITS) for name, value in (*point.values, ("p", point.density))}
    expression = sympify(point.formula)
    known = {symbol: values[symbol.name] for symbol in expression.free_symbols if isinstance(symbol, Symbol)}
    return float(expression.evalf(_DIGITS, subs=known))
