"""Published phase boundaries: the same crossings with the weights of each solution held fixed instead of optimised.

Fixed are unit vectors and biases: one feature dropped and answered by its mean (bias p/2), all others dedicated (bias
0); or two features an antipodal pair [1, -1] (bias 0), all others dedicated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from tegum.theory.diagram.plane import Plane
from tegum.theory.loss.law import Law, Structure, structure_of
from tegum.theory.loss.objective import expansion

#: Features for which the figures were published, each with one dimension fewer.
_PUBLISHED = (2, 3)
#: Lines along which the best fixed solution is looked up, and places on each.
_LINES, _PLACES = 61, 61


@dataclass(frozen=True)
class FixedBoundary:
    """Where two fixed solutions have the same, lowest loss.

    Attributes:
        between: what they are, such as "[1, 0]" and "[1, -1]".
        points: (x, y) along it.
    """

    between: tuple[str, str]
    points: Float[np.ndarray, "points 2"]


@dataclass(frozen=True)
class FixedSolution:
    """Weights that do not move: W, and the feature that is answered by its mean, if one is dropped."""

    W: Float[np.ndarray, "hidden features"]
    dropped: int | None

    @property
    def name(self) -> str:
        """The rows of W, such as `[1, -1]`."""
        return " ".join(f"[{', '.join(f'{value:.0f}' for value in row)}]" for row in self.W)

    def losses(self, law: Law) -> Float[np.ndarray, " models"]:
        """Exact population loss under each of several laws."""
        models, features = law.density.shape
        b = np.zeros((models, features))
        if self.dropped is not None:
            b[:, self.dropped] = law.density[:, self.dropped] / 2
        return expansion(np.tile(self.W, (models, 1, 1)), b, law).loss


def fixed_solutions(count: int, hidden: int) -> list[FixedSolution]:
    """The fixed solutions for so many features and dimensions, or none where none were published.

    Source: Elhage et al., Toy Models of Superposition (2022), section "Superposition as a phase change", and its
    notebook; there the joint solution of all three features is left out, and so it is here.
    """
    if count not in _PUBLISHED or hidden != count - 1:
        return []
    found = [FixedSolution(np.delete(np.eye(count), dropped, axis=0), dropped) for dropped in range(count)]
    for first, second in combinations(range(count), 2):
        W = np.delete(np.eye(count), second, axis=0)
        W[first, second] = -1.0
        found.append(FixedSolution(W, None))
    return found


def fixed_boundaries(plane: Plane) -> list[FixedBoundary]:
    """Boundaries between the fixed solutions over a plane, by their exact population losses; of the basic setting only.

    The published solutions are those of independent uniform features in tied models with a ReLU readout.
    """
    basic = structure_of(plane.setting) == Structure()
    solutions = fixed_solutions(plane.setting.count, plane.setting.hidden) if basic else []
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for first, second, point in _crossings(plane, solutions) if solutions else ():
        found.setdefault((first.name, second.name), []).append(point)
    return [FixedBoundary(pair, plane.values(_in_order(np.array(points)))) for pair, points in found.items()]


def _in_order(points: np.ndarray) -> np.ndarray:
    """Points along a boundary that rises or falls throughout."""
    return points[np.lexsort(points.round(9).T[::-1])]


def _crossings(
    plane: Plane, solutions: list[FixedSolution]
) -> Iterator[tuple[FixedSolution, FixedSolution, np.ndarray]]:
    """Along lines of constant x and of constant y, the points where the best solution changes."""
    shares = np.linspace(0, 1, _PLACES)
    for along in (0, 1):
        for fixed in np.linspace(0, 1, _LINES):
            line = np.full((_PLACES, 2), fixed)
            line[:, along] = shares
            best = _best(np.array([one.losses(plane.law(line)) for one in solutions]).T)
            for k in np.flatnonzero(best[:-1] != best[1:]):
                first, second = (solutions[place] for place in sorted(best[[k, k + 1]]))
                yield first, second, _crossing(plane, first, second, line[k], line[k + 1])


def _crossing(
    plane: Plane, first: FixedSolution, second: FixedSolution, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    """The point between two points where two solutions have the same loss."""

    def difference(share: float) -> float:
        law = plane.law((start + share * (stop - start))[None])
        return float(first.losses(law)[0] - second.losses(law)[0])

    ends = difference(0.0), difference(1.0)
    if ends[0] * ends[1] >= 0:  # a tie at an end, up to rounding
        return start if abs(ends[0]) <= abs(ends[1]) else stop
    return start + float(brentq(difference, 0.0, 1.0, xtol=1e-14)) * (stop - start)


def _best(losses: np.ndarray) -> np.ndarray:
    """The lowest of each row; among equal ones the first."""
    return np.argmax(losses <= losses.min(axis=1, keepdims=True) + 1e-13, axis=1)
