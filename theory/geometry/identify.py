"""Identification: the geometry of any weights, factor by factor, each with the vertex map that proves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.factor import DROPPED, Factor
from tegum.theory.geometry.isomorphism import components
from tegum.theory.geometry.matching import UNDECIDED, distortion, matched
from tegum.theory.geometry.noise import noise_limit, rank
from tegum.theory.geometry.overlap import OverlapGraph, overlap_graphs, unit_scale
from tegum.theory.geometry.tegum import Geometry, name, place_in_name

STATUSES = {
    "identified": "every factor is in the catalogue, and no overlap is in doubt",
    "unidentified": "a factor is in no catalogue; no overlap is in doubt",
    "near-degenerate": "an overlap, a norm or an angle is so near zero that noise may have decided the reading",
    "undecided": "a factor's isomorphism or canonical form was not found in time",
}


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
        base: name of what is left when features that share a direction count as one: "digon" where two features on one
            ray have one opposite them, which together are no catalogue factor; else the name itself, "dedicated" for
            merged features.
        parallel: the groups of two and more features that share a direction.
    """

    name: str
    dimension: int
    features: tuple[int, ...]
    distortion: float
    base: str
    parallel: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Identity:
    """The geometry of one model's weights.

    Attributes:
        geometry: its name.
        factors: in the order of the name; every feature stands in exactly one.
        margin: of the overlap graph it was read from (see `OverlapGraph`); near 1 the reading is ambiguous.
        status: a key of `STATUSES`.
        noise: standard deviation of a weight, relative to the largest norm, that the reading leaves to noise: the
            larger one of what its vanishing overlaps show and of what its factors' distances from regular ones show.
    """

    geometry: str
    factors: tuple[IdentifiedFactor, ...]
    margin: float
    status: str
    noise: float


def identify(
    W: Float[np.ndarray, "hidden features"], *, tolerance: float | None = None, noise: float | None = None
) -> Identity:
    """The geometry of one model's weights.

    Connected components of the overlap graph are the factors; each is matched to the catalogue's factors of its
    dimension by isomorphism of signed graphs.  Of the graphs that the weights can be read as (`overlap_graphs`), the
    likeliest is taken, unless it is in doubt or has unknown factors and another has none and bears itself out: its
    least overlap is twice what noise of the size that its own distances from regularity show could make of none.
    Where all are in doubt, one without unknown factors goes before the likeliest.

    Args:
        W: feature vectors in its columns.
        tolerance: limit of zero overlaps for weights at a critical point.
        noise: standard deviation of a weight relative to the largest norm, for weights as training left them; None
            finds it from the weights themselves, up to `noise.TRAINING_NOISE`.

    Returns:
        `Identity`.  A factor outside the catalogue is named by its canonical form.

    Validity: invariant under rotation of the hidden space, permutation of features and a common scale.  What breaks:
    the name is the combinatorial type; how far the shape is bent is the distortion's business.

    Raises:
        InputError: weights that are not finite; tolerance and noise both given, or out of range.

    Source: isomorphism by canonical labelling, McKay & Piperno 2014, each claim verified edge by edge.

    >>> import numpy as np
    >>> angle = 2 * np.pi * np.arange(5) / 5
    >>> identify(np.array([np.cos(angle), np.sin(angle)])).geometry
    'pentagon'
    """
    graphs = overlap_graphs(W, tolerance, noise=noise)
    W = unit_scale(W)
    first = _reading(graphs[0], W, likeliest=True)
    if first.status == "identified":
        return first
    others = [_reading(graph, W, likeliest=False) for graph in graphs[1:]]
    known = [other for other in others if other.status == "identified"]
    if first.status == "near-degenerate" and not _all_known(first.factors):
        known += [other for other in others if _all_known(other.factors)]
    return known[0] if known else first


def identify_ensemble(
    W: Float[np.ndarray, "models hidden features"], *, tolerance: float | None = None, noise: float | None = None
) -> list[Identity]:
    """The geometry of each model of an ensemble; see `identify`."""
    return [identify(one, tolerance=tolerance, noise=noise) for one in W]


@dataclass(frozen=True)
class _Block:
    """A component of the overlap graph: its factor, how it was identified, and whether its shape is beyond doubt."""

    factor: Factor
    identified: IdentifiedFactor
    clear: bool


def _reading(graph: OverlapGraph, W: np.ndarray, likeliest: bool) -> Identity:
    """The identity that weights of largest norm 1 have if their overlap graph is this."""
    G = W.T @ W
    blocks = [_block(members, graph, W, G) for members in components(graph.signs)]
    blocks.sort(key=lambda block: (*place_in_name(block.factor), block.identified.features))
    factors = tuple(block.identified for block in blocks)
    noise = _shown_noise(graph, factors, G)
    if any(UNDECIDED in (one.name, one.base) for one in factors):
        status = "undecided"
    elif not (_beyond_doubt(graph, factors, noise, likeliest) and all(block.clear for block in blocks)):
        status = "near-degenerate"
    else:
        status = "identified" if _all_known(factors) else "unidentified"
    return Identity(name(Geometry(tuple(block.factor for block in blocks))), factors, graph.margin, status, noise)


def _all_known(factors: tuple[IdentifiedFactor, ...]) -> bool:
    return not any(one.name.startswith("unknown-") for one in factors)


def _beyond_doubt(graph: OverlapGraph, factors: tuple[IdentifiedFactor, ...], noise: float, likeliest: bool) -> bool:
    """Whether norms and angles are clear, and overlaps as well, or borne out by the regularity of what they lead to."""
    by_norm, by_angle, by_overlap = graph.cuts
    borne_out = _all_known(factors) and by_overlap.least >= 2 * noise_limit(graph.signs.size // 2, 1, noise)
    return by_norm.clear and by_angle.clear and (borne_out or (likeliest and by_overlap.clear))


def _shown_noise(graph: OverlapGraph, factors: tuple[IdentifiedFactor, ...], G: np.ndarray) -> float:
    """The larger of the noise that vanishing overlaps show and the noise σ that would explain the factors' distances
    from regular ones, E ‖WᵀE + EᵀW‖² = 2 σ² (k + 1) ‖W‖²; that assumed where there is neither.
    """
    levels = [noise for noise in (graph.cuts[-1].noise,) if noise is not None]
    shapes = [one for one in factors if len(one.features) > 1 and not one.name.startswith("unknown-")]
    if shapes:
        blocks = [G[np.ix_(one.features, one.features)] for one in shapes]
        bent = [(one.distortion * np.linalg.norm(block)) ** 2 for one, block in zip(shapes, blocks, strict=True)]
        allowed = [2 * (len(block) + 1) * np.trace(block) for block in blocks]
        levels.append(float(np.sqrt(sum(bent) / sum(allowed))))
    return max(levels, default=graph.noise)


def _block(members: np.ndarray, graph: OverlapGraph, W: np.ndarray, G: np.ndarray) -> _Block:
    if not graph.represented[members[0]]:
        return _Block(DROPPED, IdentifiedFactor(DROPPED.name, 0, (int(members[0]),), 0.0, DROPPED.name, ()), True)
    block = np.ix_(members, members)
    signs, parallel = graph.signs[block], graph.parallel[block]
    groups = components(parallel)
    dimension, clear = (1, True) if len(groups) == 1 else _rank(W[:, members], graph)
    factor, order = matched(signs, dimension, len(groups) == 1)
    features = members[list(order)]
    return _Block(
        factor,
        IdentifiedFactor(
            factor.name,
            factor.dimension,
            tuple(features.tolist()),
            distortion(G[np.ix_(features, features)], factor),
            _base(factor, signs, groups),
            tuple(tuple(members[group].tolist()) for group in groups if len(group) > 1),
        ),
        clear and all(parallel[np.ix_(group, group)].sum() == len(group) * (len(group) - 1) for group in groups),
    )


def _base(factor: Factor, signs: np.ndarray, groups: list[np.ndarray]) -> str:
    """Name of the factor with one feature left of each group of parallel ones."""
    if len(groups) == len(signs):
        return factor.name
    kept = [int(group[0]) for group in groups]
    return matched(signs[np.ix_(kept, kept)], factor.dimension, len(kept) == 1)[0].name


def _rank(vectors: np.ndarray, graph: OverlapGraph) -> tuple[int, bool]:
    """Dimensions that the directions span, and whether none of them is in doubt."""
    if graph.noise:
        return rank(vectors, graph.noise)
    sizes = np.linalg.svd(vectors / np.linalg.norm(vectors, axis=0), compute_uv=False)
    return int((sizes > graph.limit * sizes[0]).sum()), True
