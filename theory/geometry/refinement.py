"""Colour refinement: what isomorphic graphs have in common, cheaper than an isomorphism."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from jaxtyping import Int, Int8


def same_refinement(
    one: Int8[np.ndarray, "vertices vertices"],
    other: Int8[np.ndarray, "vertices vertices"],
    colors: Sequence[Hashable],
    other_colors: Sequence[Hashable],
) -> bool:
    """Whether colour refinement leaves two signed, coloured graphs alike: no is a proof, yes is not.

    Both are refined together: a vertex's next class is its class and the numbers of its positive and negative
    neighbours in each class, until no class splits.

    Args:
        one, other: signs of the edges, 0 where there is none.
        colors, other_colors: of the vertices.

    What breaks: strongly regular graphs of equal parameters are one class each, isomorphic or not.

    Source: 1-dimensional Weisfeiler-Leman; Grohe, Kersting, Mladenov & Schweitzer, Color refinement and its
    applications (2021).
    """
    count = len(one)
    ranks = {color: rank for rank, color in enumerate(dict.fromkeys([*colors, *other_colors]))}
    classes = np.array([ranks[color] for color in (*colors, *other_colors)])
    while np.array_equal(np.sort(classes[:count]), np.sort(classes[count:])):
        finer = _refined(one, other, classes)
        if finer.max(initial=0) == classes.max(initial=0):
            return True
        classes = finer
    return False


def _refined(one: np.ndarray, other: np.ndarray, classes: Int[np.ndarray, " vertices"]) -> Int[np.ndarray, " vertices"]:
    member = np.equal.outer(classes, np.arange(classes.max(initial=0) + 1)).astype(np.float32)  # exact up to 2^24
    count = len(one)
    halves = [
        np.hstack([(graph > 0) @ part, (graph < 0) @ part])
        for graph, part in ((one, member[:count]), (other, member[count:]))
    ]
    return np.unique(np.column_stack([classes, np.vstack(halves)]), axis=0, return_inverse=True)[1].ravel()
