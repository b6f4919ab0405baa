"""Overlap graphs: which features of a model overlap, and with which sign."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int8

from tegum.theory.errors import InputError

if TYPE_CHECKING:
    from networkx import Graph

#: Where the limit between zero and non-zero cosines is looked for in weights as training left them.  Below: training
#: noise, a few hundredths.  Above: the catalogue's small cosines (polygon-9: 0.17, polygon-11: 0.14, simplex-11: 0.09);
#: those inside the window are read from their gap.
_COSINE_WINDOW = (0.04, 0.16)
#: The same for squared norms relative to the largest one: what a dropped feature keeps is 0.05 of the norm at most.
_SQUARE_WINDOW = (0.0025, 0.1)


@dataclass(frozen=True, eq=False)
class OverlapGraph:
    """Coloured graph of a geometry: a vertex for each feature, an edge for each non-zero overlap.

    Attributes:
        signs: sign of each overlap between two represented features, 0 where it counts as zero and on the diagonal.
        represented: False for dropped features, which have no edges.
        colors: of the vertices, on top of being represented or not; None if there is one kind only.
        limit: cosines up to it count as zero.
        margin: largest |cosine| that counted as zero over the smallest that did not, the limit itself standing in where
            there are none; or the same of norms, if that is larger.  Near 1 the reading is ambiguous.
    """

    signs: Int8[np.ndarray, "features features"]
    represented: Bool[np.ndarray, " features"]
    colors: tuple[Hashable, ...] | None
    limit: float
    margin: float

    @property
    def vertex_colors(self) -> tuple[Hashable, ...]:
        """Colour of each vertex, its being represented included."""
        colors = self.colors or (None,) * len(self.represented)
        return tuple(zip(self.represented.tolist(), colors, strict=True))


def overlap_graph(
    W: Float[np.ndarray, "hidden features"],
    tolerance: float | None = None,
    colors: Sequence[Hashable] | None = None,
) -> OverlapGraph:
    """The overlap graph of one model's weights.

    Edge i-j where |cos(W_i, W_j)| exceeds a limit, with the sign of the overlap; features whose squared norm is below
    a limit times the largest are dropped.

    Args:
        W: feature vectors in its columns.
        tolerance: both limits, for weights at a critical point, where zero overlaps vanish exactly.  None for weights
            as training left them: then each limit is put in the widest gap between neighbouring values, on a
            logarithmic scale, inside a window that the catalogue and the usual noise leave open.
        colors: kinds of features that must not be exchanged.

    Returns:
        `OverlapGraph`; the same for any rotation of the hidden space and any common scale of W, and permuted with the
        features.

    Raises:
        InputError: a weight is not finite.
    """
    G = _scaled_overlaps(W)
    squares = np.diagonal(G)
    relative = squares / (squares.max() or 1.0)
    square_limit = _limit(relative, tolerance, _SQUARE_WINDOW)
    represented = relative > square_limit
    norms = np.sqrt(np.where(represented, squares, 1.0))
    cosines = np.where(np.outer(represented, represented), G / np.outer(norms, norms), 0.0)
    np.fill_diagonal(cosines, 0.0)
    pairs = np.triu(np.outer(represented, represented), 1)
    sizes = np.abs(cosines[pairs])
    limit = _limit(sizes, tolerance, _COSINE_WINDOW)
    signs = np.where(np.abs(cosines) > limit, np.sign(cosines), 0.0).astype(np.int8)
    margin = max(_margin(sizes, limit), float(np.sqrt(_margin(relative, square_limit))))
    return OverlapGraph(signs, represented, None if colors is None else tuple(colors), limit, margin)


def _scaled_overlaps(W: np.ndarray) -> np.ndarray:
    """WᵀW up to a scale that keeps squares of very small and very large weights within double precision."""
    if not np.isfinite(W).all():
        raise InputError("weights W hold a value that is not finite; allowed: finite numbers")
    W = W / (np.abs(W).max(initial=0.0) or 1.0)
    return W.T @ W


def _limit(values: np.ndarray, tolerance: float | None, window: tuple[float, float]) -> float:
    """The tolerance, or else the middle of the widest logarithmic gap inside the window."""
    if tolerance is not None:
        return tolerance
    low, high = window
    inside = np.sort(values[(values > low) & (values < high)])
    ends = np.log(np.concatenate([[low], inside, [high]]))
    widest = int(np.argmax(np.diff(ends)))
    return float(np.exp((ends[widest] + ends[widest + 1]) / 2))


def _margin(sizes: np.ndarray, limit: float) -> float:
    """Largest value up to the limit over the smallest above it; the limit stands in for a side without values."""
    zeros, others = sizes[sizes <= limit], sizes[sizes > limit]
    if not sizes.size:
        return 0.0
    return float((zeros.max() if zeros.size else limit) / (others.min() if others.size else limit))


def networkx_graph(graph: OverlapGraph) -> Graph:
    """The overlap graph for networkx: vertices with ``color``, edges with ``sign``."""
    import networkx

    converted: Graph = networkx.Graph()
    converted.add_nodes_from((i, {"color": color}) for i, color in enumerate(graph.vertex_colors))
    rows, columns = np.nonzero(np.triu(graph.signs))
    converted.add_edges_from(
        (int(i), int(j), {"sign": int(graph.signs[i, j])}) for i, j in zip(rows, columns, strict=True)
    )
    return converted
