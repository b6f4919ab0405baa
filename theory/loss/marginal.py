"""The law of some of the features: what a factor of a tegum product sees of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tegum.theory.loss.law import Structure
from tegum.theory.loss.scenarios import groups_of


def restricted(structure: Structure, places: Sequence[int], features: int) -> Structure:
    """The marginal law of some features: groups keep those of their members that are among them.

    Under the one-hot law at most one of some features is on, which is an anticorrelated group of them.  A lone member
    of a group is independent.

    Args:
        structure: of the whole setting; features: how many it has.
        places: the features, in the order in which the result numbers them.
    """
    if structure.law == "one-hot" and len(places) == features:
        return structure
    place_of = {feature: place for place, feature in enumerate(places)}
    kept = (sorted(place_of[j] for j in group if j in place_of) for group in groups_of(structure, features))
    groups = tuple(sorted(tuple(group) for group in kept if len(group) > 1))
    law = "anticorrelated" if structure.law == "one-hot" else structure.law
    return replace(structure, law=law if groups else "independent", groups=groups)


def without_groups(structure: Structure) -> Structure:
    """The same with all features independent."""
    return replace(structure, law="independent", groups=())


def is_exchangeable(structure: Structure, features: int) -> bool:
    """Whether like features may change places: none is in a group, or all are in one."""
    return structure.law == "one-hot" or structure.groups in ((), (tuple(range(features)),))


def group_numbers(structure: Structure, features: int) -> tuple[int, ...]:
    """The group of each feature, -1 for those in none."""
    number = {j: k for k, group in enumerate(groups_of(structure, features)) for j in group}
    return tuple(number.get(j, -1) for j in range(features))
