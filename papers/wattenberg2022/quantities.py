"""Wattenberg's fixed weights, evaluated by the exact loss, and where their losses cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq

from tegum.empirical.training import train
from tegum.papers.claims.quantity import Quantity
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Absolute width to which a crossing is bracketed.
_WIDTH = 1e-13


def formula_error(
    ansatz: str, formula: str, features: int, densities: Sequence[float], ratios: Sequence[float]
) -> Quantity:
    """Largest difference between an ansatz's exact loss and a printed formula, over densities and importances."""
    pairs = list(zip(densities, ratios, strict=True))
    losses = [_loss(ansatz, features, s, r) for s, r in pairs]
    printed = [_PRINTED[formula](s, r) for s, r in pairs]
    return Quantity(
        float(np.max(np.abs(np.array([loss for loss, _ in losses]) - printed))),
        max(error for _, error in losses) + 4 * np.finfo(float).eps,
        "largest difference of the exact loss from the printed formula",
        {"densities": list(densities), "ratios": list(ratios), "losses": [loss for loss, _ in losses]},
    )


def ansatz_crossings(between: Sequence[str], features: int, ratios: Sequence[float]) -> Quantity:
    """Densities at which the exact losses of two ansätze cross, one for each importance of the last feature."""
    first, second = between

    def difference(s: float, r: float) -> float:
        return _loss(first, features, s, r)[0] - _loss(second, features, s, r)[0]

    found = tuple(float(brentq(difference, 1e-3, 1.0, args=(r,), xtol=_WIDTH)) for r in ratios)
    return Quantity(found, 1e-11, "crossing of two exact losses of fixed weights", {"ratios": list(ratios)})


def margin_below_ansatze(features: int, densities: Sequence[float], ratios: Sequence[float]) -> Quantity:
    """Largest margin, relative, by which the optimised loss is below the best of the ansätze."""
    best = [optimum(_setting(features, *pair)) for pair in zip(densities, ratios, strict=True)]
    return _margin(features, densities, ratios, [one.loss for one in best], "global search against fixed weights")


def trained_margin_below_ansatze(
    features: int, densities: Sequence[float], ratios: Sequence[float], runs: int = 16, steps: int = 3000
) -> Quantity:
    """The same for the best of trained models, by their exact loss."""
    settings = [_setting(features, *pair) for pair in zip(densities, ratios, strict=True)]
    ensembles = [train(setting, runs=runs, steps=steps, device="cpu") for setting in settings]
    exact = [population_loss(runs.weights, one).loss for runs, one in zip(ensembles, settings, strict=True)]
    return _margin(
        features, densities, ratios, [float(np.min(loss)) for loss in exact], "training against fixed weights"
    )


def _margin(
    features: int, densities: Sequence[float], ratios: Sequence[float], losses: Sequence[float], method: str
) -> Quantity:
    least = [min(_loss(name, features, *pair)[0] for name in _WEIGHTS) for pair in zip(densities, ratios, strict=True)]
    margins = [(ansatz - loss) / ansatz for ansatz, loss in zip(least, losses, strict=True)]
    return Quantity(max(margins), 1e-9, method, {"margins": margins})


def _loss(ansatz: str, features: int, density: float, ratio: float) -> tuple[float, float]:
    exact = population_loss(_WEIGHTS[ansatz](features, density), _setting(features, density, ratio))
    return float(exact.loss), float(exact.error)


def _setting(features: int, density: float, ratio: float) -> Setting:
    return Setting(features, features - 1, density, [*[1.0] * (features - 1), ratio])


def _dropped(features: int, density: float, feature: int) -> Weights:
    """All features but one dedicated; the dropped one answers its mean."""
    kept = np.delete(np.eye(features), feature, axis=0)
    return Weights(kept, np.where(np.arange(features) == feature, density / 2, 0.0))


def _antipodal(features: int, one: int, other: int) -> Weights:
    """Two features antipodal on one dimension, the others dedicated."""
    W = np.delete(np.eye(features), other, axis=0)
    W[one if one < other else one - 1, other] = -1.0
    return Weights(W, np.zeros(features))


_WEIGHTS: dict[str, Callable[[int, float], Weights]] = {
    "drop first": lambda n, s: _dropped(n, s, 0),
    "drop last": lambda n, s: _dropped(n, s, n - 1),
    "superpose first two": lambda n, s: _antipodal(n, 0, 1),
    "superpose last": lambda n, s: _antipodal(n, n - 2, n - 1),
}
#: The notebook's formulas; s is the density, r the importance of the last feature.
_PRINTED: dict[str, Callable[[float, float], float]] = {
    "drop first": lambda s, r: s / 3 - s**2 / 4,
    "drop last": lambda s, r: r * (s / 3 - s**2 / 4),
    "superpose first two": lambda s, r: s**2 / 3,
    "superpose last": lambda s, r: (1 + r) * s**2 / 6,
}
