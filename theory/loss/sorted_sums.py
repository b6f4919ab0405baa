"""A second route for binary features: two halves of the features, one sorted, for up to twice as many of them."""

from __future__ import annotations

from math import prod

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import free_features, groups_of
from tegum.theory.loss.states import MOST_STATES, States, binary_states

_UNIT_ROUNDOFF = 2.0**-53


def sorted_rows(
    G: Float[np.ndarray, "models features features"],
    b: Float[np.ndarray, "models features"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    structure: Structure,
) -> RowLosses:
    """Loss of each binary feature and its gradient, by meeting in the middle.

    z = b + A + B, A and B the sums over two halves of the features:  E z_+² = Σ_A P_A Σ_{B > -b-A} P_B (b + A + B)²,
    whose inner sums are suffix sums over B in rising order, 2^(n/2) n operations a row instead of 2ⁿ n.

    Args:
        G: overlaps, G = W_out W; b: biases.
        density, importance: of each feature.
        structure: law and groups.

    Returns:
        `RowLosses` with bounds on rounding.

    Validity: binary values, ReLU readout, at most `MOST_STATES` states in each half (see `halves_fit`).

    Source: Horowitz & Sahni 1974, the two-list algorithm for subset sums.
    """
    models, features = b.shape
    halves = [_half_states(density, part, structure) for part in _split(structure, features)]
    loss, gradient = np.empty((models, features)), np.empty((models, features, features + 1))
    for i in range(features):
        own, other = halves if halves[0].x[:, i].any() else halves[::-1]
        for m in range(models):
            found = _row(i, G[m, i], b[m, i], _model(own, m), _model(other, m))
            loss[m, i] = importance[m, i] * (density[m, i] + found[0])
            gradient[m, i] = importance[m, i] * found[1]
    reach = np.abs(G).sum(axis=-1) + np.abs(b) + 1.0
    rounding = _UNIT_ROUNDOFF * (4 * features + 4 * max(len(half.x) for half in halves)) * importance
    return RowLosses(loss, gradient, None, rounding * reach**2, 2 * rounding * reach)


def halves_fit(structure: Structure, features: int) -> bool:
    """Whether each half has at most `MOST_STATES` states."""
    return all(_count(structure, part) <= MOST_STATES for part in _split(structure, features))


def _split(structure: Structure, features: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Groups and free features, dealt out so that both halves have about the same number of states."""
    blocks = [*groups_of(structure, features), *((j,) for j in free_features(structure, features))]
    halves: tuple[list, list] = ([], [])
    for block in sorted(blocks, key=len, reverse=True):
        min(halves, key=lambda half: _count(structure, half)).append(block)
    return halves


def _count(structure: Structure, blocks: list[tuple[int, ...]]) -> int:
    """States of some blocks together: on or off, or which member of a group is on, if any."""
    if structure.law == "one-hot":
        return sum(map(len, blocks)) or 1
    exclusive = structure.groups if structure.law == "anticorrelated" else ()
    return prod(1 + len(block) if block in exclusive else 2 for block in blocks)


def _half_states(density: np.ndarray, blocks: list[tuple[int, ...]], structure: Structure) -> States:
    """States of the features of some blocks, all others off."""
    features = sorted(feature for block in blocks for feature in block)
    if not features:
        return States(np.zeros((1, density.shape[1])), np.ones((len(density), 1)))
    place = {feature: k for k, feature in enumerate(features)}
    groups = tuple(tuple(place[j] for j in block) for block in blocks if block in structure.groups)
    law = structure.law if groups or structure.law == "one-hot" else "independent"
    inner = binary_states(density[:, features], Structure(law=law, groups=groups))
    x = np.zeros((len(inner.x), density.shape[1]))
    x[:, features] = inner.x
    return States(x, inner.probability)


def _model(half: States, model: int) -> tuple[np.ndarray, np.ndarray]:
    return half.x, half.probability[model]


def _row(i: int, g: np.ndarray, b: float, own: tuple, other: tuple) -> tuple[float, np.ndarray]:
    """E z_+² - 2 E x_i z_+ and its derivatives by (g, b); feature i is in the first half."""
    (x, P), (y, Q) = own, other
    order = np.argsort(y @ g)
    y, Q = y[order], Q[order]
    B, A = y @ g, x @ g + b
    above = np.searchsorted(B, -A, side="right")
    ones = np.ones((len(y), 1))
    columns = Q[:, None] * np.concatenate([ones, B[:, None], B[:, None] ** 2, y, y * B[:, None]], axis=1)
    tails = np.concatenate([np.cumsum(columns[::-1], axis=0)[::-1], np.zeros((1, columns.shape[1]))])[above]
    n = y.shape[1]
    count, first, second, members, tilted = np.split(tails, [1, 2, 3, 3 + n], axis=1)
    count, first, second = count[:, 0], first[:, 0], second[:, 0]
    part = A * count + first  # E (z_+ | A)
    value = P @ (A**2 * count + 2 * A * first + second) - 2 * (P * x[:, i]) @ part
    by_bias = P @ part - (P * x[:, i]) @ count
    by_overlap = (P * part) @ x - (P * x[:, i] * count) @ x
    by_overlap += P @ (A[:, None] * members + tilted) - (P * x[:, i]) @ members
    return float(value), 2 * np.concatenate([by_overlap, [by_bias]])
