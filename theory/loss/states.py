"""The states of binary features: every set of features that can be on together, with its probability."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import free_features, groups_of

#: States that are listed at most.
MOST_STATES = 2**16
#: Numbers held at once for some states: a few hundred MiB at most.
_AT_ONCE = 2**22


@dataclass(frozen=True)
class States:
    """A finite set of inputs, common to all models, and how probable each is.

    Attributes:
        x: inputs.
        probability: of each input for each model; adds up to 1.
    """

    x: Float[np.ndarray, "states features"]
    probability: Float[np.ndarray, "models states"]


def state_count(structure: Structure, features: int) -> int:
    """Number of sets of features that can be on together."""
    sizes = [len(group) for group in groups_of(structure, features)]
    if structure.law == "one-hot":
        return features
    groups = prod(2 if structure.law == "correlated" else 1 + size for size in sizes)
    return groups * 2 ** len(free_features(structure, features))


def binary_states(density: Float[np.ndarray, "models features"], structure: Structure) -> States:
    """Every state of binary features.

    P(x) = Π over groups and free features of the probability of what x says of each.

    Args:
        density: probability that each feature is on.
        structure: law and groups.

    Returns:
        `States`, `state_count` of them.
    """
    models, features = density.shape
    blocks = [*groups_of(structure, features), *((feature,) for feature in free_features(structure, features))]
    found = States(np.zeros((1, features)), np.ones((models, 1)))
    for block in blocks:
        found = _with_block(found, block_states(block, density, structure))
    return found


def block_states(block: tuple[int, ...], density: np.ndarray, structure: Structure) -> States:
    """States of one group, or of one free feature."""
    members, features = list(block), density.shape[1]
    if structure.law == "correlated":
        x = np.zeros((2, features))
        x[1, members] = 1.0
        return States(x, np.stack([1.0 - density[:, members[0]], density[:, members[0]]], axis=1))
    alone = np.eye(features)[members]
    if structure.law == "one-hot":
        return States(alone, density[:, members])
    none = np.maximum(1.0 - density[:, members].sum(axis=1, keepdims=True), 0.0)
    return States(np.concatenate([np.zeros((1, features)), alone]), np.concatenate([none, density[:, members]], axis=1))


def _with_block(one: States, other: States) -> States:
    """States of two independent sets of features together."""
    x = one.x[:, None, :] + other.x[None, :, :]
    probability = one.probability[:, :, None] * other.probability[:, None, :]
    return States(x.reshape(-1, x.shape[-1]), probability.reshape(len(probability), -1))


def state_rows(
    G: Float[np.ndarray, "models rows features"],
    b: Float[np.ndarray, "models rows"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    structure: Structure,
    order: int = 1,
) -> RowLosses:
    """Loss of each binary feature, I Σ_s P_s (x_i - (z_i)_+)², with its first ``order`` derivatives by (G_i, b_i).

    Args:
        G: overlaps, or their first rows; b: biases of those rows.
        density, importance: of each feature.
        structure: law and groups.
        order: 1 for the gradient, 2 for the Hessian as well.

    Returns:
        `RowLosses` without bounds.

    Validity: ReLU readout, at most `MOST_STATES` states.  Where an output is exactly zero, the inactive side's.
    """
    models, rows, features = G.shape
    states = binary_states(density, structure)
    shapes = [(features + 1) ** k for k in range(order + 1)]
    totals = [np.zeros((models, rows, size)) for size in shapes]
    step = max(1, _AT_ONCE // max(models * rows, (features + 1) ** order))
    for start in range(0, len(states.x), step):
        x, P = states.x[start : start + step], states.probability[:, start : start + step]
        with_bias = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        z = G @ x.T + b[:, :, None]
        weight, active = importance[:, :rows, None] * P[:, None, :], z > 0.0
        residual = z * active - x.T[:rows]
        totals[0] += (weight * residual**2).sum(axis=2, keepdims=True)
        totals[1] += (2 * weight * residual * active) @ with_bias
        if order >= 2:
            pairs = (with_bias[:, :, None] * with_bias[:, None, :]).reshape(len(x), -1)
            totals[2] += (2 * weight * active) @ pairs
    loss, gradient, *hessian = totals
    square = (models, rows, features + 1, features + 1)
    return RowLosses(loss[..., 0], gradient, hessian[0].reshape(square) if hessian else None)
