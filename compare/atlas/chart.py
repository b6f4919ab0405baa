"""Charting: an atlas of what was sighted, each arrangement with a derived critical point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tegum.compare.atlas.describe import described
from tegum.compare.atlas.entry import (
    Arrangement,
    ArrangementKey,
    Atlas,
    Entry,
    Observation,
    Point,
    Source,
    arrangement_key,
    atlas_of,
    observation_key,
    point_key,
)
from tegum.compare.atlas.point import block_of, point_of, shape_of
from tegum.compare.atlas.sighting import Sighting


@dataclass(frozen=True)
class Charted:
    """A sighting, and where: in how many models of so many features in so many hidden units."""

    sighting: Sighting
    features: int
    hidden: int
    models: int


def charted(
    found: Iterable[Charted],
    source: Source,
    known: Atlas | None = None,
    derive: Callable[[Sighting], Point] = point_of,
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> Atlas:
    """The atlas of what was sighted in one source.

    Args:
        found: sightings.
        source: that they are from.
        known: arrangements with a certified point here are not derived again, and of others the critical point that
            most models share; None derives every critical point.
        derive: makes the point of a sighting.
        advance: told how many entries are done, and how many there are.
    """
    ordered = sorted(found, key=lambda one: (one.sighting.key, one.features, one.hidden))
    groups = [list(group) for _, group in groupby(ordered, key=lambda one: one.sighting.name)]
    entries: list[Entry] = []
    for group in groups:
        advance(len(entries), len(groups))
        entries.append(_entry(group, source, known, derive))
    advance(len(groups), len(groups))
    return atlas_of(entries, [source] if entries else [])


def _entry(group: Sequence[Charted], source: Source, known: Atlas | None, derive: Callable[[Sighting], Point]) -> Entry:
    name, form = group[0].sighting.name, group[0].sighting.form
    held = known.entry(name) if known else None
    certified = {arrangement_key(one) for one in held.arrangements if one.certified} if held else set()
    shapes: dict[ArrangementKey, list[Sighting]] = {}
    for sighting in {one.sighting.key: one.sighting for one in group}.values():
        shapes.setdefault(shape_of(block_of(sighting)), []).append(sighting)
    arrangements = []
    for shape, sighted in sorted(shapes.items()):
        wanted = sighted if known is None else [] if shape in certified else [max(sighted, key=_commonness)]
        arrangements.append(_arrangement(shape, sighted, map(derive, wanted)))
    return Entry(name, form, tuple(arrangements), _observations(group, source), ())


def _commonness(sighting: Sighting) -> tuple[int, float, float]:
    return len(sighting.models), -sighting.density, -sighting.loss


def _arrangement(shape: ArrangementKey, sighted: Sequence[Sighting], points: Iterable[Point]) -> Arrangement:
    first = min(sighted, key=lambda one: one.key)
    ordered = tuple(sorted(points, key=point_key))
    return Arrangement(*shape, described(first.W, block_of(first).symmetry), ordered)


def _observations(group: Sequence[Charted], source: Source) -> tuple[Observation, ...]:
    """One for each setting, over all critical points with this signed graph."""
    found = []
    place = lambda one: (one.features, one.hidden, one.sighting.density)  # noqa: E731
    for (features, hidden, density), here in groupby(sorted(group, key=place), key=place):
        listed = list(here)
        seen = len(frozenset().union(*(one.sighting.models for one in listed)))
        least = min(one.sighting.least for one in listed)
        found.append(Observation(density, features, hidden, source.name, seen, listed[0].models, least))
    return tuple(sorted(found, key=observation_key))
