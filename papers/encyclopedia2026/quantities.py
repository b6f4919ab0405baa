"""What the encyclopedia's article says of dimensionality."""

from __future__ import annotations

from collections.abc import Sequence

from tegum.papers.claims.quantity import Quantity
from tegum.theory.diagnostics import dimensionality
from tegum.theory.geometry.factor import factor_named, regular_vectors


def dimensionalities(names: Sequence[str]) -> Quantity:
    """Dimensionality of a vertex of each regular factor."""
    values = tuple(float(dimensionality(regular_vectors(factor_named(name)))[0]) for name in names)
    return Quantity(values, 1e-12, "regular arrangements")
