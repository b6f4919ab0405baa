"""The source's training, of which an input costs its few active features and outputs alone are dense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from tegum.theory.weights import Weights

#: Of AdamW at its highest, and the share of it that is left at the end.
_RATE, _LEFT = 0.01, 0.05
#: Batches drawn at once: numbers come cheaper by the hundred thousand.
_DRAWN = 64


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch of sparse inputs: what is on, and how much.

    Attributes:
        size: inputs in the batch.
        rows, features: place in the batch and feature of each value.
        values: of the active features.
    """

    size: int
    rows: torch.Tensor
    features: torch.Tensor
    values: torch.Tensor


def frequencies(count: int, alpha: float) -> Float[np.ndarray, " features"]:
    """Probabilities p_i ∝ i^-(1 + α) of features to be on, one on average."""
    rates = np.arange(1, count + 1) ** -(1.0 + alpha)
    return rates / rates.sum()


def batches(rates: Float[np.ndarray, " features"], size: int, random: np.random.Generator) -> Iterator[Inputs]:
    """Batches without end: feature i is on with probability p_i, independently, its value uniform on [0, 2].

    A cell of the table inputs × features is on where a Poisson number of mean -log(1 - p_i) is not 0, so that only the
    cells that are on are drawn.
    """
    means = -np.log1p(-rates)
    edges = means.cumsum()
    while True:
        drawn = random.poisson(_DRAWN * size * edges[-1])
        features = np.searchsorted(edges, edges[-1] * random.random(drawn), side="right")
        cells = np.unique(random.integers(_DRAWN * size, size=drawn) * len(rates) + features)
        values = 2 * random.random(cells.size, dtype=np.float32)
        first = np.searchsorted(cells, np.arange(_DRAWN + 1) * size * len(rates))
        for start, stop in zip(first, first[1:], strict=False):
            rows, features = np.divmod(cells[start:stop], len(rates))
            parts = (rows % size, features, values[start:stop])
            yield Inputs(size, *map(torch.from_numpy, parts))


def trained(count: int, width: int, alpha: float, decay: float, steps: int, batch: int, seed: int) -> Weights:
    """A tied model with ReLU readout, by AdamW at 0.01: a tenth of the steps to warm up, then a cosine down to 5 %.

    Args:
        count, width: features n and dimensions m.
        alpha: of the features' frequencies (see `frequencies`).
        decay: of weights, as AdamW has it where positive; where negative W_i moves by |decay| lr (1/|W_i| - 1) W_i,
            which pulls norms to 1.
        steps, batch: of training, on fresh inputs.
        seed: of all random numbers.

    Source: exp/exp-10.py and exp/adamw.py of the authors' repository.
    """
    random = np.random.default_rng(seed)
    W = torch.from_numpy(random.normal(size=(count, width)) / np.sqrt(width)).float()
    b = torch.from_numpy(random.normal(size=count)).float()
    optimizer = torch.optim.Adam([W.requires_grad_(), b.requires_grad_()], lr=_RATE, fused=True)
    group = optimizer.param_groups[0]
    for step, inputs in zip(range(steps), batches(frequencies(count, alpha), batch, random), strict=False):
        group["lr"] = _RATE * _share(step + 1, steps)
        W.grad, b.grad = gradient(W.detach(), b.detach(), inputs)
        _shrink(W, decay * group["lr"])
        optimizer.step()
    return Weights(W.detach().double().numpy().T, b.detach().double().numpy())


def gradient(W: torch.Tensor, b: torch.Tensor, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the mean squared error over outputs and inputs, by W [features, hidden] and b."""
    hidden = hidden_layer(W, inputs)
    residual = torch.addmm(b, hidden, W.T).relu_()
    there = residual[inputs.rows, inputs.features]
    # Nothing flows back from an output of 0, whatever it should have been.
    residual[inputs.rows, inputs.features] = torch.where(there > 0, there - inputs.values, 0.0)
    back = residual @ W
    by_W = residual.T @ hidden
    by_W.index_add_(0, inputs.features, back[inputs.rows] * inputs.values[:, None])
    scale = 2 / residual.numel()
    return by_W.mul_(scale), residual.sum(0).mul_(scale)


def sampled_loss(weights: Weights, alpha: float, samples: int = 2**16, seed: int = 0) -> tuple[float, float]:
    """Loss Σ_i E(x_i - x̂_i)² on fresh inputs, and its standard error."""
    W, b = torch.from_numpy(weights.W.T).float(), torch.from_numpy(weights.b).float()
    size = 2048
    drawn = batches(frequencies(len(b), alpha), size, np.random.default_rng(seed))
    each = torch.cat([_squares(W, b, inputs) for _, inputs in zip(range(samples // size), drawn, strict=False)])
    return float(each.mean()), float(each.std() / np.sqrt(len(each)))


def hidden_layer(W: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """W x of each input."""
    hidden = torch.zeros(inputs.size, W.shape[1])
    return hidden.index_add_(0, inputs.rows, W[inputs.features] * inputs.values[:, None])


def _squares(W: torch.Tensor, b: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """Squared error of each input."""
    residual = torch.addmm(b, hidden_layer(W, inputs), W.T).relu_()
    residual[inputs.rows, inputs.features] -= inputs.values
    return (residual**2).sum(1).double()


def _share(step: int, steps: int) -> float:
    """Of the learning rate, at a step."""
    warm = steps // 10
    cosine = 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))
    return step / warm if step < warm else _LEFT + (1 - _LEFT) * float(cosine)


@torch.no_grad()
def _shrink(W: torch.Tensor, decay: float) -> None:
    """Weight decay: towards 0, or towards norms of 1 where it is negative."""
    W.mul_(1 - decay if decay >= 0 else 1 - decay * (1 / (W.norm(dim=1, keepdim=True) + 1e-8) - 1))
