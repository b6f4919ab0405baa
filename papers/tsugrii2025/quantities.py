"""Tsugrii's chapter: five binary features in two dimensions, computed instead of simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from tegum.papers.claims.models import found, optima
from tegum.papers.claims.quantity import Quantity
from tegum.theory.geometry.factor import factor_named, regular_cosines
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.symmetry import symmetry
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import CRITICAL_TOLERANCE, optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights


def transition(setting: Setting, low: float, high: float, starts: int = 64) -> Quantity:
    """Density at which all features being represented stops being the optimum: two critical points of equal loss.

    Each branch is followed from the optimum at its end of the range, by the exact loss.
    """
    ends = optima(setting, "density", (low, high), starts)

    def difference(p: float) -> float:
        law = law_of(with_axis(setting, "density", p))
        first, second = (descend(one.weights.W[None], one.weights.b[None], law, reach=0.1) for one in ends)
        return float(first.loss[0] - second.loss[0])

    value = float(brentq(difference, low, high, xtol=1e-9))
    return Quantity(value, 1e-6, "crossing of two branches of critical points", {"ends": [found(one) for one in ends]})


def best_of_dedicated_and_pairs(setting: Setting) -> Quantity:
    """Name of the lower of two critical points: below two dedicated features, and below two antipodal pairs."""
    law, places = law_of(setting, 2), np.zeros((2, 2, setting.count))
    places[:, 0, 0] = places[:, 1, 1] = 1.0
    places[1, 0, 2] = places[1, 1, 3] = -1.0
    rest = descend(places, np.full((2, setting.count), 0.05), law, reach=0.1)
    lower = int(np.argmin(rest.loss))
    name = identify(rest.W[lower], tolerance=CRITICAL_TOLERANCE).geometry
    return Quantity(name, 0.0, "descents of the exact loss from two arrangements", {"loss": rest.loss.tolist()})


def printed_crossing(coefficient: float = 0.5, base: float = 0.02, dedicated: float = 0.15) -> Quantity:
    """Density at which the printed curves 0.02 + 0.5 S² and 0.15 cross."""
    return Quantity(float(np.sqrt((dedicated - base) / coefficient)), 1e-12, "closed form of the printed curves")


def printed_crossing_on_a_grid(coefficient: float = 0.5, base: float = 0.02, dedicated: float = 0.15) -> Quantity:
    """The same, read off the curves at a million densities."""
    p = np.linspace(0.0, 1.0, 10**6 + 1)
    below = base + coefficient * p**2 < dedicated
    return Quantity(float(p[below].max()), 1e-6, "the printed curves on a grid")


def dedicated_losses(setting: Setting, densities: Sequence[float], method: str = "auto") -> Quantity:
    """Exact loss of two dedicated features, three dropped, at each density."""
    losses = [_dedicated_loss(with_axis(setting, "density", p), method) for p in densities]
    return Quantity(tuple(losses), 1e-12, "exact loss of given weights")


def dedicated_losses_by_variance(setting: Setting, densities: Sequence[float]) -> Quantity:
    """The same as the variances of the dropped features."""
    dropped = setting.count - setting.hidden
    return Quantity(tuple(dropped * p * (1 - p) for p in densities), 1e-15, "variance of the dropped features")


def cosines_of(names: Sequence[str]) -> Quantity:
    """Largest cosine between two vertices of each regular factor."""
    values = []
    for name in names:
        cosines = np.array(regular_cosines(factor_named(name)))
        np.fill_diagonal(cosines, -1.0)
        values.append(float(cosines.max()))
    return Quantity(tuple(values), 1e-12, "regular arrangements")


def least_angles(names: Sequence[str]) -> Quantity:
    """Least angle between two vertices of each regular factor, in degrees."""
    cosines = np.array(cosines_of(names).value, dtype=float)
    return Quantity(tuple(np.degrees(np.arccos(cosines)).tolist()), 1e-9, "regular arrangements")


def optima_of_shapes(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """Geometry of the best weights of so many features in so many dimensions, for each shape."""
    best = [optimum(Setting(n, m, setting.density[0], values=setting.values), starts) for n, m in shapes]
    details = {"optima": [found(one) for one in best]}
    return Quantity(tuple(one.geometry for one in best), 0.0, "global search on the exact loss", details)


def kinds_of_vertices(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """How many kinds of vertices the best arrangement of each shape has: 1 for a regular polytope."""
    best = [optimum(Setting(n, m, setting.density[0], values=setting.values), starts) for n, m in shapes]
    kinds = [int(symmetry(_rounded(one.weights.W)).vertex_orbits.max()) + 1 for one in best]
    return Quantity(
        tuple(kinds), 0.0, "orbits under the symmetries of the overlaps", {"optima": [found(one) for one in best]}
    )


def kinds_of_norms(setting: Setting, shapes: Sequence[Sequence[int]], starts: int = 64) -> Quantity:
    """The same counted by the rows of the overlap matrix, each sorted: like vertices have like rows."""
    kinds = []
    for n, m in shapes:
        best = optimum(Setting(n, m, setting.density[0], values=setting.values), starts)
        rows = np.sort(_rounded(best.weights.W), axis=1)
        kinds.append(len(np.unique(rows.round(5), axis=0)))
    return Quantity(tuple(kinds), 0.0, "sorted rows of the overlap matrix")


def sparse_exponent(setting: Setting, densities: Sequence[float], starts: int = 64) -> Quantity:
    """Exponent of the optimum's loss against density between two sparse densities."""
    losses = [one.loss for one in optima(setting, "density", densities, starts)]
    slope = np.log(losses[1] / losses[0]) / np.log(densities[1] / densities[0])
    return Quantity(float(slope), 1e-6, "two exact losses", {"density": list(densities), "loss": losses})


def features_a_dimension(features: float, dimensions: int) -> Quantity:
    """Features over dimensions."""
    return Quantity(features / dimensions, 0.0, "a quotient")


def _rounded(W: np.ndarray) -> np.ndarray:
    """Overlaps, to the digits that a search leaves."""
    G = W.T @ W
    return np.round(G, 5)


def _dedicated_loss(setting: Setting, method: str = "auto") -> float:
    n, m = setting.count, setting.hidden
    mean = np.array(setting.density) * (1.0 if setting.values == "binary" else 0.5)
    weights = Weights(np.eye(m, n), np.where(np.arange(n) < m, 0.0, mean))
    return float(population_loss(weights, setting, method=method).loss)


def strategies(setting: Setting, densities: Sequence[float], curve: int = 40, starts: int = 32) -> Quantity:
    """Optimum's exact loss at some densities; beside it, from 0.01 to 0.5, the curves that the figure draws.

    In the details: the optimum's loss, how many features it represents and its geometry, and the loss of two dedicated
    features.
    """
    grid = np.linspace(0.01, 0.5, curve).tolist()
    best = optima(setting, "density", grid, starts)
    details = {
        "density": grid,
        "optimum": [one.loss for one in best],
        "geometry": [one.geometry for one in best],
        "represented": [int((np.linalg.norm(one.weights.W, axis=0) > 0.5).sum()) for one in best],
        "dedicated": [_dedicated_loss(with_axis(setting, "density", p)) for p in grid],
    }
    wanted = [one.loss for one in optima(setting, "density", densities, starts)]
    return Quantity(tuple(wanted), 1e-9, "global search on the exact loss", details)


def pentagon_losses(setting: Setting, densities: Sequence[float]) -> Quantity:
    """Loss of a descent from a regular pentagon at each density, by enumeration."""
    angle = 2 * np.pi * np.arange(5) / 5
    W, losses = np.array([np.cos(angle), np.sin(angle)]), []
    for p in densities:
        at = with_axis(setting, "density", p)
        rest = descend(1.1 * W[None], np.full((1, 5), -0.3), law_of(at))
        losses.append(float(population_loss(Weights(rest.W[0], rest.b[0]), at, method="meet-in-the-middle").loss))
    return Quantity(tuple(losses), 1e-9, "descent from a pentagon, loss by meeting in the middle")
