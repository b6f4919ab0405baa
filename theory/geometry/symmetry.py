"""Symmetry of an arrangement: the relabellings that keep every overlap, and what they make equal."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from jaxtyping import Float, Int

from tegum.theory.errors import InputError

#: Overlaps closer than this, relative to the largest, are equal at a critical point found to machine precision.
EQUAL = 1e-8
#: Group orders below this are exact in the labelling library's double precision.
_EXACT_IN_DOUBLES = 2.0**53

Permutation = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The automorphism group of an overlap matrix, G[π(i), π(j)] = G[i, j].

    Attributes:
        order: number of automorphisms.
        generators: relabellings that generate them; ``generator[i]`` is where vertex i goes.
        vertex_orbits: number of the orbit of each vertex; orbits count from 0 by their first vertex.
        pair_orbits: number of the orbit of each ordered pair of vertices, likewise.
        gap: largest difference between overlaps that counted as equal over the least that did not, 0 where all that
            counted as equal are; near 1 the reading is ambiguous.
    """

    order: int
    generators: tuple[Permutation, ...]
    vertex_orbits: Int[np.ndarray, " vertices"]
    pair_orbits: Int[np.ndarray, "vertices vertices"]
    gap: float

    def elements(self) -> list[Permutation]:
        """All automorphisms, the identity first; for groups small enough to list."""
        found = {tuple(range(self.vertex_orbits.size)): None}
        new = list(found)
        while new:
            products = (tuple(one[v] for v in generator) for one in new for generator in self.generators)
            new = [one for one in dict.fromkeys(products) if one not in found]
            found.update(dict.fromkeys(new))
        return list(found)

    @property
    def representatives(self) -> Int[np.ndarray, " orbits"]:
        """The first vertex of each orbit."""
        return np.unique(self.vertex_orbits, return_index=True)[1]

    @property
    def orbit_sizes(self) -> Int[np.ndarray, " orbits"]:
        """Number of vertices of each orbit."""
        return np.bincount(self.vertex_orbits)


def symmetry(
    G: Float[np.ndarray, "vertices vertices"], tolerance: float = EQUAL, kinds: Sequence[Hashable] | None = None
) -> Symmetry:
    """The automorphism group of an arrangement, from its overlap matrix.

    Overlaps are sorted and cut into classes at every gap wider than the tolerance; the group is that of the complete
    graph whose edges and vertices carry the classes as colours.

    Args:
        G: overlaps of the vertices, any scale, symmetric.
        tolerance: width of the gaps, relative to the largest overlap.
        kinds: of the vertices, which must not be exchanged with others; one kind unless given.

    Returns:
        `Symmetry`; every generator has been verified on the colours.

    Raises:
        InputError: an overlap is not finite, or G is not symmetric within the tolerance.

    Validity: any arrangement.  What breaks: a chain of overlaps, each within the tolerance of the next, counts as one
    class; ``gap`` tells.

    Source: edge colours by layers, McKay & Piperno, Practical graph isomorphism II (2014), section 4 of nauty's guide.

    >>> import numpy as np
    >>> angle = 2 * np.pi * np.arange(5) / 5
    >>> symmetry(np.cos(np.subtract.outer(angle, angle))).order
    10
    """
    colors, gap = overlap_classes(G, tolerance)
    own = zip(np.diagonal(colors).tolist(), kinds or [None] * len(colors), strict=True)
    generators, order = _automorphisms(colors, tuple(own))
    for generator in generators:
        if not np.array_equal(colors[np.ix_(generator, generator)], colors):
            raise AssertionError("the labelling library returned a generator that is no automorphism")
    vertices = np.arange(len(colors))
    pairs = vertices[:, None] * len(colors) + vertices
    moved_pairs = [pairs[np.ix_(generator, generator)].ravel() for generator in generators]
    return Symmetry(
        order,
        generators,
        _orbits(len(colors), [np.array(generator) for generator in generators]),
        _orbits(colors.size, moved_pairs).reshape(colors.shape),
        gap,
    )


def overlap_classes(
    G: Float[np.ndarray, "vertices vertices"], tolerance: float = EQUAL
) -> tuple[Int[np.ndarray, "vertices vertices"], float]:
    """The class of equal overlaps of each ordered pair, by size from 0, and the gap as in `Symmetry`."""
    if not np.isfinite(G).all():
        raise InputError("overlaps G hold a value that is not finite; allowed: finite numbers")
    scale = float(np.abs(G).max(initial=0.0)) or 1.0
    if np.abs(G - G.T).max(initial=0.0) > tolerance * scale:
        raise InputError("overlaps G are not symmetric; allowed: G[i, j] = G[j, i]")
    values, place = np.unique(((G + G.T) / 2).ravel(), return_inverse=True)
    steps = np.diff(values) / scale
    apart = steps > tolerance
    classes = np.concatenate([[0], np.cumsum(apart)])
    within, between = steps[~apart].max(initial=0.0), steps[apart].min(initial=np.inf)
    return classes[place.ravel()].reshape(G.shape), float(within / between)


def _automorphisms(colors: np.ndarray, kinds: Sequence[Hashable]) -> tuple[tuple[Permutation, ...], int]:
    """Generators and the order of the group of a complete coloured graph."""
    if not len(colors):
        return (), 1
    edges = _layered(colors)
    found, size = _canonized(edges, kinds)
    return found, int(size) if size < _EXACT_IN_DOUBLES else prod(_stabiliser_chain(edges, kinds))


def _stabiliser_chain(edges: list[list[tuple[int, int]]], kinds: Sequence[Hashable]) -> list[int]:
    """Sizes of the orbits of one vertex after another, each fixed before the next: their product is the order."""
    kinds = list(kinds)
    sizes: list[int] = []
    while True:
        generators, _ = _canonized(edges, kinds)
        orbits = _orbits(len(kinds), [np.array(generator) for generator in generators])
        counts = np.bincount(orbits)
        largest = int(counts.argmax())
        if counts[largest] == 1:
            return sizes
        sizes.append(int(counts[largest]))
        kinds[int(np.flatnonzero(orbits == largest)[0])] = ("fixed", len(sizes))


def _layered(colors: np.ndarray) -> list[list[tuple[int, int]]]:
    """Edges of each layer: layer l holds the pairs whose colour has bit l; the commonest colour has no bits."""
    rows, columns = np.triu_indices(len(colors), 1)
    _, ranks, counts = np.unique(colors[rows, columns], return_inverse=True, return_counts=True)
    codes = np.empty(counts.size, dtype=int)
    codes[np.argsort(-counts, kind="stable")] = np.arange(counts.size)
    code = codes[ranks]
    layers = max(1, int(code.max(initial=0)).bit_length())
    chosen = [(code >> layer) % 2 == 1 for layer in range(layers)]
    return [list(zip(rows[one].tolist(), columns[one].tolist(), strict=True)) for one in chosen]


def _canonized(edges: list[list[tuple[int, int]]], kinds: Sequence[Hashable]) -> tuple[tuple[Permutation, ...], float]:
    """Generators, restricted to the vertices, and the order in double precision."""
    from canonaut import canonize

    count = len(kinds)
    copies = [(layer * count + v, (layer + 1) * count + v) for layer in range(len(edges) - 1) for v in range(count)]
    joined = [(layer * count + i, layer * count + j) for layer, pairs in enumerate(edges) for i, j in pairs]
    colors = {layer * count + v: (layer, kinds[v]) for layer in range(len(edges)) for v in range(count)}
    result = canonize(joined + copies, nodes=list(colors), colors=colors, generators=True)
    found = tuple(tuple(int(generator[v]) for v in range(count)) for generator in result.generators)
    return found, float(result.group_size1) * 10.0 ** int(result.group_size2)


def _orbits(count: int, moves: Sequence[np.ndarray]) -> np.ndarray:
    """Number of the orbit of each of ``count`` things under moves, by first appearance."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    things = np.tile(np.arange(count), len(moves))
    images = np.concatenate(moves) if moves else things
    graph = coo_array((np.ones(things.size, dtype=np.int8), (things, images)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    first = np.unique(labels, return_index=True)[1]
    return np.argsort(np.argsort(first))[labels]
