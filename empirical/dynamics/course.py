"""Course: exact loss and dimensionality of each run along its training, its energy levels and the jumps between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.dynamics.history import History
from tegum.empirical.dynamics.jumps import Jump, Plateau, staircase
from tegum.empirical.dynamics.level import Level, has_levels, nearby_levels
from tegum.empirical.plan import Training
from tegum.empirical.schedule import learning_rate
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import feature_vectors
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Stay:
    """A plateau of one run's exact loss, and what the run was there.

    Attributes:
        plateau: places of its first and last snapshot.
        snapshot: place of the one on it with the smallest exact gradient.
        loss: exact loss there.
        geometry: of the weights there, as training left them.
        level: the critical point next to them, if there is one and this is the plateau whose loss is nearest to its.
    """

    plateau: Plateau
    snapshot: int
    loss: float
    geometry: str
    level: Level | None


@dataclass(frozen=True)
class Itinerary:
    """Where one run stayed and how it went on: stay, jump, stay, ..., stay.

    Attributes:
        stays: one more than jumps.
        noise: within which its loss was allowed to be anywhere (see `jumps.staircase`).
    """

    stays: tuple[Stay, ...]
    jumps: tuple[Jump, ...]
    noise: float


@dataclass(frozen=True, eq=False)
class Course:
    """A history with what is exactly known about it.

    Attributes:
        loss: exact population loss at each snapshot.
        error: bound on its error, or its standard error (see `population_loss`); method: its route.
        gradient_norm: Euclidean norm of the exact gradient.
        dimensionality: D_i of each feature.
        itineraries: of each run.
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
        loss[k], error[k], norm[k], method = found.loss, found.error, _norm(found.gradient), found.method
        share[k] = dimensionality(_vectors(weights))
        advance(k + 1, snapshots)
    clock = elapsed(history.options, history.steps)
    itineraries = tuple(
        _itinerary(history, run, clock, loss[:, run], error[:, run], norm[:, run]) for run in range(runs)
    )
    return Course(history, loss, error, method, norm, share, itineraries)


def elapsed(training: Training, steps: Sequence[int]) -> Float[np.ndarray, " snapshots"]:
    """τ = Σ_{t < step} η_t, the time of gradient flow that has gone by: a schedule's slowing down is no plateau."""
    if training.schedule == "constant" and not training.warmup:
        return training.learning_rate * np.array(steps, dtype=np.float64)
    rates = np.array([learning_rate(training, step) for step in range(steps[-1])])
    return np.concatenate([[0.0], np.cumsum(rates)])[list(steps)]


def _itinerary(
    history: History, run: int, clock: np.ndarray, loss: np.ndarray, error: np.ndarray, norm: np.ndarray
) -> Itinerary:
    stairs = staircase(clock, loss, float(error.max()))
    calmest = [one.first + int(norm[one.first : one.last + 1].argmin()) for one in stairs.plateaus]
    levels = _levels(history, run, calmest, loss[calmest])
    stays = tuple(
        Stay(plateau, k, float(loss[k]), identify(feature_vectors(history.model(k, run))).geometry, level)
        for plateau, k, level in zip(stairs.plateaus, calmest, levels, strict=True)
    )
    return Itinerary(stays, stairs.jumps, stairs.noise)


def _levels(history: History, run: int, snapshots: list[int], losses: np.ndarray) -> list[Level | None]:
    if not has_levels(history.setting):
        return [None] * len(snapshots)
    W_out = None if history.W_out is None else history.W_out[snapshots, run]
    found = nearby_levels(Weights(history.W[snapshots, run], history.b[snapshots, run], W_out), history.setting)
    return [
        level if level is not None and int(np.abs(losses - level.loss).argmin()) == k else None
        for k, level in enumerate(found)
    ]


def _norm(gradient: Weights) -> Float[np.ndarray, " runs"]:
    parts = [part for part in (gradient.W, gradient.b, gradient.W_out) if part is not None]
    return np.sqrt(sum((part**2).reshape(len(part), -1).sum(axis=1) for part in parts))


def _vectors(weights: Weights) -> Float[np.ndarray, "runs hidden features"]:
    if weights.W_out is None:
        return weights.W
    each = zip(weights.W, weights.b, weights.W_out, strict=True)
    return np.stack([feature_vectors(Weights(W, b, W_out)) for W, b, W_out in each])
