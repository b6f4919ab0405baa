"""The arrays of a trained shard."""

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from jaxtyping import Bool

from tegum.empirical.ensemble import Ensemble
from tegum.empirical.exact import rows_by_setting
from tegum.empirical.plan import Training
from tegum.empirical.sweep.shards import Shard
from tegum.theory.checks import shown
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

Arrays = dict[str, np.ndarray]
_NUMBERS = ("batch_loss", "loss", "error", "gradient_norm")


@dataclass(frozen=True, eq=False)
class Trained:
    """A shard's results.

    Args:
        arrays: see `trained`.
        made_by: the device, the kernel and the versions that made them.
    """

    arrays: Arrays
    made_by: dict[str, str]


def trained(shard: Shard) -> Trained:
    """Train the runs of a shard, on one thread, and evaluate them exactly.

    Returns:
        `Trained`. Its arrays are W [runs, hidden, features], b [runs, features] and, untied, W_out [runs, features,
        hidden], in the precision in which they were trained; and for each run batch_loss, a noisy estimate; steps,
        the number taken; loss, the population loss, with `error`, the bound on its numerical error (the standard
        error, where the setting has no exact route); gradient_norm, Euclidean, of the population loss by all weights.
        These four are NaN for a run that diverged in the step after its `steps`; its weights are those of its start.

    The same shard gives the same bits wherever it is done on one kind of device with one kernel. PyTorch is held to
    one thread for that, since a library may sum in another order with more.
    """
    import torch

    from tegum.empirical.training import train_runs

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ensemble = train_runs(shard.settings, shard.runs, shard.training)
    finally:
        torch.set_num_threads(threads)
    arrays = _of_weights(ensemble.weights, shard.training) | _of_runs(ensemble)
    check_arrays(arrays, shard.settings[0], shard.training, len(shard.runs))
    versions = {package: version(package) for package in ("tegum", "torch", "numpy")}
    return Trained(arrays, {"device": ensemble.options.device, "kernel": ensemble.options.kernel, **versions})


def check_arrays(arrays: Arrays, setting: Setting, training: Training, runs: int) -> None:
    """See that these are the arrays of so many runs of a setting's shape.

    Raises:
        InputError: other names, shapes or types, or an entry that is not a finite number.
    """
    needed = layout(setting, training)
    if set(arrays) != set(needed):
        raise InputError(f"holds the arrays {shown(sorted(arrays))}; needed are {', '.join(needed)}")
    for name, array in arrays.items():
        dtype, shape = needed[name]
        if array.shape != (runs, *shape) or array.dtype != dtype:
            raise InputError(f"{name} is {array.dtype} of shape {array.shape}; needed is {dtype} of {(runs, *shape)}")
        lost = np.isnan(array) & diverged(arrays) if name in _NUMBERS else False
        if not (np.isfinite(array) | lost).all():
            raise InputError(f"{name} has an entry that is not a finite number")


def diverged(arrays: Arrays) -> Bool[np.ndarray, " runs"]:
    """Which runs diverged."""
    return np.isnan(arrays["batch_loss"])


def layout(setting: Setting, training: Training) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Each array's type and its shape in one run."""
    features, hidden = setting.count, setting.hidden
    weights: dict[str, tuple[int, ...]] = {"W": (hidden, features), "b": (features,)}
    if not setting.tied:
        weights["W_out"] = (features, hidden)
    double = np.dtype(np.float64)
    numbers = dict.fromkeys(_NUMBERS, (double, ()))
    steps = {"steps": (np.dtype(np.int64), ())}
    return {name: (_precision(training), shape) for name, shape in weights.items()} | numbers | steps


def _precision(training: Training) -> np.dtype:
    """The exact gradient is followed in double precision, samples in single."""
    return np.dtype(np.float64 if training.data == "population" else np.float32)


def _of_weights(weights: Weights, training: Training) -> Arrays:
    given = {"W": weights.W, "b": weights.b} | ({} if weights.W_out is None else {"W_out": weights.W_out})
    arrays = {name: array.astype(_precision(training), order="C") for name, array in given.items()}
    for name, array in arrays.items():
        if not np.array_equal(array, given[name]):
            raise InputError(f"{name} was trained in more than {array.dtype}, which shards hold")
    return arrays


def _of_runs(ensemble: Ensemble) -> Arrays:
    loss, error, gradient_norm = np.full((3, len(ensemble.runs)), np.nan)
    for setting, every in rows_by_setting(ensemble.settings).items():
        rows = [row for row in every if not ensemble.diverged[row]]
        if not rows:
            continue
        found = population_loss(ensemble[rows].weights, setting)
        loss[rows], error[rows], gradient_norm[rows] = found.loss, found.error, _norms(found.gradient)
    numbers = {"batch_loss": ensemble.batch_loss, "loss": loss, "error": error, "gradient_norm": gradient_norm}
    return {name: np.ascontiguousarray(array) for name, array in numbers.items()} | {"steps": ensemble.steps}


def _norms(weights: Weights) -> np.ndarray:
    """Euclidean norm of each model's weights."""
    parts = [part for part in (weights.W, weights.b, weights.W_out) if part is not None]
    return np.sqrt(sum((part**2).reshape(len(part), -1).sum(axis=1) for part in parts))
