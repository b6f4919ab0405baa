"""Why the best learned model of a cell is not the predicted optimum: one reason, and the facts that it rests on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tegum.compare.agreement.distance import NEAR
from tegum.compare.verdict import DIVERGED, Comparison
from tegum.theory.search.optimum import Optimum, same_loss

#: Below this chance that all runs miss the optimum if each hits it as often as a random start of the search, training
#: does not find it for a reason of its own.
_UNLIKELY = 0.05

REASONS = {
    "diverged": "every run diverged",
    "beaten": "a run lies below the prediction, and a second search did not resolve it",
    "unconverged": "the best run has not come to rest",
    "degenerate": "another arrangement with the same exact loss",
    "boundary": "near a predicted boundary, where two arrangements have nearly the same loss",
    "noise": "the optimum was found, but noise left it above a run in another basin",
    "saddle": "the best run stopped at a saddle, from which the exact loss still falls",
    "small basin": "no run fell into the optimum's basin, as can be expected of its size",
    "training": "no run fell into the optimum's basin, though random starts of the search do",
}


def why(comparison: Comparison, distance: float | None) -> dict[str, Any] | None:
    """The reason for which a cell's best run is not the predicted optimum.

    Args:
        comparison: the cell's.
        distance: from the nearest predicted boundary, relative (see `distance.boundary_distance`).

    Returns:
        None where it is the optimum; else, ready for JSON,

        - ``reason``: a key of `REASONS`, the first that holds;
        - ``distance``: as given;
        - ``loss_difference``, ``relative_difference``: exact loss of the best run's critical point minus the optimum's,
          and that divided by the optimum's (None where that is zero);
        - ``excess``: the best run's exact loss minus its critical point's, what training has left;
        - ``matching_excess``: the same of the lowest run that matches; None where none does;
        - ``search_share``: share of the search's random starts that found the optimum, and ``miss_chance`` = (1 -
          share)^runs, the chance that as many of them as there are runs all miss it.
    """
    best, optimum = comparison.best, comparison.optimum
    if best.matches:
        return None
    difference = best.polished_loss - optimum.loss
    share = _search_share(optimum)
    matching = [verdict.loss for verdict in comparison.verdicts if verdict.matches]
    chance = (1 - share) ** len(comparison.verdicts)
    return {
        "reason": _reason(comparison, distance, chance),
        "distance": distance,
        "loss_difference": difference,
        "relative_difference": difference / optimum.loss if optimum.loss > 0 else None,
        "excess": best.loss - best.polished_loss,
        "matching_excess": min(matching) - optimum.loss if matching else None,
        "search_share": share,
        "miss_chance": chance,
    }


def _reason(comparison: Comparison, distance: float | None, chance: float) -> str:
    best, optimum = comparison.best, comparison.optimum
    if best.kind == "better":
        return "beaten"
    if best.kind == DIVERGED:
        return "diverged"
    if best.kind == "unconverged":
        return "unconverged"
    if same_loss(np.array([best.polished_loss]), optimum.loss, comparison.setting)[0]:
        return "degenerate"
    if distance is not None and distance <= NEAR:
        return "boundary"
    if any(verdict.matches for verdict in comparison.verdicts):
        return "noise"
    if best.kind == "saddle":
        return "saddle"
    return "training" if chance < _UNLIKELY else "small basin"


def _search_share(optimum: Optimum) -> float:
    """Share of the random starts that came to rest at the optimum."""
    return (optimum.hits - optimum.structured_hits) / (optimum.starts - optimum.structured)
