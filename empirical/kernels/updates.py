"""The optimisers' updates of one run's parameters, in the form of PyTorch's."""

import math

from numba import float32, njit

from tegum.empirical.schedule import BETAS, EPSILON

_BETA_1, _BETA_2 = BETAS


@njit(cache=True, nogil=True, error_model="numpy")
def update_adam(theta, slope, first, second, rate, decay, step):
    """Step number `step` = 0, 1, ... of Adam, or with a decay of AdamW.

    θ ← (1 - η δ) θ - η m̂ / (√v̂ + ε) with the moments m of the gradient and v of its square, forgotten at the rates
    β, and m̂ = m/(1 - β₁ᵗ), v̂ = v/(1 - β₂ᵗ) after t steps.

    Source: Kingma and Ba 2015; Loshchilov and Hutter 2019; torch.optim.
    """
    forget_1, forget_2 = float32(1 - _BETA_1), float32(1 - _BETA_2)
    kept, eps = float32(1 - rate * decay), float32(EPSILON)
    size = float32(rate / (1 - _BETA_1 ** (step + 1)))
    root = float32(math.sqrt(1 - _BETA_2 ** (step + 1)))
    for i in range(theta.size):
        first[i] += forget_1 * (slope[i] - first[i])
        second[i] += forget_2 * (slope[i] * slope[i] - second[i])
        theta[i] = kept * theta[i] - size * first[i] / (math.sqrt(second[i]) / root + eps)


@njit(cache=True, nogil=True)
def update_sgd(theta, slope, velocity, rate, momentum):
    """v ← μ v + ∂L/∂θ, θ ← θ - η v: as PyTorch defines momentum, with the learning rate outside."""
    kept, size = float32(momentum), float32(rate)
    for i in range(theta.size):
        velocity[i] = kept * velocity[i] + slope[i]
        theta[i] -= size * velocity[i]
