"""The states of a feature law's groups in balls: given one, the features are independent (see `loss.scenarios`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from flint import arb

from tegum.theory.balls.numbers import BallLaw
from tegum.theory.loss.scenarios import free_features, groups_of


def states_of(law: BallLaw) -> Iterator[tuple[arb, dict[int, arb]]]:
    """The probability of each state of all groups, and the densities of the features that may be on in it."""
    count = len(law.density)
    free = {j: law.density[j] for j in free_features(law.structure, count)}
    for states in product(*(_states(group, law) for group in groups_of(law.structure, count))):
        on = {j: arb(1) for _, members in states for j in members}
        yield prod((share for share, _ in states), start=arb(1)), free | on


def _states(group: Sequence[int], law: BallLaw) -> list[tuple[arb, tuple[int, ...]]]:
    """Probability of each state of one group, and the members that are on in it."""
    if law.structure.law == "correlated":
        return [(1 - law.density[group[0]], ()), (law.density[group[0]], tuple(group))]
    alone: list[tuple[arb, tuple[int, ...]]] = [(law.density[j], (j,)) for j in group]
    if law.structure.law == "one-hot":
        return alone
    # Densities that add up to 1 may exceed it by a rounding.
    return [((1 - sum((share for share, _ in alone), arb(0))).max(arb(0)), ()), *alone]
