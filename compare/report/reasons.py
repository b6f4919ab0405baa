"""Words about agreement: where a cell lies, why its best run is not the optimum, what a second search found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tegum.compare.agreement.why import REASONS
from tegum.compare.report.axis import axis_symbol
from tegum.compare.second_search import OUTCOMES, Resolution
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.numerals import brief, counted, percent

#: Chances below this are told as such.
_LEAST_CHANCE = 1e-4


@dataclass(frozen=True)
class Resolved:
    """A row of the list of cells in which training beat the first search.

    Attributes:
        at: where, in words; empty where there is one cell only.
        found: how it was resolved.
        geometry: of the run.
        after: geometry, loss and error of the optimum that stands now.
        meaning: of the outcome.
    """

    at: str
    found: Resolution
    geometry: str
    after: tuple[str, float, float]
    meaning: str


def resolved(cells: Iterable[tuple[str, Comparison]]) -> list[Resolved]:
    """The cells with a second search, in their order."""
    return [
        Resolved(
            at,
            one.resolution,
            one.verdicts[one.resolution.run].geometry,
            (one.optimum.geometry, one.optimum.loss, one.optimum.error),
            OUTCOMES[one.resolution.outcome],
        )
        for at, one in cells
        if one.resolution is not None
    ]


def place_words(at: Mapping[str, float]) -> str:
    """`p = 0.1, I₁ = 0.3`."""
    return ", ".join(f"{axis_symbol(key)} = {value:.6g}" for key, value in at.items())


def why_words(why: Mapping[str, Any], matching: int, runs: int) -> str:
    """The reason in a sentence, with the numbers that it rests on."""
    return f"{REASONS[why['reason']]}: {_facts(why, matching, runs)}."


def _facts(why: Mapping[str, Any], matching: int, runs: int) -> str:
    reason = why["reason"]
    difference = f"its basin's minimum lies {_relative(why)} above the optimum"
    hit = f"{matching} of {counted(runs, 'run')} rest in the optimum's basin"
    if reason == "diverged":
        return "a smaller learning rate or a warm-up helps"
    if reason == "unconverged":
        return f"its exact loss is {brief(why['excess'])} above that of the critical point that it was followed to"
    if reason in ("degenerate", "beaten"):
        return f"the losses at rest differ by {brief(why['loss_difference'], 2)}"
    if reason == "boundary":
        return f"the nearest is at a relative distance of {brief(why['distance'], 2)}, and {difference}; {hit}"
    if reason == "noise":
        left = brief(why["matching_excess"], 2)
        return f"{hit}, the lowest of them left {left} above it, while {difference}"
    if reason == "saddle":
        return difference
    share, chance = percent(why["search_share"]), _chance(why["miss_chance"])
    return f"{share} of the search's random starts find it, so that {runs} would all miss it {chance}; {difference}"


def _relative(why: Mapping[str, Any]) -> str:
    relative = why["relative_difference"]
    return brief(why["loss_difference"]) if relative is None else percent(relative)


def _chance(chance: float) -> str:
    return "with a chance below 0.01%" if chance < _LEAST_CHANCE else f"with a chance of {percent(chance)}"
