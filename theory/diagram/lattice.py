"""Minima followed over a lattice: every one that the cells hold, as far as it goes, and where it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.diagram.branches import distance
from tegum.theory.diagram.curves import SIDES, unlabelled
from tegum.theory.diagram.optima import NEARBY, followed
from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.objective import tied_weights
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures

#: Points of the lattice along each axis.
_POINTS = 13
#: Minima whose overlaps and biases, those of like features in order, agree to this at one point are one.
_SAME = 1e-3
#: Overlaps and biases that move by more between neighbours have jumped to another minimum.
_LONGEST_MOVE = 0.3


@dataclass(frozen=True)
class LostMinimum:
    """A minimum at a point of the lattice that the next point in some direction does not have.

    Attributes:
        point, beyond: the two points.
        theta: its weights at ``point``.
    """

    point: Float[np.ndarray, " 2"]
    beyond: Float[np.ndarray, " 2"]
    theta: Float[np.ndarray, " parameters"]


def lost_minima(
    plane: Plane, cells: Float[np.ndarray, "cells 2"], optima: Float[np.ndarray, "cells parameters"]
) -> list[LostMinimum]:
    """Where minima end that some cell's optimum leads to over the lattice, from point to point.

    Minima that differ by an exchange of like features are followed once.
    """
    seen = _Seen(plane)
    places = np.rint(cells * (_POINTS - 1)).astype(int)
    theta, kept = _arrived(plane, places, optima)
    new = seen.add(places, theta, kept)
    places, theta = places[new], theta[new]
    lost: list[LostMinimum] = []
    while len(places):
        here, there, starts = _neighbours(places, theta)
        found, kept = _arrived(plane, there, starts)
        lost += [LostMinimum(_shares(here[k]), _shares(there[k]), starts[k]) for k in np.flatnonzero(~kept)]
        new = seen.add(there, found, kept)
        places, theta = there[new], found[new]
    return lost


def _shares(places: np.ndarray) -> np.ndarray:
    return places / (_POINTS - 1)


def _neighbours(places: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each place with each of its neighbours, and its weights."""
    here, there = np.repeat(places, len(SIDES), axis=0), (places[:, None] + SIDES).reshape(-1, 2)
    within = ((there >= 0) & (there < _POINTS)).all(axis=1)
    return here[within], there[within], np.repeat(theta, len(SIDES), axis=0)[within]


def _arrived(plane: Plane, places: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, Bool[np.ndarray, " members"]]:
    """What weights lead to at places, and whether that is a minimum not far from them."""
    found, loss = followed(plane, _shares(places), theta, NEARBY)
    near = distance(found, theta, plane.setting.count) < _LONGEST_MOVE
    return found, np.isfinite(loss) & near & _stable(plane, _shares(places), found)


def _stable(plane: Plane, points: np.ndarray, theta: np.ndarray) -> Bool[np.ndarray, " members"]:
    """Which critical points at points are minima; of those that are one up to an exchange of like features, one tells.

    Thousands of cells lead to a few minima at each point of the lattice.
    """
    kinds = np.concatenate([points, unlabelled(theta, plane.classes())], axis=1)
    _, first, kind = np.unique((kinds / _SAME).round(), axis=0, return_index=True, return_inverse=True)
    law = plane.law(points[first])
    least = least_curvatures(*tied_weights(theta[first], plane.setting.count), law)
    return (least > curvature_tolerance(law))[kind]


@dataclass
class _Seen:
    """Minima found at each point of the lattice."""

    plane: Plane
    at: dict[tuple[int, ...], list[np.ndarray]] = field(default_factory=dict)

    def add(
        self, places: np.ndarray, theta: np.ndarray, kept: Bool[np.ndarray, " members"]
    ) -> Bool[np.ndarray, " members"]:
        """Which of several minima at places, those that are kept, are new; they are not any more."""
        kinds = unlabelled(theta, self.plane.classes())
        new = np.zeros(len(theta), dtype=bool)
        for member in np.flatnonzero(kept):
            known = self.at.setdefault(tuple(places[member].tolist()), [])
            new[member] = all(np.abs(kinds[member] - one).max() > _SAME for one in known)
            if new[member]:
                known.append(kinds[member])
        return new
