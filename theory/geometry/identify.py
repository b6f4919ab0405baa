"""Identification: the geometry of any weights, factor by factor, each with the vertex map that proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.factor import (
    DEDICATED,
    DROPPED,
    Factor,
    catalogue,
    is_rigid,
    merged,
    regular_cosines,
)
from tegum.theory.geometry.isomorphism import canonical_digest, isomorphism
from tegum.theory.geometry.overlap import OverlapGraph, networkx_graph, overlap_graph
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.geometry.tegum import Geometry, name, place_in_name

#: Cosines this close to 1 are one direction: about 8 degrees, beyond what training noise leaves between merged
#: features and well inside the closest neighbours of the catalogue (polygon-12: 30 degrees).
_ONE_DIRECTION = 0.01


@dataclass(frozen=True)
class IdentifiedFactor:
    """One factor of learned weights.

    Attributes:
        name: of the factor.
        dimension: the catalogue's, or the rank of the block for an unknown one.
        features: the feature at each vertex of the catalogue's factor, the certificate of the identification.
        distortion: relative RMS distance ‖G - R‖ / ‖G‖ of the overlap block from the nearest regular one.  R = g C for
            a rigid factor; where the shape is free, R is the mean of G over the factor's symmetries, so that no height
            or radius counts as bent.  1 for an unknown factor, which has no regular one.
    """

    name: str
    dimension: int
    features: tuple[int, ...]
    distortion: float


@dataclass(frozen=True)
class Identity:
    """The geometry of one model's weights.

    Attributes:
        geometry: its name.
        factors: in the order of the name; every feature stands in exactly one.
        margin: of the overlap graph it was read from (see `OverlapGraph`); near 1 the reading is ambiguous.
    """

    geometry: str
    factors: tuple[IdentifiedFactor, ...]
    margin: float


def identify(W: Float[np.ndarray, "hidden features"], *, tolerance: float | None = None) -> Identity:
    """The geometry of one model's weights.

    Connected components of the overlap graph are the factors; each is matched to the catalogue's factors of its
    dimension by isomorphism of signed graphs.

    Args:
        W: feature vectors in its columns.
        tolerance: limit of zero overlaps for weights at a critical point; None reads it from the gaps in the weights
            (see `overlap_graph`).

    Returns:
        `Identity`.  A factor outside the catalogue is named by its canonical form.

    Validity: invariant under rotation of the hidden space, permutation of features and a common scale.  What breaks:
    the name is the combinatorial type; how far the shape is bent is the distortion's business.

    Raises:
        InputError: weights that are not finite.

    Source: isomorphism by canonical labelling, McKay & Piperno 2014, each claim verified edge by edge.

    >>> import numpy as np
    >>> angle = 2 * np.pi * np.arange(5) / 5
    >>> identify(np.array([np.cos(angle), np.sin(angle)])).geometry
    'pentagon'
    """
    graph = overlap_graph(W, tolerance)
    W = W / (np.abs(W).max(initial=0.0) or 1.0)  # every answer is free of scale, but squares overflow
    G = W.T @ W
    found = [*_dropped(graph), *(_factor(component, graph, W, G) for component in _components(graph))]
    found.sort(key=lambda pair: (*place_in_name(pair[0]), pair[1].features))
    geometry = Geometry(tuple(factor for factor, _ in found))
    return Identity(name(geometry), tuple(identified for _, identified in found), graph.margin)


def identify_ensemble(
    W: Float[np.ndarray, "models hidden features"], *, tolerance: float | None = None
) -> list[Identity]:
    """The geometry of each model of an ensemble; see `identify`."""
    return [identify(one, tolerance=tolerance) for one in W]


def _components(graph: OverlapGraph) -> Iterator[np.ndarray]:
    from networkx import connected_components

    for component in connected_components(networkx_graph(graph)):
        members = np.array(sorted(component))
        if graph.represented[members[0]]:
            yield members


def _dropped(graph: OverlapGraph) -> Iterator[tuple[Factor, IdentifiedFactor]]:
    for feature in np.flatnonzero(~graph.represented):
        yield DROPPED, IdentifiedFactor(DROPPED.name, 0, (int(feature),), 0.0)


def _factor(members: np.ndarray, graph: OverlapGraph, W: np.ndarray, G: np.ndarray) -> tuple[Factor, IdentifiedFactor]:
    block = np.ix_(members, members)
    signs, overlaps = graph.signs[block], G[block]
    if len(members) == 1:
        return _named(DEDICATED, members, (0,), 0.0)
    if _one_direction(overlaps):
        return _named(
            merged(len(members)), members, tuple(range(len(members))), _distance(overlaps, np.ones_like(overlaps))
        )
    rank = _rank(W[:, members], graph.limit)
    match = _catalogue_match(len(members), rank, signs.tobytes())
    if match is not None:
        factor, order = match
        return _named(factor, members, order, _distortion(overlaps[np.ix_(order, order)], factor))
    unknown = Factor(f"unknown-{canonical_digest(signs)}", len(members), rank)
    return _named(unknown, members, range(len(members)), 1.0)


def _rank(vectors: np.ndarray, limit: float) -> int:
    """Dimensions that the directions span: their singular values above the limit, relative to the largest."""
    sizes = np.linalg.svd(vectors / np.linalg.norm(vectors, axis=0), compute_uv=False)
    return int((sizes > limit * sizes[0]).sum())


def _named(factor: Factor, members: np.ndarray, order, distortion: float) -> tuple[Factor, IdentifiedFactor]:
    features = tuple(int(members[v]) for v in order)
    return factor, IdentifiedFactor(factor.name, factor.dimension, features, distortion)


def _one_direction(overlaps: np.ndarray) -> bool:
    norms = np.sqrt(np.diagonal(overlaps))
    return bool((overlaps / np.outer(norms, norms)).min() > 1 - _ONE_DIRECTION)


@lru_cache(maxsize=512)
def _catalogue_match(vertices: int, dimension: int, signs: bytes) -> tuple[Factor, tuple[int, ...]] | None:
    """The catalogue's factor with this signed graph, and which vertex of the graph plays each vertex of the factor.

    Any such map will do: the symmetries of a catalogue factor's signed graph keep its regular cosines, so all maps give
    the same distortion.
    """
    graph = _signed_graph(np.frombuffer(signs, dtype=np.int8).reshape(vertices, vertices))
    for factor in _factors_of_shape(vertices, dimension):
        vertex_map = isomorphism(_signed_graph(_regular_signs(factor)), graph)
        if vertex_map is not None:
            return factor, vertex_map
    return None


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


def _distortion(overlaps: np.ndarray, factor: Factor) -> float:
    if is_rigid(factor):
        return _distance(overlaps, regular_cosines(factor))
    orbits = symmetry(regular_cosines(factor)).pair_orbits.ravel()
    means = (np.bincount(orbits, overlaps.ravel()) / np.bincount(orbits))[orbits].reshape(overlaps.shape)
    return float(np.linalg.norm(overlaps - means) / np.linalg.norm(overlaps))


def _distance(overlaps: np.ndarray, cosines: np.ndarray) -> float:
    """min_g ‖G - g C‖ / ‖G‖ (Frobenius)."""
    g = float((overlaps * cosines).sum() / (cosines * cosines).sum())
    return float(np.linalg.norm(overlaps - g * cosines) / np.linalg.norm(overlaps))
