"""Agreement of a study: at each cell, how often training finds the predicted optimum, how closely, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from tegum.compare.agreement.distance import NEAR, boundary_distance
from tegum.compare.agreement.statistics import Record, basins, gaps, hit_rate, statistics
from tegum.compare.agreement.why import why
from tegum.compare.study import Study
from tegum.compare.verdict import Comparison
from tegum.empirical.plan import Plan
from tegum.theory.diagram.pieces import METASTABILITY

#: Values of the axes at a cell, by their keys.
Place = dict[str, float]


def agreement(study: Study) -> list[dict[str, Any]]:
    """What was predicted and what was learned at each cell, in the order of the plan.

    Returns:
        One dict for each cell, ready for JSON, with the keys

        - ``at``: the value of each axis, by its key; ``value``: of the first axis; ``predicted``: geometry of the
          optimum; ``optimum``, ``error``: its exact loss and the bound on it; ``hits``, ``starts``: of the search for
          it;
        - ``best``, ``best_loss``, ``best_verdict``: geometry, exact loss and verdict of the run with the lowest exact
          loss; ``best_matches``: whether it is the predicted optimum;
        - ``gap``, ``relative_gap``: best run's exact loss minus the optimum's, and that divided by the optimum's (None
          where the optimum's is zero);
        - ``runs``, ``matching``, ``fraction``: how many models were trained, how many are the predicted optimum, and
          their share; ``interval``: 95 % Wilson interval of the share;
        - ``basins``, ``gaps``: of all its runs, see `statistics`;
        - ``boundary_distance``: from the nearest predicted boundary, relative, None where none was found;
          ``near_boundary``: whether that is within `NEAR`;
        - ``why``: why the best run is not the optimum, None where it is (see `why.why`);
        - ``resolution``: outcome of the second search, where a run lay below the first one's optimum, else None.
    """
    curves = boundary_curves(study)
    return [
        _cell(place, comparison, curves)
        for place, comparison in zip(places(study.plan), study.comparisons, strict=True)
    ]


def overall(study: Study) -> dict[str, Any]:
    """All runs of a study together, ready for JSON: `statistics`, and ``best``, the hit rate of best runs."""
    records = [record for comparison in study.comparisons for record in records_of(comparison)]
    return {"best": hit_rate(one.best.matches for one in study.comparisons), **statistics(records)}


def records_of(comparison: Comparison) -> list[Record]:
    """The runs of one cell."""
    best = comparison.optimum
    return [
        Record(best.geometry, verdict.geometry, verdict.matches, verdict.gap, best.loss)
        for verdict in comparison.verdicts
    ]


def places(plan: Plan) -> list[Place]:
    """The values of the axes at each cell: the last axis varies fastest."""
    keys = [axis.key for axis in plan.axes]
    return [dict(zip(keys, values, strict=True)) for values in product(*(axis.values for axis in plan.axes))]


def boundary_curves(study: Study) -> list[np.ndarray]:
    """Points [points, axes] of each boundary of the predicted optimum."""
    if study.diagram is None:
        return [np.array([[one.value]]) for one in study.boundaries]
    return [one.points for one in study.diagram.boundaries if one.kind != METASTABILITY]


def _cell(place: Mapping[str, float], comparison: Comparison, curves: Sequence[np.ndarray]) -> dict[str, Any]:
    optimum, best, records = comparison.optimum, comparison.best, records_of(comparison)
    found = hit_rate(one.matches for one in records)
    distance = boundary_distance(list(place.values()), curves)
    return {
        "at": dict(place),
        "value": next(iter(place.values())),
        "predicted": optimum.geometry,
        "best": best.geometry,
        "fraction": found["share"],
        "interval": found["interval"],
        "gap": best.gap,
        "relative_gap": best.gap / optimum.loss if optimum.loss > 0 else None,
        "runs": found["trials"],
        "matching": found["hits"],
        "best_matches": best.matches,
        "best_verdict": best.kind,
        "best_loss": best.loss,
        "optimum": optimum.loss,
        "error": optimum.error,
        "hits": optimum.hits,
        "starts": optimum.starts,
        "basins": basins(records),
        "gaps": gaps(records),
        "boundary_distance": distance,
        "near_boundary": distance is not None and distance <= NEAR,
        "why": why(comparison, distance),
        "resolution": None if comparison.resolution is None else comparison.resolution.outcome,
    }
