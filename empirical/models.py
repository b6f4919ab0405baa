"""Models: everything that runs are between two steps, and how they start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from tegum.empirical.plan import Training
from tegum.empirical.stream import START, uniforms
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Instances in one tensor of the published notebook, on which the variance of its start depends.
_NOTEBOOK_INSTANCES = 10
#: Overlaps of larger weights are beyond 2⁵³, where the exact loss has no digits left: such a run has diverged.
_LARGEST_WEIGHT = 2.0**26


@dataclass(eq=False)
class Models:
    """Models of one shape, side by side, and the state of their optimiser: all that a run is between two steps.

    Attributes:
        parameters: "W" [runs, hidden, features], "W_out" [runs, features, hidden] if untied and "b" [runs,
            features] if there are biases; in single precision, or in double where the gradient is exact.
        first: the optimiser's first moment (its momentum, for SGD), of the same keys and shapes.
        second: the second moment, likewise; empty for SGD.

    A kernel changes the arrays in place.
    """

    parameters: dict[str, np.ndarray]
    first: dict[str, np.ndarray]
    second: dict[str, np.ndarray]

    def __getitem__(self, rows: Int[np.ndarray, " chosen"]) -> Models:
        """Copies of some of the models."""
        return Models(*({name: array[rows] for name, array in part.items()} for part in self.parts))

    def __setitem__(self, rows: Int[np.ndarray, " chosen"], others: Models) -> None:
        for part, other in zip(self.parts, others.parts, strict=True):
            for name, array in other.items():
                part[name][rows] = array

    def __len__(self) -> int:
        return len(self.parameters["W"])

    @property
    def parts(self) -> tuple[dict[str, np.ndarray], ...]:
        """Parameters, first moments and second moments."""
        return self.parameters, self.first, self.second


def new_models(settings: Sequence[Setting], keys: UInt64[np.ndarray, " runs"], training: Training) -> Models:
    """Models at the start of their training: normal weights from each run's own stream, biases at 0.

    The variance of an entry of W [hidden, features] and of W_out [features, hidden], m hidden units and n features:

    - "xavier": 2/(m + n) for both;
    - "kaiming": 2/n and 2/m, two over the inputs of the layer;
    - "normal": 1;
    - "orthogonal": 1/max(m, n) for both, their rows or columns orthonormal, whichever are fewer;
    - "notebook": 2/(m (n + 10)) for both, which is what the published notebook gets from applying PyTorch's
      xavier_normal_ to a tensor [instances, features, hidden].

    Source: torch.nn.init; notebook of Elhage et al. 2022, ten instances.
    """
    dtype = np.float64 if training.data == "population" else np.float32
    parameters = {}
    for number, (name, shape) in enumerate(shapes(settings[0]).items()):
        first = (
            np.zeros((len(keys), *shape))
            if name == "b"
            else _start(normals(keys, number, shape), settings[0], training)
        )
        parameters[name] = np.ascontiguousarray(first, dtype=dtype)
    zeros = [{name: np.zeros_like(array) for name, array in parameters.items()} for _ in range(2)]
    return Models(parameters, zeros[0], {} if training.optimizer == "sgd" else zeros[1])


def shapes(setting: Setting) -> dict[str, tuple[int, ...]]:
    """The arrays of one model's parameters."""
    shape = {"W": (setting.hidden, setting.count)}
    if not setting.tied:
        shape["W_out"] = (setting.count, setting.hidden)
    return shape | ({"b": (setting.count,)} if setting.bias else {})


def are_bounded(models: Models) -> Bool[np.ndarray, " runs"]:
    """Which models have weights, none of them NaN, that an exact loss can be computed of."""
    largest = [np.abs(array).reshape(len(models), -1).max(axis=1) for array in models.parameters.values()]
    return np.max(largest, axis=0) <= _LARGEST_WEIGHT


def weights_of_models(models: Models) -> Weights:
    """The models' weights; zero biases where the models have none."""
    W = models.parameters["W"]
    b = models.parameters.get("b", np.zeros((len(W), W.shape[2]), dtype=W.dtype))
    return Weights(W, b, models.parameters.get("W_out"))


def arrays_of(weights: Weights) -> dict[str, np.ndarray]:
    """The arrays of an ensemble's weights, by name; W_out only where it is untied."""
    tied = {"W": weights.W, "b": weights.b}
    return tied if weights.W_out is None else tied | {"W_out": weights.W_out}


def rows_of(weights: Weights, rows: Sequence[int] | np.ndarray) -> Weights:
    """Some models of an ensemble."""
    return Weights(**{name: array[rows] for name, array in arrays_of(weights).items()})


def model_of(weights: Weights, row: int) -> Weights:
    """One model of an ensemble, alone."""
    return Weights(**{name: array[row] for name, array in arrays_of(weights).items()})


def normals(
    keys: UInt64[np.ndarray, " runs"], number: int, shape: tuple[int, ...]
) -> Float[np.ndarray, "runs outputs inputs"]:
    """Standard normal numbers for each run's array of this number, by the transform of Box and Muller."""
    count = math.prod(shape)
    u = uniforms(keys, number, 2 * count, START).astype(np.float64)
    drawn = np.sqrt(-2 * np.log1p(-u[:, :count])) * np.cos(2 * np.pi * u[:, count:])
    return drawn.reshape(-1, *shape)


def _start(
    normal: Float[np.ndarray, "runs outputs inputs"], setting: Setting, training: Training
) -> Float[np.ndarray, "runs outputs inputs"]:
    """Standard normal matrices scaled, or made orthogonal, as the start says."""
    if training.start == "orthogonal":
        return _orthogonal(normal)
    m, n = setting.hidden, setting.count
    variance = {
        "xavier": 2 / (m + n),
        "kaiming": 2 / normal.shape[2],
        "normal": 1.0,
        "notebook": 2 / (m * (n + _NOTEBOOK_INSTANCES)),
    }
    return normal * math.sqrt(variance[training.start])


def _orthogonal(normal: np.ndarray) -> np.ndarray:
    wide = normal.shape[1] < normal.shape[2]
    q, r = np.linalg.qr(normal.swapaxes(1, 2) if wide else normal)
    q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]  # without which the law would not be uniform
    return q.swapaxes(1, 2) if wide else q
