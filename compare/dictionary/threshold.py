"""Where to cut a dictionary's overlap graph, and why there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tegum.compare.dictionary.directions import Directions
from tegum.compare.dictionary.edges import MOST_PAIRS
from tegum.compare.dictionary.random_directions import limit_of_one_false_pair
from tegum.compare.dictionary.statistics import EDGES, Statistics
from tegum.theory.errors import InputError

#: The histogram's own thresholds, at which numbers of pairs are known exactly.
GRID = EDGES[len(EDGES) // 2 :]


@dataclass(frozen=True)
class Threshold:
    """A threshold on |cosine|.

    Attributes:
        value: itself.
        principle: why it is that.
    """

    value: float
    principle: str


def edges_above(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of positive and of negative cosine at or beyond each value of `GRID`."""
    half = len(counts) // 2
    positive = np.concatenate([counts[half:][::-1].cumsum()[::-1], [0]])
    negative = np.concatenate([counts[:half].cumsum()[::-1], [0]])
    return positive, negative


def random_threshold(given: Directions, found: Statistics) -> Threshold:
    """The level at which random directions would give one false edge on average, or what can be held."""
    value = limit_of_one_false_pair(given.pairs, given.units.shape[1])
    least = threshold_of_edges(found, MOST_PAIRS).value
    if value >= least:
        return Threshold(value, "one edge expected among random directions")
    return Threshold(least, f"at most {MOST_PAIRS} edges, the most that are held")


def threshold_of_edges(found: Statistics, most: int) -> Threshold:
    """The smallest threshold of the grid that leaves at most so many edges."""
    return Threshold(float(GRID[np.argmax(_both_signs(found) <= most)]), f"at most {most} edges")


def threshold_given(found: Statistics, value: float) -> Threshold:
    """A threshold that the user names.

    Raises:
        InputError: more edges than are held.
    """
    least = _both_signs(found)[np.searchsorted(GRID, value)]  # at the next threshold of the grid
    if least > MOST_PAIRS:
        fits = threshold_of_edges(found, MOST_PAIRS).value
        raise InputError(f"threshold = {value!r} leaves {least} edges or more; allowed are {MOST_PAIRS}, as at {fits}")
    return Threshold(value, "given")


def _both_signs(found: Statistics) -> np.ndarray:
    positive, negative = edges_above(found.counts)
    return positive + negative
