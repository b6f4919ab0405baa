"""Course: exact loss and dimensionality of each run along its training, its energy levels and the jumps between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.dynamics.history import History
from tegum.empirical.dynamics.itinerary import NOWHERE, Itinerary, itinerary
from tegum.empirical.models import arrays_of
from tegum.empirical.plan import Training
from tegum.empirical.schedule import learning_rate
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.loss.population import population_loss
from tegum.theory.weights import Weights


@dataclass(frozen=True, eq=False)
class Course:
    """A history with what is exactly known about it.

    Attributes:
        loss: exact population loss at each snapshot.
        error: bound on its error, or its standard error (see `population_loss`); method: its route.
        gradient_norm: Euclidean norm of the exact gradient.
        dimensionality: D_i of each feature.
        itineraries: of each run; empty for one that diverged.

    Once a run has diverged its numbers are NaN.
    """

    history: History
    loss: Float[np.ndarray, "snapshots runs"]
    error: Float[np.ndarray, "snapshots runs"]
    method: str
    gradient_norm: Float[np.ndarray, "snapshots runs"]
    dimensionality: Float[np.ndarray, "snapshots runs features"]
    itineraries: tuple[Itinerary, ...]


def course(history: History, advance: Callable[[int, int], object] = lambda done, total: None) -> Course:
    """Exact loss, gradient and dimensionality at every snapshot, plateaus, levels and jumps of every run.

    Args:
        history: of the runs.
        advance: told how many snapshots are evaluated, and how many there are.
    """
    snapshots, runs = history.b.shape[:2]
    loss, error, norm = np.zeros((3, snapshots, runs))
    share = np.zeros(history.b.shape)
    method = ""
    for k in range(snapshots):
        weights = history.at(k)
        found = population_loss(weights, history.setting)
        loss[k], error[k], norm[k], method = found.loss, found.error, _norms(found.gradient), found.method
        share[k] = dimensionality(_vectors(weights))
        advance(k + 1, snapshots)
    clock = elapsed(history.options, history.steps)
    each = [
        NOWHERE if lost else itinerary(history, run, clock, loss[:, run], error[:, run], norm[:, run])
        for run, lost in enumerate(history.diverged)
    ]
    gone = history.taken < np.array(history.steps)[:, None]
    for numbers in (loss, error, norm, share):
        numbers[gone] = np.nan
    return Course(history, loss, error, method, norm, share, tuple(each))


def elapsed(training: Training, steps: Sequence[int]) -> Float[np.ndarray, " snapshots"]:
    """τ = Σ_{t < step} η_t, the time of gradient flow that has gone by: a schedule's slowing down is no plateau."""
    if training.schedule == "constant" and not training.warmup:
        return training.learning_rate * np.array(steps, dtype=np.float64)
    rates = np.array([learning_rate(training, step) for step in range(steps[-1])])
    return np.concatenate([[0.0], np.cumsum(rates)])[list(steps)]


def _norms(gradient: Weights) -> Float[np.ndarray, " runs"]:
    return np.sqrt(sum((slope**2).reshape(len(slope), -1).sum(axis=1) for slope in arrays_of(gradient).values()))


def _vectors(weights: Weights) -> Float[np.ndarray, "runs hidden features"]:
    if weights.W_out is None:
        return weights.W
    each = zip(weights.W, weights.b, weights.W_out, strict=True)
    return np.stack([feature_vectors(Weights(W, b, W_out)) for W, b, W_out in each])
