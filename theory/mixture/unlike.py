"""Pieces for features of several classes: like features together, and factors bent by unlike ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np

from tegum.theory.loss.law import Law
from tegum.theory.mixture.like import MOST_VERTICES, like_pieces
from tegum.theory.mixture.piece import Piece, parts_of, scaled
from tegum.theory.search.descent import descend

#: Density and importance of the features of a class.
Kind = tuple[float, float]
#: Factors of unlike features have at most so many vertices: each of their contents is a descent of its own.
MOST_UNLIKE = 6
#: Classes beyond which pairs of features are taken from neighbouring classes only.
_MOST_PAIRED = 40


def class_pieces(kinds: Sequence[Kind], sizes: Sequence[int], most_dimensions: int) -> list[Piece]:
    """The best known piece for each content, features of several classes.

    Like features: `like_pieces`, scaled by their importance.  Unlike features: each piece of up to `MOST_UNLIKE`
    vertices, its weights followed by `descend` under the densities and importances of its content, for all runs of
    neighbours in the order of the classes, and all pairs.

    Args:
        kinds: density and importance of each class, in an order in which neighbours are most alike.
        sizes: features of each class.
        most_dimensions: of a piece.

    Returns:
        One piece for each content and dimension; every loss is exact for the piece's weights.
    """
    pieces = [part for kind, size in zip(kinds, sizes, strict=True) for part in _like(kind, size)]
    pieces += _bent(_unlike_contents(kinds, sizes), most_dimensions)
    best: dict[tuple, Piece] = {}
    for one in pieces:
        key = one.dimension, tuple(sorted(zip(one.density, one.importance, strict=True)))
        if one.dimension <= most_dimensions and (key not in best or one.loss < best[key].loss):
            best[key] = one
    return list(best.values())


def _like(kind: Kind, size: int) -> Iterator[Piece]:
    density, importance = kind
    for one in like_pieces(density, min(size, MOST_VERTICES)):
        if importance > 0 or one.dimension == 0:
            yield scaled(one, importance)


def _unlike_contents(kinds: Sequence[Kind], sizes: Sequence[int]) -> list[tuple[Kind, ...]]:
    """Every run of 2 to `MOST_UNLIKE` neighbours that are not all alike, and every pair of classes; stakes only."""
    staked = [(kind, size) for kind, size in zip(kinds, sizes, strict=True) if min(kind) > 0]
    line = [kind for kind, size in staked for _ in range(min(size, MOST_UNLIKE))]
    runs = [tuple(line[i : i + k]) for k in range(2, MOST_UNLIKE + 1) for i in range(len(line) - k + 1)]
    if len(staked) <= _MOST_PAIRED:
        runs += combinations((kind for kind, _ in staked), 2)
    return [run for run in dict.fromkeys(runs) if len(set(run)) > 1]


def _bent(contents: Iterable[tuple[Kind, ...]], most_dimensions: int) -> Iterator[Piece]:
    by_size: dict[int, list[tuple[Kind, ...]]] = defaultdict(list)
    for content in contents:
        by_size[len(content)].append(content)
    for vertices, same_size in by_size.items():
        density, importance = np.moveaxis(np.array(same_size), -1, 0)
        # Halfway between the extremes, not the mean, which rounding would make different for equal densities.
        regular = [_by_dimension(vertices, float(p)) for p in (density.min(axis=1) + density.max(axis=1)) / 2]
        for dimension in range(1, min(vertices - 1, most_dimensions) + 1):
            chosen = [k for k, known in enumerate(regular) if dimension in known]
            if chosen:
                W = np.stack([regular[k][dimension].W for k in chosen])
                b = np.stack([regular[k][dimension].b for k in chosen])
                yield from _settled(W, b, Law(density[chosen], importance[chosen]))


def _by_dimension(vertices: int, density: float) -> dict[int, Piece]:
    return {one.dimension: one for one in like_pieces(density, MOST_UNLIKE) if one.vertices == vertices}


def _settled(W: np.ndarray, b: np.ndarray, law: Law) -> Iterator[Piece]:
    rest = descend(W, b, law)
    for k in np.flatnonzero(rest.converged):
        content = tuple(law.density[k].tolist()), tuple(law.importance[k].tolist())
        yield from (part for _, part in parts_of(rest.W[k], rest.b[k], *content))


def takes(pieces: Sequence[Piece], kinds: Sequence[Kind]) -> np.ndarray:
    """How many features of each class every piece holds, [classes, pieces]."""
    counts = [Counter(zip(one.density, one.importance, strict=True)) for one in pieces]
    return np.array([[count[kind] for count in counts] for kind in kinds])
