"""Learned runs as dots: exact loss, geometry and verdict of each, laid over the branch it belongs to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tegum.compare.explorer.frames import onto
from tegum.compare.explorer.panels import DECIMALS, in_units
from tegum.compare.explorer.sliders import Slice, Sliders, setting_at, slice_of
from tegum.compare.verdict import DIVERGED, Comparison, compare_all
from tegum.empirical.ensemble import Ensemble, holds_ensemble, load_ensemble
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import MANIFEST, sweep_in
from tegum.theory.errors import InputError
from tegum.theory.geometry.identify import identify_ensemble
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

#: Runs on one page: each is an element that can be pointed at.
MOST_RUNS = 5000
#: Weights of a run that flew off are drawn this far out.
_FAR = 1e6
#: Said of runs under an L1 term, for which there is no verdict.
_NOT_JUDGED = "not judged under an L1 term"

Panel = Mapping[str, Any]


def runs_in(folder: str | os.PathLike[str]) -> Ensemble:
    """The runs of a folder that `tegum train`, `tegum sweep` or `tegum study` filled.

    Raises:
        InputError: it holds none, they are damaged, or not all are trained.
    """
    for place in (Path(folder), Path(folder) / "runs"):
        if holds_ensemble(place):
            return load_ensemble(place)
        if (place / MANIFEST).is_file():
            return sweep_ensemble(place, sweep_in(place))
    raise InputError(f"{os.fspath(folder)} holds no runs of `tegum train`, `tegum sweep` or `tegum study`")


def dots(
    ensemble: Ensemble,
    sliders: Sliders,
    panels: Sequence[Panel],
    advance: Callable[[int, int], object] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """The runs that lie at a position of the sliders, by rising density.

    Args:
        ensemble: trained by anybody.
        sliders, panels: of the page; ``panels`` in the order of ``sliders.slices``.
        advance: told how many settings are done, and how many there are.

    Returns:
        One dict for each run: ``panel`` (its number), ``density``, ``loss``, ``error``, ``empty`` (loss of the empty
        model), ``geometry``, ``verdict``; ``over``, the geometry that its weights ``W`` are laid over.

    Raises:
        InputError: weights too large to have a loss.
    """
    groups: dict[Setting, list[int]] = {}
    for run, setting in enumerate(ensemble.settings):
        groups.setdefault(setting, []).append(run)
    found: list[dict[str, Any]] = []
    for done, (setting, rows) in enumerate(groups.items()):
        place = _place(setting, sliders)
        if place is not None:
            found += _of_setting(setting, ensemble[rows], place, sliders, panels[place])
        advance(done + 1, len(groups))
    return sorted(found, key=lambda run: run["density"])


def _place(setting: Setting, sliders: Sliders) -> int | None:
    """Number of the slice that a setting lies in, if its importances are the slice's."""
    if not setting.importance[0] > 0:
        return None
    ours: dict[Slice, int] = {where: k for k, where in enumerate(sliders.slices)}
    place = ours.get(slice_of(setting))
    inside = sliders.densities[0] <= setting.density[0] <= sliders.densities[-1]
    if place is None or not inside:
        return None
    return place if setting == setting_at(sliders.setting, sliders.slices[place], setting.density[0]) else None


def _of_setting(
    setting: Setting, ensemble: Ensemble, place: int, sliders: Sliders, panel: Panel
) -> Iterator[dict[str, Any]]:
    weights = ensemble.weights
    exact = population_loss(weights, setting)
    losses, errors = np.atleast_1d(exact.loss), np.atleast_1d(exact.error)
    if not np.isfinite(losses).all():
        raise InputError("runs hold weights so large that their loss is not finite")
    point = int(np.argmin(np.abs(np.log(np.array(sliders.densities) / setting.density[0]))))
    for run, (geometry, verdict) in enumerate(_judged(setting, ensemble)):
        over = _branch(panel, geometry, point)
        target = np.reshape(over["W"][point], weights.W.shape[1:]) / 10.0**DECIMALS
        pair = onto(target, weights.W[run], setting.importance, turnable=not setting.l1)
        yield {
            "panel": place,
            "density": setting.density[0],
            "loss": float(losses[run]),
            "error": float(f"{errors[run]:.2g}"),
            "empty": float(empty_loss(law_of(setting))[0]),
            "geometry": geometry,
            "verdict": verdict,
            "over": over["geometry"],
            "W": in_units(pair.learned[:, np.argsort(pair.places)].clip(-_FAR, _FAR)),
        }


def _judged(setting: Setting, ensemble: Ensemble) -> list[tuple[str, str]]:
    """Geometry and verdict of each run."""
    if setting.l1:
        named = zip(identify_ensemble(ensemble.weights.W), ensemble.diverged, strict=True)
        return [(DIVERGED, DIVERGED) if lost else (one.geometry, _NOT_JUDGED) for one, lost in named]
    found: Comparison = compare_all([setting], [ensemble.weights], [optimum(setting)], diverged=[ensemble.diverged])[0]
    return [(verdict.geometry, verdict.kind) for verdict in found.verdicts]


def _branch(panel: Panel, geometry: str, point: int) -> Panel:
    """The branch of this geometry if it exists there, else the lowest."""
    exists = [branch for branch in panel["branches"] if branch["W"][point] is not None]
    named = [branch for branch in exists if branch["geometry"] == geometry]
    return named[0] if named else panel["branches"][panel["best"][point]]
