"""Blocks: the connected components of an overlap graph, each identified as a factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tegum.theory.geometry.factor import DROPPED, Factor
from tegum.theory.geometry.isomorphism import components
from tegum.theory.geometry.matching import Match, distortion, is_known, matched
from tegum.theory.geometry.noise import noise_limit, rank
from tegum.theory.geometry.overlap import Reading


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
class Block:
    """A component of the overlap graph: its factor, how it was identified, and whether its shape is beyond doubt."""

    factor: Factor
    identified: IdentifiedFactor
    clear: bool


def blocks_of(graph: Reading, W: np.ndarray, G: np.ndarray) -> tuple[list[Block], float | None]:
    """The blocks of weights of largest norm 1, and the noise that their overlaps and their irregularity show.

    That is the larger of the noise between factors, |G_ij| = σ √(|w_i|² + |w_j|²) |N|, and of the noise that would
    explain the factors' distances from regular ones; None where there is neither.
    """
    parts = components(graph.signs)
    between = _noise_between(parts, graph, G)
    blocks = [_block(members, graph, W, G, between) for members in parts]
    shapes = [block.identified for block in blocks if len(block.identified.features) > 1 and is_known(block.factor)]
    bent = [(G[np.ix_(one.features, one.features)], one.distortion) for one in shapes]
    shown = [*([] if between is None else [between]), *([_irregularity(bent)] if bent else [])]
    return blocks, max(shown, default=None)


def _noise_between(parts: list[np.ndarray], graph: Reading, G: np.ndarray) -> float | None:
    part = np.empty(len(G), dtype=int)
    for place, members in enumerate(parts):
        part[members] = place
    outside = np.outer(graph.represented, graph.represented) & np.not_equal.outer(part, part)
    if not outside.any():
        return None
    squares = np.diagonal(G)
    return float(np.sqrt((G[outside] ** 2 / np.add.outer(squares, squares)[outside]).mean()))


def _irregularity(bent: list[tuple[np.ndarray, float]]) -> float:
    """σ of overlap blocks and their distortions: E ‖WᵀE + EᵀW‖² = 2 σ² (k + 1) ‖W‖²."""
    apart = sum((distortion * np.linalg.norm(G)) ** 2 for G, distortion in bent)
    return float(np.sqrt(apart / sum(2 * (len(G) + 1) * np.trace(G) for G, _ in bent)))


def _block(members: np.ndarray, graph: Reading, W: np.ndarray, G: np.ndarray, between: float | None) -> Block:
    if not graph.represented[members[0]]:
        return Block(DROPPED, IdentifiedFactor(DROPPED.name, 0, (int(members[0]),), 0.0, DROPPED.name, ()), True)
    within = np.ix_(members, members)
    signs, parallel = graph.signs[within], graph.parallel[within]
    groups = components(parallel)
    dimension, clear = (1, True) if len(groups) == 1 else _rank(W[:, members], graph)
    factor, order = matched(signs, dimension, len(groups) == 1)
    if graph.noise and not is_known(factor):
        factor, order = _without_zeros(G[within], signs, dimension, between) or (factor, order)
    features = members[list(order)]
    return Block(
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


def _rank(vectors: np.ndarray, graph: Reading) -> tuple[int, bool]:
    """Dimensions that the directions span, and whether none of them is in doubt."""
    if graph.noise:
        return rank(vectors, graph.noise)
    sizes = np.linalg.svd(vectors / np.linalg.norm(vectors, axis=0), compute_uv=False)
    return int((sizes > graph.limit * sizes[0]).sum()), True


def _without_zeros(G: np.ndarray, signs: np.ndarray, dimension: int, between: float | None) -> Match | None:
    """The catalogue's factor whose graph has the signs of all of a block's overlaps, those that vanish one by one among
    them, if these are together out of reach of the noise between factors and of that in the factor's shape.
    """
    vanishing = np.triu(signs == 0, 1)
    if not vanishing.any():
        return None
    nonzero = np.sign(G).astype(np.int8)
    np.fill_diagonal(nonzero, 0)
    factor, order = matched(nonzero, dimension, False)
    if not is_known(factor):
        return None
    squares, ordered = np.diagonal(G), G[np.ix_(order, order)]
    together = np.sqrt((G**2 / np.add.outer(squares, squares))[vanishing].mean())
    noise = max(between or 0.0, _irregularity([(ordered, distortion(ordered, factor))]))
    return (factor, order) if together > noise_limit(1, int(vanishing.sum()), noise) else None


def _base(factor: Factor, signs: np.ndarray, groups: list[np.ndarray]) -> str:
    """Name of the factor with one feature left of each group of parallel ones."""
    if len(groups) == len(signs):
        return factor.name
    kept = [int(group[0]) for group in groups]
    return matched(signs[np.ix_(kept, kept)], factor.dimension, len(kept) == 1)[0].name
