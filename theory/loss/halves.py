"""A ReLU hidden layer of decided units: exact, each unit being linear in the halves x_+ and x_- of the features."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
from jaxtyping import Bool, Float

from tegum.theory.loss.enumeration import Rows, add_rows, by_model, row_losses, zero_rows
from tegum.theory.loss.law import Structure
from tegum.theory.loss.moments import Moments, moments
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import Scenario, groups_of, knot_count, scenarios


def half_weights(
    W: Float[np.ndarray, "models hidden features"], structure: Structure
) -> Float[np.ndarray, "models hidden halves"]:
    """Weights of the halves: (W)_+ of the positive halves, and beside them (-W)_+ of the negative ones if signed."""
    signs = (1.0, -1.0) if structure.values == "signed" else (1.0,)
    return np.concatenate([np.maximum(sign * W, 0.0) for sign in signs], axis=-1)


def are_decided(W: Float[np.ndarray, "models hidden features"], structure: Structure) -> Bool[np.ndarray, " models"]:
    """Whether (Σ_j W_aj x_j)_+ = Σ_j (W_aj x_j)_+ for every input: no two features that can be on together pull a
    unit both up and down.

    Args:
        W: input weights.
        structure: values, law and groups.
    """
    decided = np.ones(len(W), dtype=bool)
    for j, k in combinations(range(W.shape[2]), 2):
        if _can_meet(j, k, structure, W.shape[2]):
            pulls = W[:, :, j] * W[:, :, k]
            opposed = pulls != 0.0 if structure.values == "signed" else pulls < 0.0
            decided &= ~opposed.any(axis=1)
    return decided


def _can_meet(j: int, k: int, structure: Structure, features: int) -> bool:
    exclusive = structure.law in ("anticorrelated", "one-hot")
    return not (exclusive and any(j in group and k in group for group in groups_of(structure, features)))


def half_moments(density: Float[np.ndarray, "models features"], structure: Structure) -> Moments:
    """Moments of the halves u = (x_+, x_-) and the targets: a sign is as often + as -, independently of all else."""
    if structure.values != "signed":
        return moments(density, structure)
    whole = moments(density, replace(structure, values="uniform", target="identity"))
    together = whole.second - _diagonal(whole.target_square)
    mean, square = whole.mean / 2, whole.target_square / 2
    second = np.block([[together / 4, together / 4], [together / 4, together / 4]]) + _diagonal(np.tile(square, 2))
    minus = 1.0 if structure.target == "abs" else -1.0
    plus_half, minus_half = second[:, : density.shape[1]], second[:, density.shape[1] :]
    return Moments(
        mean=np.tile(mean, 2),
        second=second,
        target_mean=mean + minus * mean,
        target_square=whole.target_square,
        cross=plus_half + minus * minus_half,
    )


def _diagonal(values: np.ndarray) -> np.ndarray:
    return values[:, :, None] * np.eye(values.shape[1])


def half_knot_count(structure: Structure, features: int) -> int:
    """Knots of one row: signs are enumerated as well, since a unit answers them differently."""
    if structure.values != "signed":
        return knot_count(structure, features)
    return knot_count(Structure(law=structure.law, groups=structure.groups), features) * 2**features


def half_rows(
    G: Float[np.ndarray, "models features halves"],
    b: Float[np.ndarray, "models features"],
    density: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    structure: Structure,
    order: int = 1,
    bounded: bool = False,
    device: str | None = None,
) -> RowLosses:
    """Loss of each feature where z_i = Σ_h G_ih u_h + b_i over the halves u = (x_+, x_-), with derivatives.

    The signs of signed features are enumerated: given them the magnitudes |x_j| are independent, uniform on [0, 1].

    Args:
        G: G = W_out half_weights(W); b: biases.
        density, importance: of each feature.
        structure: law, groups, values and target.
        order, bounded, device: as for `enumeration.enumerated_rows`.

    Returns:
        `RowLosses` by the row of ``G`` and the bias.

    Validity: at most `enumeration.MOST_KNOTS` knots (`half_knot_count`).
    """
    models, features = b.shape
    total = zero_rows(models, features, G.shape[2], order, bounded)
    for scenario in scenarios(density, structure):
        patterns = list(product((1, -1) if structure.values == "signed" else (1,), repeat=len(scenario.features)))
        for signs in patterns:
            rows, halves = _signed_rows(G, b, importance, scenario, signs, structure)
            share = np.repeat(scenario.probability / len(patterns), features)
            add_rows(total, share, row_losses(rows, order, bounded, device), halves, None)
    return by_model(total, models, features)


def _signed_rows(
    G: np.ndarray,
    b: np.ndarray,
    importance: np.ndarray,
    scenario: Scenario,
    signs: tuple[int, ...],
    structure: Structure,
) -> tuple[Rows, list[int]]:
    """Rows given a scenario and the sign of each of its features; and the halves that play their parts."""
    models, features = b.shape
    active = list(scenario.features)
    halves = [j if sign > 0 else features + j for j, sign in zip(active, signs, strict=True)]
    place = {feature: k for k, feature in enumerate(active)}
    sign_of = dict(zip(active, signs, strict=True))
    aims = [1.0 if structure.target == "abs" else float(sign_of.get(i, 1)) for i in range(features)]
    rows = Rows(
        own=np.tile([place.get(i, len(active)) for i in range(features)], models),
        aim=np.tile(aims, models),
        G=G[:, :, halves].reshape(models * features, len(active)),
        b=b.reshape(-1),
        density=np.repeat(scenario.density, features, axis=0),
        signed=np.zeros((models * features, len(active)), dtype=bool),
        weight=importance.reshape(-1),
    )
    return rows, halves
