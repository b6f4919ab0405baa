"""Activation patterns: what the pentagon answers to an input, and to a direction added to its hidden layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from jaxtyping import Float

from tegum.empirical.probes.forward import feature_directions, hidden_states, outputs
from tegum.papers.claims.models import best_trained, found
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import around_circle
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: What the search leaves of an output, and what training on fresh inputs leaves of one that is not cut off at zero.
_EXACT, _TRAINED = 1e-6, 0.1
#: Entries of a hidden unit above this take part in it, relative to the longest feature vector.
_TAKES_PART = 0.1
#: Directions of a hidden unit that are looked at in half a turn.
_DIRECTIONS = 3600

Outputs = Float[np.ndarray, " features"]


def outputs_on(setting: Setting, active: Sequence[int], starts: int = 64) -> Quantity:
    """Outputs of the features that are on, in the best weights; features are numbered around the circle from 0."""
    weights = in_order(optimum(setting, starts).weights)
    values = answer(weights, setting, active)[list(active)]
    return Quantity(tuple(values.tolist()), _EXACT, "the best weights of a search", _patterns(weights, setting))


def outputs_on_by_training(setting: Setting, active: Sequence[int], runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    weights = in_order(best_trained(setting, runs, steps).weights)
    values = answer(weights, setting, active)[list(active)]
    return Quantity(tuple(values.tolist()), _trained_errors(values), f"best of {runs} trained models")


def outputs_off(setting: Setting, active: Sequence[int], starts: int = 64) -> Quantity:
    """Outputs of the features that are off, the others being on, in the best weights."""
    weights = in_order(optimum(setting, starts).weights)
    values = np.delete(answer(weights, setting, active), list(active))
    return Quantity(tuple(values.tolist()), _EXACT, "the best weights of a search")


def outputs_off_by_training(setting: Setting, active: Sequence[int], runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    weights = in_order(best_trained(setting, runs, steps).weights)
    values = np.delete(answer(weights, setting, active), list(active))
    return Quantity(tuple(values.tolist()), _trained_errors(values), f"best of {runs} trained models")


def false_activation(setting: Setting, starts: int = 64) -> Quantity:
    """Output of a feature that is off while its neighbour alone is on, in the best weights; the mean."""
    best = optimum(setting, starts)
    return Quantity(_false_activation(best.weights, setting), _EXACT, "the best weights of a search", found(best))


def false_activation_by_training(setting: Setting, runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    weights = best_trained(setting, runs, steps).weights
    return Quantity(_false_activation(weights, setting), _TRAINED / 2, f"best of {runs} trained models")


def hidden_residue(setting: Setting, active: Sequence[int], starts: int = 64) -> Quantity:
    """Largest entry of |h(x) - Σ_i h(e_i)| over the features i that are on in x, in the best weights."""
    weights = in_order(optimum(setting, starts).weights)
    h = hidden_states(_input(setting, active), weights, setting)
    added = feature_directions(weights, setting)[:, list(active)].sum(axis=1)
    return Quantity(float(np.abs(h - added).max()), 1e-12, "the best weights of a search")


def least_rise(setting: Setting, starts: int = 64) -> Quantity:
    """Least rise of an output i when feature i's direction is added to the hidden state of another feature's input."""
    best = optimum(setting, starts)
    return Quantity(_least_rise(best.weights, setting), _EXACT, "the best weights of a search", found(best))


def least_rise_by_training(setting: Setting, runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    weights = best_trained(setting, runs, steps).weights
    return Quantity(_least_rise(weights, setting), _TRAINED, f"best of {runs} trained models")


def fewest_in_a_unit(setting: Setting, starts: int = 64) -> Quantity:
    """The fewest features that take part in one hidden unit of the best weights, however the two units are turned."""
    best = optimum(setting, starts)
    turns = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    entries = np.abs(np.stack([np.cos(turns), np.sin(turns)], axis=1) @ best.weights.W)
    counts = (entries > _TAKES_PART * np.linalg.norm(best.weights.W, axis=0).max()).sum(axis=1)
    return Quantity(int(counts.min()), 0.0, f"{_DIRECTIONS} directions of a unit of the best weights", found(best))


def in_order(weights: Weights) -> Weights:
    """The same model, its features in the order in which one meets them around the circle."""
    order = around_circle(weights.W)
    return Weights(weights.W[:, order], weights.b[order])


def answer(weights: Weights, setting: Setting, active: Sequence[int]) -> Outputs:
    """Outputs where these features are on."""
    return outputs(hidden_states(_input(setting, active), weights, setting), weights, setting)[0]


def _input(setting: Setting, active: Sequence[int]) -> Float[np.ndarray, "1 features"]:
    x = np.zeros((1, setting.count))
    x[0, list(active)] = 1.0
    return x


def _trained_errors(values: Outputs) -> tuple[float, ...]:
    """An output at zero is cut off there: it is exact."""
    return tuple(_TRAINED if value > 0 else 0.0 for value in values)


def _false_activation(weights: Weights, setting: Setting) -> float:
    ordered = in_order(weights)
    others = [answer(ordered, setting, [i])[[i - 1, (i + 1) % setting.count]] for i in range(setting.count)]
    return float(np.mean(others))


def _least_rise(weights: Weights, setting: Setting) -> float:
    directions = feature_directions(weights, setting).T
    rises = []
    for steered, present in permutations(range(setting.count), 2):
        h = hidden_states(_input(setting, [present]), weights, setting)
        before, after = (outputs(one, weights, setting)[0, steered] for one in (h, h + directions[steered]))
        rises.append(float(after - before))
    return min(rises)


def _patterns(weights: Weights, setting: Setting) -> dict[str, object]:
    """What a figure needs: the model, and its hidden state and outputs for one feature, a far pair and a near pair."""
    shown = [[0], [0, 2], [0, 1]]
    return {
        "W": weights.W.tolist(),
        "b": weights.b.tolist(),
        "active": shown,
        "hidden": [hidden_states(_input(setting, one), weights, setting)[0].tolist() for one in shown],
        "outputs": [answer(weights, setting, one).tolist() for one in shown],
    }
