"""What the encyclopedia's article says of dimensionality, of importance, and of single neurons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from tegum.empirical.training import train
from tegum.papers.claims.models import found, found_over, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.factor import factor_named, regular_vectors
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting

#: Feature vectors of at least this length are represented; a dimensionality at least this near to 1 is a feature's own
#: dimension.
_NORM, _ALONE = 0.1, 0.01
#: Entries of a hidden unit above this, relative to the longest feature vector, take part in it.
_TAKES_PART = 0.1
#: Trained models whose loss is within this factor of the least have found the same arrangement.
_NEAR = 1.01
_TURNS = 3600


def dimensionalities(names: Sequence[str]) -> Quantity:
    """Dimensionality of a vertex of each regular factor."""
    values = tuple(float(dimensionality(regular_vectors(factor_named(name)))[0]) for name in names)
    return Quantity(values, 1e-12, "regular arrangements")


def dimensionality_by_feature(setting: Setting, starts: int = 64) -> Quantity:
    """Dimensionality of each feature in the best weights, in the order of the features."""
    best = optimum(setting, starts)
    return Quantity(
        tuple(dimensionality(best.weights.W).tolist()), 1e-5, "global search on the exact loss", found(best)
    )


def roles(setting: Setting, feature: int, over: str, values: Sequence[float], starts: int = 64) -> Quantity:
    """What a feature is in the best weights at each value of an axis: "dropped", "alone" or "shared"."""
    best = optima(setting, over, values, starts)
    words = tuple(_roles(one.weights.W)[feature] for one in best)
    return Quantity(words, 0.0, "global search on the exact loss", found_over(over, values, best))


def first_to_share(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """The most important feature of those that share dimensions, at the first of some densities at which any do.

    Features are numbered from 0 by falling importance; -1 where none share.
    """
    best = optima(setting, "density", densities, starts)
    shared = [_roles(one.weights.W).index("shared") for one in best if "shared" in _roles(one.weights.W)]
    number = shared[0] if shared else -1
    return Quantity(number, 0.0, "global search on the exact loss", found_over("density", densities, best))


def share_of_single_units(setting: Setting, runs: int = 32, steps: int = 3000) -> Quantity:
    """Share of the trained models near the best in which one feature alone takes part in each hidden unit.

    The error is two standard errors of the share.
    """
    trained = train(setting, runs=runs, steps=steps, device="cpu")
    losses = np.asarray(population_loss(trained.weights, setting).loss)
    near = trained.weights.W[losses <= _NEAR * losses.min()]
    share = float(np.mean([_most_in_a_unit(W) == 1 for W in near]))
    error = 2 * float(np.sqrt(share * (1 - share) / len(near)))
    return Quantity(share, error, f"{runs} trained models, of which {len(near)} are near the best")


def share_of_single_turns(setting: Setting, starts: int = 64) -> Quantity:
    """Share of the turns of the two hidden units, which the loss does not see, at which each has one feature alone."""
    best = optimum(setting, starts)
    single = [_most_in_a_unit(_turn(2 * np.pi * k / _TURNS) @ best.weights.W) == 1 for k in range(_TURNS)]
    return Quantity(float(np.mean(single)), 2 / _TURNS, f"{_TURNS} turns of the best weights", found(best))


def _roles(W: Float[np.ndarray, "hidden features"]) -> list[str]:
    represented = np.linalg.norm(W, axis=0) > _NORM
    D = dimensionality(np.where(represented, W, 0.0))
    alone = np.where(D > 1 - _ALONE, "alone", "shared")
    return [str(one) for one in np.where(represented, alone, "dropped")]


def _turn(angle: float) -> Float[np.ndarray, "2 2"]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _most_in_a_unit(W: Float[np.ndarray, "hidden features"]) -> int:
    return int((np.abs(W) > _TAKES_PART * np.linalg.norm(W, axis=0).max()).sum(axis=1).max())
