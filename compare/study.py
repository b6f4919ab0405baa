"""The study: theory over a grid of settings, training and comparison in one, resumable at every stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tegum.compare.plane import plan_diagram
from tegum.compare.verdict import Comparison, compare_all
from tegum.empirical.ensemble import Ensemble
from tegum.empirical.plan import Plan, cells, plan_id, plan_tables
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sweep import sweep, sweep_status
from tegum.theory.candidates.candidates import candidates, without_term
from tegum.theory.diagram.diagram import PhaseDiagram
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder, write_json
from tegum.theory.files.kept import Keep, kept, unkept
from tegum.theory.files.tables import tables_id
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.phases import Boundary, boundary
from tegum.theory.search.optimum import ZERO_LOSS, Optimum, optimum
from tegum.theory.search.scope import require_searchable
from tegum.theory.search.tables import optimum_from_tables, optimum_tables
from tegum.theory.setting import Setting, setting_tables, with_axis

#: Starts of the search at each value of the axis.
STARTS = 64
#: Points at which the candidates' curves are drawn.
_CURVE_POINTS = 60
#: Candidates whose loss is never within this factor of the best one's are left out of the curves.
_WORTH_DRAWING = 4.0
#: Changes when what an earlier version kept may no longer be read as if computed by this one.
_VERSION = 1

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
        plan: with at least one axis.
        comparisons: one for each cell, learned runs against the predicted optimum.
        curves: with one axis, of the catalogue's candidates, best first (by the least ratio of their loss to the best
            one's).
        boundaries: with one axis, between the predicted optima of neighbouring values, in the order of the axis.
        ensemble: all runs, cell by cell.
        diagram: with two axes, the boundaries of the predicted optimum between the cells; None where none is traced.
    """

    plan: Plan
    comparisons: tuple[Comparison, ...]
    curves: tuple[Curve, ...]
    boundaries: tuple[Boundary, ...]
    ensemble: Ensemble
    diagram: PhaseDiagram | None = None


def study(plan: Plan, folder: str | Path, progress: Progress = lambda stage, done, total: None) -> Study:
    """Predict, train and compare along the axes of a plan; run again on the same folder to resume.

    Args:
        plan: a setting, at least one axis, and how to train.
        folder: keeps the plan, in `runs` its sweep, and in `theory` optima, curves, boundaries, and the critical points
            of the runs; what is there already is not computed again.
        progress: told the stage ("theory", "training", "comparison", ...), the work done and the work there is.

    Returns:
        `Study`.  The same plan gives the same study, interrupted or not.

    Raises:
        InputError: no axis, a folder that holds another plan, or a setting that is not supported.

    Validity: agreement is of the best of the runs with the best of the starts; neither is a proof.

    Source: the comparison that Elhage et al. 2022 make by eye, section "Superposition as a phase change".
    """
    return _studied(plan, folder, lambda: _trained(plan, Path(folder) / "runs", progress), progress)


def study_of(runs: str | Path, folder: str | Path, progress: Progress = lambda stage, done, total: None) -> Study:
    """Predict and compare what a finished sweep has trained; nothing is trained.

    Args:
        runs: folder of a finished sweep, as `sweep` leaves it; nothing is written to it.
        folder, progress: as in `study`.

    Returns:
        `Study`, the same as if `study` had trained the sweep's plan.

    Raises:
        InputError: no sweep or an unfinished one in `runs`; or as `study`.
    """
    cut = sweep_in(runs)
    status = sweep_status(runs, cut)
    if status.done < status.total:
        raise InputError(f"{runs} holds {status.done} of {status.total} runs; finish its sweep first (tegum sweep)")
    return _studied(cut.plan, folder, lambda: sweep_ensemble(runs, cut), progress)


def _studied(plan: Plan, folder: str | Path, ensemble: Callable[[], Ensemble], progress: Progress) -> Study:
    if not plan.axes:
        raise InputError("axes: a study needs at least one, the plan has none")
    settings = cells(plan)
    for setting in settings:
        require_searchable(setting)
    folder = claim_folder(folder)
    _claim(folder, plan)
    keep = partial(kept, folder / "theory")
    optima = _optima(settings, progress, keep)
    curves = tuple(curves_of(plan, progress, keep)) if len(plan.axes) == 1 else ()
    diagram = plan_diagram(plan, progress, keep) if len(plan.axes) == 2 else None
    together, each = ensemble(), plan.training.runs
    parts = [together[first : first + each] for first in range(0, len(together.runs), each)]
    models, diverged = [part.weights for part in parts], [part.diverged for part in parts]
    told = _counted("comparison", len(together.runs), progress)
    comparisons = compare_all(settings, models, optima, told, keep, diverged)
    best = [one.optimum for one in comparisons]
    boundaries = tuple(boundaries_of(plan, best, keep)) if len(plan.axes) == 1 else ()
    return Study(plan, tuple(comparisons), curves, boundaries, together, diagram)


def _counted(stage: str, total: int, progress: Progress) -> Callable[[int], None]:
    """Adds up what is done of a stage."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress(stage, done, total)

    return advance


def _claim(folder: Path, plan: Plan) -> None:
    """Write the plan into an empty folder, or see that the folder is this plan's."""
    note = folder / "plan.json"
    if note.exists():
        if plan_id(plan) not in note.read_text(errors="replace"):
            raise InputError(f"{folder} holds the study of another plan; choose another folder or remove it")
        return
    write_json(note, {"id": plan_id(plan), "plan": plan_tables(plan)})


def _optima(settings: Sequence[Setting], progress: Progress, keep: Keep) -> list[Optimum]:
    found = []
    for setting in settings:
        name = f"optimum-{_name(setting, STARTS)}"
        found.append(optimum_from_tables(setting, keep(name, partial(_searched, setting))))
        progress("theory", len(found), len(settings))
    return found


def _searched(setting: Setting) -> dict[str, Any]:
    return optimum_tables(optimum(setting, STARTS))


def _name(setting: Setting, *question: Any) -> str:
    """The content of a question about a setting, as 16 hexadecimal digits."""
    return tables_id({**setting_tables(setting), "question": [_VERSION, *question]})


def curves_of(plan: Plan, progress: Progress = lambda stage, done, total: None, keep: Keep = unkept) -> Iterator[Curve]:
    """Curves of the candidates that come near the best one somewhere on the only axis, if the setting has any."""
    if curves_left_out(plan.setting):
        return
    values = _fine_values(plan.axes[0].values)
    losses: dict[str, np.ndarray] = {}
    stable: dict[str, np.ndarray] = {}
    for k, value in enumerate(values):
        setting = with_axis(plan.setting, plan.axes[0].key, value)
        fits = keep(f"candidates-{_name(setting)}", partial(_candidates, setting))
        for geometry, (loss, is_stable) in fits.items():
            losses.setdefault(geometry, np.full(len(values), np.nan))[k] = loss
            stable.setdefault(geometry, np.zeros(len(values), dtype=bool))[k] = is_stable
        progress("curves", k + 1, len(values))
    # Features that are never on together may be answered without loss: there, up to rounding, is the best.
    nothing = ZERO_LOSS * empty_loss(law_of(plan.setting))[0]
    best = np.maximum(np.nanmin(np.array(list(losses.values())), axis=0), nothing)
    ratio = {geometry: float(np.nanmin(np.maximum(loss, nothing) / best)) for geometry, loss in losses.items()}
    for geometry in sorted(ratio, key=lambda name: ratio[name]):
        if ratio[geometry] <= _WORTH_DRAWING:
            yield Curve(geometry, values, tuple(losses[geometry].tolist()), tuple(stable[geometry].tolist()))


def _candidates(setting: Setting) -> dict[str, Any]:
    """Loss and stability of each candidate, by its name."""
    return {one.geometry: [one.loss, one.stable] for one in candidates(setting)}


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


def boundaries_of(plan: Plan, optima: Sequence[Optimum], keep: Keep = unkept) -> Iterator[Boundary]:
    """The crossing between each two neighbouring values of the only axis whose optima differ in geometry.

    Where an optimum has no name, its branch ends before it crosses the other, or the crossing is not proved, there is
    none to give: the report says so.
    """
    axis = plan.axes[0]
    along = sorted(zip(axis.values, optima, strict=True), key=lambda pair: pair[0])
    for (low, one), (high, other) in pairwise(along):
        if one.geometry != other.geometry and "unknown-" not in one.geometry + other.geometry:
            between = one.geometry, other.geometry
            name = f"boundary-{_name(plan.setting, *between, axis.key, low, high)}"
            found = keep(name, partial(_crossings, plan.setting, between, axis.key, low, high))
            yield from (Boundary(**table | {"between": between}) for table in found["crossings"])


def _crossings(setting: Setting, between: tuple[str, str], axis: str, low: float, high: float) -> dict[str, Any]:
    """The crossing of two branches as plain data, if there is one that is proved."""
    with suppress(InputError, ArithmeticError):
        return {"crossings": [asdict(boundary(setting, between, axis, low, high))]}
    return {"crossings": []}


def _trained(plan: Plan, runs: Path, progress: Progress) -> Ensemble:
    """All runs, of which the folder may have some; the others are trained now."""
    status = sweep(plan, runs, progress=progress)
    if status.failed:
        raise InputError(status.reason)
    return sweep_ensemble(runs, sweep_in(runs))
