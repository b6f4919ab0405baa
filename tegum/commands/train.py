"""`tegum train`: train an ensemble and evaluate it by the exact loss; run again to resume."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tegum.commands.answers import DIVERGED, Answer, Progress, aligned, nullable
from tegum.commands.inputs import setting_argument, training_arguments, training_given
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.setting import Setting, read_setting

if TYPE_CHECKING:
    from tegum.empirical.ensemble import Ensemble
    from tegum.theory.weights import Weights


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder of the ensemble; run again to resume")
    training_arguments(command, stops=True)


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.best import best_of
    from tegum.empirical.plan import Training
    from tegum.empirical.resumed import train_in
    from tegum.empirical.training import ensemble_memory

    setting = read_setting(arguments.setting)
    training = Training(**training_given(arguments))
    memory = ensemble_memory(setting, training)
    claim_folder(arguments.out)
    print(f"memory: {memory.peak / 2**20:.3g} MiB at most, {memory.at_once} models at a time", file=sys.stderr)
    with Progress() as progress:
        told = partial(progress, "training")
        ensemble = train_in(arguments.out, setting, training, told)
    (best,) = best_of(ensemble)
    found = _evaluated(ensemble, setting)
    answer = {
        "runs": len(ensemble.runs),
        "batch_loss": nullable(ensemble.batch_loss),
        **found,
        "diverged": ensemble.diverged.tolist(),
        "best": best.place,
        "steps": ensemble.steps.tolist(),
        "kernel": ensemble.options.kernel,
        "device": ensemble.options.device,
        "memory": memory.peak,
    }
    lines = [_table(answer), f"best: run {best.place}, loss {best.loss:.9g} ± {best.error:.1e}"]
    if best.diverged:
        lines.append(
            f"{best.diverged} of {best.runs} runs diverged, each in the step after those that are told;"
            f" a smaller learning rate than {training.learning_rate!r}, or a warm-up, helps"
        )
    where = "of the critical point that a run leads to" if found["polished"] else "read off the weights as trained"
    return answer, "\n".join([*lines, f"geometry: {where}"])


def _table(answer: dict[str, Any]) -> str:
    rows = [("run", "loss", "batch loss", "steps", "geometry")]
    columns = (answer[key] for key in ("loss", "batch_loss", "steps", "geometry"))
    for run, (loss, batch_loss, steps, geometry) in enumerate(zip(*columns, strict=True)):
        numbers = ("", "") if loss is None else (f"{loss:.9g}", f"{batch_loss:.4g}")
        rows.append((str(run), *numbers, str(steps), geometry))
    return aligned(rows)


def _evaluated(ensemble: Ensemble, setting: Setting) -> dict[str, Any]:
    """Loss, error and geometry of each run; of one that diverged only that it did."""
    from tegum.empirical.models import rows_of
    from tegum.theory.loss.population import population_loss

    sound = np.flatnonzero(~ensemble.diverged)
    weights = rows_of(ensemble.weights, sound)
    exact = population_loss(weights, setting)
    names, polished = _geometries(weights, setting)
    loss, error = np.full((2, len(ensemble.runs)), np.nan)
    geometry = [DIVERGED] * len(ensemble.runs)
    loss[sound], error[sound] = exact.loss, exact.error
    for row, name in zip(sound.tolist(), names, strict=True):
        geometry[row] = name
    return {
        "loss": nullable(loss),
        "error": nullable(error),
        "method": exact.method,
        "geometry": geometry,
        "polished": polished,
    }


def _geometries(weights: Weights, setting: Setting) -> tuple[list[str], bool]:
    """The geometry of each run, and whether it is that of the critical point which the run leads to."""
    from tegum.compare.polish import polish
    from tegum.theory.geometry.critical import CRITICAL_TOLERANCE, feature_vectors
    from tegum.theory.geometry.identify import identify
    from tegum.theory.loss.law import law_of

    polished = _can_be_polished(setting)
    rest = polish(weights, law_of(setting, len(weights.b))).weights if polished else weights
    tolerance = CRITICAL_TOLERANCE if polished else None
    each = [feature_vectors(rest[run], setting.activation) for run in range(len(rest.b))]
    return [identify(one, tolerance=tolerance).geometry for one in each], polished


def _can_be_polished(setting: Setting) -> bool:
    """Whether the setting has an exact second-order route."""
    from tegum.theory.search.scope import require_enumerable

    try:
        require_enumerable(setting)
    except InputError:
        return False
    return True
