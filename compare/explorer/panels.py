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
from tegum.theory.candidates.candidates import candidates
from tegum.theory.errors import InputError
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.phases import boundary
from tegum.theory.setting import Setting, with_axis

#: Weights and biases are drawn, and shown to three decimals at most: these many are kept.
DECIMALS = 4
#: Digits of a boundary.
_DIGITS = 12
#: Geometries that may be the lowest only between two neighbouring densities.
_DEEPEST = 3


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
        "curvature": [
            float(f"{value:.4g}") if here else None for value, here in zip(branch.curvature, there, strict=True)
        ],
        "stable": each(branch.stable),
        "W": drawn(branch.W),
        "b": drawn(branch.b),
        "factor": each(branch.factor),
    }


def _boundaries(found: Sequence[Branch], settings: Sequence[Setting]) -> Iterator[dict[str, Any]]:
    """Where the lowest of the branches changes between two neighbouring densities.

    Without an L1 term the crossing of the two losses is computed and proved, ``decimal`` has its digits; else, and
    where the two have no single crossing there, the two densities between which it lies are all there is.  ``minima``
    tells whether both are local minima at those densities: where they are not, what lies lowest is in no catalogue.
    """
    for (low, first), (high, second) in pairwise(enumerate(winners(found).tolist())):
        if first != second:
            below, above = found[first], found[second]
            minima = bool(below.stable[low] and above.stable[high])
            span = settings[low].density[0], settings[high].density[0]
            for one in _changes(settings[low], below.geometry, above.geometry, *span):
                yield one | {"minima": minima}


def _changes(
    setting: Setting, below: str, above: str, start: float, stop: float, deepest: int = _DEEPEST
) -> Iterator[dict[str, Any]]:
    """The changes from one lowest geometry to another, a third one's stretch between them included."""
    one = {"below": below, "above": above, "lower": start, "upper": stop, "value": (start * stop) ** 0.5}
    try:
        crossing = None if setting.l1 else boundary(setting, (below, above), "density", start, stop, _DIGITS)
    except (InputError, ArithmeticError):
        crossing = None
    if crossing is None:
        yield one | {"decimal": None}
        return
    between = candidates(with_axis(setting, "density", crossing.value))[0].geometry
    if between in (below, above) or not deepest:
        enclosed = {"lower": crossing.lower, "upper": crossing.upper, "value": crossing.value}
        yield one | enclosed | {"decimal": crossing.decimal}
        return
    yield from _changes(setting, below, between, start, crossing.value, deepest - 1)
    yield from _changes(setting, between, above, crossing.value, stop, deepest - 1)
