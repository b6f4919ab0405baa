"""Training: every run of every setting of one shape, by the kernel that suits, in pieces."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from tegum.empirical.checkpoints import NO_CHECKPOINTS, Checkpoint, Checkpoints
from tegum.empirical.ensemble import Ensemble, concatenated, require_some
from tegum.empirical.exact import exact_losses
from tegum.empirical.kernels import kernel_name, kernel_named
from tegum.empirical.memory import Memory, memory_needed
from tegum.empirical.models import Models, weights_of_models
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key
from tegum.empirical.underway import Underway, advanced, begun
from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.loss.law import structure_of
from tegum.theory.setting import Setting

#: Called now and then with the number of run steps done and the number there are.
Progress = Callable[[int, int], None]

#: Steps between two looks at the progress and at whether a run may stop; batch_loss is averaged over the last ones.
PIECE = 100
#: Products of a weight and an input that a longer piece has at most.
_PRODUCTS = 2 * 10**11


def train(setting: Setting, progress: Progress | None = None, **options: Any) -> Ensemble:
    """An ensemble of models of one setting, each from its own start on its own inputs.

    See `train_runs` for what is done and `Training` for the options: `train(setting, runs=64, steps=1000)`.

    Args:
        setting: any setting of the contract.
        progress: told the run steps done and the number there are.
        options: fields of `Training`.

    Returns:
        `Ensemble` of `Training.runs` models.

    Raises:
        InputError: an option out of range, a device that is not there, or a learning rate at which all runs diverge.

    Validity: as in `train_runs`.

    Source: see `train_runs`.
    """
    return train_cells([setting], Training(**options), progress)


def train_cells(settings: Sequence[Setting], training: Training, progress: Progress | None = None) -> Ensemble:
    """An ensemble of `training.runs` models of each setting, setting after setting; see `train_runs`.

    Raises:
        InputError: as `train_runs`, or all runs diverged.
    """
    each = [setting for setting in settings for _ in range(training.runs)]
    ensemble = train_runs(each, list(range(training.runs)) * len(settings), training, progress)
    require_some(ensemble)
    return ensemble


def train_runs(
    settings: Sequence[Setting],
    runs: Sequence[int],
    training: Training,
    progress: Progress | None = None,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Ensemble:
    """An ensemble of the runs with these settings and indices.

    Each minimises its own 1/B Σ_x (Σ_i I_i (y_i - x̂_i)² + λ ‖h‖₁) over B inputs x a step. A run's start, inputs and
    arithmetic depend on the seed, its setting and its index only: it is the same to the bit in any company and order.

    Args:
        settings: of each run; densities, importances and l1 may differ, what else they say may not.
        runs: index of each run.
        training: the options; `runs` in it is not looked at.
        progress: called every 100 steps, or every second or so where steps are faster, with the run steps done and
            their total.
        checkpoints: of these very runs: training goes on from there.

    Returns:
        `Ensemble`, in the given order, its options with the device and the kernel that were used. A run that diverged
        is marked (see `Ensemble.diverged`) and costs no other; it may be that all are.

    Raises:
        InputError: settings of several shapes, a device that is not there, a kernel that does not take them, or more
            than fits in memory.

    Validity: "adamw" decays the weights, so its minimum is not that of the population loss; the "constant" schedule
    does not settle in a minimum but hovers above it by a per cent of the loss or more, unless the data are the
    "population".
    """
    _check_runs(settings, runs)
    options = resolved(settings[0], training)
    at_once = _memory(settings[0], options, len(runs)).at_once
    total = len(runs) * training.steps
    parts: list[Ensemble] = []
    first = 0
    while first < len(runs):
        checkpoint = checkpoints.of_part(first)
        found = checkpoint.latest(settings[0], options, len(runs) - first)
        part = slice(first, first + (at_once if found is None else len(found.steps)))
        told = partial(_report, progress, first * training.steps, total)
        parts.append(_trained(settings[part], runs[part], options, found, checkpoint, told))
        first += len(parts[-1].runs)
    return concatenated(parts)


def ensemble_memory(setting: Setting, training: Training) -> Memory:
    """What `train_cells` of one such setting takes at its peak, and how many runs it trains side by side."""
    return _memory(setting, resolved(setting, training), training.runs)


def _memory(setting: Setting, options: Training, runs: int) -> Memory:
    return memory_needed(setting, options, kernel_named(options.kernel), runs)


def _report(progress: Progress | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)


def resolved(setting: Setting, training: Training) -> Training:
    """The options with the device and the kernel that "auto" stands for."""
    on_device = replace(training, device=_device(training.device))
    return replace(on_device, kernel=kernel_name(setting, on_device))


def _trained(
    settings: Sequence[Setting],
    runs: Sequence[int],
    training: Training,
    found: Underway | None,
    checkpoint: Checkpoint,
    report: Callable[[int], None],
) -> Ensemble:
    """Runs trained side by side, from where they were `found` or from their start."""
    keys = np.array([run_key(*one, training.seed) for one in zip(settings, runs, strict=True)], dtype=np.uint64)
    found = begun(settings, keys, training) if found is None else found
    live = _live(found, settings, training)
    most = steps_at_once(settings[0], training, len(runs))
    try:
        for first, count in pieces(found.step, training.steps, most):
            if not live.size:
                break
            found = advanced(found, live, settings, keys, training, count)
            live = _live(found, settings, training)
            report(len(runs) * training.steps - len(live) * (training.steps - first - count))
            checkpoint.now_and_then(found)
    except KeyboardInterrupt:
        checkpoint.keep(found)
        raise
    checkpoint.keep(found)
    return ensemble_of(found, settings, runs, training)


def ensemble_of(found: Underway, settings: Sequence[Setting], runs: Sequence[int], training: Training) -> Ensemble:
    """The ensemble of runs as they stand."""
    weights = weights_of_models(found.models)
    return Ensemble(tuple(settings), tuple(runs), weights, found.batch_loss, training, found.steps)


def _live(found: Underway, settings: Sequence[Setting], training: Training) -> Int[np.ndarray, " live"]:
    """The runs that take further steps: they have neither diverged nor stopped, nor may they stop now."""
    live = np.flatnonzero(~found.diverged & (found.steps == found.step))
    if not found.step or not live.size:
        return live
    return live[~_may_stop(found.models[live], [settings[row] for row in live.tolist()], training)]


def pieces(start: int, stop: int, most: int = PIECE) -> list[tuple[int, int]]:
    """(first step, steps) of each piece: `most` at most, and PIECE for the last, over which batch_loss is averaged."""
    if start >= stop:
        return []
    ends = [start, *reversed(range(stop - PIECE, start, -most)), stop]
    return [(first, end - first) for first, end in pairwise(ends)]


def steps_at_once(setting: Setting, training: Training, runs: int) -> int:
    """Most steps of a piece: PIECE, or for a kernel that outruns its calls as many as a GPU takes in some seconds."""
    if training.kernel != "fused" or training.tolerance or training.stop_loss:
        return PIECE
    products = runs * training.batch_size * setting.count * setting.hidden
    return min(50 * PIECE, max(PIECE, _PRODUCTS // products))


def _may_stop(models: Models, settings: Sequence[Setting], training: Training) -> np.ndarray:
    """Which runs need no further steps, by their exact loss and gradient."""
    if not (training.tolerance or training.stop_loss):
        return np.zeros(len(models), dtype=bool)
    found = exact_losses(weights_of_models(models), settings)
    at_rest = bool(training.tolerance) & (found.gradient_norm <= training.tolerance)
    return at_rest | bool(training.stop_loss) & (found.loss + found.error <= training.stop_loss)


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and int(index or 0) >= there:
        raise InputError(f"training.device = {shown(name)} is not there; number of CUDA devices: {there}")
    return name


def _check_runs(settings: Sequence[Setting], runs: Sequence[int]) -> None:
    if not settings or len(settings) != len(runs):
        raise InputError(f"{len(settings)} settings and {len(runs)} runs to train; each run needs one setting")
    for setting in settings:
        for key in ("count", "hidden", *vars(structure_of(setting))):
            if getattr(setting, key) != getattr(settings[0], key):
                raise InputError(f"{key} = {getattr(setting, key)} and {getattr(settings[0], key)} cannot be mixed")
