"""Structured starts of a ReLU hidden layer: units of their own for the features that matter most."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from tegum.theory.search.starts import by_weight, structured_share
from tegum.theory.setting import Setting

_STREAM = 5
#: How far structured starts are bent: their weights move by up to this, by as little as a thousandth.
_BENT = 0.3


def with_neurons(
    setting: Setting,
    seed: int,
    W: Float[np.ndarray, "starts hidden features"],
    b: Float[np.ndarray, "starts features"],
    W_out: Float[np.ndarray, "starts features hidden"] | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Starts of a linear hidden layer made into those of a ReLU one.

    The structured share (see `starts.structured_share`) becomes `neuron_starts`; random units answer |x| positively.

    Args:
        setting: with a ReLU hidden layer.
        seed: of the structured ones.
        W, b, W_out: starts, the structured ones last; W_out is None if tied.
    """
    random = len(b) - structured_share(len(b))
    own, outward = neuron_starts(setting, len(b) - random, seed)
    W, b = np.concatenate([W[:random], own]), np.concatenate([b[:random], np.zeros_like(b[random:])])
    if W_out is None:
        return W, b, None
    W_out = np.abs(W_out) if setting.target == "abs" else W_out
    return W, b, np.concatenate([W_out[:random], outward])


def neuron_starts(
    setting: Setting, starts: int, seed: int
) -> tuple[Float[np.ndarray, "starts hidden features"], Float[np.ndarray, "starts features hidden"]]:
    """Starts in which some features have units of their own, and the rest of the units hear all other features.

    A signed feature takes a pair of units, +e_i and -e_i, one of [0, 1] a single one, and they answer with the
    target: |x_i| = (x_i)_+ + (-x_i)_+, x_i = (x_i)_+ - (-x_i)_+.  How many features is drawn at random; the first
    ones by I p and a random factor.

    Args:
        setting: with a ReLU hidden layer.
        starts: how many.
        seed: of all that is random; the stream is not that of other starts.

    Returns:
        W and W_out, which is of no use to a tied model; biases begin at zero.
    """
    W, outward = np.zeros((2, starts, setting.hidden, setting.count))
    for k, stream in enumerate(np.random.SeedSequence([seed, _STREAM]).spawn(starts)):
        W[k], outward[k] = _one(setting, np.random.default_rng(stream))
    return W, outward.swapaxes(1, 2)


def _one(setting: Setting, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """W and W_outᵀ of one start."""
    signs = (1.0, -1.0) if setting.values == "signed" else (1.0,)
    most = min(setting.count, setting.hidden // len(signs))
    own = by_weight(setting, random)[: random.integers(0, most + 1)]
    W, outward = np.zeros((2, setting.hidden, setting.count))
    for k, feature in enumerate(own):
        for unit, sign in enumerate(signs, start=k * len(signs)):
            W[unit, feature] = sign
            outward[unit, feature] = 1.0 if setting.target == "abs" else sign
    others, rest = slice(len(own) * len(signs), None), np.setdiff1d(np.arange(setting.count), own)
    shape = W[others][:, rest].shape
    size = 1 / np.sqrt(setting.hidden)
    W[others, rest] = size * random.normal(size=shape)
    outward[others, rest] = size * np.abs(random.normal(size=shape))
    bend = _BENT * size * 10.0 ** random.uniform(-3, 0)
    return W + bend * random.normal(size=W.shape), outward + bend * random.normal(size=W.shape)
