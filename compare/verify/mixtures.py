"""Mixtures over density computed anew from their setting and densities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tegum.compare.report.mixtures import mixtures_data, place_at
from tegum.compare.verify.answer import Recomputed
from tegum.compare.verify.digits import RELATIVE
from tegum.theory.checks import number
from tegum.theory.setting import setting_from_tables

#: Minimisers are known to the square root of the rounding of what they minimise.
_MINIMISER = 1e-7


def recomputed_mixtures(data: Mapping[str, Any]) -> Recomputed:
    """The integer program, the dense code and the hull at each density, solved again.

    Raises:
        InputError: a setting that has no mixtures, or a density outside (0, 1].
    """
    setting = setting_from_tables(data["setting"])
    densities = [number(f"densities[{k}].density", one["density"], 1e-9, 1) for k, one in enumerate(data["densities"])]
    found = mixtures_data(setting, [place_at(replace(setting, density=density)) for density in densities])
    errors = [one["error"] for one in found["densities"]]
    dense = [one["dense"]["error"] for one in found["densities"] if one["dense"]]
    known = {
        **RELATIVE,
        "loss": (2 * max(errors), 0.0),
        "dense.loss": (2 * max(dense, default=0.0), 0.0),
        "hull.loss": (2.0**-52, 1e-9),
        "mean_field": (0.0, 1e-9),
        **dict.fromkeys(("dimensions_per_feature", "gain", "bias"), (0.0, _MINIMISER)),
    }
    return Recomputed(found, known)
