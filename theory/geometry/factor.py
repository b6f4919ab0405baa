"""Factors: the indecomposable pieces that geometries are made of, computed from their symmetry, not typed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from tegum.theory.errors import InputError
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.polytopes import spanned
from tegum.theory.geometry.relaxed import relaxed
from tegum.theory.geometry.symmetry import overlap_classes

#: Vertices of a named factor beyond which its matrices are not worth their memory.
MOST_VERTICES = 1000
_SIMPLICES = {1: "digon", 2: "triangle", 3: "tetrahedron"}
_POLYGONS = {5: "pentagon", 6: "hexagon"}
_NUMBERED = re.compile(r"(simplex|polygon|merged)-([1-9][0-9]{0,3})")
_ALLOWED = (
    "dropped, dedicated, digon, triangle, tetrahedron, simplex-4, simplex-5, ..., pentagon, hexagon, polygon-7, "
    "polygon-8, ..., merged-2, merged-3, ..., " + ", ".join(ENTRIES)
)
#: Overlaps of a construction that differ by less than this are equal, and those below it vanish.
_ROUNDING = 1e-11


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


def entry(name: str) -> Factor:
    """The factor of one of the catalogue's single entries."""
    return Factor(name, ENTRIES[name].vertices, ENTRIES[name].dimension)


def catalogue(most_vertices: int, most_dimensions: int) -> list[Factor]:
    """Every factor of at most so many vertices and dimensions, smallest first: simplices, polygons, single entries."""
    simplices = [simplex(d) for d in range(1, min(most_dimensions, most_vertices - 1) + 1)]
    polygons = [polygon(k) for k in range(5, most_vertices + 1)] if most_dimensions >= 2 else []
    fitting = [one for one in map(entry, ENTRIES) if one.vertices <= most_vertices and one.dimension <= most_dimensions]
    return sorted(simplices + polygons + fitting, key=lambda one: (one.vertices, one.dimension, one.name))


def is_rigid(factor: Factor) -> bool:
    """Whether a common scale is all the freedom that its symmetry leaves its shape."""
    return factor.name not in ENTRIES or ENTRIES[factor.name].rigid


def factor_named(name: str) -> Factor:
    """The factor of a name.

    Raises:
        InputError: no such name; the line lists what there is.
    """
    by_name = {one.name: one for one in (DROPPED, DEDICATED, *map(simplex, (1, 2, 3)), polygon(5), polygon(6))}
    if name in by_name:
        return by_name[name]
    if name in ENTRIES:
        return entry(name)
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
    Single entries: of their construction, equal ones exactly equal; where the shape is free, overlaps of the
    arrangement relaxed at `relaxed.REFERENCE_DENSITY`, of mean 1 on the diagonal.

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
    elif factor.name in ENTRIES:
        cosines = _constructed_cosines(factor.name)
    else:
        raise InputError(f"geometry factor {factor.name!r} has no regular arrangement")
    cosines.flags.writeable = False
    return cosines


def _polygon_cosines(k: int) -> np.ndarray:
    steps = np.subtract.outer(np.arange(k), np.arange(k)) % k
    steps = np.minimum(steps, k - steps)  # the same number, not the same angle, on both sides of the diagonal
    return np.where(4 * steps == k, 0.0, np.cos(2 * np.pi * steps / k))


def _constructed_cosines(name: str) -> np.ndarray:
    """Overlaps of a construction, those that its symmetry makes equal set to their mean."""
    vectors = ENTRIES[name].construct()
    vectors = vectors / np.linalg.norm(vectors, axis=0) if ENTRIES[name].rigid else relaxed(vectors)
    G = vectors.T @ vectors
    classes, _ = overlap_classes(G, _ROUNDING)
    means = np.bincount(classes.ravel(), G.ravel()) / np.bincount(classes.ravel())
    return np.where(np.abs(means) < _ROUNDING, 0.0, means)[classes]


def regular_vectors(factor: Factor) -> Float[np.ndarray, "dimension vertices"]:
    """Vectors whose overlaps are `regular_cosines`: its eigenvectors of non-zero eigenvalue, scaled."""
    if factor == DROPPED:
        return np.zeros((0, 1))
    return spanned(regular_cosines(factor))
