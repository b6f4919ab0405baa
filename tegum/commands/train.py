"""`tegum train`: train an ensemble and evaluate it by the exact loss."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from tegum.commands.answers import Answer, Progress, aligned, plain
from tegum.commands.inputs import setting_argument, training_arguments, training_given
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.setting import Setting, read_setting

if TYPE_CHECKING:
    from tegum.theory.weights import Weights


def options(command: ArgumentParser) -> None:
    setting_argument(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the trained ensemble")
    training_arguments(command, stops=True)


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.best import best_of
    from tegum.empirical.ensemble import save_ensemble
    from tegum.empirical.plan import Training
    from tegum.empirical.training import ensemble_memory, train_cells
    from tegum.theory.loss.population import population_loss

    setting = read_setting(arguments.setting)
    training = Training(**training_given(arguments))
    memory = ensemble_memory(setting, training)
    claim_folder(arguments.out)
    print(f"memory: {memory.peak / 2**20:.3g} MiB at most, {memory.at_once} models at a time", file=sys.stderr)
    with Progress() as progress:
        ensemble = train_cells([setting], training, lambda done, total: progress("training", done, total))
    save_ensemble(arguments.out, ensemble)
    exact = population_loss(ensemble.weights, setting)
    names, polished = _geometries(ensemble.weights, setting)
    (best,) = best_of(ensemble)
    answer = {
        "runs": len(ensemble.runs),
        "batch_loss": plain(ensemble.batch_loss),
        "loss": plain(exact.loss),
        "error": plain(exact.error),
        "method": exact.method,
        "geometry": names,
        "polished": polished,
        "best": best.place,
        "steps": ensemble.steps.tolist(),
        "kernel": ensemble.options.kernel,
        "device": ensemble.options.device,
        "memory": memory.peak,
    }
    rows = [("run", "loss", "batch loss", "steps", "geometry")]
    for run, columns in enumerate(
        zip(*(answer[key] for key in ("loss", "batch_loss", "steps", "geometry")), strict=True)
    ):
        loss, batch_loss, steps, geometry = columns
        rows.append((str(run), f"{loss:.9g}", f"{batch_loss:.4g}", str(steps), geometry))
    where = "of the critical point that a run leads to" if polished else "read off the weights as trained"
    return (
        answer,
        f"{aligned(rows)}\nbest: run {best.place}, loss {best.loss:.9g} ± {best.error:.1e}\ngeometry: {where}",
    )


def _geometries(weights: Weights, setting: Setting) -> tuple[list[str], bool]:
    """The geometry of each run, and whether it is that of the critical point which the run leads to."""
    from tegum.compare.polish import polish
    from tegum.theory.geometry.identify import identify
    from tegum.theory.loss.law import law_of
    from tegum.theory.search.optimum import CRITICAL_TOLERANCE, feature_vectors

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
