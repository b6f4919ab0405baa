"""Connected components of an overlap graph, and how they fall apart as its threshold rises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from tegum.compare.dictionary.edges import Edges
from tegum.compare.dictionary.threshold import GRID


@dataclass(frozen=True, eq=False)
class Filtration:
    """Components at rising thresholds.

    Attributes:
        thresholds: the values of the histogram's grid from the graph's own upwards.
        components: of at least two vertices.
        isolated: vertices without edges.
        largest: vertices of the largest component.
    """

    thresholds: Float[np.ndarray, " values"]
    components: Int[np.ndarray, " values"]
    isolated: Int[np.ndarray, " values"]
    largest: Int[np.ndarray, " values"]

    @property
    def most(self) -> float:
        """The first threshold at which most components have at least two vertices."""
        return float(self.thresholds[np.argmax(self.components)])


def component_labels(given: Edges) -> Int[np.ndarray, " vertices"]:
    """Number of each vertex's component."""
    return connected_components(given.cosines, directed=False)[1]


def filtration(given: Edges) -> Filtration:
    """Components at every threshold, from a spanning forest of strongest edges (single linkage)."""
    strengths = given.cosines.copy()
    strengths.data = 2 - np.abs(strengths.data)
    forest = minimum_spanning_tree(csr_array(strengths)).tocoo()
    order = np.argsort(forest.data)
    sizes = 2 - forest.data[order]
    course = _merged(forest.row[order], forest.col[order], given.cosines.shape[0])
    thresholds = GRID[GRID >= given.threshold][:-1]
    place = np.searchsorted(-sizes, -thresholds)  # forest edges above each threshold
    return Filtration(thresholds, *(part[place] for part in course))


def _merged(one: np.ndarray, other: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Components of two vertices and more, isolated vertices and largest size after each edge of a forest."""
    parent, size = list(range(vertices)), [1] * vertices
    components, isolated, largest = [0], [vertices], [1]
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        a, b = _root(parent, a), _root(parent, b)
        alone = (size[a] == 1) + (size[b] == 1)
        parent[a] = b
        size[b] += size[a]
        components.append(components[-1] + alone - 1)
        isolated.append(isolated[-1] - alone)
        largest.append(max(largest[-1], size[b]))
    return np.array(components), np.array(isolated), np.array(largest)


def _root(parent: list[int], vertex: int) -> int:
    while parent[vertex] != vertex:
        parent[vertex] = parent[parent[vertex]]
        vertex = parent[vertex]
    return vertex
