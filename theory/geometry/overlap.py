"""Overlap graphs: which features of a model overlap, and with which sign."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int8

from tegum.theory.errors import InputError
from tegum.theory.geometry.noise import TRAINING_NOISE, Cut, cuts, known_cut, noise_limit

if TYPE_CHECKING:
    from networkx import Graph

#: A cosine of 1 between two features of the largest norm, in units of the noise of a weight.
_WHOLE_OVERLAP = float(np.sqrt(0.5))
#: Angle up to which directions are held against each other: no noise that leaves anything to identify is as wide.
_WIDE_ANGLE = np.pi / 3


@dataclass(frozen=True, eq=False)
class OverlapGraph:
    """Coloured graph of a geometry: a vertex for each feature, an edge for each non-zero overlap.

    Attributes:
        signs: sign of each overlap between two represented features, 0 where it counts as zero and on the diagonal.
        represented: False for dropped features, which have no edges.
        colors: of the vertices, on top of being represented or not; None if there is one kind only.
        limit: cosines up to it count as zero, between features of the largest norm.
        margin: largest |cosine| that counted as zero over the smallest that did not, each relative to its noise, the
            limit itself standing in where there are none; or the same of norms, if that is larger.  Near 1 the reading
            is ambiguous.
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


@dataclass(frozen=True, eq=False)
class Reading(OverlapGraph):
    """An overlap graph that weights can be read as, and how well the weights bear it out.

    Attributes:
        parallel: pairs of represented features that point in one direction.
        cuts: of norms, of angles and of overlaps into those that vanish and the others (see `noise.Cut`).
        noise: largest standard deviation of a weight, relative to the largest norm, that the reading allows for; 0 at
            a critical point.
    """

    parallel: Bool[np.ndarray, "features features"]
    cuts: tuple[Cut, Cut, Cut]
    noise: float


def overlap_graph(
    W: Float[np.ndarray, "hidden features"],
    tolerance: float | None = None,
    colors: Sequence[Hashable] | None = None,
    noise: float | None = None,
) -> Reading:
    """The overlap graph of one model's weights: the likeliest of `overlap_graphs`, which see."""
    return overlap_graphs(W, tolerance, colors, noise)[0]


def overlap_graphs(
    W: Float[np.ndarray, "hidden features"],
    tolerance: float | None = None,
    colors: Sequence[Hashable] | None = None,
    noise: float | None = None,
) -> list[Reading]:
    """The overlap graphs that one model's weights can be read as, likeliest first.

    Weights as training left them are W + σ R E, with normal E, R the largest norm.  To first order, by noise alone

        |w_i| = σ R √χ²_m,   |cos_ij| = σ √(R²/|w_i|² + R²/|w_j|²) |N|,   ∠_ij = σ √(R²/|w_i|² + R²/|w_j|²) √χ²_{m-1}

    are the norm of a dropped feature, the cosine of two orthogonal ones and the angle of two parallel ones.  Each kind
    is cut into what vanishes and what does not by `noise.cuts`: features whose norm vanishes are dropped; i-j is an
    edge, with the sign of the overlap, where the cosine does not.

    Args:
        W: feature vectors in its columns.
        tolerance: for weights at a critical point, where zero overlaps vanish exactly: limit of |cos|, of 1 - cos
            between parallel features, and of squared norms relative to the largest.
        colors: kinds of features that must not be exchanged.
        noise: σ, where it is known.  None finds it from the model's own vanishing values, up to `noise.TRAINING_NOISE`.

    Returns:
        `Reading`s, the same for any rotation of the hidden space and any common scale of W, and permuted with the
        features; one alone where tolerance or noise is given.

    Raises:
        InputError: a weight is not finite, or tolerance and noise are both given or not above 0.

    Validity: see `noise.cuts`.
    """
    _check(tolerance, noise)
    W = unit_scale(W)
    norms, by_norm, represented = _represented(W, tolerance, noise)
    units = np.where(represented, W / np.where(represented, norms, 1.0), 0.0)
    cosines = units.T @ units
    np.fill_diagonal(cosines, 0.0)
    spread = _spread(np.where(represented, norms, 1.0)) if tolerance is None else np.ones_like(cosines)
    by_angle, parallel = _parallel(units, cosines, spread, tolerance, noise)
    sizes, pairs = np.abs(cosines) / spread, np.triu(np.outer(represented, represented), 1)
    kinds = None if colors is None else tuple(colors)
    return [
        Reading(
            np.where(sizes > cut.limit, np.sign(cosines), 0.0).astype(np.int8),
            represented,
            kinds,
            cut.limit / (_WHOLE_OVERLAP if tolerance is None else 1.0),
            max(cut.margin, by_norm.margin),
            parallel,
            (by_norm, by_angle, cut),
            0.0 if tolerance is not None else noise or TRAINING_NOISE,
        )
        for cut in _cuts(sizes[pairs], 1, _WHOLE_OVERLAP, tolerance, noise)
    ]


def _check(tolerance: float | None, noise: float | None) -> None:
    if tolerance is not None and noise is not None:
        raise InputError("tolerance and noise are both given; allowed: one of them")
    for name, value in (("tolerance", tolerance), ("noise", noise)):
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} is {value}; allowed: a number between 0 and 1")


def unit_scale(W: Float[np.ndarray, "hidden features"]) -> Float[np.ndarray, "hidden features"]:
    """W in units of its largest norm, by way of its largest weight, since squares overflow; zeros as they are.

    Raises:
        InputError: a weight is not finite.
    """
    if not np.isfinite(W).all():
        raise InputError("weights W hold a value that is not finite; allowed: finite numbers")
    W = W / (np.abs(W).max(initial=0.0) or 1.0)
    return W / (np.linalg.norm(W, axis=0).max(initial=0.0) or 1.0)


def _cuts(sizes: np.ndarray, freedom: int, most: float, tolerance: float | None, noise: float | None) -> Sequence[Cut]:
    if tolerance is not None:
        return [known_cut(sizes, tolerance, 1.0)]
    if noise is not None:
        return [known_cut(sizes, noise_limit(sizes.size, freedom, noise), most)]
    return cuts(sizes, freedom, most)


def _represented(W: np.ndarray, tolerance: float | None, noise: float | None) -> tuple[np.ndarray, Cut, np.ndarray]:
    """Norms, their cut, and which of them do not vanish."""
    hidden, norms = len(W), np.linalg.norm(W, axis=0)
    sizes = norms / np.sqrt(hidden) if tolerance is None else norms**2
    cut = _cuts(sizes, hidden, 1 / np.sqrt(hidden), tolerance, noise)[0]
    return norms, cut, sizes > cut.limit


def _spread(norms: np.ndarray) -> np.ndarray:
    """Standard deviation of the angle between two vectors in any one plane, in units of the noise of a weight."""
    return np.sqrt(np.add.outer(norms**-2, norms**-2))


def _parallel(
    units: np.ndarray, cosines: np.ndarray, spread: np.ndarray, tolerance: float | None, noise: float | None
) -> tuple[Cut, np.ndarray]:
    """The cut of the angles below 60°, and which pairs have none but for noise."""
    freedom = max(len(units) - 1, 1)
    rows, columns = np.nonzero(np.triu(cosines > np.cos(_WIDE_ANGLE)))
    chords = np.linalg.norm(units[:, rows] - units[:, columns], axis=0)
    angles = 2 * np.arcsin(np.minimum(chords / 2, 1.0)) / (spread[rows, columns] * np.sqrt(freedom))
    sizes = angles if tolerance is None else chords**2 / 2
    cut = _cuts(sizes, freedom, _WIDE_ANGLE * _WHOLE_OVERLAP / np.sqrt(freedom), tolerance, noise)[0]
    parallel = np.zeros(cosines.shape, dtype=bool)
    parallel[rows, columns] = sizes <= cut.limit
    return cut, parallel | parallel.T


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
