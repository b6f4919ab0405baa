"""The exact loss of a linear readout: first and second moments of the feature law, for any number of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.devices import library, on_cpu
from tegum.theory.loss.law import Structure
from tegum.theory.loss.rows import RowLosses
from tegum.theory.loss.scenarios import groups_of

_UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class Moments:
    """Moments of features x and targets y.

    Attributes:
        mean: E x_j; second: E x_j x_k, j and k over the inputs.
        target_mean: E y_i; target_square: E y_i²; cross: E y_i x_j.
    """

    mean: Float[np.ndarray, "models columns"]
    second: Float[np.ndarray, "models columns columns"]
    target_mean: Float[np.ndarray, "models features"]
    target_square: Float[np.ndarray, "models features"]
    cross: Float[np.ndarray, "models features columns"]


def moments(density: Float[np.ndarray, "models features"], structure: Structure) -> Moments:
    """Moments of a feature law: E x_j x_k = P(j and k are on) m², m the mean magnitude of a feature that is on.

    Args:
        density: probability that each feature is on.
        structure: law, groups, values and target.

    Source: definition; 1/2 and 1/3 are the moments of a magnitude uniform on [0, 1].
    """
    size, square = {"uniform": (1 / 2, 1 / 3), "signed": (1 / 2, 1 / 3), "binary": (1.0, 1.0)}[structure.values]
    signed = structure.values == "signed"
    mean = 0.0 if signed else size
    together = joint_density(density, structure)
    diagonal = np.eye(density.shape[1]) * (square * density)[:, None, :]
    off_diagonal = (1.0 - np.eye(density.shape[1])) * together
    second = diagonal + mean**2 * off_diagonal
    absolute = structure.target == "abs" and signed
    return Moments(
        mean=mean * density,
        second=second,
        target_mean=(size if absolute else mean) * density,
        target_square=square * density,
        cross=np.zeros_like(second) if absolute else second,
    )


def joint_density(
    density: Float[np.ndarray, "models features"], structure: Structure
) -> Float[np.ndarray, "models features features"]:
    """P(j and k are on): p_j p_k if independent, p in one correlated group, 0 in one anticorrelated; p_j if j = k."""
    together = density[:, :, None] * density[:, None, :]
    for group in groups_of(structure, density.shape[1]):
        block = np.ix_(range(len(density)), group, group)
        together[block] = density[:, group[:1], None] if structure.law == "correlated" else 0.0
    every = np.arange(density.shape[1])
    together[:, every, every] = density
    return together


def linear_rows(
    G: Float[np.ndarray, "models features columns"],
    b: Float[np.ndarray, "models features"],
    importance: Float[np.ndarray, "models features"],
    of: Moments,
    order: int = 1,
    device: str | None = None,
) -> RowLosses:
    """Loss of each feature of a model with a linear readout, with its first ``order`` derivatives.

    ℓ_i = I_i [ E y_i² - 2 (G_i·E y_i x + b_i E y_i) + G_i·E xxᵀ·G_i + 2 b_i G_i·E x + b_i² ].

    Args:
        G: G = W_out W, or by other inputs than the features (see `halves`); b: biases.
        importance: of each feature.
        of: moments of the inputs and targets.
        order: 1 for the gradient, 2 for the Hessian as well.
        device: to compute on (see `devices.library`).

    Returns:
        `RowLosses` with bounds on rounding.

    Validity: any number of features and any feature law of `Setting`.
    """
    columns = G.shape[2]
    xp, there = library(device)
    G, b, importance, mean, second, target_mean, target_square, cross = (
        xp.asarray(array, device=there)
        for array in (G, b, importance, of.mean, of.second, of.target_mean, of.target_square, of.cross)
    )
    through = G @ second
    slopes = 2 * importance[..., None] * (through - cross + b[..., None] * mean[:, None, :])
    pull = (G * mean[:, None, :]).sum(axis=-1)
    bias_slope = 2 * importance * (pull + b - target_mean)
    quadratic = (through * G).sum(axis=-1) + 2 * b * pull + b**2
    loss = importance * (target_square - 2 * ((G * cross).sum(axis=-1) + b * target_mean) + quadratic)
    reach = xp.abs(G).sum(axis=-1) + xp.abs(b) + 1.0
    rounding = _UNIT_ROUNDOFF * (4 * columns + 32) * importance
    gradient = xp.concatenate([slopes, bias_slope[..., None]], axis=-1)
    bounds = rounding * reach**2, 2 * rounding * reach, rounding
    hessian = _hessian(of, on_cpu(importance)) if order >= 2 else None
    return RowLosses(on_cpu(loss), on_cpu(gradient), hessian, *map(on_cpu, bounds))


def _hessian(of: Moments, importance: np.ndarray) -> np.ndarray:
    """2 I_i E (x, 1)(x, 1)ᵀ."""
    models, columns = of.mean.shape
    block = np.ones((models, columns + 1, columns + 1))
    block[:, :columns, :columns] = of.second
    block[:, :columns, columns] = block[:, columns, :columns] = of.mean
    return 2 * importance[:, :, None, None] * block[:, None]
