"""Stochastic gradient descent on a fixed set of one-hot examples, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def checkpoints(W, b, which, values, batches, rate, momentum, every):
    """Weights along SGD on Σ_i (x_i - x̂_i)², averaged over each batch, without decay.

    Args:
        W, b: weights [2, features] and biases [features] at the start; they are changed in place.
        which, values: the feature that each example has on, and its value.
        batches: examples of each step [steps, batch].
        rate: learning rate.
        momentum: share of the last step's velocity that is kept; velocities begin at 0.
        every: steps between two checkpoints.

    Returns:
        Weights and biases at the start and at each checkpoint.
    """
    steps, size = batches.shape
    count = len(b)
    kept_W, kept_b = np.empty((steps // every + 1, 2, count)), np.empty((steps // every + 1, count))
    kept_W[0], kept_b[0] = W, b
    slope_W, slope_b = np.zeros((2, count)), np.zeros(count)
    for step in range(steps):
        slope_W *= momentum
        slope_b *= momentum
        for example in batches[step]:
            on, x = which[example], values[example]
            for i in range(count):
                answer = (W[0, i] * W[0, on] + W[1, i] * W[1, on]) * x + b[i]
                if answer > 0:
                    miss = 2 * (answer - (x if i == on else 0.0)) / size
                    slope_b[i] += miss
                    for k in range(2):
                        slope_W[k, i] += miss * x * W[k, on]
                        slope_W[k, on] += miss * x * W[k, i]
        W -= rate * slope_W
        b -= rate * slope_b
        if (step + 1) % every == 0:
            kept_W[(step + 1) // every], kept_b[(step + 1) // every] = W, b
    return kept_W, kept_b
