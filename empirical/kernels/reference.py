"""The reference: one run after another in plain PyTorch, automatic differentiation and torch.optim."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.kernels.torch_optimizer import resumed_optimizer, take_step
from tegum.empirical.models import Models
from tegum.empirical.plan import Training
from tegum.empirical.sampling import batches
from tegum.theory.setting import Setting

Inputs = Callable[[Sequence[Setting], np.ndarray, Training, int], np.ndarray]


def advance(
    models: Models,
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    first: int,
    count: int,
    given: Inputs | None = None,
) -> Float[np.ndarray, " runs"]:
    """Take `count` steps from step number `first`, in place; see `kernels.Kernel`.

    `given` replaces the inputs drawn: a function like `inputs`.
    """
    mean = np.zeros(len(keys))
    for run, setting in enumerate(settings):
        state = [{name: torch.from_numpy(array[run]) for name, array in part.items()} for part in models.parts]
        parameters = {name: parameter.requires_grad_() for name, parameter in state[0].items()}
        optimizer = resumed_optimizer(state, training, first)
        own, key = [setting], keys[run : run + 1]
        draw = batches(own, key, training, torch.device("cpu"))
        for step in range(first, first + count):
            x = draw(step) if given is None else torch.from_numpy(given(own, key, training, step))
            loss = batch_loss(parameters, x[0], setting)
            optimizer.zero_grad()
            loss.backward()
            take_step(optimizer, training, step)
            mean[run] += loss.item() / count
    return mean


def batch_loss(
    parameters: dict[str, torch.Tensor], x: Float[torch.Tensor, "features batch"], setting: Setting
) -> Float[torch.Tensor, ""]:
    """L = 1/B Σ_x (Σ_i I_i (y_i - x̂_i)² + λ ‖h‖₁),  h = activation(W x),  x̂ = readout(W_out h + b)."""
    W = parameters["W"]
    h = _applied(setting.activation, W @ x)
    z = parameters.get("W_out", W.T) @ h
    x_hat = _applied(setting.readout, z + parameters["b"][:, None] if setting.bias else z)
    y = x.abs() if setting.target == "abs" else x
    importance = torch.tensor(setting.importance, dtype=x.dtype)
    return (importance @ (y - x_hat).square() + setting.l1 * h.abs().sum(0)).mean()


def inputs(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training, step: int
) -> Float[np.ndarray, "runs features batch"]:
    """The very inputs that `advance` takes in this step."""
    return batches(settings, keys, training, torch.device("cpu"))(step).numpy()


def workspace(setting: Setting, training: Training) -> int:
    """Bytes beyond the models: some arrays of a batch, and the run's dataset if there is one."""
    numbers = (8 * setting.count + 4 * setting.hidden) * training.batch_size
    kept = setting.count * training.dataset_size if training.data == "dataset" else 0
    return 4 * (2 * numbers + 24 * kept)


def supports(setting: Setting, training: Training) -> bool:
    """Every setting, on a CPU."""
    return training.device == "cpu" and training.data != "population"


def _applied(function: str, values: torch.Tensor) -> torch.Tensor:
    return torch.relu(values) if function == "relu" else values
