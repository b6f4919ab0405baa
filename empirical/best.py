"""The best of N runs, by the exact loss and never by a batch's."""

from dataclasses import dataclass

import numpy as np

from tegum.empirical.ensemble import Ensemble, require_some
from tegum.empirical.exact import rows_by_setting
from tegum.empirical.models import model_of, rows_of
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True, eq=False)
class Best:
    """The run of least population loss among those of one setting that did not diverge.

    Attributes:
        setting: which they were trained on; runs: how many there were; diverged: how many of them did.
        place: of the best one in the ensemble, from 0.
        weights: of that one model.
        loss: its population loss.
        error: bound on the numerical error of `loss`, or its standard error where there is no exact route.
    """

    setting: Setting
    runs: int
    place: int
    weights: Weights
    loss: float
    error: float
    diverged: int = 0


def best_of(ensemble: Ensemble) -> tuple[Best, ...]:
    """The best run of each setting of an ensemble, in the order in which the settings first come.

    Raises:
        InputError: all runs of a setting diverged.
    """
    return tuple(_best(ensemble, setting, rows) for setting, rows in rows_by_setting(ensemble.settings).items())


def _best(ensemble: Ensemble, setting: Setting, rows: list[int]) -> Best:
    require_some(ensemble[rows])
    sound = [row for row in rows if not ensemble.diverged[row]]
    found = population_loss(rows_of(ensemble.weights, sound), setting)
    loss, error = np.atleast_1d(found.loss), np.atleast_1d(found.error)
    best = int(np.argmin(loss))
    alone, lost = model_of(ensemble.weights, sound[best]), len(rows) - len(sound)
    return Best(setting, len(rows), sound[best], alone, float(loss[best]), float(error[best]), lost)
