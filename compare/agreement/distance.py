"""How far a cell lies from the predicted boundaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

#: A cell this close to a boundary, relatively, is near it: two geometries' losses differ by too little there for a
#: mismatch to say much.
NEAR = 0.05


def boundary_distance(at: Sequence[float], curves: Sequence[Float[np.ndarray, "_ axes"]]) -> float | None:
    """Least relative distance of a cell from boundaries.

    min over the curves' points x of √(Σ_k ((x_k - v_k) / v_k)²)

    Args:
        at: v, the cell's value on each axis.
        curves: points of each boundary in order, joined by straight lines; a single point where there is one axis.

    Returns:
        The distance; None where there is no boundary, or the cell lies at a zero of an axis, where nothing is relative.

    >>> boundary_distance([2.0, 1.0], [np.array([[2.2, 0.0], [2.2, 5.0]])])
    0.10000000000000009
    """
    here = np.array(at)
    if not len(curves) or not here.all():
        return None
    return min(_from_origin(points / here - 1) for points in curves)


def _from_origin(points: Float[np.ndarray, "points axes"]) -> float:
    """Distance of the origin from a polyline."""
    steps = np.diff(points, axis=0)
    lengths = (steps**2).sum(axis=1)
    share = np.clip(-(points[:-1] * steps).sum(axis=1) / np.where(lengths > 0, lengths, 1.0), 0, 1)
    feet = points[:-1] + share[:, None] * steps
    return float(np.sqrt((np.concatenate([points, feet]) ** 2).sum(axis=1)).min())
