"""Diagnostics of any weights: how much of the hidden space each feature has, and how much it shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.loss.enumeration import MOST_FEATURES, enumerated_rows
from tegum.theory.loss.population import check_shape
from tegum.theory.loss.transform import transformed_rows
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights, overlap_matrix

#: Features that overlap with one beyond which its shares of interference are not computed.
MOST_NEIGHBOURS = 64
#: Nodes of the integral over densities: exact for up to 2 × this + 1 neighbours, spectrally accurate beyond.
_MOST_NODES = 8
#: Of the transform, relative to the largest density.
_TRANSFORM_TOLERANCE = 1e-9
#: Settings whose losses are split.
_KNOWN = {
    "values": "uniform",
    "law": "independent",
    "tied": True,
    "activation": "none",
    "readout": "relu",
    "target": "identity",
}


@dataclass(frozen=True)
class Split:
    """Each feature's loss ℓ_i, split into what it costs alone and what the others' being on adds.

    ℓ_i = representation_i + received_i,  received_i = Σ_j interference_ij,  caused_j = Σ_i interference_ij, so that
    L = Σ representation + Σ received = Σ representation + Σ caused.

    Attributes:
        loss: ℓ_i, squared magnitude of a feature, importance included.
        representation: loss of feature i where all others stay off, its bias unchanged.
        received: what the others add to its loss; negative where they lower it.
        caused: what it adds to the others' losses.
        interference: share of feature j (column) in what feature i (row) receives; zero on the diagonal.
        error: bound on the error of each number of a feature's row: of the losses, and what its shares miss of their
            sum, which is zero but for rounding up to 2 × 8 + 1 overlapping features.
    """

    loss: Float[np.ndarray, " features"]
    representation: Float[np.ndarray, " features"]
    received: Float[np.ndarray, " features"]
    caused: Float[np.ndarray, " features"]
    interference: Float[np.ndarray, "features features"]
    error: Float[np.ndarray, " features"]


def loss_split(weights: Weights, setting: Setting) -> Split:
    """Split each feature's exact population loss into representation, interference received, interference caused.

    For a set S of features that can be on, all others staying off, v_i(S) = ℓ_i(S ∪ {i}) - ℓ_i({i}) is what S adds to
    the loss of feature i.  The share of j in it is its Shapley value, the only one that adds up, gives equal
    contributors equal shares and bystanders none, and is additive in the losses.  Since ℓ_i is affine in every density,
    ℓ_i at densities t p is the game's multilinear extension, and
    interference_ij = ∫_0^1 [ℓ_i(p_j; t p) - ℓ_i(0; t p)] dt, a polynomial in t that Gauss-Legendre nodes integrate
    exactly: n²/2 losses instead of 2ⁿ.

    Args:
        weights: one model.
        setting: of the weights' shape; independent uniform features, tied weights, ReLU readout.

    Returns:
        `Split`; the sums agree to rounding.

    Raises:
        InputError: an ensemble, weights of another shape, another kind of setting, or a feature that overlaps with more
            than `MOST_NEIGHBOURS` others.

    Source: Shapley 1953; Owen 1972, "Multilinear extensions of games", equation 5.

    Validity: exact for features with at most `MOST_NEIGHBOURS` overlapping others; blind to the rest of the setting.

    >>> pair = Weights(np.array([[1.0, -1.0]]), np.zeros(2))
    >>> [round(x, 12) for x in loss_split(pair, Setting(count=2, hidden=1, density=0.3)).received.tolist()]  # p²/6
    [0.015, 0.015]
    """
    _require_known(weights, setting)
    G, density, importance = overlap_matrix(weights), np.array(setting.density), np.array(setting.importance)
    features = range(setting.count)
    rows = [_split_row(i, G[i], float(weights.b[i]), density, float(importance[i])) for i in features]
    loss, representation, error = (np.array([row[part] for row in rows]) for part in range(3))
    interference = np.stack([row[3] for row in rows])
    received = loss - representation
    error += np.abs(received - interference.sum(axis=1))
    return Split(loss, representation, received, interference.sum(axis=0), interference, error)


def _require_known(weights: Weights, setting: Setting) -> None:
    for key, known in _KNOWN.items():
        if getattr(setting, key) != known:
            raise InputError(f"{key} = {getattr(setting, key)!r}: a loss is split for {key} = {known!r} only")
    if weights.W.ndim != 2:
        raise InputError("a loss is split for one model, not for an ensemble")
    check_shape(weights, setting)


def _split_row(
    own: int, G_row: np.ndarray, b: float, density: np.ndarray, importance: float
) -> tuple[float, float, float, np.ndarray]:
    """ℓ_own, ℓ_own alone, a bound on the error of either, and the shares of all features in their difference."""
    near = np.flatnonzero((G_row != 0) & (density > 0) & (np.arange(len(G_row)) != own))
    if near.size > MOST_NEIGHBOURS:
        raise InputError(f"feature {own} overlaps with {near.size} others; a loss is split among {MOST_NEIGHBOURS}")
    here = np.concatenate([[own], near])
    p, k = density[here], near.size
    nodes, weights = np.polynomial.legendre.leggauss(min(max((k + 1) // 2, 1), _MOST_NODES))
    t = (nodes + 1) / 2
    others = np.broadcast_to(t[:, None, None] * p[1:], (t.size, k, k)).copy()
    on, off = others.copy(), others
    diagonal = np.arange(k)
    on[:, diagonal, diagonal], off[:, diagonal, diagonal] = p[1:], 0.0
    ends = np.stack([p[1:], np.zeros(k)])
    densities = np.concatenate([on.reshape(t.size * k, k), off.reshape(t.size * k, k), ends])
    values, error = _losses(G_row[here], b, np.column_stack([np.full(len(densities), p[0]), densities]), importance)
    added, (loss, alone) = values[:-2].reshape(2, t.size, k), values[-2:]
    shares = np.zeros(len(G_row))
    shares[near] = (weights / 2) @ (added[0] - added[1])
    return float(loss), float(alone), 2 * float(error.max()), shares


def _losses(
    G_row: Float[np.ndarray, " features"], b: float, density: Float[np.ndarray, "cases features"], importance: float
) -> tuple[Float[np.ndarray, " cases"], Float[np.ndarray, " cases"]]:
    """ℓ of the first feature for each vector of densities, and bounds on its error."""
    cases, features = density.shape
    weight = np.full((cases, features), importance)
    if features <= MOST_FEATURES:
        G = np.broadcast_to(G_row, (cases, 1, features)).copy()
        rows = enumerated_rows(G, np.full((cases, 1), b), density, weight, bounded=True)
    else:
        G, bias = np.zeros((cases, features, features)), np.zeros((cases, features))  # rows of zeros cost nothing
        G[:, 0], bias[:, 0] = G_row, b
        rows = transformed_rows(G, bias, density, weight, _TRANSFORM_TOLERANCE * float(density.max()))
    assert rows.error is not None
    return rows.loss[:, 0], rows.error[:, 0]


def dimensionality(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble features"]:
    """Fraction of a dimension that each feature has to itself, which is also its capacity.

    D_i = ‖w_i‖² / Σ_j (ŵ_i·w_j)² = (w_i·w_i)² / Σ_j (w_i·w_j)² = C_i,  0 for a zero vector.

    Args:
        W: feature vectors in its columns.

    Returns:
        Numbers from 0 to 1, d/k for each of the k vertices of a regular factor in d dimensions.  Σ_i D_i <= hidden.

    Validity: any weights; unchanged by rotation and by a common scale.

    Source: Elhage et al. 2022, section "The geometry of superposition"; capacity: Scherlis et al. 2022, section 2.

    Raises:
        Nothing: a vector of zeros has dimensionality 0.

    >>> dimensionality(np.array([[1.0, -1.0]])).tolist()
    [0.5, 0.5]
    """
    G = np.swapaxes(W, -1, -2) @ W
    squares = np.diagonal(G, axis1=-2, axis2=-1)
    shared = (G**2).sum(axis=-1)
    return np.divide(squares**2, shared, out=np.zeros_like(squares), where=shared > 0)


def dimensions_per_feature(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble"]:
    """Hidden dimensions per represented feature: D* = hidden / ‖W‖²_F, infinite for zero weights.

    Validity: counts features where represented ones have about unit norm.

    Source: Elhage et al. 2022, section "Uniform superposition".
    """
    with np.errstate(divide="ignore"):
        return np.asarray(W.shape[-2] / (W**2).sum(axis=(-1, -2)))


def superposition(W: Float[np.ndarray, "*ensemble hidden features"]) -> Float[np.ndarray, "*ensemble features"]:
    """How strongly all other features project on the direction of each: Σ_{j≠i} (ŵ_i·w_j)², 0 for a zero vector.

    0 when orthogonal to all others; at least 1 when the others activate it as strongly as a unit feature itself.

    Source: Elhage et al. 2022, section "Basic results" (the colours of its bar charts).
    """
    G = np.swapaxes(W, -1, -2) @ W
    squares = np.diagonal(G, axis1=-2, axis2=-1)
    others = (G**2).sum(axis=-1) - squares**2
    return np.divide(others, squares, out=np.zeros_like(others), where=squares > 0)
