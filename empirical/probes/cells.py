"""Cells: one setting after another, each with models to probe, trained for it or given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tegum.empirical.plan import Training
from tegum.empirical.training import Progress, train_cells
from tegum.theory.loss.population import check_shape, population_loss
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Cell:
    """A setting and the models to probe there.

    Attributes:
        setting: of the models' inputs and loss.
        weights: an ensemble, the model of the lowest population loss first.
    """

    setting: Setting
    weights: Weights


def settings_over(setting: Setting, axis: str, values: Sequence[float]) -> list[Setting]:
    """The setting at each value of an axis, such as "density" or "l1"."""
    return [with_axis(setting, axis, value) for value in values]


def trained_cells(settings: Sequence[Setting], training: Training, progress: Progress | None = None) -> list[Cell]:
    """`training.runs` models trained for each setting."""
    weights = train_cells(settings, training, progress).weights
    parts = [slice(place * training.runs, (place + 1) * training.runs) for place in range(len(settings))]
    return [_best_first(setting, models(weights, part)) for setting, part in zip(settings, parts, strict=True)]


def given_cells(settings: Sequence[Setting], weights: Weights, copies: int = 1) -> list[Cell]:
    """The same models for every setting; a single model stands there as often as the probe repeats itself.

    Raises:
        InputError: weights of another shape than a setting's.
    """
    for setting in settings:
        check_shape(weights, setting)
    if weights.W.ndim == 2:
        weights = models(models(weights, None), [0] * copies)
    return [_best_first(setting, weights) for setting in settings]


def models(weights: Weights, chosen: Any) -> Weights:
    """Some models of an ensemble, or one with a leading axis (None): the same index of every array."""
    W_out = None if weights.W_out is None else weights.W_out[chosen]
    return Weights(weights.W[chosen], weights.b[chosen], W_out)


def _best_first(setting: Setting, weights: Weights) -> Cell:
    loss = np.asarray(population_loss(weights, setting).loss)
    return Cell(setting, models(weights, np.argsort(loss, kind="stable")))
