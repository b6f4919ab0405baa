"""Every number of a report as plain data, ready for JSON: full precision, null where there is no number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from tegum.compare.agreement import agreement, overall, places, records_of, statistics, why
from tegum.compare.diagram.folder import boundary_table
from tegum.compare.report.schema.comparison import SEARCH
from tegum.compare.second_search import Resolution
from tegum.compare.study import Curve, Study
from tegum.compare.verdict import Comparison, Verdict
from tegum.compare.versions import versions
from tegum.empirical.plan import plan_id, plan_tables
from tegum.theory.files.seal import sealed
from tegum.theory.files.weights import named_arrays
from tegum.theory.geometry.identify import Identity
from tegum.theory.search.optimum import Optimum
from tegum.theory.setting import content_id, setting_tables
from tegum.theory.weights import Weights

Data = dict[str, Any]


def study_data(study: Study, command: str) -> Data:
    """All of a study."""
    options = study.ensemble.options
    batches = study.ensemble.batch_loss.tolist()
    runs = iter(zip(study.ensemble.runs, batches, strict=True))
    body = {
        "command": command,
        "versions": versions(),
        "id": plan_id(study.plan),
        "plan": plan_tables(study.plan),
        "axes": [{"key": axis.key, "values": list(axis.values)} for axis in study.plan.axes],
        "training": {"seed": study.ensemble.seed, "device": options.device},
        "agreement": agreement(study),
        "overall": overall(study),
        "boundaries": study_boundaries(study),
        "curves": [_curve(one) for one in study.curves],
        "cells": [
            {"at": place, **_comparison(one, [next(runs) for _ in one.verdicts])}
            for place, one in zip(places(study.plan), study.comparisons, strict=True)
        ],
    }
    return sealed("study", body)


def study_boundaries(study: Study) -> list[Data]:
    """Boundaries of the predicted optimum: with one axis its crossings, with two the traced curves."""
    if study.diagram is None:
        return [asdict(one) | {"between": list(one.between)} for one in study.boundaries]
    return [boundary_table(study.diagram.plane, one) for one in study.diagram.boundaries]


def comparison_data(comparison: Comparison, command: str) -> Data:
    """All of a comparison of one setting."""
    runs = [(run, None) for run in range(len(comparison.verdicts))]
    head = {"command": command, "versions": versions(), "id": content_id(comparison.setting)}
    body = head | _comparison(comparison, runs)
    return sealed("comparison", body | {"statistics": statistics(records_of(comparison)), "why": why(comparison, None)})


def _comparison(comparison: Comparison, runs: Sequence[tuple[int, float | None]]) -> Data:
    return {
        "setting": setting_tables(comparison.setting),
        "setting_id": content_id(comparison.setting),
        "optimum": _optimum(comparison.optimum),
        "best": comparison.verdicts.index(comparison.best),
        "fraction": comparison.fraction,
        "resolution": None if comparison.resolution is None else _resolution(comparison.resolution),
        "runs": [_run(comparison, place, run, batch_loss) for place, (run, batch_loss) in enumerate(runs)],
    }


def _optimum(optimum: Optimum) -> Data:
    keys = ("loss", "error", "gradient_norm", "hessian_min", *SEARCH)
    return {
        "geometry": optimum.geometry,
        **{key: _number(getattr(optimum, key)) for key in keys},
        "identity": _identity(optimum.identity),
        **_weights(optimum.weights),
    }


def _resolution(found: Resolution) -> Data:
    """How runs below the first search's optimum were resolved; the better optimum stands in its place."""
    keys = ("outcome", "run", "count", "loss", "error", "starts", "seed")
    return {**{key: getattr(found, key) for key in keys}, "before": _optimum(found.before)}


def _run(comparison: Comparison, place: int, run: int, batch_loss: float | None) -> Data:
    verdict = comparison.verdicts[place]
    return {
        "run": run,
        "geometry": verdict.geometry,
        "verdict": verdict.kind,
        "matches": verdict.matches,
        **{key: _number(getattr(verdict, key)) for key in ("loss", "error", "gap")},
        "batch_loss": _number(batch_loss),
        "vertex_map": None if verdict.vertex_map is None else list(verdict.vertex_map),
        "learned": _identity(verdict.learned),
        **_weights(comparison.weights[place]),
        "polished": _polished(verdict) | _weights(comparison.polished[place]),
    }


def _polished(verdict: Verdict) -> Data:
    keys = ("polished_loss", "moved", "gradient_norm", "hessian_min")
    numbers = {key.removeprefix("polished_"): _number(getattr(verdict, key)) for key in keys}
    numbers |= {"valley": verdict.valley, "asymmetry": _number(verdict.asymmetry)}
    return numbers | {"identity": _identity(verdict.identity)}


def _identity(identity: Identity) -> Data:
    factors = [
        {
            "name": one.name,
            "dimension": one.dimension,
            "features": list(one.features),
            "distortion": _number(one.distortion),
        }
        for one in identity.factors
    ]
    margin = _number(identity.margin)
    return {"geometry": identity.geometry, "status": identity.status, "margin": margin, "factors": factors}


def _weights(weights: Weights) -> Data:
    return {name: array.tolist() for name, array in named_arrays(weights).items()}


def _curve(curve: Curve) -> Data:
    return {
        "geometry": curve.geometry,
        "values": list(curve.values),
        "losses": [_number(loss) for loss in curve.losses],
        "stable": list(curve.stable),
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
