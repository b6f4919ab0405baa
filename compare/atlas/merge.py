"""Merging: the union of two atlases, whichever comes first; facts that contradict each other are refused by name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import astuple, replace
from typing import TypeVar

from tegum.compare.atlas.entry import (
    Arrangement,
    Atlas,
    Entry,
    Observation,
    Point,
    arrangement_key,
    atlas_of,
    observation_key,
    point_key,
)
from tegum.theory.errors import InputError, located

_Fact = TypeVar("_Fact")


def merge_atlases(one: Atlas, other: Atlas) -> Atlas:
    """All that two atlases know.

    Entries are joined by name, arrangements by dimension and symmetry, points by density and loss, observations by
    source and setting: a ∪ b = b ∪ a, (a ∪ b) ∪ c = a ∪ (b ∪ c), a ∪ a = a.

    Args:
        one, other: in any order.

    Returns:
        `Atlas`.  Of a point that both hold, the enclosures of its loss are intersected, and a certified copy stands for
        both; of an observation, the least loss is kept.

    Raises:
        InputError: they contradict each other: one name with two canonical forms, one critical point with two
            signatures or with enclosures of its loss that do not meet, one source with two counts.  The line names the
            entry.

    Validity: any two atlases of one format; files made by different versions of the libraries merge, and sources say
    which made what.

    Source: a join-semilattice, Shapiro et al., Conflict-free Replicated Data Types (2011).
    """
    entries = _joined([*one.entries, *other.entries], lambda entry: entry.name, _entry)
    return atlas_of(entries, [*one.sources, *other.sources])


def _joined(
    facts: Iterable[_Fact], key: Callable[[_Fact], Hashable], both: Callable[[_Fact, _Fact], _Fact]
) -> list[_Fact]:
    """Facts by key, those with one key joined into one."""
    found: dict[Hashable, _Fact] = {}
    for fact in facts:
        held = found.get(key(fact))
        found[key(fact)] = fact if held is None else both(held, fact)
    return list(found.values())


def _entry(one: Entry, other: Entry) -> Entry:
    with located(one.name):
        if one.form != other.form:
            raise InputError("two canonical forms have this name")
        arrangements = _joined([*one.arrangements, *other.arrangements], arrangement_key, _arrangement)
        observations = _joined([*one.observations, *other.observations], observation_key, _observation)
        return Entry(
            one.name,
            one.form,
            tuple(sorted(arrangements, key=arrangement_key)),
            tuple(sorted(observations, key=observation_key)),
            tuple(sorted({*one.spans, *other.spans}, key=astuple)),
        )


def _arrangement(one: Arrangement, other: Arrangement) -> Arrangement:
    points = sorted(_joined([*one.points, *other.points], point_key, _point), key=point_key)
    return replace(one, points=tuple(points), description=min(one.description, other.description))


def _point(one: Point, other: Point) -> Point:
    place = f"density {one.density:g}, loss {one.decimal}"
    lower, upper = max(one.lower, other.lower), min(one.upper, other.upper)
    if lower > upper:
        raise InputError(f"{place}: two enclosures of the loss that do not meet")
    if one.signature != other.signature and None not in (one.signature, other.signature):
        raise InputError(f"{place}: two signatures, {one.signature} and {other.signature}")
    return replace(min(one, other, key=_preference), lower=lower, upper=upper)


def _preference(point: Point) -> tuple:
    """Certified copies first; then any order that does not depend on which atlas came first."""
    plain = replace(point, lower=0.0, upper=0.0)
    return point.signature is None, point.radius is None, not point.formula, repr(astuple(plain))


def _observation(one: Observation, other: Observation) -> Observation:
    if (one.seen, one.models) != (other.seen, other.models):
        place = f"{one.features} features in {one.hidden} dimensions at density {one.density:g}"
        counts = f"{one.seen} of {one.models} and {other.seen} of {other.models} models"
        raise InputError(f"{one.source}, {place}: two counts, {counts}")
    return replace(one, loss=min(one.loss, other.loss))
