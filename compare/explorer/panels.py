"""Panels: one slice of the sliders as plain data, its curves, arrangements and boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from tegum.compare.explorer.branches import Branch, branches, winners
from tegum.compare.explorer.frames import in_one_frame
from tegum.compare.explorer.sliders import Slice, Sliders, setting_at
from tegum.theory.errors import InputError
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.phases import boundary
from tegum.theory.setting import Setting

#: Weights and biases are drawn, and shown to three decimals at most: these many are kept.
DECIMALS = 4
#: Digits of a boundary.
_DIGITS = 12


def panel(sliders: Sliders, where: Slice) -> dict[str, Any]:
    """Everything that the page shows of one slice, ready for JSON.

    Returns:
        - ``count``, ``hidden``, ``ratio``, ``l1``; ``importance`` of each feature;
        - ``empty``: loss of the empty model at each density, the unit of the chart;
        - ``best``: number of the branch with the lowest loss at each density;
        - ``branches``: for each its ``geometry``, and at each density (None where it does not exist) ``loss``,
          ``error``, ``curvature``, ``stable``; ``W``, ``b`` in units of 10^-`DECIMALS`, ``factor`` of each feature;
        - ``boundaries``: the densities at which the lowest branch changes (see `_boundaries`).
    """
    settings = [setting_at(sliders.setting, where, density) for density in sliders.densities]
    importance = settings[0].importance
    found = in_one_frame(branches(settings), importance, turnable=not where.l1)
    return asdict(where) | {
        "importance": list(importance),
        "empty": [float(empty_loss(law_of(setting))[0]) for setting in settings],
        "best": winners(found).tolist(),
        "branches": [_branch_data(branch) for branch in found],
        "boundaries": list(_boundaries(found, settings)),
    }


def in_units(values: np.ndarray) -> list[int]:
    """Weights as whole multiples of 10^-`DECIMALS`."""
    return np.rint(values * 10**DECIMALS).astype(int).ravel().tolist()


def _branch_data(branch: Branch) -> dict[str, Any]:
    there = np.isfinite(branch.loss)

    def each(values: np.ndarray) -> list[Any]:
        return [value if here else None for value, here in zip(values.tolist(), there, strict=True)]

    def drawn(values: np.ndarray) -> list[Any]:
        return [in_units(value) if here else None for value, here in zip(values, there, strict=True)]

    return {
        "geometry": branch.geometry,
        "loss": each(branch.loss),
        "error": [float(f"{value:.2g}") if here else None for value, here in zip(branch.error, there, strict=True)],
        "curvature": [float(f"{value:.4g}") if here else None for value, here in zip(branch.curvature, there)],
        "stable": each(branch.stable),
        "W": drawn(branch.W),
        "b": drawn(branch.b),
        "factor": each(branch.factor),
    }


def _boundaries(found: Sequence[Branch], settings: Sequence[Setting]) -> Iterator[dict[str, Any]]:
    """Where the lowest of the branches changes between two neighbouring densities.

    Without an L1 term the crossing of the two losses is computed and proved, ``decimal`` has its digits; else, and
    where the two have no single crossing there, the two densities between which it lies are all there is.
    """
    for (low, first), (high, second) in pairwise(zip(settings, winners(found).tolist(), strict=True)):
        if first != second:
            names = found[first].geometry, found[second].geometry
            yield {"below": names[0], "above": names[1]} | _crossing(names, low, high)


def _crossing(names: tuple[str, str], low: Setting, high: Setting) -> dict[str, Any]:
    start, stop = low.density[0], high.density[0]
    between = {"lower": start, "upper": stop, "value": (start * stop) ** 0.5, "decimal": None}
    if low.l1:
        return between
    try:
        found = boundary(low, names, "density", start, stop, _DIGITS)
    except (InputError, ArithmeticError):
        return between
    return {"lower": found.lower, "upper": found.upper, "value": found.value, "decimal": found.decimal}
