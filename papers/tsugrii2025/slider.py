"""The chapter's slider: k features in two dimensions, their best arrangement computed instead of drawn as a k-gon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from tegum.papers.claims.models import found
from tegum.papers.claims.quantity import Quantity
from tegum.papers.tsugrii2025.angles import bend, neighbour_gaps, represented
from tegum.papers.tsugrii2025.occasions import occasions
from tegum.theory.loss.law import empty_loss, law_of
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import Optimum, optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights, joined_ensembles

#: Degrees by which neighbours of a k-gon may be off: the triangle that is bent least stays below.
_OFF = 4.0
#: Where polygons start: about as long, and about as biased, as the best ones at on-probabilities of a hundredth.
_RADIUS, _BIAS = 1.3, -0.6
#: Off the symmetry of a polygon, which may be a saddle.
_ASIDE = 1e-2
#: Losses this close, relatively, are of polygons that differ by a slight bend.
_SAME = 1e-3


def neighbour_angles(setting: Setting, counts: Sequence[int], starts: int = 64) -> Quantity:
    """For each number of features k, the angle of neighbours in the best weights that is furthest from 360° / k."""
    best = _best_of_each(setting, counts, starts)
    values = tuple(
        _furthest(neighbour_gaps(represented(one.weights.W)), k) for k, one in zip(counts, best, strict=True)
    )
    return Quantity(values, 1e-3, "global search, from polygons too", _arrangements(counts, best))


def largest_cosines(setting: Setting, counts: Sequence[int], starts: int = 64) -> Quantity:
    """Largest cosine between two represented features of the best weights, for each number of features."""
    best = _best_of_each(setting, counts, starts)
    values = tuple(float(np.cos(np.radians(neighbour_gaps(represented(one.weights.W)).min()))) for one in best)
    return Quantity(values, 1e-5, "global search, from polygons too")


def loss_while_several_are_on(setting: Setting, counts: Sequence[int], starts: int = 64) -> Quantity:
    """Mean squared error of the represented features of the best weights while several of them are on, for each k."""
    values = tuple(_loss_of_several(one) for one in _best_of_each(setting, counts, starts))
    return Quantity(values, 1e-6, "all states of the represented features")


def regular_counts(setting: Setting, densities: Sequence[float], counts: Sequence[int], starts: int = 64) -> Quantity:
    """At each density, at how many of these numbers k of features the best arrangement is a k-gon by its angles."""
    best = [_best_of_each(with_axis(setting, "density", p), counts, starts) for p in densities]
    values = tuple(sum(is_polygon(one.weights.W) for one in row) for row in best)
    details = {"density": list(densities), "rows": [_arrangements(counts, row) for row in best]}
    return Quantity(values, 0.0, f"global search, from polygons too; {_OFF:g}° either way", details)


def regular_counts_by_polygons(setting: Setting, densities: Sequence[float], counts: Sequence[int]) -> Quantity:
    """At how many of the numbers k the k-gon loses less than every smaller polygon that leaves the others out."""
    values = tuple(
        sum(_largest_polygon_wins(replace_count(with_axis(setting, "density", p), k)) for k in counts)
        for p in densities
    )
    return Quantity(values, 0.0, "descents of the exact loss from polygons")


def dropped(setting: Setting, densities: Sequence[float], starts: int = 16) -> Quantity:
    """How many features the best weights drop at each density."""
    best = [_best(with_axis(setting, "density", p), starts) for p in densities]
    counts = tuple(setting.count - represented(one.weights.W).shape[1] for one in best)
    return Quantity(counts, 0.0, "global search, from polygons too", {"optima": [found(one) for one in best]})


def kept(setting: Setting, densities: Sequence[float], starts: int = 16) -> Quantity:
    """How many features the best weights represent at each density."""
    left_out = dropped(setting, densities, starts)
    counts = tuple(setting.count - int(one) for one in left_out.values)
    return Quantity(counts, 0.0, left_out.method, left_out.details)


def variance_kept(setting: Setting, starts: int = 16) -> Quantity:
    """1 - L / L_0 of the best weights, L_0 being the loss of the empty model."""
    best = _best(setting, starts)
    empty = float(empty_loss(law_of(setting))[0])
    return Quantity(1 - best.loss / empty, 1e-9, "global search, from polygons too", found(best))


def replace_count(setting: Setting, count: int) -> Setting:
    """The same setting of so many equal features."""
    return replace(setting, count=count, density=setting.density[0], importance=setting.importance[0])


def polygons(setting: Setting) -> Weights:
    """Regular polygons of three features and more, the others dropped: starts that a search may well not draw."""
    sizes = range(3, setting.count + 1)
    W, b = np.zeros((len(sizes), 2, setting.count)), np.zeros((len(sizes), setting.count))
    for k, size in enumerate(sizes):
        turn = 2 * np.pi * np.arange(size) / size
        W[k, :, :size] = _RADIUS * np.array([np.cos(turn), np.sin(turn)])
        b[k] = np.where(np.arange(setting.count) < size, _BIAS, np.array(setting.density))
    return Weights(W, b)


def is_polygon(W: Float[np.ndarray, "2 features"]) -> bool:
    """Whether all features are represented and their neighbours near 360° / n."""
    return represented(W).shape == W.shape and bool(bend(W) < _OFF)


def _best(setting: Setting, starts: int) -> Optimum:
    return optimum(setting, starts, also=polygons(setting))


def _best_of_each(setting: Setting, counts: Sequence[int], starts: int) -> list[Optimum]:
    """The best weights of each of some numbers of features: no worse than those of fewer with the rest dropped."""
    best: dict[int, Optimum] = {}
    fewer: Optimum | None = None
    for k in sorted(counts):
        here = replace_count(setting, k)
        also = polygons(here)
        if fewer:
            also = joined_ensembles([also, _with_dropped(fewer.weights, here)])
        best[k] = fewer = optimum(here, starts, also=also)
    return [best[k] for k in counts]


def _with_dropped(weights: Weights, setting: Setting) -> Weights:
    """The same model beside dropped features, as many as the setting has more."""
    more = setting.count - weights.W.shape[1]
    W = np.pad(weights.W, ((0, 0), (0, more)))
    return Weights(W[None], np.append(weights.b, setting.density[:more])[None])


def _largest_polygon_wins(setting: Setting) -> bool:
    """Whether of all polygons, followed downhill from a little aside, the largest keeps all features and is lowest."""
    starts = polygons(setting)
    aside = _ASIDE * np.random.default_rng(0).normal(size=starts.W.shape)
    rest = descend(starts.W + aside, starts.b, law_of(setting, len(starts.b)), reach=0.1)
    keeps_all = represented(rest.W[-1]).shape[1] == setting.count
    return bool(keeps_all and rest.loss[-1] <= (1 + _SAME) * rest.loss.min())


def _furthest(gaps: np.ndarray, count: int) -> float:
    return float(gaps[np.abs(gaps - 360 / count).argmax()])


def _loss_of_several(best: Optimum) -> float:
    """E[Σ_i (x_i - x̂_i)² | two or more on], of the represented features alone."""
    seen = occasions(best.weights, best.setting)
    several = seen.on >= 2
    return float((seen.probability * seen.losses)[several].sum() / seen.probability[several].sum())


def _arrangements(counts: Sequence[int], best: Sequence[Optimum]) -> dict[str, object]:
    return {"count": list(counts), "optima": [found(one) for one in best]}
