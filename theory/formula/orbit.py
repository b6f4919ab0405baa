"""Orbits: the factors of a geometry grouped by what they hold, with the symbols of their scalars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import DROPPED, Factor
from tegum.theory.geometry.tegum import parse_geometry


@dataclass(frozen=True)
class Orbit:
    """All factors of a geometry that hold the same content, and the symbols of their scalars.

    ``importance`` and ``density`` stand vertex by vertex; ``p``, ``g``, ``b`` have one symbol for each kind of vertex.
    """

    factor: Factor
    copies: int
    importance: tuple[Fraction, ...]
    density: tuple[float, ...]
    p: tuple[sympy.Symbol, ...]
    g: tuple[sympy.Symbol, ...]
    b: tuple[sympy.Symbol, ...]

    @property
    def alike(self) -> bool:
        return len(self.b) == 1

    @property
    def scalars(self) -> list[sympy.Symbol]:
        if self.factor == DROPPED:
            return list(self.b)
        return [symbol for pair in zip(self.g, self.b, strict=True) for symbol in pair]

    @property
    def weight(self) -> sympy.Rational:
        """copies × vertices × I of like features."""
        return self.copies * self.factor.vertices * rational(self.importance[0])


def orbits_of(geometry: str, importance: Sequence[float] | None, density: float | Sequence[float]) -> list[Orbit]:
    """The orbits of a named geometry, in the order of its name.

    Args:
        geometry: name.
        importance: I of each feature in that order; 1 unless given.  density: p of all, or of each.

    Raises:
        InputError: a number out of its range, too few or too many of them, or unlike features in one factor that is no
            digon.
    """
    factors = parse_geometry(geometry).factors
    count = sum(factor.vertices for factor in factors)
    weights, densities = _importances(count, importance), _densities(count, density)
    contents: Counter = Counter()
    for factor in factors:
        here = slice(0, factor.vertices)
        contents[factor, tuple(weights[here]), tuple(densities[here])] += 1
        del weights[here], densities[here]
    unlike = len({p for _, _, own in contents for p in own}) > 1
    kinds = [len(set(zip(weights, densities, strict=True))) for _, weights, densities in contents]
    labels = iter(str(place + 1) if sum(kinds) > 1 else "" for place in range(sum(kinds)))
    found = []
    for ((factor, weights, densities), copies), count in zip(contents.items(), kinds, strict=True):
        if count > 1 and factor.name != "digon":
            raise InputError(f"features differ within a {factor.name}; a formula is known for the digon only")
        found.append(Orbit(factor, copies, weights, densities, *_symbols([next(labels) for _ in range(count)], unlike)))
    return found


def _symbols(labels: list[str], unlike: bool) -> tuple[tuple[sympy.Symbol, ...], ...]:
    return (
        tuple(sympy.Symbol(f"p{label if unlike else ''}", positive=True) for label in labels),
        tuple(sympy.Symbol(f"g{label}", positive=True) for label in labels),
        tuple(sympy.Symbol(f"b{label}", real=True) for label in labels),
    )


def _importances(count: int, given: Sequence[float] | None) -> list[Fraction]:
    if given is None:
        return [Fraction(1)] * count
    if len(given) != count or not all(0 <= value < float("inf") for value in given):
        raise InputError(f"importance = {list(given)} is not one number, at least 0, for each of {count} features")
    return [Fraction(repr(float(value))) for value in given]


def _densities(count: int, given: float | Sequence[float]) -> list[float]:
    density = list(given) if isinstance(given, Sequence) else [given] * count
    if len(density) != count or not all(0 < value < 1 for value in density):
        raise InputError(f"density = {given!r} is outside (0, 1), or not one number for each of {count} features")
    return density


def rational(value: Fraction) -> sympy.Rational:
    """The same number for SymPy."""
    return sympy.Rational(value.numerator, value.denominator)
