"""The summary page's growth of represented features with dimensions."""

from __future__ import annotations

from tegum.papers.claims.quantity import Quantity
from tegum.theory.mixture.hull import hull, mixed


def growth_in_the_limit(count: int, hidden: int, density: float, doubled_density: float | None = None) -> Quantity:
    """The same in the limit of many features: the optimal mixture at each ratio of dimensions to features."""
    densities = density, density if doubled_density is None else doubled_density
    shares = [_share(m / count, p) for m, p in zip((hidden, 2 * hidden), densities, strict=True)]
    return Quantity(shares[1] / shares[0], 0.0, "the hull of loss over dimensions a feature", {"represented": shares})


def _share(ratio: float, density: float) -> float:
    return sum(share for piece, share in mixed(hull(density), ratio) if piece.dimension > 0)
