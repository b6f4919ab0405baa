"""The exact loss and gradient of models while they are trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from tegum.empirical.models import Models, weights_of_models
from tegum.theory.errors import InputError
from tegum.theory.loss.population import PopulationLoss, population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True, eq=False)
class ExactLosses:
    """Population losses of models side by side.

    Attributes:
        loss: [runs].
        error: bound on the error of each.
        gradient: by every parameter, of the models' keys and shapes.
    """

    loss: Float[np.ndarray, " runs"]
    error: Float[np.ndarray, " runs"]
    gradient: dict[str, np.ndarray]

    @property
    def gradient_norm(self) -> Float[np.ndarray, " runs"]:
        """Euclidean norm of the gradient by all parameters of a run."""
        return np.sqrt(sum((g**2).reshape(len(g), -1).sum(1) for g in self.gradient.values()))


def exact_losses(models: Models, settings: Sequence[Setting]) -> ExactLosses:
    """The population loss of each model under its own setting, with the gradient.

    Raises:
        InputError: a setting whose loss has no exact route, only quasi-Monte Carlo.
    """
    weights = weights_of_models(models)
    loss, error = np.zeros((2, len(models)))
    gradient = {name: np.zeros(array.shape) for name, array in models.parameters.items()}
    for setting, rows in rows_by_setting(settings):
        found = _exact(_rows(weights, rows), setting)
        loss[rows], error[rows] = found.loss, found.error
        slopes = {"W": found.gradient.W, "W_out": found.gradient.W_out, "b": found.gradient.b}
        for name, array in gradient.items():
            array[rows] = slopes[name]
    return ExactLosses(loss, error, gradient)


def rows_by_setting(settings: Sequence[Setting]) -> Iterator[tuple[Setting, np.ndarray]]:
    """Each different setting with the numbers of its runs."""
    rows: dict[Setting, list[int]] = {}
    for row, setting in enumerate(settings):
        rows.setdefault(setting, []).append(row)
    return ((setting, np.array(of_it)) for setting, of_it in rows.items())


def _exact(weights: Weights, setting: Setting) -> PopulationLoss:
    found = population_loss(weights, setting)
    if found.method == "quasi-monte-carlo":
        raise InputError('this setting\'s loss has no exact gradient, which data = "population" and early stops need')
    return found


def _rows(weights: Weights, rows: np.ndarray) -> Weights:
    return Weights(weights.W[rows], weights.b[rows], None if weights.W_out is None else weights.W_out[rows])
