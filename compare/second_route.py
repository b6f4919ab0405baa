"""A second route to the exact loss, so that neither is trusted alone."""

from __future__ import annotations

from tegum.theory.loss.population import methods, population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Of 16 repetitions: so far out a correct loss lies less than once in ten thousand reports.
_STANDARD_ERRORS = 6.0


def second_loss(weights: Weights, setting: Setting) -> tuple[float, float]:
    """The loss of one model by the second of the routes that take the setting.

    Args:
        weights, setting: a model and its objective.

    Returns:
        The loss, and how far it may be off: the route's bound, or `_STANDARD_ERRORS` of randomised quasi-Monte Carlo
        where there is no second exact one.
    """
    route = methods(setting, weights.W[None])[1]
    other = population_loss(weights, setting, method=route)
    return float(other.loss), float(other.error) * (_STANDARD_ERRORS if route == "quasi-monte-carlo" else 1.0)
