"""Branches: every candidate of a slice over the density, with what is drawn and told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from tegum.theory.candidates.candidates import Candidate, candidates
from tegum.theory.geometry.factor import DROPPED
from tegum.theory.geometry.tegum import parse_geometry
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Candidates whose loss is never within this factor of the lowest one's are left out, as are all beyond so many.
_WORTH_DRAWING, _MOST = 4.0, 8
#: Number of the factor of a feature that has none.
NO_FACTOR = -1


@dataclass(frozen=True)
class Branch:
    """One geometry over the density; NaN (and not stable) where it has no critical point of its type.

    Attributes:
        geometry: its name.
        loss, error: exact population loss, and the bound on its numerical error.
        curvature: least curvature of the full loss.
        stable: whether it is a local minimum of the full loss.
        W, b: its weights.
        factor: number of the factor that each feature stands in, in the order of the name; `NO_FACTOR` if dropped.
    """

    geometry: str
    loss: Float[np.ndarray, " points"]
    error: Float[np.ndarray, " points"]
    curvature: Float[np.ndarray, " points"]
    stable: Bool[np.ndarray, " points"]
    W: Float[np.ndarray, "points hidden features"]
    b: Float[np.ndarray, "points features"]
    factor: Int[np.ndarray, "points features"]


def branches(settings: Sequence[Setting]) -> list[Branch]:
    """The candidates of settings that differ in density only, lowest (relative to the lowest of all) first."""
    found: dict[str, Branch] = {}
    for point, setting in enumerate(settings):
        ranked = candidates(setting)
        exact = population_loss(_stacked(ranked), setting)
        losses, errors = np.atleast_1d(exact.loss), np.atleast_1d(exact.error)
        for k, one in enumerate(ranked):
            branch = found.setdefault(one.geometry, _empty(one.geometry, len(settings), setting))
            branch.loss[point], branch.error[point] = losses[k], errors[k]
            branch.curvature[point], branch.stable[point] = one.hessian_min, one.stable
            branch.W[point], branch.b[point] = one.weights.W, one.weights.b
            branch.factor[point] = _factor_of(one)
    return _worth_drawing(list(found.values()))


def winners(found: Sequence[Branch]) -> Int[np.ndarray, " points"]:
    """The branch with the lowest loss at each density."""
    return np.nanargmin([branch.loss for branch in found], axis=0)


def _stacked(ranked: Sequence[Candidate]) -> Weights:
    return Weights(np.stack([one.weights.W for one in ranked]), np.stack([one.weights.b for one in ranked]))


def _empty(geometry: str, points: int, setting: Setting) -> Branch:
    def nothing(*shape: int) -> np.ndarray:
        return np.full((points, *shape), np.nan)

    n = setting.count
    stable, factor = np.zeros(points, dtype=bool), np.full((points, n), NO_FACTOR)
    return Branch(geometry, nothing(), nothing(), nothing(), stable, nothing(setting.hidden, n), nothing(n), factor)


def _factor_of(one: Candidate) -> np.ndarray:
    factor = np.full(one.weights.b.size, NO_FACTOR)
    for k, (kind, features) in enumerate(zip(parse_geometry(one.geometry).factors, one.features, strict=True)):
        if kind != DROPPED:
            factor[list(features)] = k
    return factor


def _worth_drawing(found: list[Branch]) -> list[Branch]:
    lowest = np.nanmin([branch.loss for branch in found], axis=0)
    excess = {branch.geometry: float(np.nanmin(branch.loss / lowest)) for branch in found}
    ranked = sorted(found, key=lambda branch: (excess[branch.geometry], np.nanargmin(branch.loss / lowest)))
    winning = {found[place].geometry for place in winners(found)}
    return [
        branch
        for rank, branch in enumerate(ranked)
        if branch.geometry in winning or (rank < _MOST and excess[branch.geometry] <= _WORTH_DRAWING)
    ]
