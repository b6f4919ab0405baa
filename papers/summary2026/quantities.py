"""The summary page: overlaps of features, dense features, and how many are represented as dimensions grow."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float

from tegum.papers.claims.models import best_trained, found
from tegum.papers.claims.quantity import Quantity
from tegum.theory.geometry.critical import critical_identity
from tegum.theory.loss.law import law_of
from tegum.theory.mixture.hull import hull, mixed
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: A shorter feature vector has no direction.
_NORM = 0.1


def growth_in_the_limit(count: int, hidden: int, density: float, doubled_density: float | None = None) -> Quantity:
    """The same in the limit of many features: the optimal mixture at each ratio of dimensions to features."""
    densities = density, density if doubled_density is None else doubled_density
    shares = [_share(m / count, p) for m, p in zip((hidden, 2 * hidden), densities, strict=True)]
    return Quantity(shares[1] / shares[0], 0.0, "the hull of loss over dimensions a feature", {"represented": shares})


def largest_overlap(setting: Setting, starts: int = 64) -> Quantity:
    """Largest |cosine| between two represented features of the best weights."""
    best = optimum(setting, starts)
    return Quantity(_largest_overlap(best.weights.W), 1e-5, "global search on the exact loss", found(best))


def largest_overlap_by_training(setting: Setting, runs: int = 16, steps: int = 3000) -> Quantity:
    """The same of the best of trained models."""
    best = best_trained(setting, runs, steps)
    return Quantity(_largest_overlap(best.weights.W), 0.05, f"best of {runs} trained models", {"loss": best.loss})


def geometry_by_training(setting: Setting, runs: int = 32, steps: int = 3000) -> Quantity:
    """Geometry of the best of trained models, followed to the critical point of its basin."""
    best = best_trained(setting, runs, steps)
    rest = descend(best.weights.W[None], best.weights.b[None], law_of(setting), reach=0.1)
    name = critical_identity(Weights(rest.W[0], rest.b[0])).geometry
    return Quantity(name, 0.0, f"best of {runs} trained models, polished", {"loss": float(rest.loss[0])})


def _largest_overlap(W: Float[np.ndarray, "hidden features"]) -> float:
    norms = np.linalg.norm(W, axis=0)
    unit = W[:, norms > _NORM] / norms[norms > _NORM]
    return max(abs(float(one @ other)) for one, other in combinations(unit.T, 2))


def _share(ratio: float, density: float) -> float:
    return sum(share for piece, share in mixed(hull(density), ratio) if piece.dimension > 0)
