"""Nearly orthogonal parts of a model made exactly orthogonal, and each brought to rest by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.loss.enumeration import MOST_FEATURES
from tegum.theory.loss.law import Law
from tegum.theory.search.descent import descend

#: Singular values of a part below this times its largest are taken for zero.
_RANK = 0.05
#: Longest Newton step: the parts are nearly at rest.
_REACH = 0.5


@dataclass(frozen=True)
class Part:
    """One orthogonal part of a model.

    Attributes:
        features: which it holds.
        W: their weights in as many dimensions as they span, none for a dropped feature.
        b: their biases.
    """

    features: tuple[int, ...]
    W: Float[np.ndarray, "dimension vertices"]
    b: Float[np.ndarray, " vertices"]


@dataclass(frozen=True)
class SettledPart:
    """A part at a critical point of its own loss.

    Attributes:
        part: its features, weights and biases.
        loss: exact population loss of its features.
        gradient_norm: Euclidean norm of the gradient of that loss.
    """

    part: Part
    loss: float
    gradient_norm: float


@dataclass(frozen=True)
class Rested:
    """A model whose parts are each at a critical point.

    Attributes:
        W, b: weights and biases, each part in dimensions of its own.
        loss: exact population loss, Σ over the parts.
        gradient_norm: root of the sum of the parts' squared gradients, which is that of the whole.
    """

    W: Float[np.ndarray, "hidden features"]
    b: Float[np.ndarray, " features"]
    loss: float
    gradient_norm: float


def parts_of(
    W: Float[np.ndarray, "hidden features"], b: Float[np.ndarray, " features"], tolerance: float | None = None
) -> list[Part] | None:
    """The parts of a model whose overlaps are read as zero or not by the gap between them (`overlap_graph`).

    Args:
        W, b: of one model.
        tolerance: up to which cosines, squared norms and singular values vanish, all relative, for a model exactly at
            rest; None for one near rest.

    Returns:
        The parts; None where they span more dimensions than there are, or one of them has more than
        `enumeration.MOST_FEATURES` features.
    """
    from scipy.sparse.csgraph import connected_components  # a third of a second, needed by few searches

    graph = overlap_graph(W, tolerance)
    _, label = connected_components(graph.signs != 0, directed=False)
    members = [np.flatnonzero(label == part) for part in range(label.max() + 1)]
    parts = [_part(W, b, features, bool(graph.represented[features[0]]), tolerance) for features in members]
    dimension, largest = sum(len(part.W) for part in parts), max(len(part.features) for part in parts)
    return parts if dimension <= len(W) and largest <= MOST_FEATURES else None


def _part(W: np.ndarray, b: np.ndarray, features: np.ndarray, represented: bool, tolerance: float | None) -> Part:
    names = tuple(int(feature) for feature in features)
    if not represented:
        return Part(names, np.zeros((0, 1)), b[features])
    _, sizes, axes = np.linalg.svd(W[:, features], full_matrices=False)
    kept = sizes > (_RANK if tolerance is None else tolerance) * sizes[0]
    return Part(names, sizes[kept, None] * axes[kept], b[features])


def rested(
    W: Float[np.ndarray, "models hidden features"],
    b: Float[np.ndarray, "models features"],
    density: Float[np.ndarray, " features"],
    importance: Float[np.ndarray, " features"],
) -> list[Rested | None]:
    """Models with their nearly orthogonal parts made orthogonal and brought to rest by Newton's method.

    A product of critical parts is a critical point of the whole: across parts ∂ℓ_i/∂G_ij = ½ p_j ∂ℓ_i/∂b_i = 0.

    Args:
        W, b: models near rest.
        density, importance: p and I of each feature.

    Returns:
        For each model `Rested`, or None where its parts cannot be told apart, are too large to enumerate, or one of
        them does not come to rest.

    Validity: independent uniform features, ReLU readout.  Whether a result is where the model itself would have come
    to rest is for the caller to judge, by its loss: an overlap that is small but not zero is lost here.
    """
    split = [parts_of(*model) for model in zip(W, b, strict=True)]
    found = settled({key_of(part): part for parts in split for part in parts or ()}, density, importance)
    return [_joined_if_known(parts or [], found, W[0].shape) for parts in split]


def _joined_if_known(parts: list[Part], found: dict[Key, SettledPart], shape: tuple[int, ...]) -> Rested | None:
    keys = [key_of(part) for part in parts]
    known = [found[key] for key in keys if key in found]
    return joined(known, shape) if known and len(known) == len(keys) else None


#: A part to three digits: parts met in several starts are brought to rest once.
Key = tuple[tuple[int, ...], bytes]


def key_of(part: Part) -> Key:
    """What tells parts apart: their features, overlaps and biases, in any rotation."""
    G = part.W.T @ part.W
    return part.features, np.round(np.concatenate([G.ravel(), part.b]), 3).tobytes()


def settled(
    parts: dict[Key, Part],
    density: Float[np.ndarray, " features"],
    importance: Float[np.ndarray, " features"],
    reach: float = _REACH,
    steps: int = 300,
) -> dict[Key, SettledPart]:
    """Each part that comes to rest, one batch for each shape.

    Args:
        parts: to be brought to rest by Newton's method; those without dimensions are dropped features.
        density, importance: p and I of all features.
        reach, steps: longest Newton step, and how many.

    Returns:
        By the keys given, the parts at a critical point of their own loss.
    """
    shapes = defaultdict(list)
    for key, part in parts.items():
        shapes[part.W.shape].append(key)
    found = {}
    for (dimension, vertices), keys in shapes.items():
        features = np.array([parts[key].features for key in keys])
        law = Law(density[features], importance[features])
        if dimension == 0 or (dimension, vertices) == (1, 1):
            found.update({key: _lone(parts[key], float(p), float(weight)) for key, (p,), (weight,) in
                          zip(keys, law.density, law.importance, strict=True)})  # fmt: skip
            continue
        rest = descend(np.stack([parts[key].W for key in keys]), np.stack([parts[key].b for key in keys]), law, steps,
                       reach)  # fmt: skip
        for k in np.flatnonzero(rest.converged):
            part = Part(keys[k][0], rest.W[k], rest.b[k])
            found[keys[k]] = SettledPart(part, float(rest.loss[k]), float(rest.gradient_norm[k]))
    return found


def _lone(part: Part, p: float, weight: float) -> SettledPart:
    """A feature by itself: dropped, x̂ = p/2, or with a dimension of its own, x̂ = x, on the kink at b = 0."""
    if len(part.W):
        return SettledPart(Part(part.features, np.ones((1, 1)), np.zeros(1)), 0.0, 0.0)
    return SettledPart(Part(part.features, part.W, np.array([p / 2])), weight * (p / 3 - p**2 / 4), 0.0)


def joined(parts: Sequence[SettledPart], shape: tuple[int, ...]) -> Rested:
    """The model of parts at rest, each in dimensions of its own; its weights are of a given shape."""
    W, b, row = np.zeros(shape), np.zeros(shape[1]), 0
    for part in (one.part for one in parts):
        rows, columns = np.arange(row, row + len(part.W)), np.array(part.features)
        W[np.ix_(rows, columns)], b[columns] = part.W, part.b
        row += len(part.W)
    losses, norms = [one.loss for one in parts], [one.gradient_norm for one in parts]
    return Rested(W, b, float(np.sum(losses)), float(np.linalg.norm(norms)))
