"""Itinerary: at which energy levels a run stayed, and when it jumped from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.dynamics.history import History
from tegum.empirical.dynamics.jumps import Jump, Plateau, Staircase, joined, staircase
from tegum.empirical.dynamics.level import Level, distances, has_levels, nearby_levels
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.geometry.identify import identify
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Stay:
    """A plateau of one run's exact loss, and what the run was there.

    Attributes:
        plateau: places of its first and last snapshot.
        snapshot: place of the one on it with the smallest exact gradient.
        loss: exact loss there.
        geometry: of the weights there, as training left them.
        level: the critical point next to them; None where the setting has no exact Hessian to find it by.
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
        stays: one more than jumps, or none.
        noise: within which its loss was allowed to be anywhere (see `jumps.staircase`).
    """

    stays: tuple[Stay, ...]
    jumps: tuple[Jump, ...]
    noise: float


#: Of a run that diverged.
NOWHERE = Itinerary((), (), 0.0)


def itinerary(
    history: History,
    run: int,
    clock: Float[np.ndarray, " snapshots"],
    loss: Float[np.ndarray, " snapshots"],
    error: Float[np.ndarray, " snapshots"],
    gradient_norm: Float[np.ndarray, " snapshots"],
) -> Itinerary:
    """The stays and jumps of one run.

    A plateau is a stay where a critical point lies next to its calmest snapshot, and no other plateau of the run is
    nearer to it in loss or in weights: what merely slows the run down on its way is passed over, and so are two
    plateaus at one level.  In a setting without an exact Hessian every plateau is a stay.

    Args:
        clock: time of each snapshot (see `course.elapsed`).
        loss, error, gradient_norm: exact, of this run.
    """
    stairs = staircase(clock, loss, float(error.max()))
    calmest = [one.first + int(gradient_norm[one.first : one.last + 1].argmin()) for one in stairs.plateaus]
    levels: dict[int, Level | None] = dict.fromkeys(range(len(calmest)))
    if has_levels(history.setting):
        levels = dict(_levels(history, run, calmest, loss[calmest]))
    stays = tuple(
        Stay(stairs.plateaus[k], calmest[k], float(loss[calmest[k]]), _geometry(history, calmest[k], run), level)
        for k, level in levels.items()
    )
    return Itinerary(stays, _jumps(stairs, list(levels), clock, loss), stairs.noise)


def _levels(
    history: History, run: int, snapshots: Sequence[int], losses: Float[np.ndarray, " plateaus"]
) -> list[tuple[int, Level]]:
    """The plateaus that stay at a level of their own."""
    places = list(snapshots)
    W_out = None if history.W_out is None else history.W_out[places, run]
    weights = Weights(history.W[places, run], history.b[places, run], W_out)
    found = []
    for k, level in enumerate(nearby_levels(weights, history.setting)):
        if level is not None:
            apart = np.abs(losses - level.loss), distances(weights, level.weights)
            if all(int(one.argmin()) == k for one in apart):
                found.append((k, level))
    return found


def _jumps(stairs: Staircase, kept: Sequence[int], clock: np.ndarray, loss: np.ndarray) -> tuple[Jump, ...]:
    between = zip(kept[:-1], kept[1:], strict=True)
    return tuple(joined(stairs.jumps[before:after], clock, loss, stairs.noise) for before, after in between)


def _geometry(history: History, snapshot: int, run: int) -> str:
    return identify(feature_vectors(history.model(snapshot, run))).geometry
