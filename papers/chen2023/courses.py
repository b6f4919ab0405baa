"""Descent from a 4-gon: the levels that it rests at, and the learning coefficients that are sampled there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from tegum.papers.chen2023.descent import checkpoints
from tegum.papers.chen2023.polygons import named_polygon, point_of, ring
from tegum.papers.chen2023.sampling import Coefficient, learning_coefficient, one_hot_losses
from tegum.papers.claims.quantity import Quantity

#: Names of the levels that descent from a 4-gon of six features passes.
_PASSED = ("4", "4+", "4++", "5", "5+", "6")
#: Courses of the loss that a record keeps.
_KEPT = 12
#: Losses closer than this are at one level.
_TOLERANCE = 3e-4


def checkpoints_on_levels(
    seeds: int = 64, epochs: int = 4500, examples: int = 1000, every: int = 20, tolerance: float = _TOLERANCE
) -> Quantity:
    """Share of the checkpoints of descent from a 4-gon whose exact loss is within a tolerance of a k-gon's level.

    Six features; the start is the 4-gon with biases of 0, and normal noise of 0.01; batches of 20, rate 0.005.
    """
    courses = np.array([one_hot_losses(_course(seed, epochs, examples, every))[0] for seed in range(seeds)])
    level = _levels(courses, tolerance)
    shares = (level >= 0).mean(axis=1)
    eventful = np.argsort([-len(set(row[row >= 0].tolist())) for row in level], kind="stable")[:_KEPT]
    details = {
        "levels": dict(zip(_PASSED, _heights(), strict=True)),
        "checkpoints": {name: int((level == k).sum()) for k, name in enumerate(_PASSED)},
        "epochs": list(range(0, epochs + 1, every)),
        "courses": np.round(courses[eventful], 6).tolist(),
    }
    method = f"exact loss at checkpoints of {seeds} runs, two standard errors over runs"
    return Quantity(float(shares.mean()), float(2 * shares.std(ddof=1) / np.sqrt(seeds)), method, details)


def coefficients_on_levels(
    names: Sequence[str], samples: float = 1000.0, seeds: int = 64, steps: int = 1000, epochs: int = 4500
) -> Quantity:
    """Sampled learning coefficients at the checkpoints of that descent, their mean at each level.

    Of each run, the checkpoint in the middle of those at a level; chains as in `learning_coefficient`, on the exact
    loss, around the checkpoint itself.
    """
    found: dict[str, list[Coefficient]] = {name: [] for name in names}
    for seed in range(seeds):
        points = _course(seed, epochs, 1000, 20)
        level = _levels(one_hot_losses(points)[0], _TOLERANCE)
        for name in names:
            at = np.flatnonzero(level == _PASSED.index(name))
            if len(at):
                middle = points[at[len(at) // 2]]
                found[name].append(learning_coefficient(one_hot_losses, middle, samples, chains=64, steps=steps))
    heat = samples / np.log(samples)
    details = {
        "runs": {name: len(ones) for name, ones in found.items()},
        "below": {name: float(np.mean([one.below for one in ones])) for name, ones in found.items()},
        "n beta L": {name: float(heat * _heights()[_PASSED.index(name)]) for name in names},
    }
    method = "Metropolis-adjusted Langevin chains from checkpoints, two standard errors over runs and chains"
    means, errors = zip(*(_mean([one.value for one in ones], ones) for ones in found.values()), strict=True)
    return Quantity(means, errors, method, details)


def _mean(values: Sequence[float], ones: Sequence[Coefficient]) -> tuple[float, float]:
    """Mean and two standard errors, of the runs' spread or of the chains' in each run, whichever is larger."""
    chains = np.sqrt(np.mean([one.error**2 for one in ones]))
    spread = 2 * np.std(values, ddof=1) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(max(spread, chains) / np.sqrt(len(values)))


@lru_cache(maxsize=64)
def _course(seed: int, epochs: int, examples: int, every: int) -> Float[np.ndarray, "checkpoints parameters"]:
    """Where plain descent from a 4-gon is, at every so many epochs."""
    random = np.random.default_rng(seed)
    W = np.pad(ring(4), ((0, 0), (0, 2))) + 0.01 * random.normal(size=(2, 6))
    b = 0.01 * random.normal(size=6)
    which, values = random.integers(6, size=examples), random.random(examples)
    batches = np.concatenate([random.permutation(examples).reshape(-1, 20) for _ in range(epochs)])
    kept_W, kept_b = checkpoints(W, b, which, values, batches, 0.005, 0.0, every * (examples // 20))
    return np.concatenate([kept_W.reshape(len(kept_W), -1), kept_b], axis=1)


@lru_cache(maxsize=1)
def _heights() -> tuple[float, ...]:
    """Losses of the levels."""
    return tuple(float(one_hot_losses(point_of(named_polygon(name, 6))[None])[0][0]) for name in _PASSED)


def _levels(losses: Float[np.ndarray, "*shape"], tolerance: float) -> Int[np.ndarray, "*shape"]:
    """Which level each loss is at, counted along `_PASSED`; -1 for none."""
    near = np.abs(losses[..., None] - np.array(_heights())) <= tolerance
    return np.where(near, np.arange(len(_PASSED)), -1).max(axis=-1)
