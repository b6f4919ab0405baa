"""Isomorphism of signed, coloured graphs, each claim with the vertex map that proves it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from hashlib import sha256

import numpy as np
from jaxtyping import Int8

from tegum.theory.geometry.overlap import OverlapGraph

Signs = Int8[np.ndarray, "vertices vertices"]


def isomorphism(one: OverlapGraph, other: OverlapGraph) -> tuple[int, ...] | None:
    """The vertex of ``other`` that each vertex of ``one`` corresponds to, or None if the graphs are not isomorphic.

    Both graphs are brought to canonical form; equal forms give the map, which is then verified edge by edge.  Signs of
    edges and colours of vertices must agree.
    """
    colors, other_colors = one.vertex_colors, other.vertex_colors
    if sorted(map(repr, colors)) != sorted(map(repr, other_colors)):
        return None
    order, other_order = canonical_order(one.signs, colors), canonical_order(other.signs, other_colors)
    if not np.array_equal(_permuted(one.signs, order), _permuted(other.signs, other_order)):
        return None
    place = np.empty(len(order), dtype=int)
    place[list(order)] = other_order
    vertex_map = tuple(int(v) for v in place)
    if not is_isomorphism(vertex_map, one, other):
        raise AssertionError("the canonical labelling returned a map that is no isomorphism")
    return vertex_map


def is_isomorphism(vertex_map: Sequence[int], one: OverlapGraph, other: OverlapGraph) -> bool:
    """Whether a vertex map is one-to-one and carries every edge, non-edge, sign and colour over."""
    if sorted(vertex_map) != list(range(len(other.signs))) or len(one.signs) != len(other.signs):
        return False
    colors = one.vertex_colors
    carried = tuple(other.vertex_colors[v] for v in vertex_map)
    return colors == carried and np.array_equal(_permuted(other.signs, tuple(vertex_map)), one.signs)


def canonical_digest(signs: Signs) -> str:
    """Eight hexadecimal digits of the canonical form: equal for isomorphic signed graphs, whatever their labels."""
    order = canonical_order(signs, (None,) * len(signs))
    form = np.ascontiguousarray(_permuted(signs, order))
    return sha256(f"{len(signs)}:".encode() + form.tobytes()).hexdigest()[:8]


def canonical_order(signs: Signs, colors: Sequence[Hashable]) -> tuple[int, ...]:
    """The vertices in canonical order: isomorphic graphs, so ordered, are equal matrices with equal colours."""
    ranks = {color: rank for rank, color in enumerate(sorted(set(colors), key=repr))}
    return _canonical_order(len(signs), np.ascontiguousarray(signs).tobytes(), tuple(ranks[color] for color in colors))


@lru_cache(maxsize=4096)
def _canonical_order(count: int, signs: bytes, ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Edges carry no colours in the labelling library: a coloured vertex in the middle of each stands for its sign."""
    from canonaut import canonize

    matrix = np.frombuffer(signs, dtype=np.int8).reshape(count, count)
    pairs = [(int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(matrix)), strict=True)]
    # Every class of colours is present in a fixed order, so that equal ranks mean equal colours in both graphs.
    middles = sorted(range(len(pairs)), key=lambda e: int(matrix[pairs[e]]))
    nodes = [*sorted(range(count), key=lambda v: ranks[v]), *(count + e for e in middles)]
    edges = [(end, count + e) for e, pair in enumerate(pairs) for end in pair]
    top = max(ranks, default=0)
    colors = {v: ranks[v] for v in range(count)} | {count + e: top + 2 + int(matrix[pairs[e]]) for e in middles}
    return tuple(v for v in canonize(edges, nodes=nodes, colors=colors).labeling if v < count)


def _permuted(signs: np.ndarray, order: Sequence[int]) -> np.ndarray:
    return signs[np.ix_(order, order)]
