"""A report's numbers by other ways than the one that made them: polishing again, and a second exact loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tegum.compare.polish import polish
from tegum.compare.second_route import second_loss
from tegum.compare.verdict import DIVERGED, Comparison
from tegum.compare.verify.differences import Difference
from tegum.compare.verify.inputs import Inputs
from tegum.theory.geometry.critical import critical_identity
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import same_loss


def polish_differences(inputs: Inputs, comparisons: Sequence[Comparison]) -> Iterator[Difference]:
    """Learned weights that do not lead to the report's polished ones.

    A run that comes to rest must do so at the same loss (`same_loss`) and, but for a valley, geometry; one that does
    not must be unconverged in the report, or diverged: places in a valley, or of an unfinished descent, may hang on
    rounding.
    """
    for place, comparison in _placed(inputs, comparisons):
        setting, weights = comparison.setting, comparison.weights
        again = polish(weights, law_of(setting, len(weights.b)))
        for run, verdict in enumerate(comparison.verdicts):
            loss = float(again.loss[run])
            geometry = critical_identity(again.weights[run], setting.activation).geometry
            if again.converged[run]:
                same = bool(same_loss(np.array([verdict.polished_loss]), loss, setting)[0])
                agrees = same and (verdict.valley or geometry == verdict.identity.geometry)
            else:
                agrees = verdict.kind in ("unconverged", DIVERGED)
            if not agrees:
                stored = {"geometry": verdict.identity.geometry, "loss": verdict.polished_loss}
                expected = {"geometry": geometry, "loss": loss}
                yield {"place": f"{place}runs[{run}].polished", "stored": stored, "recomputed": expected}


def route_differences(inputs: Inputs, comparisons: Sequence[Comparison]) -> Iterator[Difference]:
    """Optima whose loss is not that of a second route (see `second_route`), to the bounds of both."""
    for place, comparison in _placed(inputs, comparisons):
        best = comparison.optimum
        other, bound = second_loss(best.weights, comparison.setting)
        if abs(best.loss - other) > best.error + bound:
            yield {"place": f"{place}optimum.loss", "stored": best.loss, "recomputed": other}


def _placed(inputs: Inputs, comparisons: Sequence[Comparison]) -> Iterator[tuple[str, Comparison]]:
    """Comparisons, each with its place in the report."""
    for number, comparison in enumerate(comparisons):
        yield ("" if inputs.plan is None else f"cells[{number}]."), comparison
