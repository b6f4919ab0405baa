"""Elhage et al.'s pentagon: the length of its vectors, and what one denser or sparser feature makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.candidates.candidates import fitted
from tegum.theory.limits import one_hot_polygon
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis


def square_less_bias(vertices: int = 5) -> Quantity:
    """|W_i|² - (1 - b_i) of the best polygon of one-hot features."""
    fit = one_hot_polygon(vertices)
    return Quantity(fit.length**2 - (1 - fit.bias), 1e-6, "one-hot loss minimised over length and bias")


def square_less_bias_of_optimum(vertices: int = 5, density: float = 1e-4) -> Quantity:
    """The same in the best weights at a small density."""
    best = optimum(Setting(vertices, 2, density))
    square = (best.weights.W**2).sum(axis=0)
    return Quantity(float((square - 1 + best.weights.b).mean()), 1e-3, "global search on the exact loss", found(best))


def sparser_feature_ratio(setting: Setting, low: float = 0.1, high: float = 0.99) -> Quantity:
    """Density of the last feature, relative to the others', at which pentagon and two digons cost the same."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    crossing = boundary(setting, ("pentagon", "2*digon + dropped"), axis, low * base, high * base)
    error = (crossing.upper - crossing.lower) / base
    return Quantity(crossing.value / base, error, "crossing of two optimised losses, proved", {"below": crossing.below})


def sparser_feature_ratio_by_search(
    setting: Setting, ratios: int = 60, low: float = 0.1, high: float = 0.99
) -> Quantity:
    """The same from the losses of both on a grid of ratios: where their order changes; half a step of error."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    grid = np.linspace(low, high, ratios)
    losses = [
        [_loss(name, with_axis(setting, axis, r * base)) for r in grid] for name in ("pentagon", "2*digon + dropped")
    ]
    better = np.array(losses[0]) < np.array(losses[1])
    change = int(np.flatnonzero(better)[0])
    step = grid[1] - grid[0]
    return Quantity(float(grid[change] - step / 2), float(step / 2), "order of two optimised losses on a grid")


def arrangements_of_a_sparser_feature(setting: Setting, ratios: Sequence[float], starts: int = 64) -> Quantity:
    """Geometry of the best weights with the last feature's density at some ratios to the others'."""
    base, axis = setting.density[0], f"density[{setting.count - 1}]"
    best = optima(setting, axis, [ratio * base for ratio in ratios], starts)
    details = {"ratio": list(ratios), "optima": [found(one) for one in best]}
    return Quantity(tuple(one.geometry for one in best), 0.0, "global search on the exact loss", details)


def _loss(geometry: str, setting: Setting) -> float:
    fit = fitted(geometry, setting)
    return float("inf") if fit is None else fit.loss
