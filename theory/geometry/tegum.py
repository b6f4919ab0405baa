"""The tegum algebra: geometries as orthogonal sums of factors, and their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import DEDICATED, DROPPED, MOST_VERTICES, Factor, catalogue, factor_named, merged

_TERM = re.compile(r"(?:([1-9][0-9]{0,3})\s*\*\s*)?((?:[0-9]+-)?[a-z][a-z0-9-]*)")


@dataclass(frozen=True)
class Geometry:
    """A tegum product: factors in orthogonal dimensions, in the order of its name.

    Attributes:
        factors: with repetitions; their vertices are the features, in no particular assignment.
    """

    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", tuple(sorted(self.factors, key=place_in_name)))


def place_in_name(factor: Factor) -> tuple[bool, bool, int, str]:
    """Sort key of factors in a name: most vertices first, ties by name, then dedicated, then dropped."""
    return factor == DROPPED, factor == DEDICATED, -factor.vertices, factor.name


def name(geometry: Geometry) -> str:
    """The geometry's name.

    >>> name(parse_geometry("dropped + 2 * digon"))
    '2*digon + dropped'
    """
    counts = Counter(factor.name for factor in geometry.factors)
    return " + ".join(one if count == 1 else f"{count}*{one}" for one, count in counts.items())


def parse_geometry(text: str) -> Geometry:
    """The geometry of a name, its factors in any order.

    Raises:
        InputError: not a sum of known factors, or more than `MOST_VERTICES` features.
    """
    factors = list(chain.from_iterable(_term(term, text) for term in text.split("+")))
    if sum(factor.vertices for factor in factors) > MOST_VERTICES:
        raise InputError(f"geometry {text!r} has more than {MOST_VERTICES} features")
    return Geometry(tuple(factors))


def _term(term: str, text: str) -> list[Factor]:
    match = _TERM.fullmatch(term.strip())
    if match is None:
        raise InputError(f"geometry {text!r} is no sum of factors like '2*digon + dropped'")
    return [factor_named(match[2])] * int(match[1] or 1)


def geometries(count: int, hidden: int, merging: bool = False) -> list[Geometry]:
    """Every tegum product of catalogue factors with ``count`` features in at most ``hidden`` dimensions.

    Features that no factor holds are dropped.  Features that share a ray are left out unless ``merging``: only those
    that are on together are ever best so.
    """
    shared = [merged(k) for k in range(2, count + 1)] if merging else []
    pieces = [DEDICATED, *catalogue(count, hidden), *shared]
    return [Geometry(factors) for factors in _sums(pieces, count, hidden)]


def _sums(pieces: list[Factor], count: int, hidden: int) -> Iterable[tuple[Factor, ...]]:
    if not pieces:
        yield (DROPPED,) * count
        return
    first, rest = pieces[0], pieces[1:]
    most = min(count // first.vertices, hidden // first.dimension)
    for copies in range(most + 1):
        for others in _sums(rest, count - copies * first.vertices, hidden - copies * first.dimension):
            yield (first,) * copies + others
