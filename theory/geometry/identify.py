"""Identification: the geometry of any weights, factor by factor, each with the vertex map that proves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.geometry.blocks import IdentifiedFactor, blocks_of
from tegum.theory.geometry.matching import UNDECIDED, is_known
from tegum.theory.geometry.noise import noise_limit
from tegum.theory.geometry.overlap import Reading, overlap_graphs, unit_scale
from tegum.theory.geometry.tegum import Geometry, name, place_in_name

STATUSES = {
    "identified": "every factor is in the catalogue, and no overlap is in doubt",
    "unidentified": "a factor is in no catalogue; no overlap is in doubt",
    "near-degenerate": "an overlap, a norm or an angle is so near zero that noise may have decided the reading",
    "undecided": "a factor's isomorphism or canonical form was not found in time",
}


@dataclass(frozen=True)
class Identity:
    """The geometry of one model's weights.

    Attributes:
        geometry: its name.
        factors: in the order of the name; every feature stands in exactly one.
        margin: of the overlap graph it was read from (see `OverlapGraph`); near 1 the reading is ambiguous.
        status: a key of `STATUSES`.
        noise: standard deviation of a weight, relative to the largest norm, that the reading leaves to noise: the
            larger one of what the overlaps between factors show and of what the factors' distances from regular ones
            show; None where there is neither.
    """

    geometry: str
    factors: tuple[IdentifiedFactor, ...]
    margin: float
    status: str
    noise: float | None


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


def _reading(graph: Reading, W: np.ndarray, likeliest: bool) -> Identity:
    """The identity that weights of largest norm 1 have if their overlap graph is this."""
    blocks, noise = blocks_of(graph, W, W.T @ W)
    blocks.sort(key=lambda block: (*place_in_name(block.factor), block.identified.features))
    factors = tuple(block.identified for block in blocks)
    if any(UNDECIDED in (one.name, one.base) for one in factors):
        status = "undecided"
    elif not (all(block.clear for block in blocks) and _beyond_doubt(graph, _all_known(factors), noise, likeliest)):
        status = "near-degenerate"
    else:
        status = "identified" if _all_known(factors) else "unidentified"
    return Identity(name(Geometry(tuple(block.factor for block in blocks))), factors, graph.margin, status, noise)


def _all_known(factors: tuple[IdentifiedFactor, ...]) -> bool:
    return all(is_known(one) for one in factors)


def _beyond_doubt(graph: Reading, known: bool, noise: float | None, likeliest: bool) -> bool:
    """Whether norms and angles are clear, and overlaps as well, or borne out by the regularity of what they lead to."""
    by_norm, by_angle, by_overlap = graph.cuts
    shown = graph.noise if noise is None else noise
    borne_out = known and by_overlap.least >= 2 * noise_limit(graph.signs.size // 2, 1, shown)
    return by_norm.clear and by_angle.clear and (borne_out or (likeliest and by_overlap.clear))
