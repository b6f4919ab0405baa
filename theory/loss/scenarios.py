"""Scenarios: the states of a feature law's groups, given which the features are independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Structure


@dataclass(frozen=True)
class Scenario:
    """One state of every group.

    Attributes:
        probability: of the state, for each model.
        features: those that may be on, in rising order.
        density: probability that each of them is on, given the state; independent of each other.
    """

    probability: Float[np.ndarray, " models"]
    features: tuple[int, ...]
    density: Float[np.ndarray, "models active"]


def scenarios(density: Float[np.ndarray, "models features"], structure: Structure) -> Iterator[Scenario]:
    """Every state of the groups of a law: the law is their mixture, E f(x) = Σ_s P(s) E[f(x) | s].

    A correlated group is on, all members with density 1, or off; of an anticorrelated group one member is on, or none;
    under the one-hot law exactly one feature is on.  A feature in no group keeps its density.

    Args:
        density: of each feature (of a correlated group, the group's), for each model.
        structure: the kind of law.

    Yields:
        `Scenario` records whose probabilities add up to 1; those that no model ever meets are left out.
    """
    groups = groups_of(structure, density.shape[1])
    free = free_features(structure, density.shape[1])
    for states in product(*(_states(group, density, structure.law) for group in groups)):
        probability = np.ones(len(density))
        for share, _ in states:
            probability = probability * share
        if not probability.any():
            continue
        on = set(chain.from_iterable(members for _, members in states))
        features = tuple(sorted(on | set(free)))
        given = np.ones((len(density), len(features)))
        for place, feature in enumerate(features):
            if feature not in on:
                given[:, place] = density[:, feature]
        yield Scenario(probability, features, given)


def _states(
    group: Sequence[int], density: np.ndarray, law: str
) -> Sequence[tuple[Float[np.ndarray, " models"], tuple[int, ...]]]:
    """Probability of each state of one group, and the members that are on in it."""
    if law == "correlated":
        together = density[:, group[0]]
        return [(1.0 - together, ()), (together, tuple(group))]
    alone = [(density[:, member], (member,)) for member in group]
    if law == "one-hot":
        return alone
    # Densities that add up to 1 may exceed it by a rounding.
    return [(np.maximum(1.0 - density[:, list(group)].sum(axis=1), 0.0), ()), *alone]


def groups_of(structure: Structure, features: int) -> tuple[tuple[int, ...], ...]:
    """The groups of dependent features; under the one-hot law all features are one group."""
    return (tuple(range(features)),) if structure.law == "one-hot" else structure.groups


def free_features(structure: Structure, features: int) -> tuple[int, ...]:
    """Features that belong to no group."""
    grouped = set(chain.from_iterable(groups_of(structure, features)))
    return tuple(j for j in range(features) if j not in grouped)


def knot_count(structure: Structure, features: int) -> int:
    """Knots that enumeration visits at most for one row, all scenarios together.

    Π over groups and free features of the states of each: 1 + c for a free or a lone feature and (1 + c^k) for a
    correlated group of k, c the upper ends of a feature's box: 2 knots for one on [0, 1], 3 for a signed one.
    """
    each = 3 if structure.values == "signed" else 2
    sizes = [len(group) for group in groups_of(structure, features)]
    if structure.law == "one-hot":
        return each * features
    states = [1 + each**size if structure.law == "correlated" else 1 + each * size for size in sizes]
    return prod(states) * each ** len(free_features(structure, features))
