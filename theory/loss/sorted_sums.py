"""A second route for binary features: two halves of the features, one sorted, for up to twice as many of them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.devices import MOST_BYTES, library, on_cpu
from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import free_features, groups_of
from tegum.theory.loss.states import MOST_STATES, States, binary_states

_UNIT_ROUNDOFF = 2.0**-53
#: Numbers that a row takes in each state.
_ARRAYS = 16


def sorted_rows(
    G: Float[np.ndarray, "models features features"],
    b: Float[np.ndarray, "models features"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    structure: Structure,
    device: str | None = None,
) -> RowLosses:
    """Loss of each binary feature and its gradient, by meeting in the middle.

    z = b + A + B, A and B the sums over two halves of the features:  E z_+² = Σ_A P_A Σ_{B > -b-A} P_B (b + A + B)²,
    whose inner sums are running sums over B in falling order, 2^(n/2) n operations a row instead of 2ⁿ n.

    Args:
        G: overlaps, G = W_out W; b: biases.
        density, importance: of each feature.
        structure: law and groups.
        device: to compute on (see `devices.library`).

    Returns:
        `RowLosses` with bounds on rounding.

    Validity: binary values, ReLU readout, at most `MOST_STATES` states in each half (see `halves_fit`).

    Source: Horowitz & Sahni 1974, the two-list algorithm for subset sums.
    """
    models, features = b.shape
    xp, there = library(device)
    halves = [_half_states(density, part, structure) for part in _split(structure, features)]
    loss, gradient = np.empty((models, features)), np.empty((models, features, features + 1))
    for own, other in (halves, halves[::-1]):
        on_device = [xp.asarray(array, device=there) for half in (own, other) for array in (half.x, half.probability)]
        for model, i in _parts(models, np.flatnonzero(own.x.any(axis=0)), own, other, device):
            row = [xp.asarray(array, device=there) for array in (model, i, G[model, i], b[model, i])]
            value, slopes = _rows(xp, *row, *on_device)
            loss[model, i] = importance[model, i] * (density[model, i] + on_cpu(value))
            gradient[model, i] = importance[model, i, None] * on_cpu(slopes)
    reach = np.abs(G).sum(axis=-1) + np.abs(b) + 1.0
    rounding = _UNIT_ROUNDOFF * (4 * features + 4 * max(len(half.x) for half in halves)) * importance
    return RowLosses(loss, gradient, None, rounding * reach**2, 2 * rounding * reach)


def _parts(
    models: int, features: np.ndarray, own: States, other: States, device: str | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Models and features of rows that are worked in at once, within the memory allowed."""
    model, i = (index.ravel() for index in np.meshgrid(np.arange(models), features, indexing="ij"))
    most = MOST_BYTES["cpu" if device is None else device.partition(":")[0]]
    step = max(1, most // (8 * _ARRAYS * (len(own.x) + len(other.x))))
    for first in range(0, len(model), step):
        yield model[first : first + step], i[first : first + step]


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


def _rows(xp, model, i, g, b, x, P, y, Q) -> tuple:
    """E z_+² - 2 E x_i z_+ of each row and its derivatives by (g, b); feature i is in the first half, (x, P).

    In the slope by a feature of either half stands the mean over the other half, given the state of that feature's own:
    Σ_A P_A x_j Σ_{B > -b-A} P_B (z - x_i) or Σ_B P_B x_j Σ_{A > -b-B} P_A (z - x_i).
    """
    P, Q, on = P[model], Q[model], x.T[i]
    A, B = g @ x.T + b[:, None], g @ y.T
    count, first, second = _sums_above(xp, A, B, (Q, Q * B, Q * B * B))
    part = A * count + first  # E (z_+ | A)
    value = (P * (A * A * count + 2 * A * first + second - 2 * on * part)).sum(axis=1)
    pull = P * (part - on * count)
    total, mean, mine = _sums_above(xp, B, A, (P, P * A, P * on))
    push = Q * (B * total + mean - mine)
    # No feature is in both halves, so each slope has one of the two terms.
    return value, 2 * xp.concatenate([pull @ x + push @ y, pull.sum(axis=1)[:, None]], axis=1)


def _sums_above(xp, at, of, weights) -> list:
    """Of each row and each weight: its sum over the states with of > -at, for every state of ``at``."""
    falling = xp.argsort(-of, axis=1)
    every = xp.arange(len(of), device=of.device)[:, None]
    above = _places(xp, -of[every, falling], at)
    none = xp.zeros_like(of[:, :1])
    running = [xp.concatenate([none, xp.cumsum(weight[every, falling], axis=1)], axis=1) for weight in weights]
    return [sums[every, above] for sums in running]


def _places(xp, rising, values):
    """How many entries of a row are below each of its values."""
    if xp is np:
        return np.stack([np.searchsorted(*row) for row in zip(rising, values, strict=True)])
    return xp.searchsorted(rising, values)
