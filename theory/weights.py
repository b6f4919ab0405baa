"""Weights: the parameters of one model, or of an ensemble of models, in double precision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of x̂ = readout(W_out activation(W x) + b), tied (W_out = Wᵀ) unless W_out is given.

    Args:
        W: [hidden, features], or [models, hidden, features] for an ensemble; real numbers, copied to float64.
        b: [features], or [models, features]; zero for a model without bias.
        W_out: [features, hidden], or [models, features, hidden]; None for tied weights.

    Raises:
        InputError: not real numbers, a NaN or an infinity, an empty axis, or shapes at odds with each other.
    """

    W: Float[np.ndarray, "*ensemble hidden features"]
    b: Float[np.ndarray, "*ensemble features"]
    W_out: Float[np.ndarray, "*ensemble features hidden"] | None = None

    def __post_init__(self) -> None:
        W, b = _finite_array("W", self.W), _finite_array("b", self.b)
        if W.ndim not in (2, 3):
            raise InputError(f"W has shape {W.shape}; needed is [hidden, features] or one more leading axis")
        _check_shape("b", b, W.shape[:-2] + W.shape[-1:], W.shape)
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "b", b)
        if self.W_out is not None:
            W_out = _finite_array("W_out", self.W_out)
            _check_shape("W_out", W_out, (*W.shape[:-2], W.shape[-1], W.shape[-2]), W.shape)
            object.__setattr__(self, "W_out", W_out)

    def __getitem__(self, models) -> "Weights":
        """One model of an ensemble by its number, or several by a slice, numbers or a mask."""
        return Weights(self.W[models], self.b[models], None if self.W_out is None else self.W_out[models])

    @property
    def ensemble(self) -> "Weights":
        """The weights with a leading axis of models, of one model too."""
        return self if self.W.ndim == 3 else self[None]

    @property
    def outward(self) -> Float[np.ndarray, "*ensemble features hidden"]:
        """W_out, which is Wᵀ where the weights are tied."""
        return np.swapaxes(self.W, -1, -2) if self.W_out is None else self.W_out


def joined_ensembles(parts: Sequence[Weights]) -> Weights:
    """The models of several ensembles of one shape, all tied or all untied, in their order."""
    outward = [one.W_out for one in parts if one.W_out is not None]
    W, b = np.concatenate([one.W for one in parts]), np.concatenate([one.b for one in parts])
    return Weights(W, b, np.concatenate(outward) if outward else None)


def overlap_matrix(weights: Weights) -> Float[np.ndarray, "*ensemble features features"]:
    """Overlaps of every output with every feature.

    G = W_out W of each model, WᵀW where tied: unchanged by any rotation of the hidden layer.

    Args:
        weights: one model, or an ensemble.

    Returns:
        [features, features], or [models, features, features]: row i is what output i hears of each feature.

    Raises:
        Nothing: `Weights` were checked when they were made.

    Validity: any finite weights; rounding of a few units in the last place of Σ_a |W_out| |W|.

    Source: Elhage et al. 2022, section "Demonstrating superposition", where it is WᵀW.
    """
    return weights.outward @ weights.W


def _check_shape(name: str, array: np.ndarray, needed: tuple[int, ...], of: tuple[int, ...]) -> None:
    if array.shape != needed:
        raise InputError(f"{name} has shape {array.shape}; W of shape {of} needs {needed}")


def _finite_array(name: str, given: Any) -> np.ndarray:
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise InputError(f"{name} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} holds {array.dtype} values; real numbers are needed")
    if array.size == 0:
        raise InputError(f"{name} has shape {array.shape}; no axis may be empty")
    with np.errstate(all="ignore"):  # what a conversion could warn about is refused on the next line
        array = np.array(array, dtype=np.float64, order="C")
    if not np.isfinite(array).all():
        raise InputError(f"{name} has an entry that is not a finite number")
    return array
