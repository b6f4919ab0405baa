"""The limit of many features: the lower convex hull of loss per feature over dimensions per feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tegum.theory.mixture.like import like_pieces
from tegum.theory.mixture.piece import Piece


@dataclass(frozen=True)
class Hull:
    """Which pieces an optimal mixture of very many like features consists of.

    Attributes:
        density: p of all features, importance 1.
        points: dimensions per feature, loss per feature and piece of everything known, by rising dimensions.
        vertices: those on the lower convex hull, likewise; the mixture at a ratio m/n is made of the two vertices on
            either side of it.
    """

    density: float
    points: tuple[tuple[float, float, Piece], ...]
    vertices: tuple[tuple[float, float, Piece], ...]


def hull(density: float) -> Hull:
    """The lower convex hull of (d/k, L/k) over all pieces, from dropped (0, p/3 - p²/4) to dedicated (1, 0).

    In the limit n → ∞ at fixed m/n the least loss per feature of a mixture is the hull's height at m/n: the integer
    program becomes a linear one with two constraints, whose vertices mix at most two pieces (Maxwell's construction).
    On the way there the integer program costs more by less than the loss of one piece for each of them.

    Args:
        density: p in (0, 1].
    """
    points = sorted(
        ((one.dimension / one.vertices, one.loss / one.vertices, one) for one in like_pieces(density)),
        key=lambda point: point[:2],
    )
    chain: list[tuple[float, float, Piece]] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        if not chain or point[0] > chain[-1][0]:
            chain.append(point)
    least = min(range(len(chain)), key=lambda k: chain[k][1])
    return Hull(density, tuple(points), tuple(chain[: least + 1]))


def _turn(one: tuple, two: tuple, three: tuple) -> float:
    """Positive where the way through three points turns up."""
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def least_loss_per_feature(found: Hull, ratio: float) -> float:
    """The hull's height at m/n; constant beyond its last vertex, where dimensions are left over."""
    return float(np.interp(ratio, [x for x, *_ in found.vertices], [y for _, y, _ in found.vertices]))


def mixed(found: Hull, ratio: float) -> tuple[tuple[Piece, float], ...]:
    """The pieces of the optimal mixture at m/n and the share of the features that each holds."""
    places = np.array([x for x, *_ in found.vertices])
    if ratio >= places[-1]:
        return ((found.vertices[-1][2], 1.0),)
    upper = int(np.searchsorted(places, ratio, side="right"))
    share = float((ratio - places[upper - 1]) / (places[upper] - places[upper - 1]))
    both = ((found.vertices[upper - 1][2], 1 - share), (found.vertices[upper][2], share))
    return tuple((piece, part) for piece, part in both if part > 0)
