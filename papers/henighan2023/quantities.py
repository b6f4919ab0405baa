"""Henighan et al.: few examples are stored as polygons of hidden vectors, many as polygons of features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality

#: Fresh examples on which test losses are measured.
_TESTED = 4000
#: Radians between features that share a direction, at most.
_SHARED = 0.2


def data_angles(
    examples: int, features: int = 1000, density: float = 0.01, seeds: int = 6, steps: int = 4000
) -> Quantity:
    """Angles between neighbouring hidden vectors of the training examples, in the run of least loss, in degrees."""
    h, _ = _best(examples, features, density, seeds, steps)
    angles = np.sort(np.degrees(np.arctan2(h[1], h[0])) % 360)
    gaps = np.sort(np.diff(np.append(angles, angles[0] + 360)))
    return Quantity(tuple(gaps.tolist()), 0.1, f"best of {seeds} trained models", {"hidden": h.tolist()})


def feature_gaps(examples: int, features: int, density: float, seeds: int = 6, steps: int = 2000) -> Quantity:
    """Angles between neighbouring feature directions in the run of least loss, over those of their regular polygon.

    Directions are those of features longer than half the longest; features that share one, but for a fifth of a radian,
    count once, and k directions have the regular angle 2π/k.
    """
    _, W = _best(examples, features, density, seeds, steps)
    length = np.linalg.norm(W, axis=0)
    angles = np.sort(np.arctan2(W[1], W[0])[length > length.max() / 2])
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    apart = np.sort(gaps[gaps > _SHARED])
    return Quantity(
        tuple((apart * len(apart) / (2 * np.pi)).tolist()),
        0.005,
        f"best of {seeds} trained models",
        {"directions": len(apart), "features": len(angles)},
    )


def data_dimensionality(
    examples: int, features: int = 1000, density: float = 0.01, seeds: int = 6, steps: int = 4000
) -> Quantity:
    """Mean dimensionality of the examples' hidden vectors, and of the feature vectors, in the run of least loss."""
    h, W = _best(examples, features, density, seeds, steps)
    values = float(dimensionality(h).mean()), float(dimensionality(W).mean())
    return Quantity(values, 0.005, f"best of {seeds} trained models")


def peak_of_test_loss(
    examples: Sequence[int], features: int = 300, density: float = 0.03, seeds: int = 6, steps: int = 2000
) -> Quantity:
    """Logarithm of the highest test loss over numbers of examples, over that at the fewest and that at the most.

    Test losses vary tenfold between seeds where they are high, so logarithms are averaged.
    """
    losses = np.array([[_test_loss(T, features, density, seed, steps) for seed in range(seeds)] for T in examples])
    mean, error = np.log(losses).mean(axis=1), 2 * np.log(losses).std(axis=1, ddof=1) / np.sqrt(seeds)
    top, ends = int(mean.argmax()), [0, -1]
    return Quantity(
        tuple(float(mean[top] - mean[end]) for end in ends),
        tuple(float(np.hypot(error[top], error[end])) for end in ends),
        f"mean logarithm over {seeds} trained models, on fresh examples, two standard errors",
        {"examples": list(examples), "loss": losses.tolist()},
    )


def _test_loss(examples: int, features: int, density: float, seed: int, steps: int) -> float:
    W, b, _, _ = _trained(examples, features, density, seed, steps)
    fresh = _examples(_TESTED, features, density, torch.Generator().manual_seed(10**6 + seed)).double().numpy()
    return float(((np.maximum(fresh @ W.T @ W + b, 0.0) - fresh) ** 2).sum(axis=1).mean())


def _best(examples: int, features: int, density: float, seeds: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Hidden vectors [2, examples] and feature vectors [2, features] of the run of least training loss."""
    runs = [_trained(examples, features, density, seed, steps) for seed in range(seeds)]
    W, _, x, _ = min(runs, key=lambda run: run[3])
    return W @ x.T, W


def _trained(
    examples: int, features: int, density: float, seed: int, steps: int
) -> tuple[
    Float[np.ndarray, "hidden features"], Float[np.ndarray, " features"], Float[np.ndarray, "examples features"], float
]:
    """AdamW on all examples at once; warm-up, then decay to zero, as the source has it: W, b, examples and loss."""
    random = torch.Generator().manual_seed(seed)
    x = _examples(examples, features, density, random)
    W = (torch.randn((2, features), generator=random) / features**0.5).requires_grad_()
    b = torch.zeros(features, requires_grad=True)
    optimizer = torch.optim.AdamW([W, b], lr=1e-2, weight_decay=1e-2)
    warm = steps // 20
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, 1.0) * max(1 - step / steps, 0.0)
    )
    loss = torch.tensor(0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((torch.relu(x @ W.T @ W + b) - x) ** 2).sum(dim=1).mean()
        loss.backward()
        optimizer.step()
        schedule.step()
    return W.detach().double().numpy(), b.detach().double().numpy(), x.double().numpy(), float(loss.detach())


def _examples(
    examples: int, features: int, density: float, random: torch.Generator
) -> Float[torch.Tensor, "examples features"]:
    """Sparse examples, each of unit length."""
    shape = (examples, features)
    x = torch.rand(shape, generator=random) * (torch.rand(shape, generator=random) < density)
    return x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)
