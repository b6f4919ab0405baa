"""Random directions with the best gain and bias: what loss comes of overlaps that are 1/m in the mean square."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize

from tegum.papers.liu2025.training import Inputs, batches, frequencies, hidden_layer

#: Gain and bias to begin with: of many dimensions, and of few, where from the first one falls into silence.
_STARTS = (1.4, -0.8), (0.3, -0.3)


def random_directions_loss(count: int, width: int, alpha: float, samples: int, seed: int) -> float:
    """Least loss of x̂ = (a C x + b)_+ over gain a and bias b, C the cosines of random unit vectors, on a sample.

    Args:
        count, width: features n and dimensions m.
        alpha: of the features' frequencies (see `training.frequencies`).
        samples: inputs; two scalars are fitted to all of them.
        seed: of directions and inputs.
    """
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, width))
    directions = torch.from_numpy(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).float()
    inputs = next(batches(frequencies(count, alpha), samples, random))
    projected = hidden_layer(directions, inputs) @ directions.T
    return min(_least(start, projected, inputs) for start in _STARTS)


def _least(start: tuple[float, float], projected: torch.Tensor, inputs: Inputs) -> float:
    return float(minimize(_loss, start, (projected, inputs), method="BFGS", jac=True, options={"gtol": 1e-4}).fun)


def _loss(scalars: np.ndarray, projected: torch.Tensor, inputs: Inputs) -> tuple[float, np.ndarray]:
    """Loss of a gain and a bias, and its gradient."""
    gain, bias = map(float, scalars)
    outputs = projected.mul(gain).add_(bias).relu_()
    on = outputs[inputs.rows, inputs.features]
    residual = outputs.clone()
    residual[inputs.rows, inputs.features] = torch.where(on > 0, on - inputs.values, 0.0)
    silent = inputs.values[on <= 0]
    loss = float((residual**2).sum() + (silent**2).sum()) / inputs.size
    return loss, 2 / inputs.size * np.array([float((residual * projected).sum()), float(residual.sum())])
