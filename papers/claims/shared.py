"""Quantities that the claims of several sources ask for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tegum.papers.claims.models import best_trained_over, found, found_over, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.candidates.candidates import fitted
from tegum.theory.codes import fitted_code, harmonic_code
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.limits import gaussian_mean_field
from tegum.theory.loss.population import population_loss
from tegum.theory.mixture.mixture import mixture
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

#: What the minimiser leaves of a mean field's loss, relatively.
_MEAN_FIELD = 1e-8


def optimum_geometry(setting: Setting, starts: int = 64, seed: int = 0) -> Quantity:
    """Geometry of the best weights that the global search finds."""
    best = optimum(setting, starts, seed)
    return Quantity(best.geometry, 0.0, "global search on the exact loss", found(best))


def optimum_geometries(setting: Setting, over: str, values: Sequence[float], starts: int = 64) -> Quantity:
    """Geometry of the best weights at each value of an axis."""
    best = optima(setting, over, values, starts)
    return Quantity(
        tuple(one.geometry for one in best),
        0.0,
        "global search on the exact loss",
        found_over(over, values, best),
    )


def represented(setting: Setting, over: str, values: Sequence[float], norm: float = 0.5, starts: int = 64) -> Quantity:
    """How many feature vectors of the best weights are longer than a norm, at each value of an axis."""
    best = optima(setting, over, values, starts)
    norms = [np.linalg.norm(feature_vectors(one.weights), axis=0) for one in best]
    return Quantity(
        tuple(int((one > norm).sum()) for one in norms),
        0.0,
        f"features of norm above {norm:g} in the best weights of a global search",
        found_over(over, values, best),
    )


def boundary_value(setting: Setting, between: Sequence[str], over: str, start: float, stop: float) -> Quantity:
    """Where the optimised losses of two geometries cross along an axis, proved."""
    first, second = between
    crossing = boundary(setting, (first, second), over, start, stop)
    return Quantity(
        crossing.value,
        crossing.upper - crossing.lower,
        "crossing of two optimised losses, enclosed in ball arithmetic",
        {"below": crossing.below, "above": crossing.above, "order": crossing.order, "decimal": crossing.decimal},
    )


def slope_jump(
    setting: Setting, between: Sequence[str], over: str, start: float, stop: float, aside: float = 0.0
) -> Quantity:
    """By how much the slope of the best loss jumps where two geometries cross, relative to the larger slope.

    `aside` moves the place of measurement along the axis, to where one geometry is better on both sides.
    """
    first, second = between
    crossing = boundary(setting, (first, second), over, start, stop)
    value = crossing.value + aside
    left, right = (crossing.below, crossing.above) if aside == 0 else (crossing.above,) * 2
    step = 1e-4 * value
    slopes = [_slope(geometry, setting, over, value + side * step, step) for geometry, side in ((left, -1), (right, 1))]
    return Quantity(
        abs(slopes[1] - slopes[0]) / max(map(abs, slopes)),
        1e-3,
        "central differences of two optimised losses on either side of their crossing",
        {"crossing": crossing.value, "slopes": slopes},
    )


def loss_of(setting: Setting, W: Sequence[Sequence[float]], b: Sequence[float], method: str = "auto") -> Quantity:
    """Exact loss of given weights."""
    weights = Weights(np.array(W, dtype=float), np.array(b, dtype=float))
    exact = population_loss(weights, setting, method=method)
    return Quantity(float(exact.loss), float(exact.error), f"loss of given weights, {exact.method}")


def code_over_mixture(count: int, hidden: int, density: float) -> Quantity:
    """Loss of a dense harmonic code over that of the best tegum mixture of factors."""
    code, best = fitted_code(harmonic_code(count, hidden), density), mixture(Setting(count, hidden, density))
    error = (code.error + best.error) / best.loss
    return Quantity(code.loss / best.loss, error, "exact losses", {"mixture": best.geometry, "code": code.loss})


def mean_field_over_mixture(count: int, hidden: int, density: float) -> Quantity:
    """The same with the mean field in place of the code: what is left of its loss at infinitely many features."""
    best = mixture(Setting(count, hidden, density))
    dense = count * gaussian_mean_field(density, hidden / count).loss
    return Quantity(dense / best.loss, best.error / best.loss + _MEAN_FIELD, "mean field over an exact loss")


def adjacent_angles(setting: Setting, starts: int = 64) -> Quantity:
    """Angles between neighbouring feature vectors of the best weights in two dimensions, in degrees, rising."""
    best = optimum(setting, starts)
    angles = np.sort(np.degrees(np.arctan2(best.weights.W[1], best.weights.W[0])) % 360)
    gaps = np.sort(np.diff(np.append(angles, angles[0] + 360)))  # where the circle begins, the search decides
    return Quantity(tuple(gaps.tolist()), 1e-5, "global search on the exact loss", found(best))


def growth(count: int, hidden: int, density: float, doubled_density: float | None = None) -> Quantity:
    """Represented features of the best mixture in 2m dimensions over those in m."""
    densities = density, density if doubled_density is None else doubled_density
    sizes = [_represented(count, m, p) for m, p in zip((hidden, 2 * hidden), densities, strict=True)]
    return Quantity(sizes[1] / sizes[0], 0.0, "mixtures of least exact loss", {"represented": sizes})


def represented_by_training(
    setting: Setting, over: str, values: Sequence[float], norm: float = 0.5, runs: int = 32, steps: int = 3000
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    best = best_trained_over(setting, over, values, runs, steps)
    counts = tuple(int((np.linalg.norm(one.weights.W, axis=0) > norm).sum()) for one in best)
    return Quantity(
        counts, 0.0, f"best of {runs} trained models", {over: list(values), "loss": [one.loss for one in best]}
    )


def _represented(count: int, hidden: int, density: float) -> int:
    parts = mixture(Setting(count, hidden, density)).parts
    return sum(part.copies * part.piece.vertices for part in parts if part.piece.dimension > 0)


def _slope(geometry: str, setting: Setting, over: str, value: float, step: float) -> float:
    fits = [fitted(geometry, with_axis(setting, over, value + side * step)) for side in (-0.5, 0.5)]
    below, above = (float("nan") if fit is None else fit.loss for fit in fits)
    return (above - below) / step
