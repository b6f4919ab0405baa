"""The fast kernel of the CPU: compiled loops over one run at a time, runs spread over threads.

A run's numbers and arithmetic depend on its key, its setting and the options alone, so that its bits are the same in
any company, in any order, after a resume and on any number of threads.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.kernels.route import Route, route_of
from tegum.empirical.kernels.steps import Steps, Work, fill_inputs, take_steps, work_of
from tegum.empirical.models import Models
from tegum.empirical.plan import Training
from tegum.empirical.schedule import learning_rate
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

#: Slices of the runs that each thread gets, one after another, so that none is left waiting for long.
_SLICES = 4


def advance(
    models: Models,
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    first: int,
    count: int,
) -> Float[np.ndarray, " runs"]:
    """Take `count` steps from step number `first`, in place; see `kernels.Kernel`.

    PyTorch's number of threads (`torch.set_num_threads`, OMP_NUM_THREADS) is how many it takes.
    """
    steps = _steps(settings[0], training, first, count)
    if steps.adaptive and not models.second:
        raise InputError(f"these models have no second moments, which {training.optimizer} needs")
    theta, moment, square = (_packed(part, len(keys)) for part in models.parts)
    mean = np.zeros(len(keys))

    def take(rows: range) -> None:
        work = _work([settings[row] for row in rows], training.batch_size)
        for row in rows:
            way = route(settings[row], training.batch_size)
            mean[row] = take_steps(theta[row], moment[row], square[row], keys[row], steps, way, work)

    _on_threads(take, len(keys))
    for part, packed in zip(models.parts, (theta, moment, square), strict=True):
        _unpack(packed, part)
    return mean


def inputs(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training, step: int
) -> Float[np.ndarray, "runs features batch"]:
    """The very inputs that `advance` takes in this step."""
    x = np.empty((len(keys), settings[0].count, training.batch_size), np.float32)
    work = _work(settings, training.batch_size)
    for row, setting in enumerate(settings):
        fill_inputs(route(setting, training.batch_size), keys[row], step, work, x[row])
    return x


def workspace(setting: Setting, training: Training) -> int:
    """Bytes beyond the models: for each thread, the arrays of a tile of inputs and of the overlaps."""
    arrays = [array for part in _work([setting], training.batch_size) for array in part]
    return torch.get_num_threads() * sum(array.nbytes for array in arrays)


def supports(setting: Setting, training: Training) -> bool:
    """Every setting on a CPU, with fresh inputs; a step's words must be fewer than its stream has."""
    words = setting.count * (training.batch_size + 2**10)
    return training.device == "cpu" and training.data == "fresh" and words < 2**33


def _packed(part: dict[str, np.ndarray], runs: int) -> np.ndarray:
    """[runs, parameters]: W and, where they are, W_outᵀ and b, of each run in one row."""
    if not part:
        return np.zeros((runs, 0), np.float32)
    rows = [array.swapaxes(1, 2) if name == "W_out" else array for name, array in part.items()]
    return np.concatenate([row.reshape(runs, -1) for row in rows], axis=1)


def _unpack(packed: np.ndarray, part: dict[str, np.ndarray]) -> None:
    start = 0
    for name, array in part.items():
        of_this = packed[:, start : start + array[0].size]
        target = array.swapaxes(1, 2) if name == "W_out" else array
        target[:] = of_this.reshape(target.shape)
        start += array[0].size


def _steps(setting: Setting, training: Training, first: int, count: int) -> Steps:
    return Steps(
        first=first,
        rates=np.array([learning_rate(training, step) for step in range(first, first + count)]),
        adaptive=training.optimizer != "sgd",
        decay=training.weight_decay if training.optimizer == "adamw" else 0.0,
        momentum=training.momentum,
        batch_size=training.batch_size,
        tied=setting.tied,
        biased=setting.bias,
    )


@lru_cache(maxsize=1024)
def route(setting: Setting, batch_size: int) -> Route:
    return route_of(setting, batch_size)


def _work(settings: Sequence[Setting], batch_size: int) -> Work:
    by_rows = any(route(setting, batch_size).by_rows for setting in settings)
    return work_of(settings[0].count, settings[0].hidden, batch_size, by_rows)


def _on_threads(work: Callable[[range], None], runs: int) -> None:
    threads = torch.get_num_threads()
    if threads == 1 or runs == 1:
        return work(range(runs))
    size = -(-runs // (threads * _SLICES))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, (range(start, min(start + size, runs)) for start in range(0, runs, size))))
