"""Angles and lengths of the best weights: what the chapter's pentagon says of every pair, and how far it is so."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float

from tegum.empirical.best import Best
from tegum.papers.claims.models import best_trained, best_trained_over, found, found_over, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.search.optimum import Optimum, optimum
from tegum.theory.setting import Setting

#: A shorter feature vector has no direction: the feature is dropped.
LEAST_NORM = 0.1
#: Degrees that the search leaves, that training on fresh inputs leaves, and that twice as much training leaves.
_EXACT, _TRAINED, _TRAINED_LONG = 1e-4, 4.0, 1.0
#: What training leaves of lengths.
_TRAINED_LENGTH = 0.06
#: Least angle of k points on a sphere placed as far apart as they can be: Fejes Tóth 1943 (4, 6), Schütte and
#: van der Waerden 1951 (5, 7).  On a circle it is 360 / k.
WIDEST_ON_SPHERE = {4: 109.47122, 5: 90.0, 6: 90.0, 7: 77.86954}

Columns = Float[np.ndarray, "hidden features"]


def pair_angles(setting: Setting, starts: int = 64) -> Quantity:
    """Angles between all pairs of represented features of the best weights, ascending, in degrees."""
    best = optimum(setting, starts)
    angles = tuple(np.sort(_angles(best.weights.W)).tolist())
    return Quantity(angles, _EXACT, "global search on the exact loss", _around(best))


def spread_of_angles(setting: Setting, starts: int = 64) -> Quantity:
    """Largest minus least angle between two represented features of the best weights, in degrees."""
    best = optimum(setting, starts)
    return Quantity(float(np.ptp(_angles(best.weights.W))), _EXACT, "global search on the exact loss", found(best))


def spread_of_angles_by_training(setting: Setting, runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    best = best_trained(setting, runs, steps)
    return Quantity(float(np.ptp(_angles(best.weights.W))), 2 * _TRAINED, f"best of {runs} trained models")


def least_overlap(setting: Setting, starts: int = 64) -> Quantity:
    """Least |cosine| between two represented features of the best weights: 0 where two are orthogonal."""
    best = optimum(setting, starts)
    cosines = np.abs(np.cos(np.radians(_angles(best.weights.W))))
    return Quantity(float(cosines.min()), 1e-5, "global search on the exact loss", found(best))


def lengths(setting: Setting, starts: int = 64) -> Quantity:
    """Lengths of the feature vectors of the best weights, ascending."""
    best = optimum(setting, starts)
    norms = np.sort(np.linalg.norm(best.weights.W, axis=0))
    return Quantity(tuple(norms.tolist()), 1e-5, "global search on the exact loss", _around(best))


def lengths_by_training(setting: Setting, runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    norms = np.sort(np.linalg.norm(best_trained(setting, runs, steps).weights.W, axis=0))
    return Quantity(tuple(norms.tolist()), _TRAINED_LENGTH, f"best of {runs} trained models")


def relative_lengths(setting: Setting, starts: int = 64) -> Quantity:
    """The lengths over their mean."""
    best = optimum(setting, starts)
    norms = np.sort(np.linalg.norm(best.weights.W, axis=0))
    return Quantity(tuple((norms / norms.mean()).tolist()), 1e-5, "global search on the exact loss", _around(best))


def short_of_widest(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """Least angle of n points placed as far apart as they can be, minus that of n features, for each (n, m)."""
    best = [optimum(Setting(n, m, setting.density[0], values=setting.values), starts) for n, m in shapes]
    details = {"shapes": [list(one) for one in shapes], "optima": [found(one) for one in best]}
    return Quantity(_short(shapes, best), _EXACT, "global search against known packings", details)


def short_of_widest_by_training(
    setting: Setting, shapes: Sequence[Sequence[int]], runs: int = 32, steps: int = 6000
) -> Quantity:
    """The same of the best of trained models."""
    settings = [Setting(n, m, setting.density[0], values=setting.values) for n, m in shapes]
    best = [best_trained(one, runs, steps) for one in settings]
    return Quantity(_short(shapes, best), _TRAINED_LONG, f"best of {runs} trained models against known packings")


def bends(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """Largest departure of an angle between neighbours from 360° / n in the best weights, at each density."""
    best = optima(setting, "density", densities, starts)
    values = tuple(float(bend(one.weights.W)) for one in best)
    return Quantity(values, _EXACT, "global search on the exact loss", found_over("density", densities, best))


def bends_by_training(setting: Setting, densities: Sequence[float], runs: int = 32, steps: int = 5000) -> Quantity:
    """The same of the best of trained models."""
    best = best_trained_over(setting, "density", densities, runs, steps)
    values = tuple(float(bend(one.weights.W)) for one in best)
    return Quantity(values, _TRAINED, f"best of {runs} trained models", {"loss": [one.loss for one in best]})


def bend(W: Float[np.ndarray, "*models 2 features"]) -> Float[np.ndarray, "*models"]:
    """Largest departure of an angle between neighbours from that of a regular polygon of all features, in degrees."""
    return np.asarray(np.abs(neighbour_gaps(W) - 360 / W.shape[-1]).max(axis=-1))


def neighbour_gaps(W: Float[np.ndarray, "*models 2 features"]) -> Float[np.ndarray, "*models features"]:
    """Angles from each feature to the next around the circle, from the least polar angle on, in degrees."""
    turns = np.sort(np.degrees(np.arctan2(W[..., 1, :], W[..., 0, :])) % 360, axis=-1)
    return np.diff(turns, axis=-1, append=turns[..., :1] + 360)


def represented(W: Columns) -> Float[np.ndarray, "hidden represented"]:
    """The columns that have a direction."""
    return W[:, np.linalg.norm(W, axis=0) > LEAST_NORM]


def around_circle(W: Float[np.ndarray, "2 features"]) -> list[int]:
    """The features in the order in which one meets them around the circle."""
    return [int(one) for one in np.argsort(np.arctan2(W[1], W[0]) % (2 * np.pi))]


def _angles(W: Columns) -> Float[np.ndarray, " pairs"]:
    """Angles between all pairs of represented features, in degrees."""
    kept = represented(W)
    unit = kept / np.linalg.norm(kept, axis=0)
    cosines = [float(unit[:, i] @ unit[:, j]) for i, j in combinations(range(unit.shape[1]), 2)]
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def _short(shapes: Sequence[Sequence[int]], best: Sequence[Optimum | Best]) -> tuple[float, ...]:
    widest = [360 / n if m == 2 else WIDEST_ON_SPHERE[n] for n, m in shapes]
    return tuple(wide - float(_angles(one.weights.W).min()) for wide, one in zip(widest, best, strict=True))


def _around(best: Optimum) -> dict[str, object]:
    """What a record keeps of an optimum in two dimensions, its features in their order around the circle."""
    order = around_circle(best.weights.W)
    return found(best) | {"W": best.weights.W[:, order].tolist(), "b": best.weights.b[order].tolist()}
