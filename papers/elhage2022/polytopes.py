"""Elhage et al.'s lines of dimensionality: on which the features of the best weights stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from tegum.papers.claims.models import best_trained_over, found
from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality, dimensions_per_feature
from tegum.theory.geometry.factor import factor_named, regular_vectors
from tegum.theory.mixture.mixture import Mixture, mixture
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis

#: Features of a longer vector are represented.
_NORM = 0.5


def shares_on_lines(
    setting: Setting, densities: Sequence[float], lines: Sequence[float], width: float = 0.02
) -> Quantity:
    """Share of the represented features whose dimensionality lies on a line, in the best mixture at each density."""
    best = [mixture(with_axis(setting, "density", p)) for p in densities]
    stacked = [_represented_of_mixture(one) for one in best]
    details = {
        "density": list(densities),
        "mixture": [one.geometry for one in best],
        "dimensionality": [np.sort(D).tolist() for D, _ in stacked],
        "dimensions_per_feature": [setting.hidden / squares for _, squares in stacked],
    }
    shares = tuple(_share(D, lines, width) for D, _ in stacked)
    return Quantity(shares, 0.0, f"mixtures of least exact loss; lines {width:g} wide on either side", details)


def shares_on_lines_by_training(
    setting: Setting,
    densities: Sequence[float],
    lines: Sequence[float],
    width: float = 0.02,
    runs: int = 16,
    steps: int = 4000,
) -> Quantity:
    """The same of the best of trained models, by their exact loss."""
    best = best_trained_over(setting, "density", densities, runs, steps)
    represented = [_represented(one.weights.W) for one in best]
    details = {
        "density": list(densities),
        "dimensionality": [np.sort(D).tolist() for D in represented],
        "dimensions_per_feature": [float(dimensions_per_feature(one.weights.W)) for one in best],
        "loss": [one.loss for one in best],
    }
    shares = tuple(_share(D, lines, width) for D in represented)
    return Quantity(shares, 0.0, f"best of {runs} trained models; lines {width:g} wide on either side", details)


def optimum_dimensionalities(setting: Setting, starts: int = 64) -> Quantity:
    """Dimensionalities of all features of the best weights, sorted."""
    best = optimum(setting, starts)
    D = np.sort(dimensionality(best.weights.W))
    return Quantity(tuple(D.tolist()), 1e-6, "global search on the exact loss", found(best))


def dimensions_a_feature(setting: Setting, densities: Sequence[float]) -> Quantity:
    """D* = m / ‖W‖²_F of the best tegum mixture at each density."""
    best = [mixture(with_axis(setting, "density", p)) for p in densities]
    squares = [sum(part.copies * float((part.piece.W**2).sum()) for part in one.parts) for one in best]
    details = {"density": list(densities), "mixture": [one.geometry for one in best]}
    return Quantity(tuple(setting.hidden / square for square in squares), 1e-6, "mixture of least exact loss", details)


def sum_of_dimensionalities(setting: Setting, starts: int = 64) -> Quantity:
    """Σ_i D_i / m in the best weights."""
    best = optimum(setting, starts)
    return Quantity(
        float(dimensionality(best.weights.W).sum() / setting.hidden),
        1e-6,
        "global search on the exact loss",
        found(best),
    )


def antiprism_dimensionality(height: str = "relaxed") -> Quantity:
    """Dimensionality of a vertex of the square antiprism: at the height of least loss, or of a tight frame."""
    W = regular_vectors(factor_named("square-antiprism"))
    if height == "tight":
        U, _, V = np.linalg.svd(W, full_matrices=False)
        W = U @ V
    return Quantity(float(dimensionality(W)[0]), 1e-6, f"regular arrangement, {height}")


def antiprism_in_the_optimum(density: float = 0.2) -> Quantity:
    """The same of eight features in three dimensions, by the full optimum at a density."""
    best = optimum(Setting(8, 3, density))
    return Quantity(float(dimensionality(best.weights.W).mean()), 1e-5, "global search on the exact loss", found(best))


def _represented(W: Float[np.ndarray, "hidden features"]) -> Float[np.ndarray, " represented"]:
    return dimensionality(W)[np.linalg.norm(W, axis=0) > _NORM]


def _represented_of_mixture(best: Mixture) -> tuple[Float[np.ndarray, " represented"], float]:
    """Dimensionalities of the represented features, and ‖W‖²_F: factors are orthogonal to each other."""
    squares = sum(part.copies * float((part.piece.W**2).sum()) for part in best.parts)
    return np.concatenate([np.tile(_represented(part.piece.W), part.copies) for part in best.parts]), squares


def _share(D: Float[np.ndarray, " represented"], lines: Sequence[float], width: float) -> float:
    return float((np.abs(D[:, None] - np.array(lines)).min(axis=1) <= width).mean())
