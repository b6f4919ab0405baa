"""Models that claims are about: the best of a search and the best of training, and what records keep of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tegum.empirical.best import Best, best_of
from tegum.empirical.training import train
from tegum.theory.files.weights import named_arrays
from tegum.theory.search.optimum import Optimum, optimum
from tegum.theory.setting import Setting, with_axis


def optima(setting: Setting, over: str, values: Sequence[float], starts: int = 64) -> list[Optimum]:
    """The best weights at each value of an axis."""
    return [optimum(with_axis(setting, over, value), starts) for value in values]


def best_trained(setting: Setting, runs: int, steps: int, learning_rate: float = 0.01) -> Best:
    """The best of trained models, by their exact loss."""
    return best_of(train(setting, runs=runs, steps=steps, learning_rate=learning_rate, device="cpu"))[0]


def best_trained_over(
    setting: Setting, over: str, values: Sequence[float], runs: int, steps: int, learning_rate: float = 0.01
) -> list[Best]:
    """The best of trained models at each value of an axis."""
    return [best_trained(with_axis(setting, over, value), runs, steps, learning_rate) for value in values]


def found(best: Optimum) -> dict[str, Any]:
    """What a record keeps of an optimum."""
    arrays = {name: array.tolist() for name, array in named_arrays(best.weights).items()}
    numbers = {key: getattr(best, key) for key in ("geometry", "loss", "error", "hits", "starts")}
    return numbers | arrays


def found_over(over: str, values: Sequence[float], best: Sequence[Optimum]) -> Mapping[str, Any]:
    """What a record keeps of the optima at the values of an axis."""
    return {over: list(values), "optima": [found(one) for one in best]}
