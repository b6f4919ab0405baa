"""The chapter's phase transition: all five features in a pentagon against two dedicated ones, computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from tegum.papers.claims.models import best_trained_over, found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import LEAST_NORM
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import Descent, descend
from tegum.theory.search.optimum import Optimum, optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

#: Density within which the two optima on either side of the transition are found before their branches are followed.
_CLOSE = 1e-3


def transition(setting: Setting, low: float, high: float, starts: int = 128) -> Quantity:
    """Density at which all features being represented stops being the optimum: two critical points of equal loss.

    Between two densities, at the lower of which the optimum represents all features and at the higher not, the global
    search is repeated in the middle until they are close; then each branch is followed by the exact loss.
    """
    ends = _either_side(setting, low, high, starts)

    def difference(p: float) -> float:
        first, second = (_followed(one, p) for one in ends)
        return float(first.loss[0] - second.loss[0])

    sides = [one.setting.density[0] for one in ends]
    value = float(brentq(difference, *sides, xtol=1e-9))
    return Quantity(value, 1e-6, "crossing of two branches of critical points", {"ends": [found(one) for one in ends]})


def weakest_at_transition(
    setting: Setting, low: float, high: float, beyond: bool = False, starts: int = 128
) -> Quantity:
    """Length of the shortest feature vector of the optimum just before all stop being represented, or just beyond."""
    before, after = _either_side(setting, low, high, starts)
    chosen = after if beyond else before
    shortest = float(np.linalg.norm(chosen.weights.W, axis=0).min())
    return Quantity(shortest, 1e-2, f"the optimum within {_CLOSE:g} of the transition", found(chosen))


def best_of_dedicated_and_pairs(setting: Setting) -> Quantity:
    """Name of the lower of two critical points: below two dedicated features, and below two antipodal pairs."""
    law, places = law_of(setting, 2), np.zeros((2, 2, setting.count))
    places[:, 0, 0] = places[:, 1, 1] = 1.0
    places[1, 0, 2] = places[1, 1, 3] = -1.0
    rest = descend(places, np.full((2, setting.count), 0.05), law, reach=0.1)
    lower = int(np.argmin(rest.loss))
    name = identify(rest.W[lower], tolerance=CRITICAL_TOLERANCE).geometry
    return Quantity(name, 0.0, "descents of the exact loss from two arrangements", {"loss": rest.loss.tolist()})


def pentagon_over_dedicated(setting: Setting, densities: Sequence[float], optimised: bool = True) -> Quantity:
    """Loss of a regular pentagon of all features over that of two dedicated ones, at each density.

    Without `optimised` the pentagon's vectors have unit length and no biases.
    """
    ratios = [
        _pentagon(with_axis(setting, "density", p), optimised) / _dedicated_loss(with_axis(setting, "density", p))
        for p in densities
    ]
    return Quantity(tuple(ratios), 1e-9, "descent from a pentagon, exact losses", {"density": list(densities)})


def trained_over_dedicated(setting: Setting, densities: Sequence[float], runs: int = 16, steps: int = 3000) -> Quantity:
    """The best of trained models in place of the pentagon."""
    best = best_trained_over(setting, "density", densities, runs, steps)
    ratios = tuple(one.loss / _dedicated_loss(one.setting) for one in best)
    return Quantity(ratios, 0.02, f"best of {runs} trained models, exact losses")


def dedicated_losses(setting: Setting, densities: Sequence[float], method: str = "auto") -> Quantity:
    """Exact loss of two dedicated features, three dropped, at each density."""
    losses = [_dedicated_loss(with_axis(setting, "density", p), method) for p in densities]
    return Quantity(tuple(losses), 1e-12, "exact loss of given weights")


def dedicated_losses_by_variance(setting: Setting, densities: Sequence[float]) -> Quantity:
    """The same as the variances of the dropped features."""
    dropped = setting.count - setting.hidden
    return Quantity(tuple(dropped * p * (1 - p) for p in densities), 1e-15, "variance of the dropped features")


def strategies(setting: Setting, densities: Sequence[float], curve: int = 40, starts: int = 32) -> Quantity:
    """Optimum's exact loss at some densities; beside it, from 0.01 to 0.5, the curves that the figure draws.

    In the details: the optimum's loss, how many features it represents and its geometry, and the loss of two dedicated
    features.
    """
    grid = np.linspace(0.01, 0.5, curve).tolist()
    best = optima(setting, "density", grid, starts)
    details = {
        "density": grid,
        "optimum": [one.loss for one in best],
        "geometry": [one.geometry for one in best],
        "represented": [int((np.linalg.norm(one.weights.W, axis=0) > LEAST_NORM).sum()) for one in best],
        "dedicated": [_dedicated_loss(with_axis(setting, "density", p)) for p in grid],
    }
    wanted = [one.loss for one in optima(setting, "density", densities, starts)]
    return Quantity(tuple(wanted), 1e-9, "global search on the exact loss", details)


def pentagon_losses(setting: Setting, densities: Sequence[float]) -> Quantity:
    """Loss of a descent from a regular pentagon at each density, by enumeration."""
    losses = tuple(_pentagon(with_axis(setting, "density", p)) for p in densities)
    return Quantity(losses, 1e-9, "descent from a pentagon, loss by meeting in the middle")


def _dedicated_loss(setting: Setting, method: str = "auto") -> float:
    n, m = setting.count, setting.hidden
    mean = np.array(setting.density) * (1.0 if setting.values == "binary" else 0.5)
    weights = Weights(np.eye(m, n), np.where(np.arange(n) < m, 0.0, mean))
    return float(population_loss(weights, setting, method=method).loss)


def _pentagon(setting: Setting, optimised: bool = True) -> float:
    """Exact loss of a regular pentagon at rest, or of one of unit vectors without biases."""
    angle = 2 * np.pi * np.arange(5) / 5
    W, b = np.array([np.cos(angle), np.sin(angle)]), np.zeros(5)
    if optimised:
        rest = descend(1.1 * W[None], b[None] - 0.3, law_of(setting), reach=0.1)
        W, b = rest.W[0], rest.b[0]
    return float(population_loss(Weights(W, b), setting, method="meet-in-the-middle").loss)


def _either_side(setting: Setting, low: float, high: float, starts: int) -> tuple[Optimum, Optimum]:
    """Optima close together in density, the first of which represents all features and the second not."""
    below, above = (optimum(with_axis(setting, "density", p), starts) for p in (low, high))
    while above.setting.density[0] - below.setting.density[0] > _CLOSE:
        middle = (below.setting.density[0] + above.setting.density[0]) / 2
        here = optimum(with_axis(setting, "density", middle), starts)
        if np.linalg.norm(here.weights.W, axis=0).min() > LEAST_NORM:
            below = here
        else:
            above = here
    return below, above


def _followed(one: Optimum, density: float) -> Descent:
    """The critical point of an optimum's branch at another density."""
    return descend(
        one.weights.W[None], one.weights.b[None], law_of(with_axis(one.setting, "density", density)), reach=0.1
    )
