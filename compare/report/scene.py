"""Scenes: vectors of any number of dimensions, seen so that they stand apart, with the edges of their hull."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from tegum.empirical.pictures.views import View

Vectors = Float[np.ndarray, "hidden features"]
Eye = Float[np.ndarray, "hidden hidden"]

#: Directions to look from, of which the one that keeps the tips farthest apart is taken.
_EYES = 400
#: Distance of the eye in every dimension beyond the third, in lengths of the longest vector.
_FAR = 2.5
#: Facets whose normals and offsets agree to this share of the longest vector are one.
_SAME_FACET = 1e-6
#: Points of which edges are drawn: of more, or in more dimensions, they would hide the vectors.
_MOST_POINTS, _MOST_DIMENSIONS = 24, 4


@dataclass(frozen=True, eq=False)
class Scene:
    """Vectors in the plane, and pairs of them whose tips an edge joins."""

    view: View
    edges: tuple[tuple[int, int], ...]


def span_axes(vectors: Vectors, dimension: int) -> Float[np.ndarray, "axes hidden"]:
    """Orthonormal axes, in rows, of the space that some vectors span: their leading principal ones."""
    return np.linalg.svd(vectors)[0][:, :dimension].T


def eye_of(vectors: Vectors) -> Eye:
    """Right, up, towards the eye, and the directions beyond, in rows: how vectors are best looked at.

    In the plane the first vector is upright.  In more dimensions the eye is the best of a fixed set of rotations: the
    one from which the two nearest tips, or tip and origin, are farthest apart.
    """
    hidden = len(vectors)
    if hidden == 1:
        return np.array([[1.0 if vectors[0, 0] >= 0 else -1.0]])
    if hidden == 2:
        first = vectors[:, 0] / (np.linalg.norm(vectors[:, 0]) or 1.0)
        return np.array([[first[1], -first[0]], first])
    principal = span_axes(vectors, hidden)
    eyes = [rotation @ principal for rotation in _rotations(hidden)]
    return max(eyes, key=lambda eye: _room(_plane(eye @ vectors)))


def scene(vectors: Vectors, eye: Eye, like: Vectors | None = None) -> Scene:
    """Vectors as an eye sees them: parallel rays from three dimensions, from each further one in perspective.

    Args:
        vectors: feature vectors in columns.
        eye: of `eye_of`.
        like: vectors that bear the edges, in the same order; the vectors themselves unless given.
    """
    seen = eye @ vectors
    if len(eye) == 1:
        return Scene(in_line(seen[0]), ())
    near = _near(seen)
    depth = near[2] if len(eye) > 2 else np.zeros(seen.shape[1])
    edges = hull_edges(vectors if like is None else like) if len(eye) > 2 else ()
    return Scene(View(near[:2], depth, np.zeros((2, 0)), ()), edges)


def in_line(lengths: Float[np.ndarray, " features"]) -> View:
    """One dimension: from left to right, each vector at a height of its own."""
    count = len(lengths)
    heights = 0.5 * (np.arange(count)[::-1] - (count - 1) / 2) / count
    return View(np.array([lengths, heights]), np.zeros(count), np.array([[1.0], [0.0]]), (1.0,))


def hull_edges(points: Vectors) -> tuple[tuple[int, int], ...]:
    """Pairs of points that are joined by an edge of their convex hull.

    Two vertices are joined if the normals of the facets that hold both span all dimensions but one.

    Args:
        points: in columns; nothing is returned for too many, or where they have no hull of full dimension.
    """
    hidden, count = points.shape
    if hidden > _MOST_DIMENSIONS or count > _MOST_POINTS or count <= hidden:
        return ()
    try:
        hull = ConvexHull(points.T)
    except QhullError:
        return ()
    reach = float(np.linalg.norm(points, axis=0).max())
    facets = np.unique((hull.equations / [*[1.0] * hidden, reach]).round(6), axis=0)
    on = np.abs(facets[:, :-1] @ points / reach + facets[:, -1:]) < 10 * _SAME_FACET
    return tuple(
        (i, j)
        for i, j in combinations(hull.vertices.tolist(), 2)
        if np.linalg.matrix_rank(facets[on[:, i] & on[:, j], :-1], tol=1e-3) == hidden - 1
    )


def plane_order(vectors: Vectors, features: Sequence[int]) -> list[int]:
    """Features of one factor by the angle of their vectors in its first two principal axes."""
    members = list(features)
    own = vectors[:, members]
    axes = span_axes(own, 2)
    if len(axes) < 2 or len(members) < 3:
        return members
    x, y = axes @ own
    angles = (np.arctan2(y, x) - np.arctan2(y[0], x[0])) % (2 * np.pi)
    return [members[k] for k in np.argsort(angles.round(6) % round(2 * np.pi, 6), kind="stable")]


def _near(seen: Float[np.ndarray, "hidden features"]) -> Float[np.ndarray, "axes features"]:
    """The first three coordinates; each further one brings nearer or removes what lies along it."""
    reach = float(np.linalg.norm(seen, axis=0).max()) or 1.0
    for axis in range(len(seen) - 1, 2, -1):
        seen = seen[:axis] / (1 - seen[axis] / (_FAR * reach))
    return seen


def _plane(seen: Float[np.ndarray, "hidden features"]) -> Float[np.ndarray, "points 2"]:
    """Tips in the plane and the origin."""
    return np.vstack([_near(seen)[:2].T, np.zeros((1, 2))])


def _room(points: Float[np.ndarray, "points 2"]) -> float:
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    return float(apart[np.triu_indices(len(points), 1)].min())


@lru_cache(maxsize=8)
def _rotations(hidden: int) -> tuple[Eye, ...]:
    random = np.random.default_rng(0)
    return tuple(np.linalg.qr(random.normal(size=(hidden, hidden)))[0] for _ in range(_EYES))
