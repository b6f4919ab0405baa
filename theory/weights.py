"""Weights: the parameters of one model, or of an ensemble of models, in double precision."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError


@dataclass(frozen=True, eq=False)
class Weights:
    """Tied weights of x̂ = readout(Wᵀ activation(W x) + b).

    Args:
        W: [hidden, features], or [models, hidden, features] for an ensemble; real numbers, copied to float64.
        b: [features], or [models, features]; zero for a model without bias.

    Raises:
        InputError: not real numbers, a NaN or an infinity, an empty axis, or shapes at odds with each other.
    """

    W: Float[np.ndarray, "*ensemble hidden features"]
    b: Float[np.ndarray, "*ensemble features"]

    def __post_init__(self) -> None:
        W, b = _finite_array("W", self.W), _finite_array("b", self.b)
        if W.ndim not in (2, 3):
            raise InputError(f"W has shape {W.shape}; needed is [hidden, features] or one more leading axis")
        needed = W.shape[:-2] + W.shape[-1:]
        if b.shape != needed:
            raise InputError(f"b has shape {b.shape}; W of shape {W.shape} needs {needed}")
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "b", b)


def overlap_matrix(weights: Weights) -> Float[np.ndarray, "*ensemble features features"]:
    """G = WᵀW of each model, [.., features, features]: unchanged by any rotation of the hidden layer."""
    return np.swapaxes(weights.W, -1, -2) @ weights.W


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
