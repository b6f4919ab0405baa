"""The exact loss and gradient of runs while they are trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.models import arrays_of, rows_of
from tegum.theory.errors import InputError
from tegum.theory.loss.population import PopulationLoss, population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Bytes that evaluating the exact loss takes at most, whatever the number of runs.
EXACT_BYTES = 2**28
#: Overlaps and weights of the models that are evaluated together.
_TOGETHER = 2**20


@dataclass(frozen=True, eq=False)
class ExactLosses:
    """Population losses of runs side by side.

    Attributes:
        loss: [runs].
        error: bound on the numerical error of each.
        gradient: by every parameter, in the shape of the weights; 0 for biases where there are none.
    """

    loss: Float[np.ndarray, " runs"]
    error: Float[np.ndarray, " runs"]
    gradient: Weights

    @property
    def gradient_norm(self) -> Float[np.ndarray, " runs"]:
        """Euclidean norm of the gradient by all parameters of a run."""
        return np.sqrt(sum((slope**2).reshape(len(slope), -1).sum(1) for slope in arrays_of(self.gradient).values()))


def exact_losses(weights: Weights, settings: Sequence[Setting]) -> ExactLosses:
    """The population loss of each model of an ensemble under its own setting, with the gradient.

    Raises:
        InputError: a setting whose loss has no exact route at these weights, only quasi-Monte Carlo.
    """
    loss, error = np.zeros((2, len(settings)))
    gradient = {name: np.zeros(array.shape) for name, array in arrays_of(weights).items()}
    for setting, rows in _blocks(settings):
        found = _exact(rows_of(weights, rows), setting)
        loss[rows], error[rows] = found.loss, found.error
        for name, slope in arrays_of(found.gradient).items():
            gradient[name][rows] = slope
    return ExactLosses(loss, error, Weights(**gradient))


def rows_by_setting(settings: Sequence[Setting]) -> dict[Setting, list[int]]:
    """The numbers of the runs of each different setting."""
    rows: dict[Setting, list[int]] = {}
    for row, setting in enumerate(settings):
        rows.setdefault(setting, []).append(row)
    return rows


def _blocks(settings: Sequence[Setting]) -> Iterator[tuple[Setting, list[int]]]:
    at_once = max(1, _TOGETHER // (settings[0].count * (settings[0].count + settings[0].hidden)))
    for setting, rows in rows_by_setting(settings).items():
        yield from ((setting, rows[first : first + at_once]) for first in range(0, len(rows), at_once))


def _exact(weights: Weights, setting: Setting) -> PopulationLoss:
    found = population_loss(weights, setting)
    if found.method == "quasi-monte-carlo":
        raise InputError('data = "population", tolerance and stop_loss need an exact loss; this setting has none')
    return found
