"""Interference of two features at an angle, and how its cost grows with on-probability and with the cosine."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from tegum.papers.claims.quantity import Quantity
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def exponent_in_density(cosine: float, densities: Sequence[float]) -> Quantity:
    """Exponent of the loss against on-probability, of two binary unit vectors at a cosine, without biases."""
    losses = [_loss(cosine, p) for p in densities]
    return Quantity(_slope(densities, losses), 1e-9, "two exact losses", {"density": list(densities), "loss": losses})


def exponent_in_density_by_states(cosine: float, densities: Sequence[float]) -> Quantity:
    """The same from the four states, written out: each output is ReLU(x_i + c x_j)."""
    losses = []
    for p in densities:
        terms = [
            p ** (x + y)
            * (1 - p) ** (2 - x - y)
            * ((max(x + cosine * y, 0) - x) ** 2 + (max(y + cosine * x, 0) - y) ** 2)
            for x, y in product((0, 1), repeat=2)
        ]
        losses.append(sum(terms))
    return Quantity(_slope(densities, losses), 1e-9, "four states")


def exponent_in_cosine(density: float, cosines: Sequence[float], bias: float = 0.0) -> Quantity:
    """Exponent of that loss against the cosine."""
    losses = [_loss(cosine, density, bias) for cosine in cosines]
    return Quantity(_slope(cosines, losses), 1e-9, "two exact losses", {"cosine": list(cosines), "loss": losses})


def _loss(cosine: float, density: float, bias: float = 0.0) -> float:
    W = np.array([[1.0, cosine], [0.0, np.sqrt(1 - cosine**2)]])
    setting = Setting(count=2, hidden=2, density=density, values="binary")
    return float(population_loss(Weights(W, np.full(2, bias)), setting).loss)


def _slope(places: Sequence[float], losses: Sequence[float]) -> float:
    return float(np.log(losses[1] / losses[0]) / np.log(places[1] / places[0]))
