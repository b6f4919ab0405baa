"""Equiangular tight frames: unit vectors whose overlaps have all the size that the Welch bound allows."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
from jaxtyping import Int8

from tegum.theory.geometry.polytopes import Vectors, spanned

Signs = Int8[np.ndarray, "lines lines"]
#: Random signs that the search for the most balanced ones starts from.
_STARTS = 64


def equiangular_frame(signs: Signs) -> Vectors:
    """The tight frame of a sign matrix: G = 1 + S/|λ|, λ the least eigenvalue of S.

    Each line may be represented by either of its directions; they are chosen so that the vectors nearly cancel, which
    makes as few overlaps positive as possible.

    Args:
        signs: symmetric, 0 on the diagonal, ±1 elsewhere, with two eigenvalues.

    Source: Seidel's two-graphs; Sustik, Tropp, Dhillon & Heath, On the existence of equiangular tight frames (2007).
    """
    balanced = _balanced(signs)
    least = -np.linalg.eigvalsh(balanced.astype(float))[0]
    return spanned(np.eye(len(signs)) + balanced / least)


def _balanced(signs: Signs) -> Signs:
    """Signs x_i x_j S_ij with the least Σ_ij found from seeded starts, each flipped vertex by vertex to the bottom."""
    random = np.random.default_rng(0)
    best, least = signs, int(signs.sum())
    for x in random.choice(np.array([-1, 1], dtype=np.int8), size=(_STARTS, len(signs))):
        switched = signs * np.outer(x, x)
        while (sums := switched.sum(axis=1, dtype=int)).max() > 0:
            worst = int(sums.argmax())
            switched[worst] *= -1
            switched[:, worst] *= -1
        if switched.sum(dtype=int) < least:
            best, least = switched, int(switched.sum(dtype=int))
    return best


def pairs_of(points: int) -> Signs:
    """Pairs of points, + where two pairs share one: 10 lines in 5 dimensions for 5 points, 28 in 7 for 8.

    The triangular graphs T(5) and T(8) belong to regular two-graphs.
    """
    pairs = list(combinations(range(points), 2))
    signs = np.array([[1 if set(one) & set(other) else -1 for other in pairs] for one in pairs], dtype=np.int8)
    np.fill_diagonal(signs, 0)
    return signs


def bent_code(dimension: int) -> Signs:
    """The 2^dimension characters on the zeros of the bent function x₁x₂ + x₃x₄ + …: a difference set of Z₂^dimension.

    16 lines in 6 dimensions for dimension 4, 64 in 28 for 6: rows of a Hadamard matrix.

    Source: Ding & Feng, A generic construction of complex codebooks meeting the Welch bound (2007).
    """
    points = np.array(list(product((0, 1), repeat=dimension)))
    bent = (points[:, ::2] * points[:, 1::2]).sum(axis=1) % 2
    characters = 1 - 2 * (points[bent == 1] @ points.T % 2)
    G = characters.T @ characters
    np.fill_diagonal(G, 0)
    return np.sign(G).astype(np.int8)


def naimark_complement(signs: Signs) -> Signs:
    """The signs of the frame in the remaining dimensions, as many lines: G → 1 - (d/k) G."""
    return (-signs).astype(np.int8)
