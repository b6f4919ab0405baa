"""Branches: local minima followed over the plane, told apart by what no rotation changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.objective import overlaps, tied_weights

#: Overlaps and biases of one minimum agree to this, whatever way it was reached.
_SAME = 1e-5
#: Before it is followed a minimum is moved by this at random, several times, so that a saddle is not mistaken for one.
_NUDGE, _NUDGES = 1e-4, 4
#: Minima nearby that are tried where the best one at a point is wanted.
_NEAREST_CELLS, _NEAREST_SPOTS = 24, 8


def invariants(
    theta: Float[np.ndarray, "members parameters"], features: int
) -> Float[np.ndarray, "members invariants"]:
    """Overlaps and biases: all of the weights that no rotation changes."""
    W, b = tied_weights(theta, features)
    return np.concatenate([overlaps(W).reshape(len(theta), -1), b], axis=1)


def distance(
    first: Float[np.ndarray, "members parameters"], second: Float[np.ndarray, "members parameters"], features: int
) -> Float[np.ndarray, " members"]:
    """Largest difference of overlaps and biases."""
    return np.abs(invariants(first, features) - invariants(second, features)).max(axis=1)


def same_branch(
    first: Float[np.ndarray, "members parameters"], second: Float[np.ndarray, "members parameters"], features: int
) -> Bool[np.ndarray, " members"]:
    """Whether two critical points at one point of the plane are the same up to a rotation."""
    return distance(first, second, features) < _SAME


def settled(
    plane: Plane, point: Float[np.ndarray, " 2"], theta: Float[np.ndarray, "branches parameters"]
) -> tuple[Float[np.ndarray, "branches parameters"], Float[np.ndarray, " branches"]]:
    """The local minimum next to each of several weights at one point, and its loss, infinite where none was reached.

    Each start is nudged in several ways, and the lowest minimum counts: weights on a saddle leave it.
    """
    branches, parameter_count = theta.shape
    nudges = _NUDGE * np.random.default_rng(0).normal(size=(_NUDGES, 1, parameter_count))
    starts = (theta + nudges).reshape(-1, parameter_count)
    found, loss = followed(plane, np.tile(point, (len(starts), 1)), starts, NEARBY)
    found, loss = found.reshape(_NUDGES, branches, -1), loss.reshape(_NUDGES, branches)
    best, every = loss.argmin(axis=0), np.arange(branches)
    return found[best, every], loss[best, every]


@dataclass(frozen=True)
class Known:
    """Minima found so far, at the cells and along the curves traced."""

    cells: Float[np.ndarray, "cells 2"]
    optima: Float[np.ndarray, "cells parameters"]
    spots: Float[np.ndarray, "spots 2"]
    minima: Float[np.ndarray, "spots parameters"]

    def near(self, point: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "starts parameters"]:
        """Those nearest to a point, some of either kind."""
        return np.concatenate([
            self.optima[_nearest(self.cells, point, _NEAREST_CELLS)],
            self.minima[_nearest(self.spots, point, _NEAREST_SPOTS)],
        ])  # fmt: skip


def _nearest(points: np.ndarray, point: np.ndarray, most: int) -> np.ndarray:
    if len(points) <= most:
        return np.arange(len(points))
    return np.argpartition(((points - point) ** 2).sum(axis=1), most)[:most]


def known_at_cells(plane: Plane, optima: Float[np.ndarray, "rows columns parameters"]) -> Known:
    """The optima of the cells."""
    parameter_count = optima.shape[-1]
    nothing = np.zeros((0, 2)), np.zeros((0, parameter_count))
    return Known(plane.points().reshape(-1, 2), optima.reshape(-1, parameter_count), *nothing)


def lowest_known(
    plane: Plane, point: Float[np.ndarray, " 2"], known: Known
) -> tuple[Float[np.ndarray, " parameters"], float]:
    """The best minimum at a point among those that known minima nearby lead to, and its loss.

    Of those that are alike to a tenth one is tried.
    """
    starts = known.near(point)
    kinds = np.unique(invariants(starts, plane.setting.count).round(1), axis=0, return_index=True)[1]
    starts = starts[kinds] + _NUDGE * np.random.default_rng(1).normal(size=(len(kinds), starts.shape[1]))
    found, loss = followed(plane, np.tile(point, (len(starts), 1)), starts, NEARBY)
    return found[loss.argmin()], float(loss.min())
