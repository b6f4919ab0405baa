"""Inputs of a setting's law, and what a model makes of them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.loss.law import structure_of
from tegum.theory.loss.quasi import coordinates, features_of
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def inputs(setting: Setting, count: int, random: np.random.Generator) -> Float[np.ndarray, "inputs features"]:
    """Independent inputs x of the setting's law."""
    structure = structure_of(setting)
    uniform = random.random((count, coordinates(structure, setting.count)))
    return features_of(uniform, np.array([setting.density]), structure)[0]


def targets(x: Float[np.ndarray, "inputs features"], setting: Setting) -> Float[np.ndarray, "inputs features"]:
    """y, which is x or |x|."""
    return np.abs(x) if setting.target == "abs" else x


def hidden_states(
    x: Float[np.ndarray, "inputs features"], weights: Weights, setting: Setting
) -> Float[np.ndarray, "*ensemble inputs hidden"]:
    """h = activation(W x)."""
    h = x @ np.swapaxes(weights.W, -1, -2)
    return np.maximum(h, 0.0) if setting.activation == "relu" else h


def outputs(
    h: Float[np.ndarray, "*ensemble inputs hidden"], weights: Weights, setting: Setting
) -> Float[np.ndarray, "*ensemble inputs features"]:
    """x̂ = readout(W_out h + b)."""
    z = h @ np.swapaxes(weights.outward, -1, -2) + weights.b[..., None, :]
    return np.maximum(z, 0.0) if setting.readout == "relu" else z


def feature_directions(weights: Weights, setting: Setting) -> Float[np.ndarray, "*ensemble hidden features"]:
    """Hidden state of each feature alone at magnitude one, activation(W e_i), in the columns: the known directions."""
    return np.maximum(weights.W, 0.0) if setting.activation == "relu" else weights.W
