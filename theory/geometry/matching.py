"""Which factor of the catalogue a block of overlapping features is, and how far it is bent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int8

from tegum.theory.geometry.factor import DEDICATED, Factor, catalogue, is_rigid, merged, regular_cosines
from tegum.theory.geometry.isomorphism import canonical_digest, isomorphism
from tegum.theory.geometry.labelling import Undecided
from tegum.theory.geometry.overlap import OverlapGraph
from tegum.theory.geometry.symmetry import symmetry

#: What an unknown factor's digits are replaced by where its canonical form was not found in time.
UNDECIDED = "unknown-undecided"
Match = tuple[Factor, tuple[int, ...]]


def matched(signs: Int8[np.ndarray, "vertices vertices"], dimension: int, one_direction: bool) -> Match:
    """The factor of a connected signed graph, and which vertex of the graph plays each vertex of the factor.

    Args:
        signs: of the overlaps.
        dimension: rank of the block.
        one_direction: whether all its vectors are parallel.

    Returns:
        The catalogue's factor of this many vertices, this dimension and a graph isomorphic to this one; else an unknown
        factor named by its canonical form, its vertices in the order given.
    """
    count = len(signs)
    if one_direction:
        return merged(count) if count > 1 else DEDICATED, tuple(range(count))
    return _matched(count, dimension, np.ascontiguousarray(signs).tobytes())


@lru_cache(maxsize=512)
def _matched(count: int, dimension: int, signs: bytes) -> Match:
    """Any map will do: the symmetries of a catalogue factor's signed graph keep its regular cosines, so all maps give
    the same distortion.
    """
    graph = _signed_graph(np.frombuffer(signs, dtype=np.int8).reshape(count, count))
    try:
        for factor in _factors_of_shape(count, dimension):
            vertex_map = isomorphism(_signed_graph(_regular_signs(factor)), graph)
            if vertex_map is not None:
                return factor, vertex_map
        unknown = f"unknown-{canonical_digest(graph.signs)}"
    except Undecided:
        unknown = UNDECIDED
    return Factor(unknown, count, dimension), tuple(range(count))


@lru_cache(maxsize=512)
def _factors_of_shape(vertices: int, dimension: int) -> tuple[Factor, ...]:
    return tuple(
        one for one in catalogue(vertices, dimension) if (one.vertices, one.dimension) == (vertices, dimension)
    )


def _signed_graph(signs: np.ndarray) -> OverlapGraph:
    return OverlapGraph(signs, np.ones(len(signs), dtype=bool), None, 0.0, 0.0)


def _regular_signs(factor: Factor) -> np.ndarray:
    signs = np.sign(regular_cosines(factor)).astype(np.int8)
    np.fill_diagonal(signs, 0)
    return signs


def is_known(factor: Any) -> bool:
    """Whether a factor, identified or not, has a name of the catalogue."""
    return not factor.name.startswith("unknown-")


def distortion(G: Float[np.ndarray, "vertices vertices"], factor: Factor) -> float:
    """Relative RMS distance ‖G - R‖ / ‖G‖ of an overlap block from the nearest regular one.

    R = g C for a rigid factor; where the shape is free, R is the mean of G over the factor's symmetries, so that no
    height or radius counts as bent.  1 for an unknown factor, which has no regular one.

    Args:
        G: overlaps, in the order of the factor's vertices.
        factor: of the catalogue, or unknown.
    """
    if not is_known(factor):
        return 1.0
    if is_rigid(factor):
        return _distance(G, regular_cosines(factor))
    orbits = _pair_orbits(factor)
    means = (np.bincount(orbits, G.ravel()) / np.bincount(orbits))[orbits].reshape(G.shape)
    return float(np.linalg.norm(G - means) / np.linalg.norm(G))


@lru_cache(maxsize=64)
def _pair_orbits(factor: Factor) -> np.ndarray:
    return symmetry(regular_cosines(factor)).pair_orbits.ravel()


def _distance(G: np.ndarray, cosines: np.ndarray) -> float:
    """min_g ‖G - g C‖ / ‖G‖ (Frobenius)."""
    g = float((G * cosines).sum() / (cosines * cosines).sum())
    return float(np.linalg.norm(G - g * cosines) / np.linalg.norm(G))
