"""Isomorphism of signed, coloured graphs, each claim with the vertex map that proves it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from hashlib import sha256

import numpy as np
from jaxtyping import Int8, Shaped

from tegum.theory.geometry.labelling import canonical_labelling
from tegum.theory.geometry.overlap import OverlapGraph
from tegum.theory.geometry.refinement import same_refinement

Signs = Int8[np.ndarray, "vertices vertices"]

#: Time limit of one component's labelling.
SECONDS = 60.0


def isomorphism(one: OverlapGraph, other: OverlapGraph, *, seconds: float = SECONDS) -> tuple[int, ...] | None:
    """The vertex of ``other`` that each vertex of ``one`` corresponds to, or None if the graphs are not isomorphic.

    Colour refinement comes first, and a difference there is a no.  What it cannot tell apart is brought to canonical
    form; equal forms give the map, which is then verified edge by edge.  Signs of edges and colours of vertices must
    agree.

    Args:
        one, other: the graphs.
        seconds: time limit of each component of more than 128 vertices.

    Raises:
        Undecided: the time is up.
    """
    if len(one.signs) != len(other.signs):
        return None
    if not same_refinement(one.signs, other.signs, one.vertex_colors, other.vertex_colors):
        return None
    order, other_order = (canonical_order(graph.signs, graph.vertex_colors, seconds) for graph in (one, other))
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


def canonical_digest(signs: Signs, seconds: float = SECONDS) -> str:
    """Eight hexadecimal digits of the canonical form: equal for isomorphic signed graphs, whatever their labels."""
    order = canonical_order(signs, (None,) * len(signs), seconds)
    form = np.ascontiguousarray(_permuted(signs, order))
    return sha256(f"{len(signs)}:".encode() + form.tobytes()).hexdigest()[:8]


def canonical_order(signs: Signs, colors: Sequence[Hashable], seconds: float = SECONDS) -> tuple[int, ...]:
    """The vertices in canonical order: isomorphic graphs, so ordered, are equal matrices with equal colours.

    Each connected component is labelled by itself, equal ones once; the forms are then put in order.  Isolated
    vertices, whose exchanges would dominate the labelling, need none: they come first, by colour.
    """
    ranks = {color: rank for rank, color in enumerate(sorted(set(colors), key=repr))}
    kinds = np.array([ranks[color] for color in colors], dtype=int)
    forms = []
    for members in components(signs):
        block = np.ascontiguousarray(_permuted(signs, members))
        order = _connected_order(len(members), block.tobytes(), tuple(kinds[members].tolist()), seconds)
        placed = members[list(order)]
        forms.append((len(members), kinds[placed].tolist(), _permuted(signs, placed).tobytes(), placed.tolist()))
    return tuple(v for form in sorted(forms) for v in form[-1])


def components(edges: Shaped[np.ndarray, "vertices vertices"]) -> list[np.ndarray]:
    """The vertices of each connected component of a graph with these non-zero edges, in ascending order.

    Each vertex takes the least label among its neighbours', then its label's label, until nothing changes: quicker than
    a sparse graph for the hundreds of vertices that models have.
    """
    present, labels = edges != 0, np.arange(len(edges))
    while True:
        least = np.minimum(labels, np.where(present, labels, len(edges)).min(axis=1, initial=len(edges)))
        least = least[least]
        if np.array_equal(least, labels):
            break
        labels = least
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


@lru_cache(maxsize=512)
def _connected_order(count: int, signs: bytes, ranks: tuple[int, ...], seconds: float) -> tuple[int, ...]:
    if count == 1:
        return (0,)
    matrix = np.triu(np.frombuffer(signs, dtype=np.int8).reshape(count, count))
    return canonical_labelling(ranks, np.argwhere(matrix > 0).tolist(), np.argwhere(matrix < 0).tolist(), seconds)


def _permuted(signs: np.ndarray, order: Sequence[int] | np.ndarray) -> np.ndarray:
    places = np.asarray(order, dtype=int)
    return signs[np.ix_(places, places)]
