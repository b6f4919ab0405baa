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
    if _profile(one) != _profile(other):
        return None
    order, other_order = (canonical_order(graph.signs, graph.vertex_colors) for graph in (one, other))
    if not np.array_equal(_permuted(one.signs, order), _permuted(other.signs, other_order)):
        return None
    place = np.empty(len(order), dtype=int)
    place[list(order)] = other_order
    vertex_map = tuple(int(v) for v in place)
    if not is_isomorphism(vertex_map, one, other):
        raise AssertionError("the canonical labelling returned a map that is no isomorphism")
    return vertex_map


def _profile(graph: OverlapGraph) -> list[tuple[str, int, int]]:
    """Colour and number of positive and negative edges of each vertex: what isomorphic graphs have in common."""
    positive, negative = (graph.signs > 0).sum(axis=1).tolist(), (graph.signs < 0).sum(axis=1).tolist()
    return sorted(zip(map(repr, graph.vertex_colors), positive, negative, strict=True))


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


@lru_cache(maxsize=512)
def _canonical_order(count: int, signs: bytes, ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Edges carry no colours in the labelling library: each vertex has a copy, and the copies bear the negative edges.

    The nodes are given class by class: the library orders classes by first appearance, and the form must not depend on
    which vertex comes first.
    """
    from canonaut import canonize

    matrix = np.frombuffer(signs, dtype=np.int8).reshape(count, count)
    positive, negative = np.argwhere(np.triu(matrix) > 0), np.argwhere(np.triu(matrix) < 0) + count
    nodes = sorted(range(count), key=lambda v: ranks[v])
    edges = [*map(tuple, positive.tolist()), *map(tuple, negative.tolist()), *((v, count + v) for v in nodes)]
    colors = {v: (0, ranks[v]) for v in nodes} | {count + v: (1, 0) for v in nodes}
    labelling = canonize(edges, nodes=[*nodes, *(count + v for v in nodes)], colors=colors).labeling
    return tuple(v for v in labelling if v < count)


def _permuted(signs: np.ndarray, order: Sequence[int]) -> np.ndarray:
    return signs[np.ix_(order, order)]
