"""Learned vectors turned onto predicted ones: a relabelling, a rotation or reflection, and a flat view of both."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from tegum.compare.report.scene import eye_of, scene
from tegum.empirical.pictures.views import Flat

Vectors = Float[np.ndarray, "hidden features"]

#: Random rotations from which a relabelling is sought where no isomorphism gives one.
_TRIALS = 24
_ROUNDS = 10
#: Vectors shorter than this share of the longest show no direction.
_NO_DIRECTION = 1e-6


@dataclass(frozen=True)
class Aligned:
    """Two arrangements in one frame.

    Attributes:
        places: predicted feature that each learned feature is laid over.
        predicted: vectors of those.
        learned: the learned vectors, rotated or reflected as one.
    """

    places: tuple[int, ...]
    predicted: Vectors
    learned: Vectors


def aligned(
    predicted: Vectors, learned: Vectors, vertex_map: Sequence[int] | None, kinds: Sequence[Hashable]
) -> Aligned:
    """Lay a learned arrangement over the predicted one.

    min_R ‖R W_learned - W_predicted P‖_F over orthogonal R (Procrustes), P the relabelling.

    Args:
        vertex_map: predicted feature that each learned feature plays; where it is None, the relabelling among features
            of equal kind that fits best, as far as alternating the two minimisations finds it.
        kinds: density and importance of each feature.

    Source: Schönemann, Psychometrika 31 (1966) 1.
    """
    places = tuple(vertex_map) if vertex_map is not None else _relabelling(predicted, learned, kinds)
    target = predicted[:, places]
    return Aligned(places, target, _rotation(learned, target) @ learned)


def flat(pair: Aligned, factors: Sequence[Sequence[int]]) -> tuple[Flat, Flat]:
    """Both arrangements in the plane.

    Two hidden dimensions are shown as they are, the first predicted feature upright; one as the horizontal axis, with a
    height of its own for each feature.  More are seen by `scene.eye_of` where one factor spans them, else by the
    isometric projection of axes along the predicted features, factor by factor.

    Args:
        factors: the predicted features of each factor.
    """
    hidden, features = pair.predicted.shape
    if hidden > 2 and len(factors) == 1:
        eye = eye_of(pair.predicted)
        return scene(pair.predicted, eye).view.flat, scene(pair.learned, eye).view.flat
    order = [feature for factor in factors for feature in factor]
    axes = axes_along(pair.predicted[:, [pair.places.index(feature) for feature in order]])
    if hidden == 1:
        rows = 0.5 * (np.arange(features) - (features - 1) / 2) / features
        return np.array([axes[0, 0] * pair.predicted[0], rows]), np.array([axes[0, 0] * pair.learned[0], rows])
    view = _isometry(hidden) @ axes
    return view @ pair.predicted, view @ pair.learned


def axes_along(vectors: Vectors) -> Float[np.ndarray, "hidden hidden"]:
    """Orthonormal axes, in rows: the directions that each vector adds to those before it (Gram-Schmidt)."""
    hidden = len(vectors)
    tolerance = _NO_DIRECTION * float(np.linalg.norm(vectors, axis=0).max())
    axes = np.zeros((0, hidden))
    for vector in [*vectors.T, *(tolerance * 10 * np.eye(hidden))]:
        rest = vector - axes.T @ (axes @ vector)
        if len(axes) < hidden and np.linalg.norm(rest) > tolerance:
            axes = np.vstack([axes, rest / np.linalg.norm(rest)])
    return axes


def _isometry(hidden: int) -> Float[np.ndarray, "2 hidden"]:
    """Directions of the axes in the plane, the first one upright, at equal angles within a half turn."""
    angles = np.pi / 2 + np.pi * np.arange(hidden) / hidden
    return np.array([np.cos(angles), np.sin(angles)])


def _rotation(source: Vectors, target: Vectors) -> Float[np.ndarray, "hidden hidden"]:
    left, _, right = np.linalg.svd(target @ source.T)
    return left @ right


def _relabelling(predicted: Vectors, learned: Vectors, kinds: Sequence[Hashable]) -> tuple[int, ...]:
    """The best of a few local optima: assignment and rotation in turn, from rotations of a fixed seed."""
    random = np.random.default_rng(0)
    hidden = len(predicted)
    forbidden = np.array([[one != other for other in kinds] for one in kinds]) * 1e9
    found = []
    for _ in range(_TRIALS):
        rotation = np.linalg.qr(random.normal(size=(hidden, hidden)))[0]
        for _ in range(_ROUNDS):
            distance = ((rotation @ learned)[:, :, None] - predicted[:, None, :]) ** 2
            places = linear_sum_assignment(distance.sum(axis=0) + forbidden)[1]
            rotation = _rotation(learned, predicted[:, places])
        miss = float(((rotation @ learned - predicted[:, places]) ** 2).sum())
        found.append((round(miss, 9), places.tolist()))
    return tuple(min(found)[1])
