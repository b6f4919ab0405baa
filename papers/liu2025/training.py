"""The source's training: rare and common features, and a weight decay that is one of norms where it is negative."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float


def trained_norms(
    count: int, width: int, alpha: float, decay: float, steps: int, batch: int, seed: int
) -> Float[np.ndarray, " features"]:
    """Norms of features of a tied model with ReLU readout, by AdamW at 0.01: warm-up, then a cosine down to 5 %.

    Args:
        count, width: features n and dimensions m.
        alpha: feature i is on with probability ∝ i^-(1 + α), one on average; its value is uniform on [0, 2].
        decay: of weights, as AdamW has it where positive; where negative W_i moves by |decay| lr (1/|W_i| - 1) W_i,
            which pulls norms to 1.
        steps, batch: of training, on fresh inputs.
        seed: of all random numbers.
    """
    random = torch.Generator().manual_seed(seed)
    rates = torch.arange(1, count + 1) ** -(1.0 + alpha)
    rates /= rates.sum()
    W = (torch.randn((count, width), generator=random) / width**0.5).requires_grad_()
    b = torch.zeros(count, requires_grad=True)
    groups = [{"params": [W], "weight_decay": max(decay, 0.0)}, {"params": [b], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share(step, steps))
    for _ in range(steps):
        optimizer.zero_grad()
        x = _inputs(rates, batch, random)
        ((torch.relu(x @ W @ W.T + b) - x) ** 2).mean().backward()
        if decay < 0:
            _pull(W, -decay * optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return W.detach().norm(dim=1).double().numpy()


def _share(step: int, steps: int) -> float:
    """Of the learning rate, at a step."""
    warm = steps // 10
    cosine = 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))
    return (step + 1) / warm if step < warm else 0.05 + 0.95 * float(cosine)


def _inputs(rates: torch.Tensor, batch: int, random: torch.Generator) -> torch.Tensor:
    shape = (batch, len(rates))
    return 2 * torch.rand(shape, generator=random) * (torch.rand(shape, generator=random) < rates)


@torch.no_grad()
def _pull(W: torch.Tensor, step: float) -> None:
    W += step * (1 / (W.norm(dim=1, keepdim=True) + 1e-8) - 1) * W
