"""The catalogue's single entries: names and how each arrangement is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from tegum.theory.geometry import frames, polytopes
from tegum.theory.geometry.polytopes import Vectors, duoprism, layered, regular_simplex, ring, ring_stack


@dataclass(frozen=True)
class Entry:
    """One arrangement of the catalogue.

    Attributes:
        vertices, dimension: its shape, known without computing it.
        construct: gives its vectors; of unequal lengths, or with free heights, unless ``rigid``.
        rigid: whether the construction is metrically regular; otherwise it is a seed to be relaxed.
    """

    vertices: int
    dimension: int
    construct: Callable[[], Vectors]
    rigid: bool = True


def _antiprism(sides: int) -> Entry:
    return Entry(2 * sides, 3, partial(ring_stack, (sides, 0.0), (sides, 0.5)), rigid=False)


def _prism(sides: int) -> Entry:
    return Entry(2 * sides, 3, partial(ring_stack, (sides, 0.0), (sides, 0.0)), rigid=False)


def _stack(*rings: tuple[int, float]) -> Entry:
    return Entry(sum(count for count, _ in rings), 3, partial(ring_stack, *rings), rigid=False)


def _duoprism(one: int, other: int) -> Entry:
    return Entry(one * other, 4, lambda: duoprism(ring(one), ring(other)), rigid=one == other)


def _frame(vertices: int, dimension: int, signs: Callable[[], frames.Signs]) -> Entry:
    return Entry(vertices, dimension, lambda: frames.equiangular_frame(signs()))


def _capped_cross_polytope(dimension: int) -> Vectors:
    """A pole over two opposite simplices: the cross-polytope seen along a diagonal, capped."""
    face = regular_simplex(dimension - 1)
    return layered((np.zeros((dimension - 1, 1)), 1.0), (face, 0.2), (-face, -0.5))


def _ten_in_three() -> Vectors:
    """Two mirror planes: four points in general position, and pairs in the planes."""
    pair = np.array([[1.0, -1.0], [0.0, 0.0]])
    rectangle = np.array([[2.0, 2.0, -2.0, -2.0], [3.0, -3.0, 3.0, -3.0]]) / 3
    return layered((rectangle, 0.2), (pair[::-1] / 2, -1.0), (pair / 2, 1.0), (pair, -0.5))


def _eleven_in_four() -> Vectors:
    """A triangular prism, above it a triangle turned against it in its plane of symmetry, and a pair on its axis."""
    triangle = np.vstack([ring(3, 0.5), np.zeros(3)])
    return layered(
        (ring_stack((3, 0.0), (3, 0.0)), -0.5), (np.array([[0.0, 0.0], [0.0, 0.0], [1.0, -1.0]]), 1.0), (triangle, 0.4)
    )


#: Only indecomposable arrangements that the loss of sparse features leaves so, and whose signed overlap graph has no
#: more symmetry than they have themselves.  The octahedron is three digons, the pentagonal bipyramid a pentagon and a
#: digon; one vector on each of the six axes of the icosahedron relaxes to a pentagon and a dedicated feature, and other
#: conference frames stop being equiangular; the overlaps' signs of a five-dimensional cube have six times its symmetry.
ENTRIES: dict[str, Entry] = {
    "triangular-prism": _prism(3),
    "pentagonal-prism": _prism(5),
    "square-antiprism": _antiprism(4),
    "pentagonal-antiprism": _antiprism(5),
    "hexagonal-antiprism": _antiprism(6),
    "antiprism-7": _antiprism(7),
    "capped-octahedron": Entry(7, 3, partial(_capped_cross_polytope, 3), rigid=False),
    "gyroelongated-square-pyramid": _stack((1, 0.0), (4, 0.0), (4, 0.5)),
    "triaugmented-triangular-prism": _stack((3, 0.0), (3, 0.5), (3, 0.0)),
    "gyroelongated-square-bipyramid": _stack((1, 0.0), (4, 0.0), (4, 0.5), (1, 0.0)),
    "capped-pentagonal-antiprism": _stack((1, 0.0), (5, 0.0), (5, 0.5)),
    "code-10-3": Entry(10, 3, _ten_in_three, rigid=False),
    "cube": Entry(8, 3, partial(polytopes.hypercube, 3)),
    "icosahedron": Entry(12, 3, polytopes.icosahedron),
    "cuboctahedron": Entry(12, 3, lambda: polytopes.rectified(polytopes.hypercube(3))),
    "dodecahedron": Entry(20, 3, polytopes.dodecahedron),
    "icosidodecahedron": Entry(30, 3, lambda: polytopes.rectified(polytopes.icosahedron())),
    "capped-16-cell": Entry(9, 4, partial(_capped_cross_polytope, 4), rigid=False),
    "rectified-5-cell": Entry(10, 4, lambda: polytopes.rectified(regular_simplex(4))),
    "code-11-4": Entry(11, 4, _eleven_in_four, rigid=False),
    "duoprism-3-3": _duoprism(3, 3),
    "duoprism-3-4": _duoprism(3, 4),
    "duoprism-5-5": _duoprism(5, 5),
    "tesseract": Entry(16, 4, partial(polytopes.hypercube, 4)),
    "24-cell": Entry(24, 4, polytopes.twenty_four_cell),
    "600-cell": Entry(120, 4, polytopes.six_hundred_cell),
    "rectified-simplex-5": Entry(15, 5, lambda: polytopes.rectified(regular_simplex(5))),
    "gosset-5": Entry(16, 5, partial(polytopes.gosset, 5)),
    "gosset-6": Entry(27, 6, partial(polytopes.gosset, 6)),
    "gosset-7": Entry(56, 7, partial(polytopes.gosset, 7)),
    "gosset-8": Entry(240, 8, partial(polytopes.gosset, 8)),
    "equiangular-10-5": _frame(10, 5, partial(frames.pairs_of, 5)),
    "equiangular-16-6": _frame(16, 6, partial(frames.bent_code, 4)),
    "equiangular-16-10": _frame(16, 10, lambda: frames.naimark_complement(frames.bent_code(4))),
    "equiangular-28-7": _frame(28, 7, partial(frames.pairs_of, 8)),
    "equiangular-64-28": _frame(64, 28, partial(frames.bent_code, 6)),
}
