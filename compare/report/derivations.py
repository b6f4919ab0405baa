"""The part of a report from learned to exact: the steps of each geometry, as words and as data."""

from __future__ import annotations

from typing import Any

from tegum.compare.derivation.chosen import Derivations
from tegum.compare.derivation.data import derivation_data
from tegum.compare.derivation.records import STATUSES
from tegum.compare.derivation.steps import steps
from tegum.compare.report.data import Data
from tegum.theory.files.seal import digest


def derivations_data(found: Derivations) -> Data:
    """The keys that derivations add to a report."""
    chosen = [{"cell": one.cell, "run": one.run, **derivation_data(one.derivation)} for one in found.chosen]
    return {"derivations": chosen, "not_derived": list(found.others)}


def with_derivations(data: Data, found: Derivations) -> Data:
    """A report's data with its derivations, sealed again."""
    body = data | derivations_data(found)
    return body | {"sha256": digest(body)}


def derivations_content(found: Derivations) -> dict[str, Any]:
    """What the templates ask for."""
    chosen = [
        {
            "geometry": one.derivation.geometry,
            "run": one.run,
            "density": one.derivation.setting.density,
            "steps": steps(one.derivation),
            "formulas": _formulas(one.derivation.factors),
        }
        for one in found.chosen
    ]
    return {"derivations": chosen, "not_derived": found.others, "statuses": STATUSES}


def _formulas(factors: Any) -> dict[str, str]:
    """The expressions short enough to be read, by factor."""
    return {one.block.factor.name: one.symbolic.loss for one in factors if one.symbolic.latex is not None}
