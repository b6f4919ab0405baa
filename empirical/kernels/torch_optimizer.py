"""PyTorch's optimisers, taken up at any step from the moments that models carry along."""

from collections.abc import Mapping, Sequence

import torch

from tegum.empirical.plan import Training
from tegum.empirical.schedule import BETAS, EPSILON, learning_rate

Tensors = Mapping[str, torch.Tensor]


def resumed_optimizer(state: Sequence[Tensors], training: Training, step: int) -> torch.optim.Optimizer:
    """The optimiser after `step` steps; `state` is parameters, first and second moments, all changed in place."""
    parameters, first, second = state
    leaves = list(parameters.values())
    if training.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(leaves, momentum=training.momentum)
        optimizer.state.update({p: {"momentum_buffer": first[name]} for name, p in parameters.items()})
        return optimizer
    if training.optimizer == "adamw":
        optimizer = torch.optim.AdamW(leaves, betas=BETAS, eps=EPSILON, weight_decay=training.weight_decay)
    else:
        optimizer = torch.optim.Adam(leaves, betas=BETAS, eps=EPSILON)
    for name, p in parameters.items():
        moments = {"exp_avg": first[name], "exp_avg_sq": second[name]}
        optimizer.state[p] = {"step": torch.tensor(float(step)), **moments}
    return optimizer


def take_step(optimizer: torch.optim.Optimizer, training: Training, step: int) -> None:
    """One step with the learning rate of this step."""
    optimizer.param_groups[0]["lr"] = learning_rate(training, step)
    optimizer.step()
