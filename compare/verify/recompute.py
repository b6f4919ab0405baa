"""A report's numbers computed anew, from its settings and weights alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from tegum.compare.plane import plan_diagram
from tegum.compare.polish import polished_at
from tegum.compare.report.data import Data, comparison_data, study_data
from tegum.compare.second_search import resolution
from tegum.compare.study import Study, boundaries_of, curves_of
from tegum.compare.verdict import Comparison, judged
from tegum.compare.verify.answer import Recomputed
from tegum.compare.verify.derivations import derivation_allowances, rederived
from tegum.compare.verify.digits import allowances
from tegum.compare.verify.inputs import CellInputs, Inputs, inputs_of
from tegum.compare.verify.routes import polish_differences, route_differences
from tegum.empirical.ensemble import Ensemble
from tegum.empirical.plan import Plan
from tegum.theory.geometry.critical import critical_identity
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import Optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, joined_ensembles


def comparisons_of(inputs: Inputs) -> list[Comparison]:
    """Losses, gradients, curvatures, geometries and verdicts of each cell's weights, as they are in the report."""
    return [_comparison(cell) for cell in inputs.cells]


def recomputed_comparisons(data: Mapping[str, Any]) -> Recomputed:
    """A comparison's or a study's report computed anew, its polishing and its optima by second routes as well."""
    inputs = inputs_of(data)
    found = comparisons_of(inputs)
    others = chain(polish_differences(inputs, found), route_differences(inputs, found))
    known = allowances(found)
    return Recomputed(recomputed(inputs, found) | rederived(data, found), known | derivation_allowances(known), others)


def recomputed(inputs: Inputs, comparisons: list[Comparison]) -> Data:
    """The whole report as its inputs make it, with their own word for what is taken as given."""
    if inputs.plan is None:
        data = comparison_data(comparisons[0], inputs.command)
    else:
        data = study_data(_study(inputs, inputs.plan, comparisons), inputs.command)
    return data | {"versions": inputs.versions}


def _comparison(cell: CellInputs) -> Comparison:
    law = law_of(cell.setting, len(cell.learned.b))
    there = polished_at(cell.polished, cell.learned, law)
    best = _optimum(cell.setting, cell.optimum, cell.search)
    first = best if cell.before is None else _optimum(cell.setting, *cell.before)
    resolved = resolution(cell.setting, cell.learned, there, first, best)
    return judged(cell.setting, cell.learned, there, best, resolved, cell.diverged)


def _optimum(setting: Setting, weights: Weights, search: dict[str, Any]) -> Optimum:
    exact = population_loss(weights, setting)
    alone = weights[None]
    at = polished_at(alone, alone, law_of(setting))
    return Optimum(
        setting=setting,
        weights=weights,
        identity=critical_identity(weights, setting.activation),
        loss=float(exact.loss),
        error=float(exact.error),
        gradient_norm=float(at.gradient_norm[0]),
        hessian_min=float(at.hessian_min[0]),
        hessian_error=float(at.hessian_error[0]),
        method=exact.method,
        **search,
    )


def _study(inputs: Inputs, plan: Plan, comparisons: list[Comparison]) -> Study:
    runs = plan.training.runs
    batch_loss = [np.nan if one is None else one for cell in inputs.cells for one in cell.batch_loss]
    ensemble = Ensemble(
        settings=tuple(cell.setting for cell in inputs.cells for _ in range(runs)),
        runs=tuple(range(runs)) * len(comparisons),
        weights=joined_ensembles([one.weights for one in comparisons]),
        batch_loss=np.array(batch_loss),
        options=replace(plan.training, device=inputs.device),
        steps=np.full(len(batch_loss), plan.training.steps),
    )
    optima = [one.optimum for one in comparisons]
    single = len(plan.axes) == 1
    return Study(
        plan=plan,
        comparisons=tuple(comparisons),
        curves=tuple(curves_of(plan)) if single else (),
        boundaries=tuple(boundaries_of(plan, optima)) if single else (),
        ensemble=ensemble,
        diagram=plan_diagram(plan) if len(plan.axes) == 2 else None,
    )
