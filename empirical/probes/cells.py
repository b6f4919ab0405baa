"""Cells: one setting after another, each with models to probe, trained for it or given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tegum.empirical.ensemble import Ensemble, require_some
from tegum.empirical.models import arrays_of, rows_of
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
    """`training.runs` models trained for each setting; those that diverged are left out.

    Raises:
        InputError: all models of a setting diverged, or as `train_cells`.
    """
    ensemble = train_cells(settings, training, progress)
    firsts = range(0, len(ensemble.runs), training.runs)
    parts = [ensemble[first : first + training.runs] for first in firsts]
    return [_sound(setting, part) for setting, part in zip(settings, parts, strict=True)]


def _sound(setting: Setting, ensemble: Ensemble) -> Cell:
    require_some(ensemble)
    return _best_first(setting, rows_of(ensemble.weights, np.flatnonzero(~ensemble.diverged)))


def given_cells(settings: Sequence[Setting], weights: Weights, copies: int = 1) -> list[Cell]:
    """The same models for every setting; a single model stands there as often as the probe repeats itself.

    Raises:
        InputError: weights of another shape than a setting's.
    """
    for setting in settings:
        check_shape(weights, setting)
    if weights.W.ndim == 2:
        weights = repeated(weights, copies)
    return [_best_first(setting, weights) for setting in settings]


def one_model(weights: Weights, run: int) -> Weights:
    """A model of an ensemble by itself."""
    return Weights(**{name: array[run] for name, array in arrays_of(weights).items()})


def repeated(weights: Weights, times: int) -> Weights:
    """One model as an ensemble of so many copies."""
    return Weights(**{name: np.repeat(array[None], times, axis=0) for name, array in arrays_of(weights).items()})


def _best_first(setting: Setting, weights: Weights) -> Cell:
    loss = np.asarray(population_loss(weights, setting).loss)
    return Cell(setting, rows_of(weights, np.argsort(loss, kind="stable")))
