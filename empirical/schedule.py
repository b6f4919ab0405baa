"""What the optimisers' steps share: the learning rate at each, and the constants that PyTorch calls defaults."""

import math

from tegum.empirical.plan import Training

#: Of Adam and AdamW: how slowly the two moments forget, and what keeps the quotient finite.
BETAS = (0.9, 0.999)
EPSILON = 1e-8


def learning_rate(training: Training, step: int) -> float:
    """η_t of step t = 0, 1, ...: a linear rise over the warm-up, then constant or half a cosine down to zero.

    η_t = η (t + 1)/w for t < w;  else η, or η (1 + cos(π (t - w)/(T - w)))/2, with w the steps of warm-up of T in all.
    """
    if step < training.warmup:
        return training.learning_rate * (step + 1) / training.warmup
    if training.schedule == "constant":
        return training.learning_rate
    done = (step - training.warmup) / (training.steps - training.warmup)
    return training.learning_rate * (1 + math.cos(math.pi * done)) / 2
