"""Steering: one feature's direction added to the hidden state, and what leaks into the other outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from tegum.empirical.probes.cells import repeated
from tegum.empirical.probes.forward import feature_directions, hidden_states, inputs, outputs
from tegum.theory.checks import number
from tegum.theory.errors import InputError
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@dataclass(frozen=True)
class Steering:
    """What steering each feature of a model does to every output.

    Attributes:
        doses: multiples s of a feature's direction.
        leak: change of the mean of output j (row) when feature i (column) is steered; the diagonal is what is wanted.
        error: bound on the numerical error of each entry.
        isolation: of each dose and steered feature, the share of the total change that is its own:
            |leak_ii| / Σ_j |leak_ji|; 0 where nothing changes.
    """

    doses: tuple[float, ...]
    leak: Float[np.ndarray, "doses features features"]
    error: float
    isolation: Float[np.ndarray, "doses features"]


def steering(weights: Weights, setting: Setting, doses: Sequence[float]) -> Steering:
    """Mean change of each output when h becomes h + s v_i, v_i = activation(W e_i) being feature i at magnitude one.

    leak_ji = E x̂_j(h + s v_i) - E x̂_j(h).  The outputs before the readout move by s W_out v_i whatever the input, as if
    the bias had moved, so that leak_ji is a difference of two means E (z_j)_+ of one family.  Each is half the slope
    of E (z_j)_+² by the bias, which is the loss of a feature that is never on: exact.  All inputs move an output to
    the same side, so that |leak_ji| is the mean size of the change as well.

    Args:
        weights: one model.
        setting: of its inputs; a linear hidden layer.
        doses: s, in magnitudes of a feature; negative ones steer away.

    Returns:
        `Steering`.

    Raises:
        InputError: an ensemble, no doses or one that is not finite, or a ReLU hidden layer (see `sampled_leak`).

    >>> pair = Weights(np.array([[1.0, -1.0]]), np.zeros(2))
    >>> steering(pair, Setting(count=2, hidden=1, density=0.0), [-1.0]).leak[0].tolist()  # down on one, up on the other
    [[0.0, 1.0], [1.0, 0.0]]
    """
    _check(weights, setting, doses)
    pushes = weights.outward @ feature_directions(weights, setting)
    shifts = np.concatenate([np.zeros((1, setting.count)), *(dose * pushes.T for dose in doses)])
    means, error = _mean_outputs(weights, setting, shifts)
    leak = (means[1:] - means[0]).reshape(len(doses), setting.count, setting.count).swapaxes(1, 2)
    total, own = np.abs(leak).sum(axis=1), np.abs(np.diagonal(leak, axis1=1, axis2=2))
    isolation = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
    return Steering(tuple(map(float, doses)), leak, 2 * error, isolation)


def sampled_leak(
    weights: Weights, setting: Setting, dose: float, samples: int, seed: int = 0
) -> tuple[Float[np.ndarray, "features features"], Float[np.ndarray, "features features"]]:
    """The leak of one dose and its standard error, from inputs drawn at random: any hidden layer and readout."""
    x = inputs(setting, samples, np.random.default_rng(seed))
    h = hidden_states(x, weights, setting)
    plain = outputs(h, weights, setting)
    columns = feature_directions(weights, setting).T
    changes = (outputs(h + dose * one, weights, setting) - plain for one in columns)
    found = [(change.mean(axis=0), change.std(axis=0, ddof=1) / np.sqrt(samples)) for change in changes]
    mean, error = (np.array(part).T for part in zip(*found, strict=True))
    return mean, error


def _mean_outputs(
    weights: Weights, setting: Setting, shifts: Float[np.ndarray, "cases features"]
) -> tuple[Float[np.ndarray, "cases features"], float]:
    """E x̂ with the outputs before the readout shifted, and a bound on its error.

    Beside every feature stands a phantom one that is never on and reads the same z_j: its loss is E (z_j)_+², whose
    slope by the bias is 2 E (z_j)_+.  Under a linear readout E z_j² gives 2 E z_j in the same way.
    """
    silent = np.zeros_like(weights.W)
    W = np.concatenate([weights.W, silent], axis=1)
    W_out = np.concatenate([np.zeros_like(weights.outward), weights.outward])
    phantoms = repeated(Weights(W, np.concatenate([np.zeros_like(weights.b), weights.b]), W_out), len(shifts))
    b = phantoms.b + np.concatenate([np.zeros_like(shifts), shifts], axis=1)
    found = population_loss(Weights(phantoms.W, b, phantoms.W_out), _with_phantoms(setting))
    return found.gradient.b[:, setting.count :] / 2, float(np.max(found.gradient_error)) / 2


def _with_phantoms(setting: Setting) -> Setting:
    """Twice the features, the second half never on and alone of importance."""
    nothing = (0.0,) * setting.count
    return replace(
        setting,
        count=2 * setting.count,
        density=setting.density + nothing,
        importance=nothing + (1.0,) * setting.count,
        tied=False,
        bias=True,
        target="identity",
        l1=0.0,
    )


def _check(weights: Weights, setting: Setting, doses: Sequence[float]) -> None:
    if weights.W.ndim != 2:
        raise InputError("one model is steered at a time, not an ensemble")
    if not doses:
        raise InputError("no doses to steer by; at least one is needed")
    for dose in doses:
        number("dose", dose)
    if setting.activation != "none":
        raise InputError("activation = 'relu' has no exact leak here; supported: 'none'")
