"""Factors: the indecomposable pieces that geometries are made of, computed from their symmetry, not typed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError

#: Vertices of a named factor beyond which its matrices are not worth their memory.
MOST_VERTICES = 1000
_SIMPLICES = {1: "digon", 2: "triangle", 3: "tetrahedron"}
_POLYGONS = {5: "pentagon", 6: "hexagon"}
_NUMBERED = re.compile(r"(simplex|polygon|merged)-([1-9][0-9]{0,3})")
_ALLOWED = (
    "dropped, dedicated, digon, triangle, tetrahedron, simplex-4, simplex-5, ..., pentagon, hexagon, polygon-7, "
    "polygon-8, ..., merged-2, merged-3, ..."
)


@dataclass(frozen=True)
class Factor:
    """One orthogonal, indecomposable piece of a geometry.

    Attributes:
        name: by combinatorial type: "digon", "pentagon", "simplex-4", …, or "unknown-" and the digits of its canonical
            form.
        vertices: number of features.
        dimension: number of dimensions that they span.
    """

    name: str
    vertices: int
    dimension: int


DROPPED = Factor("dropped", 1, 0)
DEDICATED = Factor("dedicated", 1, 1)


def simplex(dimension: int) -> Factor:
    """The regular simplex, dimension + 1 vertices with cosines -1/dimension: digon, triangle, tetrahedron, …"""
    return Factor(_SIMPLICES.get(dimension, f"simplex-{dimension}"), dimension + 1, dimension)


def polygon(vertices: int) -> Factor:
    """The regular polygon of 5 or more vertices (three are a simplex, four are two digons)."""
    return Factor(_POLYGONS.get(vertices, f"polygon-{vertices}"), vertices, 2)


def merged(vertices: int) -> Factor:
    """Features that share one direction."""
    return Factor(f"merged-{vertices}", vertices, 1)


def catalogue(most_vertices: int, most_dimensions: int) -> list[Factor]:
    """Simplices and polygons of at most so many vertices and dimensions, smallest first."""
    simplices = [simplex(d) for d in range(1, min(most_dimensions, most_vertices - 1) + 1)]
    polygons = [polygon(k) for k in range(5, most_vertices + 1)] if most_dimensions >= 2 else []
    return sorted(simplices + polygons, key=lambda factor: (factor.vertices, factor.dimension))


def factor_named(name: str) -> Factor:
    """The factor of a name.

    Raises:
        InputError: no such name; the line lists what there is.
    """
    by_name = {one.name: one for one in (DROPPED, DEDICATED, *map(simplex, (1, 2, 3)), polygon(5), polygon(6))}
    if name in by_name:
        return by_name[name]
    match = _NUMBERED.fullmatch(name)
    if match:
        number = int(match[2])
        family, least = {"simplex": (simplex, 4), "polygon": (polygon, 7), "merged": (merged, 2)}[match[1]]
        if least <= number < MOST_VERTICES:
            return family(number)
    raise InputError(f"geometry factor {name!r} is unknown; allowed: {_ALLOWED}")


@lru_cache(maxsize=256)
def regular_cosines(factor: Factor) -> Float[np.ndarray, "vertices vertices"]:
    """Cosines between the vertices of the regular arrangement; read-only.

    Simplex: 1 on the diagonal, -1/d elsewhere.  Polygon: cos 2π(i - j)/k, exactly 0 at right angles.  Merged: all 1.

    Raises:
        InputError: an unknown factor has no regular arrangement.
    """
    k, d = factor.vertices, factor.dimension
    if factor == DROPPED:
        cosines = np.zeros((1, 1))
    elif factor == merged(k) and k > 1:
        cosines = np.ones((k, k))
    elif factor == DEDICATED or factor == simplex(d):
        cosines = np.full((k, k), -1.0 / d)
        np.fill_diagonal(cosines, 1.0)
    elif factor == polygon(k):
        cosines = _polygon_cosines(k)
    else:
        raise InputError(f"geometry factor {factor.name!r} has no regular arrangement")
    cosines.flags.writeable = False
    return cosines


def _polygon_cosines(k: int) -> np.ndarray:
    steps = np.subtract.outer(np.arange(k), np.arange(k)) % k
    steps = np.minimum(steps, k - steps)  # the same number, not the same angle, on both sides of the diagonal
    return np.where(4 * steps == k, 0.0, np.cos(2 * np.pi * steps / k))


def regular_vectors(factor: Factor) -> Float[np.ndarray, "dimension vertices"]:
    """Unit vectors whose cosines are `regular_cosines`: its eigenvectors of non-zero eigenvalue, scaled."""
    values, vectors = np.linalg.eigh(regular_cosines(factor))
    kept = slice(factor.vertices - factor.dimension, None)
    return (vectors[:, kept] * np.sqrt(values[kept])).T
