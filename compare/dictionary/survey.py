"""Survey: all that is said of a dictionary, from its vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Int

from tegum.compare.dictionary.classes import ComponentClass, component_classes
from tegum.compare.dictionary.components import Filtration, component_labels, filtration
from tegum.compare.dictionary.directions import Directions, directions
from tegum.compare.dictionary.edges import MOST_PAIRS, Edges, edges, edges_among, near_pairs
from tegum.compare.dictionary.random_directions import limit_of_one_false_pair
from tegum.compare.dictionary.statistics import Statistics, statistics_and
from tegum.compare.dictionary.threshold import Threshold, random_threshold, threshold_given, threshold_of_edges
from tegum.empirical.memory import available_bytes
from tegum.theory.errors import InputError

#: Principles of a threshold that need no number.
PRINCIPLES = ("random", "components")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Survey:
    """A dictionary's overlaps.

    Attributes:
        given: directions and lengths of its features.
        statistics: of all pairs.
        threshold: where the graph is cut, and why.
        edges: the graph.
        labels: component of each vertex.
        filtration: components as the threshold rises further.
        classes: components of at least two vertices, by kind.
    """

    given: Directions
    statistics: Statistics
    threshold: Threshold
    edges: Edges
    labels: Int[np.ndarray, " vertices"]
    filtration: Filtration
    classes: tuple[ComponentClass, ...]


def survey(
    vectors: np.ndarray, threshold: float | str = "random", most_edges: int | None = None, told: Progress | None = None
) -> Survey:
    """Overlap statistics, thresholded signed graph and component classes of a dictionary.

    Args:
        vectors: [features, hidden], of any float type.
        threshold: on |cosine|; or "random", the level at which as many random directions would give one edge on
            average; or "components", the one above that at which most components have at least two vertices.
        most_edges: the smallest threshold of the histogram's grid that leaves at most so many edges, instead.
        told: called with the stage, and how much of it is done of how much.

    Returns:
        `Survey`.

    Raises:
        InputError: an entry that is not finite, fewer than two features with a length or dimensions, more memory than
            there is, a threshold outside [0, 1) or one that leaves too many edges.

    Validity: counts are exact counts of computed cosines, whose error `Directions.error` bounds (3e-7 for 384
    dimensions); they do not depend on the order of features, on tiles, threads or the linear algebra library.  Memory
    is that of the vectors in double precision, a few tiles, and the edges; no n × n matrix is ever held.

    Source: dimensionality and m / ‖W‖² as in Elhage et al. 2022, "The Geometry of Superposition"; the null law and
    the bound on the coherence are named in `random_directions`.
    """
    tell = told or _silent
    _check_asked(threshold, most_edges)
    _check_memory(vectors)
    given = directions(vectors)
    # Most often the threshold is known before: its pairs are collected while the tiles are there.
    first = limit_of_one_false_pair(given.pairs, vectors.shape[1]) if isinstance(threshold, str) else float(threshold)
    found, pairs = statistics_and(given, near_pairs(given, first), partial(tell, "all pairs"))
    held = sum(len(cosines) for _, _, cosines in pairs) <= MOST_PAIRS

    def cut(at: float) -> Edges:
        return edges_among(given, pairs, at) if held and at >= first else edges(given, at, partial(tell, "edges"))

    chosen = _threshold(given, found, threshold, most_edges)
    graph = cut(chosen.value)
    course = filtration(graph)
    if threshold == "components" and most_edges is None:
        chosen = Threshold(course.most, "most components of at least two features")
        graph = cut(chosen.value)
        course = filtration(graph)
    labels = component_labels(graph)
    classes = component_classes(graph, labels, given.features, partial(tell, "components"))
    return Survey(given, found, chosen, graph, labels, course, tuple(classes))


def _threshold(given: Directions, found: Statistics, asked: float | str, most: int | None) -> Threshold:
    if most is not None:
        return threshold_of_edges(found, most)
    return random_threshold(given, found) if isinstance(asked, str) else threshold_given(found, asked)


def _check_asked(threshold: float | str, most: int | None) -> None:
    if isinstance(threshold, str) and threshold not in PRINCIPLES:
        raise InputError(f"threshold = {threshold!r} is neither a number nor {' nor '.join(PRINCIPLES)}")
    if not isinstance(threshold, str) and not 0 <= threshold < 1:
        raise InputError(f"threshold = {threshold!r} is outside [0, 1)")
    if most is not None and most < 1:
        raise InputError(f"edges = {most} is below 1")


def _check_memory(vectors: np.ndarray) -> None:
    """Refuse before it is spent what does not fit: the vectors in double precision, and a copy while they are made."""
    needed, held = 16 * vectors.size, available_bytes()
    if needed > held:
        raise InputError(f"shape {vectors.shape} needs {needed >> 20} MiB, {held >> 20} MiB can be had")


def _silent(stage: str, done: int, total: int) -> None:
    pass
