"""Population descent: the optimisers' steps with the exact gradient of the population loss, without any sampling."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.exact import EXACT_BYTES, exact_losses
from tegum.empirical.kernels.torch_optimizer import resumed_optimizer, take_step
from tegum.empirical.models import Models, are_bounded, arrays_of, weights_of_models
from tegum.empirical.plan import Training
from tegum.theory.setting import Setting


def advance(
    models: Models,
    settings: Sequence[Setting],
    keys: UInt64[np.ndarray, " runs"],
    training: Training,
    first: int,
    count: int,
) -> Float[np.ndarray, " runs"]:
    """Take `count` steps from step number `first`, in place; the mean exact loss of each run over these steps.

    The models are in double precision, so that a gradient can fall to 1e-10 and below. One that is
    not bounded has diverged: its loss is infinite, and it is not evaluated, so that no other run meets its overflows.
    """
    state = [{name: torch.from_numpy(array) for name, array in part.items()} for part in models.parts]
    optimizer = resumed_optimizer(state, training, first)
    mean = np.zeros(len(keys))
    for step in range(first, first + count):
        near = np.flatnonzero(are_bounded(models))
        loss = np.full(len(keys), np.inf)
        slopes = {name: torch.zeros_like(parameter) for name, parameter in state[0].items()}
        if near.size:
            found = exact_losses(weights_of_models(models[near]), [settings[row] for row in near.tolist()])
            loss[near] = found.loss
            for name, slope in slopes.items():
                slope[near] = torch.from_numpy(arrays_of(found.gradient)[name])
        for name, parameter in state[0].items():
            parameter.grad = slopes[name]
        take_step(optimizer, training, step)
        mean += loss / count
    return mean


def workspace(setting: Setting, training: Training) -> int:
    """Bytes beyond the models: what the exact loss takes, a block of models at a time."""
    return EXACT_BYTES


def supports(setting: Setting, training: Training) -> bool:
    """Every setting that has an exact gradient; `exact_losses` refuses the others."""
    return training.data == "population"
