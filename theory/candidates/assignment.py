"""Which feature goes to which vertex: the distinct ways to fill a geometry with unlike features."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from tegum.theory.geometry.factor import Factor, regular_cosines
from tegum.theory.geometry.symmetry import Permutation, symmetry

#: Features (by number) at the vertices of each factor, in the geometry's order of factors.
Assignment = tuple[tuple[int, ...], ...]


def assignments(factors: tuple[Factor, ...], kinds: tuple[object, ...]) -> Iterator[Assignment]:
    """Every way to fill factors with features that could differ in loss, once.

    Features of one kind (equal density and importance) are interchangeable, so are equal factors, and so are the
    vertices of a factor under its symmetries: any permutation for a simplex or a digon, turns and reflections for a
    polygon, the computed group for the catalogue's other entries.

    Args:
        factors: of the geometry; their vertices add up to the number of features.
        kinds: the kind of each feature, any hashable.

    Yields:
        Tuples of features, one for each factor.
    """
    yield from _filled(factors, tuple(range(len(kinds))), kinds, None)


def _filled(
    factors: tuple[Factor, ...], free: tuple[int, ...], kinds: tuple[object, ...], before: tuple | None
) -> Iterator[Assignment]:
    """Fill the first factor, then the others; equal factors take their contents in a non-decreasing order."""
    if not factors:
        yield ()
        return
    first, rest = factors[0], factors[1:]
    seen = set()
    for chosen in combinations(free, first.vertices):
        content = tuple(_rank(kinds, feature) for feature in chosen)
        if content in seen or (before is not None and content < before):
            continue
        seen.add(content)
        left = tuple(feature for feature in free if feature not in chosen)
        following = content if rest and rest[0] == first else None
        for tail in _filled(rest, left, kinds, following):
            for arranged in _arrangements(first, chosen, kinds):
                yield (arranged, *tail)


def _rank(kinds: tuple[object, ...], feature: int) -> int:
    """The first feature of the same kind stands for the kind."""
    return kinds.index(kinds[feature])


def _arrangements(factor: Factor, chosen: tuple[int, ...], kinds: tuple[object, ...]) -> Iterator[tuple[int, ...]]:
    if factor.vertices <= factor.dimension + 1 or len({kinds[feature] for feature in chosen}) == 1:
        yield chosen
        return
    # Where all vertices are alike, the first feature may stand at the first of them.
    elements, alike = _symmetries(factor)
    seen: set[tuple[int, ...]] = set()
    for order in _distinct_orders(chosen[alike:], kinds):
        placed = chosen[:alike] + order
        content = tuple(_rank(kinds, feature) for feature in placed)
        if content not in seen:
            seen.update(tuple(content[v] for v in element) for element in elements)
            yield placed


@lru_cache(maxsize=64)
def _symmetries(factor: Factor) -> tuple[list[Permutation], bool]:
    """All symmetries of a factor, and whether its vertices are one orbit."""
    group = symmetry(regular_cosines(factor))
    return group.elements(), group.orbit_sizes.size == 1


def _distinct_orders(features: tuple[int, ...], kinds: tuple[object, ...]) -> Iterator[tuple[int, ...]]:
    """Orders of the features that differ in kind somewhere; features of one kind stay in their own order."""
    if not features:
        yield ()
    for place, feature in enumerate(features):
        if any(kinds[earlier] == kinds[feature] for earlier in features[:place]):
            continue
        for rest in _distinct_orders(features[:place] + features[place + 1 :], kinds):
            yield (feature, *rest)
