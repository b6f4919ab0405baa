"""Quantities that the claims of several sources ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tegum.papers.claims.quantity import Quantity
from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import Optimum, feature_vectors, optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights


def optimum_geometry(setting: Setting, starts: int = 64, seed: int = 0) -> Quantity:
    """Geometry of the best weights that the global search finds."""
    best = optimum(setting, starts, seed)
    return Quantity(best.geometry, 0.0, "global search on the exact loss", found(best))


def optimum_geometries(setting: Setting, over: str, values: Sequence[float], starts: int = 64) -> Quantity:
    """Geometry of the best weights at each value of an axis."""
    best = [optimum(with_axis(setting, over, value), starts) for value in values]
    return Quantity(
        tuple(one.geometry for one in best),
        0.0,
        "global search on the exact loss",
        {over: list(values), "optima": [found(one) for one in best]},
    )


def represented(setting: Setting, over: str, values: Sequence[float], norm: float = 0.5, starts: int = 64) -> Quantity:
    """How many feature vectors of the best weights are longer than a norm, at each value of an axis."""
    best = [optimum(with_axis(setting, over, value), starts) for value in values]
    norms = [np.linalg.norm(feature_vectors(one.weights), axis=0) for one in best]
    return Quantity(
        tuple(int((one > norm).sum()) for one in norms),
        0.0,
        f"features of norm above {norm:g} in the best weights of a global search",
        {over: list(values), "optima": [found(one) for one in best]},
    )


def boundary_value(setting: Setting, between: Sequence[str], over: str, start: float, stop: float) -> Quantity:
    """Where the optimised losses of two geometries cross along an axis, proved."""
    first, second = between
    crossing = boundary(setting, (first, second), over, start, stop)
    return Quantity(
        crossing.value,
        crossing.upper - crossing.lower,
        "crossing of two optimised losses, enclosed in ball arithmetic",
        {"below": crossing.below, "above": crossing.above, "order": crossing.order, "decimal": crossing.decimal},
    )


def candidate_loss(setting: Setting, geometry: str) -> Quantity:
    """Exact loss of a geometry with its free scalars optimised."""
    fit = candidate(geometry, setting)
    if fit is None:
        raise InputError(f"{geometry} has no critical point of its type in this setting")
    exact = population_loss(fit.weights, setting)
    return Quantity(
        float(exact.loss), float(exact.error), f"optimised candidate, {exact.method}", _weights(fit.weights)
    )


def loss_of(setting: Setting, W: Sequence[Sequence[float]], b: Sequence[float], method: str = "auto") -> Quantity:
    """Exact loss of given weights."""
    weights = Weights(np.array(W, dtype=float), np.array(b, dtype=float))
    exact = population_loss(weights, setting, method=method)
    return Quantity(float(exact.loss), float(exact.error), f"loss of given weights, {exact.method}")


def monte_carlo_loss(
    setting: Setting, W: Sequence[Sequence[float]], b: Sequence[float], samples: int = 10**6, seed: int = 0
) -> Quantity:
    """Loss of given weights on random inputs: a route that shares nothing with the exact ones; error four sigma."""
    random = np.random.default_rng(seed)
    weights, p = np.array(W, dtype=float), np.array(setting.density)
    if replace(setting, density=0.5, importance=1.0) != Setting(setting.count, setting.hidden, 0.5):
        raise InputError("monte_carlo_loss takes independent uniform features, tied weights and a ReLU readout")
    x = random.random((samples, setting.count)) * (random.random((samples, setting.count)) < p)
    y = np.maximum(x @ weights.T @ weights + np.array(b), 0.0)
    losses = ((x - y) ** 2) @ np.array(setting.importance)
    return Quantity(
        float(losses.mean()), float(4 * losses.std() / np.sqrt(samples)), "Monte Carlo, four standard errors"
    )


def found(best: Optimum) -> dict[str, object]:
    """What a record keeps of an optimum."""
    return {
        "geometry": best.geometry,
        "loss": best.loss,
        "error": best.error,
        "hits": best.hits,
        "starts": best.starts,
        **_weights(best.weights),
    }


def _weights(weights: Weights) -> dict[str, object]:
    tied = {"W": weights.W.tolist(), "b": weights.b.tolist()}
    return tied if weights.W_out is None else tied | {"W_out": weights.W_out.tolist()}
