"""Small models on a GPU, fused: a model, its optimiser and its random numbers stay on the chip for all steps of a call.

The programs are in `fused_program`, which is imported only where steps are taken: it needs Triton.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.current_device import current_device
from tegum.empirical.models import Models
from tegum.empirical.plan import Training
from tegum.empirical.sampling import sampler
from tegum.empirical.schedule import BETAS, learning_rate
from tegum.theory.setting import Setting

if TYPE_CHECKING:
    from tegum.empirical.kernels.fused_program import Form

#: Most weights of a layer, and most features or hidden units, each dimension rounded up to a power of two: more
#: overflow the registers of a program.
_MOST_WEIGHTS, _MOST_WIDE = 256, 64
#: Warps of a program. Twice as many halve the inputs of a thread but not its optimiser's step, which each repeats.
_WARPS = 4
_OLDEST_TRITON = (3, 6)  # of those that the programs were compiled with
#: Numbers that a block of inputs, times the weights, may have: 32 registers of each thread.
_PRODUCTS = 4096
_SMALLEST_BLOCK, _LARGEST_BLOCK = 16, 32 * _WARPS


def advance(
    models: Models,
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    first: int,
    count: int,
) -> Float[np.ndarray, " runs"]:
    """Take `count` steps from step number `first`, in place; see `kernels.Kernel`."""
    from tegum.empirical.kernels.fused_program import advance_program

    setting, device = settings[0], torch.device(training.device)
    state = _on_device(models, device)
    W = state["W"]
    loss = torch.empty(len(keys), device=device)
    importance, l1 = (
        torch.tensor([getattr(one, key) for one in settings], dtype=torch.float32, device=device)
        for key in ("importance", "l1")
    )
    with current_device(device):
        advance_program[(len(keys),)](
            *(W, state.get("W_out", W), state.get("b", W), loss),
            *_drawing(settings, keys, device),
            *(importance, l1, torch.from_numpy(_rates(training, first, count)).to(device), first, count),
            form(setting, training),
            *(setting.hidden, setting.count, training.batch_size, block(setting, training)),
            num_warps=_WARPS,
        )
    for name, tensors in state.items():
        for part, tensor in zip(models.parts, tensors, strict=True):
            if name in part:
                part[name][:] = tensor.cpu().numpy()
    return loss.cpu().numpy().astype(np.float64)


def inputs(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training, step: int
) -> Float[np.ndarray, "runs features batch"]:
    """The very inputs that `advance` takes in this step."""
    from tegum.empirical.kernels.fused_program import inputs_program

    setting, device = settings[0], torch.device(training.device)
    x = torch.empty(len(keys), setting.count, training.batch_size, device=device)
    with current_device(device):
        inputs_program[(len(keys),)](
            x,
            *_drawing(settings, keys, device),
            *(step, form(setting, training), setting.count, training.batch_size, block(setting, training)),
            num_warps=_WARPS,
        )
    return x.cpu().numpy()


def workspace(setting: Setting, training: Training) -> int:
    """Bytes beyond the models, on the host: next to none, since inputs never leave the chip."""
    return 2**20


def supports(setting: Setting, training: Training) -> bool:
    """Small models on a GPU, where Triton 3.6 or newer is installed, on fresh batches of a multiple of four inputs.

    With TRITON_INTERPRET=1 Triton runs the same programs on a CPU, slowly, to try them.
    """
    there = training.device != "cpu" or os.environ.get("TRITON_INTERPRET") == "1"
    wide = max(_padded(setting))
    small = wide <= _MOST_WIDE and math.prod(_padded(setting)) <= _MOST_WEIGHTS
    drawn = training.data == "fresh" and training.batch_size % 4 == 0
    return there and small and drawn and _triton_is_there()


def form(setting: Setting, training: Training) -> Form:
    """What the programs are compiled for."""
    from tegum.empirical.kernels.fused_program import Form

    shared = {name: getattr(setting, name) for name in Form._fields if hasattr(setting, name)}
    return Form(optimizer=training.optimizer, **shared)


def block(setting: Setting, training: Training) -> int:
    """Inputs of a block, a power of two that depends on the shape and the batch size only."""
    fitting = _PRODUCTS // (math.prod(_padded(setting)) * (1 if setting.tied else 2))
    return min(_power_of_two(training.batch_size // 4), _LARGEST_BLOCK, max(_SMALLEST_BLOCK, fitting))


def _drawing(
    settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], device: torch.device
) -> tuple[torch.Tensor, ...]:
    """The keys and the numbers of the runs' sampler: low, high, reciprocals of the scales, and the deciders."""
    law = sampler(settings, device)
    ends_and_factor = (number[:, :, 0].contiguous() for number in (law.low, law.high, 1 / law.scale))
    return torch.from_numpy(keys.view(np.int64)).to(device), *ends_and_factor, law.decider.to(torch.int32)


def _rates(training: Training, first: int, count: int) -> np.ndarray:
    """[count, 4] for the steps from number `first`; see `fused_program._stepped`."""
    rate = np.array([learning_rate(training, step) for step in range(first, first + count)])
    if training.optimizer == "sgd":
        columns: tuple[Any, ...] = (rate, 1, 1, training.momentum)
    else:
        taken = np.arange(first + 1, first + count + 1)
        kept = 1 - rate * (training.weight_decay if training.optimizer == "adamw" else 0)
        columns = (rate / (1 - BETAS[0] ** taken), 1 / np.sqrt(1 - BETAS[1] ** taken), kept, BETAS[0])
    return np.stack(np.broadcast_arrays(*columns), axis=1).astype(np.float32)


def _on_device(models: Models, device: torch.device) -> dict[str, tuple[torch.Tensor, ...]]:
    """Of each parameter it and its two moments; where there is no second one, zeros that are thrown away."""
    state = {}
    for name, array in models.parameters.items():
        second = models.second.get(name, np.zeros_like(array))
        arrays = (array, models.first[name], second)
        state[name] = tuple(torch.from_numpy(one).to(device, copy=True) for one in arrays)
    return state


def _triton_is_there() -> bool:
    if find_spec("triton") is None:
        return False
    from triton import __version__

    return tuple(int(part) for part in __version__.split(".")[:2]) >= _OLDEST_TRITON


def _padded(setting: Setting) -> tuple[int, int]:
    return _power_of_two(setting.hidden), _power_of_two(setting.count)


def _power_of_two(number: int) -> int:
    """The least one that is no smaller."""
    return 1 << (number - 1).bit_length()
