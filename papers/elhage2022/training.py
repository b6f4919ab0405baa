"""Training with a loss of one's own: hidden biases and attacked inputs, which the package's kernels do not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float

from tegum.empirical.kernels.torch_optimizer import take_step
from tegum.empirical.models import new_models
from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches
from tegum.empirical.schedule import BETAS, EPSILON
from tegum.empirical.stream import run_key
from tegum.theory.setting import Setting

#: Loss of each run on a batch, from the parameters by name and the inputs.
BatchLoss = Callable[
    [Mapping[str, torch.Tensor], Float[torch.Tensor, "1 features batch"]], Float[torch.Tensor, " runs"]
]


def trained(
    setting: Setting, training: Training, batch_loss: BatchLoss, added: Mapping[str, np.ndarray] | None = None
) -> dict[str, Float[np.ndarray, "runs ..."]]:
    """Parameters of `training.runs` models, each brought down the batch loss by Adam from its own start.

    All runs take the same inputs, so their random numbers cost no more than one run's.  PyTorch is held to one thread:
    arrays so small take longer on more, and their sums come in another order.

    Args:
        setting: of the inputs and of the shape of W, W_out and b, which start as `new_models` has them.
        training: runs, steps, batch size, learning rate, schedule, start and seed.
        batch_loss: what is minimised.
        added: further parameters where they start, with a leading axis of runs.
    """
    settings = [setting] * training.runs
    keys = np.array([run_key(setting, run, training.seed) for run in range(training.runs)], dtype=np.uint64)
    start = new_models(settings, keys, training).parameters | dict(added or {})
    parameters = {name: torch.tensor(array, dtype=torch.float32).requires_grad_() for name, array in start.items()}
    optimizer = torch.optim.Adam(list(parameters.values()), betas=BETAS, eps=EPSILON)
    draw = batches(settings[:1], keys[:1], training, torch.device("cpu"))
    with _one_thread():
        for step in range(training.steps):
            optimizer.zero_grad()
            batch_loss(parameters, draw(step)).sum().backward()
            take_step(optimizer, training, step)
    return {name: array.detach().double().numpy() for name, array in parameters.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
