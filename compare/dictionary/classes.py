"""Components of a dictionary's overlap graph by kind: isomorphic as signed graphs, each kind named and counted."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from tegum.compare.dictionary.edges import Edges
from tegum.compare.dictionary.refinement import refined_digest
from tegum.compare.dictionary.tiles import Told
from tegum.theory.geometry.factor import catalogue, merged, regular_cosines
from tegum.theory.geometry.isomorphism import canonical_digest, canonical_order, isomorphism
from tegum.theory.geometry.overlap import OverlapGraph

#: Vertices up to which a component is brought to canonical form; larger ones are told apart by colour refinement.
MOST_VERTICES = 200
#: Features whose cosines all exceed it share one direction, as in identification.
ONE_DIRECTION = 0.99


@dataclass(frozen=True)
class ComponentClass:
    """Components of at least two vertices of one kind.

    Attributes:
        name: the catalogue's where the signed graph is that one's; merged-k for features that share one direction,
            clique-k for others that all overlap positively; else unknown- and the digits of its canonical form, or
            refined- and those of its colouring.
        vertices, positive, negative: of each component.
        count: components.
        isomorphic: whether they are proved to be; False: not distinguished by colour refinement.
        weakest, strongest: |cosine| among all their edges.
        example: features of the first component, those that come first.
    """

    name: str
    vertices: int
    positive: int
    negative: int
    count: int
    isomorphic: bool
    weakest: float
    strongest: float
    example: tuple[int, ...]


@dataclass
class _Kind:
    """What is known of a class while components are still added."""

    signs: csr_array
    count: int
    weakest: float
    strongest: float
    first: np.ndarray


def component_classes(given: Edges, labels: np.ndarray, features: np.ndarray, told: Told) -> list[ComponentClass]:
    """The classes of a graph's components, most frequent first.

    Components of up to `MOST_VERTICES` vertices are in one class exactly if they are isomorphic: their canonical
    forms are compared entry by entry.

    Args:
        given: the graph.
        labels: component of each vertex.
        features: number of each vertex in the dictionary.
        told: called with components done and all.
    """
    kinds: dict[Hashable, _Kind] = {}
    for members, cosines in _components(given, labels, told):
        sizes = np.abs(cosines.data)
        signs = csr_array((np.sign(cosines.data), cosines.indices, cosines.indptr), shape=cosines.shape)
        one_direction = bool(cosines.data.min() > ONE_DIRECTION) and _is_clique(signs)
        kind = kinds.setdefault((one_direction, _form(signs)), _Kind(signs, 0, 1.0, 0.0, members))
        kind.count += 1
        kind.weakest, kind.strongest = min(kind.weakest, sizes.min()), max(kind.strongest, sizes.max())
    found = [_described(kind, features) for kind in kinds.values()]
    return sorted(found, key=lambda one: (-one.count, one.vertices, one.name))


def _components(given: Edges, labels: np.ndarray, told: Told) -> Iterator[tuple[np.ndarray, csr_array]]:
    """Vertices and symmetric cosines of each component of at least two vertices, in order of the first."""
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels))
    whole = csr_array(given.cosines + given.cosines.T)[order][:, order]
    starts = np.concatenate([[0], ends[:-1]])
    lasting = [(begin, end) for begin, end in zip(starts, ends, strict=True) if end - begin > 1]
    for done, (begin, end) in enumerate(lasting):
        told(done + 1, len(lasting))
        rows = slice(whole.indptr[begin], whole.indptr[end])
        pointers = whole.indptr[begin : end + 1] - whole.indptr[begin]
        block = csr_array((whole.data[rows], whole.indices[rows] - begin, pointers), shape=(end - begin,) * 2)
        yield order[begin:end], block


def _form(signs: csr_array) -> Hashable:
    """Equal for two components exactly if they belong in one class."""
    count = signs.shape[0]
    if count > MOST_VERTICES:
        return count, int((signs.data > 0).sum()), int((signs.data < 0).sum()), refined_digest(signs)
    dense = _dense(signs)
    return count, _canonical_form(count, dense.tobytes())


@lru_cache(maxsize=4096)
def _canonical_form(count: int, signs: bytes) -> bytes:
    matrix = np.frombuffer(signs, dtype=np.int8).reshape(count, count)
    order = canonical_order(matrix, (None,) * count)
    return np.ascontiguousarray(matrix[np.ix_(order, order)]).tobytes()


def _dense(signs: csr_array) -> np.ndarray:
    return np.ascontiguousarray(signs.toarray(), dtype=np.int8)


def _described(kind: _Kind, features: np.ndarray) -> ComponentClass:
    vertices = kind.signs.shape[0]
    small = vertices <= MOST_VERTICES
    return ComponentClass(
        name=_name(kind, small),
        vertices=vertices,
        positive=int((kind.signs.data > 0).sum()) // 2,
        negative=int((kind.signs.data < 0).sum()) // 2,
        count=kind.count,
        isomorphic=small or kind.count == 1,
        weakest=float(kind.weakest),
        strongest=float(kind.strongest),
        example=tuple(int(feature) for feature in features[kind.first[:8]]),
    )


def _name(kind: _Kind, small: bool) -> str:
    if _is_clique(kind.signs) and kind.weakest > ONE_DIRECTION:
        return merged(kind.signs.shape[0]).name
    return component_name(_dense(kind.signs)) if small else f"refined-{refined_digest(kind.signs)}"


def _is_clique(signs: csr_array) -> bool:
    """Whether every two vertices have a positive edge."""
    vertices = signs.shape[0]
    return signs.nnz == vertices * (vertices - 1) and bool((signs.data > 0).all())


def component_name(signs: np.ndarray) -> str:
    """The catalogue's name for a signed graph, of whichever dimension, or clique-k, or that of its canonical form."""
    vertices = len(signs)
    if (signs + np.eye(vertices, dtype=np.int8) > 0).all():
        return f"clique-{vertices}"
    graph = _graph(signs)
    for factor in catalogue(vertices, vertices - 1):
        if factor.vertices == vertices:
            regular = np.sign(regular_cosines(factor)).astype(np.int8)
            np.fill_diagonal(regular, 0)
            if isomorphism(_graph(regular), graph) is not None:
                return factor.name
    return f"unknown-{canonical_digest(signs)}"


def _graph(signs: np.ndarray) -> OverlapGraph:
    return OverlapGraph(signs, np.ones(len(signs), dtype=bool), None, 0.0, 0.0)
