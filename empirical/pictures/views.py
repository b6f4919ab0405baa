"""Views: feature vectors of any number of dimensions as the plane shows them, with their depth behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

#: Feature vectors as they are drawn in the plane.
Flat = Float[np.ndarray, "2 features"]

#: Room that vectors on one line take above and below it, in units of the longest.
_SPREAD = 0.5
#: From where an arrangement in space is looked at: turned about the upright axis, then tilted, in degrees.
_TURN, _TILT = 25.0, 20.0


@dataclass(frozen=True, eq=False)
class View:
    """Vectors in the plane.

    Attributes:
        flat: as drawn.
        depth: distance towards the eye, 0 for what lies in the plane.
        axes: directions in the plane of the axes that are drawn.
        shares: part of the vectors' squared length along each axis; what they leave out of 1 is not seen.
    """

    flat: Flat
    depth: Float[np.ndarray, " features"]
    axes: Float[np.ndarray, "2 axes"]
    shares: tuple[float, ...]

    @property
    def lines(self) -> bool:
        """Whether there is one dimension, in which vectors are horizontal, each at a height of its own."""
        return self.axes.shape[1] == 1


def view(W: Float[np.ndarray, "hidden features"], like: Float[np.ndarray, "hidden features"] | None = None) -> View:
    """Feature vectors as the plane shows them.

    One dimension: horizontal, each feature at a height of its own.  Two: as they are.  Three: from a fixed point of
    view onto their principal axes.  More: the same of their three leading principal components, W ≈ U Uᵀ W with the
    leading left singular vectors U.

    Args:
        W: feature vectors in its columns.
        like: vectors whose axes are taken instead of W's own, so that several arrangements are seen alike.
    """
    hidden, features = W.shape
    if hidden == 1:
        heights = _SPREAD * (np.arange(features)[::-1] - (features - 1) / 2) / features
        return View(np.array([W[0], heights]), np.zeros(features), np.array([[1.0], [0.0]]), (1.0,))
    if hidden == 2:
        return View(W, np.zeros(features), np.eye(2), _shares(W, W))
    leading = principal_axes(W if like is None else like) @ W
    across, up, towards = _rotation(_TURN, _TILT)
    plane = np.array([across, up])
    return View(plane @ leading, towards @ leading, plane, _shares(leading, W))


def principal_axes(W: Float[np.ndarray, "hidden features"], most: int = 3) -> Float[np.ndarray, "axes hidden"]:
    """Leading principal axes of the vectors about the origin, each turned so that its largest component is positive."""
    axes, _, _ = np.linalg.svd(W)
    found = axes[:, :most].T
    components = found @ W
    largest = np.abs(components).argmax(axis=1)
    signs = np.sign(components[np.arange(len(found)), largest])
    return np.where(signs == 0, 1.0, signs)[:, None] * found


def _shares(shown: np.ndarray, W: np.ndarray) -> tuple[float, ...]:
    whole = float((W**2).sum()) or 1.0
    return tuple(((shown**2).sum(axis=1) / whole).tolist())


def _rotation(turn: float, tilt: float) -> Float[np.ndarray, "3 3"]:
    """Rows: to the right, upwards and towards the eye."""
    a, c = np.radians([turn, tilt])
    about = np.array([[np.cos(a), 0.0, np.sin(a)], [0.0, 1.0, 0.0], [-np.sin(a), 0.0, np.cos(a)]])
    nod = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(c), -np.sin(c)], [0.0, np.sin(c), np.cos(c)]])
    return nod @ about
