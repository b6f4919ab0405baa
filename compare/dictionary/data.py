"""A dictionary's survey as plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite, sqrt
from typing import Any

import numpy as np

from tegum.compare.dictionary.random_directions import moments, tail, welch_bound
from tegum.compare.dictionary.statistics import Statistics
from tegum.compare.dictionary.survey import Survey
from tegum.compare.dictionary.threshold import GRID, edges_above
from tegum.compare.report.provenance import versions

#: Raised when a key changes its meaning.
FORMAT = 1
QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
_EVERY = len(GRID) // 32  # thresholds of the table, of the grid's


def survey_data(found: Survey, source: Mapping[str, Any], command: str) -> dict[str, Any]:
    """All of a survey but what has one number for each feature or edge; ``source`` says what was surveyed."""
    count, hidden = found.given.units.shape
    return {
        "format": FORMAT,
        "kind": "dictionary",
        "command": command,
        "versions": versions(),
        **source,
        "features": found.given.count,
        "hidden": hidden,
        "dropped": found.given.count - count,
        "norms": _quantiles(found.given.norms),
        "dimensions_per_feature": found.statistics.dimensions_per_feature,
        "dimensionality": _quantiles(found.statistics.dimensionality),
        "cosines": _cosines(found.statistics, found.given.pairs, hidden) | {"error": found.given.error},
        "nearest": _quantiles(np.abs(found.statistics.nearest)),
        "coherence": float(np.abs(found.statistics.nearest).max()),
        "welch": welch_bound(count, hidden),
        "histogram": found.statistics.counts.tolist(),
        "edges_above": edge_table(found),
        "threshold": _threshold(found),
        "components": _components(found),
        "classes": [asdict(one) | {"example": list(one.example)} for one in found.classes],
    }


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {f"{q:g}": float(value) for q, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}


def _cosines(found: Statistics, pairs: int, hidden: int) -> dict[str, Any]:
    """Moments beside those of random directions; ``standard_error`` is how far random ones would be from them.

    Cosines of different pairs of random directions are independent two by two, and so are their squares.
    """
    mean, variance, excess = moments(hidden)
    fourth = 3 / (hidden * (hidden + 2))
    return {
        "pairs": pairs,
        "mean": found.mean,
        "variance": found.variance,
        "excess": found.excess if isfinite(found.excess) else None,
        "random": {"mean": mean, "variance": variance, "excess": excess},
        "standard_error": {"mean": sqrt(variance / pairs), "variance": sqrt((fourth - variance**2) / pairs)},
        "effective_dimensions": 1 / (found.variance + found.mean**2),
    }


def edge_table(found: Survey) -> list[dict[str, Any]]:
    """Pairs at or beyond some thresholds, and how many random directions would have."""
    count, hidden = found.given.units.shape
    positive, negative = edges_above(found.statistics.counts)
    expected = found.given.pairs * tail(GRID, hidden)
    return [
        {
            "threshold": float(GRID[k]),
            "positive": int(positive[k]),
            "negative": int(negative[k]),
            "random": float(expected[k]),
        }
        for k in range(0, len(GRID) - 1, _EVERY)
    ]


def _threshold(found: Survey) -> dict[str, Any]:
    data = found.edges.cosines.data
    return {
        "value": found.threshold.value,
        "principle": found.threshold.principle,
        "edges": found.edges.count,
        "positive": int((data > 0).sum()),
        "negative": int((data < 0).sum()),
        "undecided": found.edges.undecided,
        "random": float(found.given.pairs * tail(found.threshold.value, found.given.units.shape[1])),
    }


def _components(found: Survey) -> dict[str, Any]:
    sizes = np.bincount(found.labels)
    values, counts = np.unique(sizes, return_counts=True)
    course = found.filtration
    return {
        "sizes": [[int(size), int(count)] for size, count in zip(values, counts, strict=True)],
        "largest": int(sizes.max()),
        "isolated": int((sizes == 1).sum()),
        "connected": int((sizes > 1).sum()),
        "course": {
            "threshold": course.thresholds.tolist(),
            "connected": course.components.tolist(),
            "isolated": course.isolated.tolist(),
            "largest": course.largest.tolist(),
        },
    }
