"""Recording: training with snapshots, each on disk before the next steps are taken."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from tegum.empirical.dynamics.history import (
    History,
    begin_history,
    history_of,
    load_snapshot,
    save_snapshot,
)
from tegum.empirical.ensemble import Ensemble, save_ensemble
from tegum.empirical.kernels import kernel_named
from tegum.empirical.models import Models, new_models, weights_of_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key
from tegum.empirical.training import Progress, check_finite, ensemble_memory, pieces, resolved, steps_at_once
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting


def record(
    setting: Setting,
    training: Training,
    steps: Sequence[int],
    folder: str | os.PathLike[str],
    progress: Progress | None = None,
) -> History:
    """Train `training.runs` runs of a setting and keep what they are after each of some steps.

    Runs are those of `training.train`, to the bit, and go on to the last step: `tolerance` and `stop_loss` are not
    looked at.  A snapshot holds the optimiser's state as well, and all randomness of a step is a function of its
    number, so that a run that is taken up again at a snapshot ends in the same bits.

    Args:
        setting: of all runs.
        training: the options, in any mode.
        steps: rising, from 0 to `training.steps` (see `schedule.snapshot_steps`).
        folder: for `dynamics.json`, a file for each snapshot and at last the ensemble, as `train` writes it.
        progress: called every 100 steps with the run steps done and their total.

    Returns:
        `History`.  Called again with the same folder it computes only the snapshots that are not there.

    Raises:
        InputError: the folder holds another history, a device that is not there, a kernel that does not take the
            setting, more runs than fit in memory, a learning rate at which a run diverges.
    """
    options = resolved(setting, training)
    if ensemble_memory(setting, options).at_once < options.runs:
        raise InputError(f"training.runs = {options.runs} do not fit in memory side by side; record fewer at a time")
    begin_history(folder, setting, options, steps)
    settings = [setting] * options.runs
    keys = np.array([run_key(setting, run, options.seed) for run in range(options.runs)], dtype=np.uint64)
    snapshots: list[tuple[Models, np.ndarray]] = []
    for k, step in enumerate(steps):
        found = load_snapshot(folder, step, setting, options)
        if found is None and k == 0:
            found = new_models(settings, keys, options), np.full(options.runs, np.nan)
            save_snapshot(folder, step, *found)
        elif found is None:
            found = _advanced(snapshots[-1][0], settings, keys, options, steps[k - 1], step, progress)
            save_snapshot(folder, step, *found)
        snapshots.append(found)
    _save_last(folder, settings, options, *snapshots[-1])
    return history_of(setting, options, steps, snapshots)


def _advanced(
    before: Models,
    settings: Sequence[Setting],
    keys: np.ndarray,
    options: Training,
    start: int,
    stop: int,
    progress: Progress | None,
) -> tuple[Models, np.ndarray]:
    """The runs taken from one snapshot to the next, and their mean batch_loss on the way."""
    kernel = kernel_named(options.kernel)
    models, mean = before[np.arange(len(before))], np.zeros(len(before))
    for first, count in pieces(start, stop, steps_at_once(settings[0], options, len(models))):
        mean += kernel.advance(models, settings, keys, options, first, count) * (count / (stop - start))
        if progress is not None:
            progress(len(models) * (first + count), len(models) * options.steps)
    check_finite(models, options)
    return models, mean


def _save_last(
    folder: str | os.PathLike[str], settings: Sequence[Setting], options: Training, models: Models, loss: np.ndarray
) -> None:
    runs, taken = tuple(range(options.runs)), np.full(options.runs, options.steps, dtype=np.int64)
    save_ensemble(folder, Ensemble(tuple(settings), runs, weights_of_models(models), loss, options, taken))
