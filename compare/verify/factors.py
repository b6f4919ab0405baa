"""A table of factors computed anew from the weights of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tegum.compare.verify.answer import Recomputed
from tegum.compare.verify.digits import critical_allowances
from tegum.compare.verify.inputs import weights_in
from tegum.theory.checks import numbers, whole
from tegum.theory.errors import InputError, located
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion
from tegum.theory.loss.population import population_loss
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.scope import require_enumerable
from tegum.theory.setting import Setting
from tegum.theory.table.cell import setting_of

#: Features of the largest factor that is looked at; enumeration ends well below.
_MOST = 64


def recomputed_factors(data: Mapping[str, Any]) -> Recomputed:
    """Losses, gradients and curvatures of the weights in each cell of a table.

    Raises:
        InputError: sizes or densities out of range, other cells than they ask for, or weights of another shape.
    """
    cells, asked = data["cells"], list(_asked(data["plan"]))
    if len(cells) != len(asked):
        raise InputError(f"cells: {len(cells)} are listed, the plan has {len(asked)}")
    found = []
    for number, (cell, (k, d, density)) in enumerate(zip(cells, asked, strict=True)):
        with located(f"cells[{number}]"):
            setting = setting_of(k, d, density)
            found.append({"vertices": k, "dimensions": d, "density": density} | _numbers(cell, setting))
    known = critical_allowances([law_of(setting_of(*one)) for one in asked], [one["error"] for one in found])
    return Recomputed({"cells": found}, known)


def _asked(plan: Mapping[str, Any]) -> Iterator[tuple[int, int, float]]:
    most = whole("plan.most_vertices", plan["most_vertices"], 2, _MOST)
    deepest = whole("plan.most_dimensions", plan["most_dimensions"], 1, _MOST)
    densities = numbers("plan.densities", plan["densities"], len(plan["densities"]), 0.0)
    for k in range(2, most + 1):
        for d in range(1, min(k - 1, deepest) + 1):
            for density in densities:
                yield k, d, density


def _numbers(cell: Mapping[str, Any], setting: Setting) -> dict[str, float]:
    require_enumerable(setting)
    weights, law = weights_in(cell, setting), law_of(setting)
    exact = population_loss(weights, setting)
    gradient = expansion(weights.W[None], weights.b[None], law).gradient
    return {
        "loss": float(exact.loss),
        "error": float(exact.error),
        "gradient_norm": float(np.linalg.norm(gradient)),
        "hessian_min": float(least_curvatures(weights.W[None], weights.b[None], law)[0]),
    }
