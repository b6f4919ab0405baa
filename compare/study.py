"""The study: theory over an axis, training and comparison in one, resumable at every stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from tegum.compare.verdict import Comparison, compare_all
from tegum.empirical.ensemble import Ensemble, concatenated
from tegum.empirical.plan import Plan, cells, plan_id, plan_tables
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.candidates.candidates import candidates, without_term
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder, write_json
from tegum.theory.phases import Boundary, boundary
from tegum.theory.search.optimum import Optimum, optimum, require_searchable
from tegum.theory.setting import Setting, with_axis

#: Starts of the search at each value of the axis.
STARTS = 64
#: Points at which the candidates' curves are drawn.
_CURVE_POINTS = 60
#: Candidates whose loss is never within this factor of the best one's are left out of the curves.
_WORTH_DRAWING = 4.0

#: Told the stage, the work done and the work there is.
Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Curve:
    """Optimised loss of one geometry along the axis.

    Attributes:
        geometry: its name.
        values: points of the axis.
        losses: exact loss at each, NaN where the geometry has no critical point of its type.
        stable: whether it is a local minimum there.
    """

    geometry: str
    values: tuple[float, ...]
    losses: tuple[float, ...]
    stable: tuple[bool, ...]


@dataclass(frozen=True)
class Study:
    """A finished study.

    Attributes:
        plan: with exactly one axis.
        comparisons: one for each value of the axis, learned runs against the predicted optimum.
        curves: of the catalogue's candidates, best first (by the least ratio of their loss to the best one's).
        boundaries: between the predicted optima of neighbouring values, in the order of the axis.
        ensemble: all runs, value by value.
    """

    plan: Plan
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...]
    boundaries: tuple[Boundary, ...]
    ensemble: Ensemble


def study(plan: Plan, folder: str | Path, progress: Progress = lambda stage, done, total: None) -> Study:
    """Predict, train and compare along one axis; run again on the same folder to resume.

    Args:
        plan: a setting, one axis, and how to train.
        folder: keeps the plan and, in `runs`, its sweep; what is there already is not trained again.
        progress: told the stage ("theory", "training", "comparison"), the work done and the work there is.

    Returns:
        `Study`.  The same plan gives the same study, interrupted or not.

    Raises:
        InputError: not exactly one axis, a folder that holds another plan, or a setting that is not supported.

    Validity: agreement is of the best of the runs with the best of the starts; neither is a proof.

    Source: the comparison that Elhage et al. 2022 make by eye, section "Superposition as a phase change".
    """
    if len(plan.axes) != 1:
        raise InputError(f"axes: a study needs exactly one, the plan has {len(plan.axes)}")
    settings = cells(plan)
    for setting in settings:
        require_searchable(setting)
    folder = claim_folder(folder)
    _claim(folder, plan)
    optima = _optima(settings, progress)
    curves = tuple(curves_of(plan, progress))
    boundaries = tuple(boundaries_of(plan, optima))
    ensembles = _trained(plan, folder, progress)
    weights = [ensemble.weights for ensemble in ensembles]
    total = sum(len(one.b) for one in weights)
    done = 0

    def advance(models: int) -> None:
        nonlocal done
        done += models
        progress("comparison", done, total)

    comparisons = compare_all(settings, weights, optima, advance)
    return Study(plan, tuple(comparisons), curves, boundaries, concatenated(ensembles))


def _claim(folder: Path, plan: Plan) -> None:
    """Write the plan into an empty folder, or see that the folder is this plan's."""
    note = folder / "plan.json"
    if note.exists():
        if plan_id(plan) not in note.read_text(errors="replace"):
            raise InputError(f"{folder} holds the study of another plan; choose another folder or remove it")
        return
    write_json(note, {"id": plan_id(plan), "plan": plan_tables(plan)})


def _optima(settings: Sequence[Setting], progress: Progress) -> list[Optimum]:
    found = []
    for setting in settings:
        found.append(optimum(setting, STARTS))
        progress("theory", len(found), len(settings))
    return found


def curves_of(plan: Plan, progress: Progress = lambda stage, done, total: None) -> Iterator[Curve]:
    """Curves of the candidates that come near the best one somewhere on the axis, if the setting has any."""
    if curves_left_out(plan.setting):
        return
    values = _fine_values(plan.axes[0].values)
    losses: dict[str, np.ndarray] = {}
    stable: dict[str, np.ndarray] = {}
    for k, value in enumerate(values):
        for one in candidates(with_axis(plan.setting, plan.axes[0].key, value)):
            losses.setdefault(one.geometry, np.full(len(values), np.nan))[k] = one.loss
            stable.setdefault(one.geometry, np.zeros(len(values), dtype=bool))[k] = one.stable
        progress("curves", k + 1, len(values))
    best = np.nanmin(np.array(list(losses.values())), axis=0)
    ratio = {geometry: float(np.nanmin(loss / best)) for geometry, loss in losses.items()}
    for geometry in sorted(ratio, key=lambda name: ratio[name]):
        if ratio[geometry] <= _WORTH_DRAWING:
            yield Curve(geometry, values, tuple(losses[geometry].tolist()), tuple(stable[geometry].tolist()))


def curves_left_out(setting: Setting) -> str:
    """Why a study of a setting has no curves and no boundaries; nothing where it has."""
    try:
        without_term(setting)
    except InputError as reason:
        return str(reason)
    return ""


def _fine_values(values: Sequence[float]) -> tuple[float, ...]:
    """Points between the ends of the axis, evenly spaced on a logarithmic scale where the axis spans a decade."""
    low, high = min(values), max(values)
    if low == high:
        return (low,)
    spaced = np.geomspace if low > 0 and high / low >= 10 else np.linspace
    return tuple(np.clip(spaced(low, high, _CURVE_POINTS), low, high).tolist())


def boundaries_of(plan: Plan, optima: Sequence[Optimum]) -> Iterator[Boundary]:
    """The crossing between each two neighbouring values whose optima differ in geometry.

    Where an optimum has no name, or its branch ends before it crosses the other, there is none to give: the report
    says so.
    """
    axis = plan.axes[0]
    along = sorted(zip(axis.values, optima, strict=True), key=lambda pair: pair[0])
    for (low, one), (high, other) in pairwise(along):
        if one.geometry != other.geometry and "unknown-" not in one.geometry + other.geometry:
            with suppress(InputError):
                yield boundary(plan.setting, (one.geometry, other.geometry), axis.key, low, high)


def _trained(plan: Plan, folder: Path, progress: Progress) -> list[Ensemble]:
    """One ensemble for each cell, of what the folder has and what is trained now."""
    runs = folder / "runs"
    status = sweep(plan, runs, progress=progress)
    if status.failed:
        raise InputError(status.reason)
    together, each = sweep_ensemble(runs, sweep_in(runs)), plan.training.runs
    return [together[first : first + each] for first in range(0, status.total, each)]
