"""Which learned runs a report derives: the best one of each geometry that training found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tegum.compare.derivation.derivation import DIGITS, derivation_at, require_derivable
from tegum.compare.derivation.records import Derivation
from tegum.compare.polish import polished_at
from tegum.compare.verdict import DIVERGED, Comparison
from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Geometries that are derived, those of most runs first; the others are named.
MOST_DERIVED = 6
#: Seconds that a step of one of them may take.
SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class Chosen:
    """The derivation of one run, by the places of its comparison and of itself."""

    cell: int
    run: int
    derivation: Derivation


@dataclass(frozen=True, eq=False)
class Derivations:
    """What a report derives, and the names of the geometries that it does not."""

    chosen: tuple[Chosen, ...]
    others: tuple[str, ...]


def derivations_of(
    comparisons: Sequence[Comparison], seconds: Callable[[int, str], float] = lambda place, step: SECONDS
) -> Derivations:
    """Derive the best run of each geometry: of all that came to rest, the one with the least gap to its optimum.

    Args:
        comparisons: of one shape.
        seconds: that a step of the derivation at a place may take; see `derivation.Seconds`.

    Returns:
        `Derivations`; none for settings that there is no derivation for.
    """
    runs: dict[str, list[tuple[float, int, int]]] = {}
    for cell, one in enumerate(comparisons):
        for run, verdict in enumerate(one.verdicts):
            if verdict.kind not in ("unconverged", DIVERGED) and _is_derivable(one.setting):
                share = verdict.gap / one.optimum.loss if one.optimum.loss > 0 else verdict.gap
                runs.setdefault(verdict.geometry, []).append((share, cell, run))
    names = sorted(runs, key=lambda name: (-len(runs[name]), name))
    chosen = []
    for place, name in enumerate(names[:MOST_DERIVED]):
        _, cell, run = min(runs[name])
        found = _derivation(comparisons[cell], run, partial(seconds, place))
        chosen.append(Chosen(cell, run, found))
    return Derivations(tuple(chosen), tuple(names[MOST_DERIVED:]))


def _is_derivable(setting: Setting) -> bool:
    try:
        require_derivable(setting)
    except InputError:
        return False
    return True


def _derivation(comparison: Comparison, run: int, seconds: Callable[[str], float]) -> Derivation:
    learned, rest = (
        Weights(models.W[run : run + 1], models.b[run : run + 1])
        for models in (comparison.weights, comparison.polished)
    )
    there = polished_at(rest, learned, law_of(comparison.setting))
    return derivation_at(there, Weights(learned.W[0], learned.b[0]), comparison.setting, DIGITS, seconds)
