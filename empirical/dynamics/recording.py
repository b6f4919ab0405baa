"""Recording: training with snapshots, each on disk before the next steps are taken."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tegum.empirical.dynamics.history import SNAPSHOTS, History, begin_history, history_of
from tegum.empirical.ensemble import require_some, save_ensemble
from tegum.empirical.plan import Training
from tegum.empirical.snapshots import load_snapshot, save_snapshot
from tegum.empirical.stream import run_key
from tegum.empirical.training import Progress, ensemble_memory, ensemble_of, pieces, resolved, steps_at_once
from tegum.empirical.underway import Underway, advanced, begun
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
            setting, more runs than fit in memory, a learning rate at which all runs diverge.
    """
    options = resolved(setting, training)
    if ensemble_memory(setting, options).at_once < options.runs:
        raise InputError(f"training.runs = {options.runs} do not fit in memory side by side; record fewer at a time")
    begin_history(folder, setting, options, steps)
    settings = [setting] * options.runs
    keys = np.array([run_key(setting, run, options.seed) for run in range(options.runs)], dtype=np.uint64)
    place = Path(folder) / SNAPSHOTS
    snapshots: list[Underway] = []
    for step in steps:
        found = load_snapshot(place, step, setting, options)
        if found is None:
            found = begun(settings, keys, options)
            if snapshots:
                found = _taken_to(step, snapshots[-1], settings, keys, options, progress)
            save_snapshot(place, step, found)
        snapshots.append(found)
    ensemble = ensemble_of(snapshots[-1], settings, range(options.runs), options)
    require_some(ensemble)
    save_ensemble(folder, ensemble)
    return history_of(setting, options, steps, snapshots)


def _taken_to(
    stop: int,
    found: Underway,
    settings: Sequence[Setting],
    keys: np.ndarray,
    options: Training,
    progress: Progress | None,
) -> Underway:
    """The runs taken from one snapshot to the next, with their mean batch_loss on the way."""
    start, mean = found.step, np.zeros(len(keys))
    for first, count in pieces(start, stop, steps_at_once(settings[0], options, len(keys))):
        live = np.flatnonzero(~found.diverged)
        if live.size:
            found = advanced(found, live, settings, keys, options, count)
        mean += found.batch_loss * (count / (stop - start))
        if progress is not None:
            progress(len(keys) * (first + count), len(keys) * options.steps)
    return replace(found, batch_loss=mean)
