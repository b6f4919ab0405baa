"""Underway: runs between two steps, how they are taken further, and what becomes of those that diverge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from tegum.empirical.kernels import kernel_named
from tegum.empirical.models import Models, are_bounded, new_models
from tegum.empirical.plan import Training
from tegum.theory.setting import Setting


@dataclass(frozen=True, eq=False)
class Underway:
    """Runs on their way, a record that is replaced and never changed, so that an interruption finds it whole.

    Attributes:
        models: where they stand.
        batch_loss: mean over the latest steps, 0 before the first; NaN for a run that diverged.
        steps: optimiser steps that each has taken.

    A run diverges in the first step after which its weights are not bounded (see `models.are_bounded`), or its
    optimiser's moments or the batch loss of that step not finite. That is step number `steps` + 1; it takes no further
    ones, and stands where it began, since the weights that it had at last say nothing.
    """

    models: Models
    batch_loss: Float[np.ndarray, " runs"]
    steps: Int[np.ndarray, " runs"]

    @property
    def diverged(self) -> Bool[np.ndarray, " runs"]:
        """Which runs diverged."""
        return np.isnan(self.batch_loss)

    @property
    def step(self) -> int:
        """Steps that the runs have taken which neither stopped nor diverged."""
        return int(self.steps[~self.diverged].max(initial=0))


def begun(settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training) -> Underway:
    """The runs at the start of their training."""
    runs = len(keys)
    return Underway(new_models(settings, keys, training), np.zeros(runs), np.zeros(runs, dtype=np.int64))


def advanced(
    found: Underway,
    live: Int[np.ndarray, " live"],
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    count: int,
) -> Underway:
    """Take the `live` runs, all after the same number of steps, `count` steps further, unless they diverge before."""
    first, theirs = int(found.steps[live[0]]), [settings[row] for row in live.tolist()]
    ahead = found.models[live]
    loss = kernel_named(training.kernel).advance(ahead, theirs, keys[live], training, first, count)
    sound = _are_sound(ahead, loss)
    if len(live) == len(keys) and sound.all():  # as nearly always: nothing has to be put together
        return Underway(ahead, loss, found.steps + count)
    models, batch_loss, steps = found.models[np.arange(len(keys))], found.batch_loss.copy(), found.steps.copy()
    kept, lost = live[sound], live[~sound]
    models[kept], batch_loss[kept], steps[kept] = ahead[np.flatnonzero(sound)], loss[sound], first + count
    if lost.size:
        theirs = [settings[row] for row in lost.tolist()]
        steps[lost] = _sound_steps(found.models[lost], theirs, keys[lost], training, first, count)
        models[lost], batch_loss[lost] = new_models(theirs, keys[lost], training), np.nan
    return Underway(models, batch_loss, steps)


def _sound_steps(
    models: Models, settings: Sequence[Setting], keys: np.ndarray, training: Training, first: int, count: int
) -> Int[np.ndarray, " runs"]:
    """Steps that runs have taken before the one in which they diverge, which is of the `count` from number `first`.

    They are taken again, by halves: what is said of a run must not depend on how many steps were taken at once.
    """
    steps = np.full(len(models), first)
    if count == 1:
        return steps
    half = count // 2
    ahead = models[np.arange(len(models))]
    sound = _are_sound(ahead, kernel_named(training.kernel).advance(ahead, settings, keys, training, first, half))
    for rows, start, taken, left in (
        (np.flatnonzero(~sound), models, first, half),
        (np.flatnonzero(sound), ahead, first + half, count - half),
    ):
        if rows.size:
            theirs = [settings[row] for row in rows.tolist()]
            steps[rows] = _sound_steps(start[rows], theirs, keys[rows], training, taken, left)
    return steps


def _are_sound(models: Models, batch_loss: Float[np.ndarray, " runs"]) -> Bool[np.ndarray, " runs"]:
    """Which runs have not diverged; one that has does not come back."""
    sound = np.isfinite(batch_loss) & are_bounded(models)
    for moment in (array for part in models.parts[1:] for array in part.values()):
        sound &= np.isfinite(moment).reshape(len(models), -1).all(axis=1)
    return sound
