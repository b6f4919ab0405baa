"""Elhage et al.'s demonstration of superposition, and the mathematics of its losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import best_trained, found
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import superposition
from tegum.theory.geometry.identify import identify
from tegum.theory.limits import linear_loss, one_hot_loss
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def over_linear(setting: Setting, starts: int = 8) -> Quantity:
    """Loss of the best weights over that of the best linear model of the same rank."""
    best = optimum(setting, starts)
    return Quantity(best.loss / linear_loss(setting), 1e-9, "global search against weighted PCA", found(best))


def optimum_biases(setting: Setting, starts: int = 8) -> Quantity:
    """Biases of the best weights, in the order of the features."""
    best = optimum(setting, starts)
    return Quantity(tuple(best.weights.b.tolist()), 1e-6, "global search on the exact loss", found(best))


def scores_of_scaled(scale: float) -> Quantity:
    """Superposition score of orthogonal features, an antipode, and three vectors at 120°, all but the first scaled."""
    angle = 2 * np.pi * np.arange(3) / 3
    examples = [np.eye(2), np.array([[1.0, -1.0]]), np.array([np.cos(angle), np.sin(angle)])]
    values = []
    for W in examples:
        W = W.copy()
        W[:, 1:] *= scale
        values.append(float(superposition(W)[0]))
    return Quantity(tuple(values), 1e-12, "exact")


def linear_formula_error(setting: Setting, models: int = 100, seed: int = 0) -> Quantity:
    """Largest relative difference of the exact linear loss, best biases, from Var x Σ(1 - |W|²)² + Σ (W_j·W_i)²."""
    random = np.random.default_rng(seed)
    p = setting.density[0]
    mean, variance = p / 2, p / 3 - p**2 / 4
    differences = []
    for _ in range(models):
        W = random.normal(size=(setting.hidden, setting.count)) / np.sqrt(setting.hidden)
        G = W.T @ W
        exact = population_loss(Weights(W, mean * (1 - G.sum(axis=1))), setting)
        formula = variance * ((G - np.eye(setting.count)) ** 2).sum()
        differences.append(abs(float(exact.loss) / formula - 1))
    return Quantity(max(differences), 1e-11, f"exact loss of {models} random models against the formula")


def sparse_limit_error(density: float, models: int = 20, seed: int = 0) -> Quantity:
    """Largest relative difference of L(p)/(n p) from the loss with one active feature, for random weights."""
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(models):
        weights = Weights(random.normal(size=(2, 5)) / np.sqrt(2), -random.random(5))
        exact = float(population_loss(weights, Setting(5, 2, density)).loss) / (5 * density)
        differences.append(abs(exact / one_hot_loss(weights) - 1))
    return Quantity(max(differences), 1e-9, f"exact losses of {models} random models")


def one_active_loss(second: float = -1.0) -> Quantity:
    """Loss per active feature of W = [1, second], b = 0 where one feature is on."""
    return Quantity(one_hot_loss(Weights(np.array([[1.0, second]]), np.zeros(2))), 1e-15, "exact")


def who_is_represented(setting: Setting, densities: Sequence[float], importances: Sequence[float]) -> Quantity:
    """Which of two features the best weights represent, at pairs of density and importance of the second."""
    answers, optima = [], []
    for p, importance in zip(densities, importances, strict=True):
        best = optimum(Setting(2, 1, p, [1.0, importance], readout=setting.readout))
        first, second = np.abs(best.weights.W[0]) > 0.05
        answers.append("both" if first and second else "first" if first else "second")
        optima.append(found(best))
    return Quantity(tuple(answers), 0.0, "global search on the exact loss", {"optima": optima})


def trained_geometry(setting: Setting, runs: int = 32, steps: int = 10_000) -> Quantity:
    """Geometry of the best of trained models, by their exact loss."""
    best = best_trained(setting, runs, steps)
    return Quantity(identify(best.weights.W).geometry, 0.0, f"best of {runs} trained models", {"loss": best.loss})
