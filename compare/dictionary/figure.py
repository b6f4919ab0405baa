"""The picture of a dictionary: its cosines beside the law of random directions, and its components."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.compare.dictionary.random_directions import bin_probabilities
from tegum.compare.dictionary.statistics import EDGES
from tegum.compare.dictionary.survey import Survey
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import INK, MUTED, PAGE, drawing, palette

_LUMPED = 16  # of the histogram's bins in one bar
_LEAST = 0.5  # pairs, at the foot of the logarithmic scale
_BLUE, _ORANGE = palette(2)


def survey_picture(found: Survey) -> Picture:
    """Histogram of all cosines, components by size, and components as the threshold rises."""
    count, hidden = found.given.units.shape
    with drawing():
        return picture(
            _figure(found),
            "dictionary",
            alt=f"Cosines of all pairs of {count} features in {hidden} dimensions, on a logarithmic scale beside those "
            "of random directions; components of the graph of large cosines by size, and as its threshold rises.",
            caption=f"Left: cosines of all {found.given.pairs} pairs of {count} features in {hidden} dimensions; line: "
            f"expected of random directions; dotted: threshold {found.threshold.value:.4g} "
            f"({found.threshold.principle}). Middle: components of the graph above it, by number of features. Right: "
            "components of at least two features, features without an edge, and features of the largest component, "
            "as the threshold rises.",
        )


def _figure(found: Survey) -> Figure:
    figure = Figure(figsize=(PAGE, 2.3))
    left, middle, right = (
        figure.add_axes((x, 0.18, width, 0.7)) for x, width in ((0.07, 0.36), (0.52, 0.18), (0.78, 0.2))
    )
    _draw_cosines(left, found)
    _draw_sizes(middle, found)
    _draw_course(right, found)
    return figure


def _draw_cosines(ax: Axes, found: Survey) -> None:
    pairs, hidden = found.given.pairs, found.given.units.shape[1]
    edges = EDGES[::_LUMPED]
    counts = found.statistics.counts.reshape(-1, _LUMPED).sum(axis=1)
    expected = pairs * bin_probabilities(edges, hidden)
    reach = np.flatnonzero((counts > 0) | (expected > 1))
    begin, end = max(reach[0] - 1, 0), min(reach[-1] + 2, len(counts))
    counts, expected, edges = counts[begin:end], expected[begin:end], edges[begin : end + 1]
    ax.stairs(np.maximum(counts, _LEAST), edges, fill=True, color=_BLUE, baseline=_LEAST, label="this dictionary")
    seen = expected > _LEAST
    ax.plot(((edges[1:] + edges[:-1]) / 2)[seen], expected[seen], color=_ORANGE, label="random directions")
    for limit in (-found.threshold.value, found.threshold.value):
        if edges[0] < limit < edges[-1]:
            ax.axvline(limit, color=INK, lw=0.7, ls=(0, (1, 1.2)))
    ax.set_xlim(edges[0], edges[-1])
    ax.set_yscale("log")
    ax.set_ylim(_LEAST, 2 * max(counts.max(), expected.max()))
    ax.set_xlabel("cosine of two features")
    ax.set_ylabel(f"pairs in a bin of {_LUMPED / 1024:g}")
    ax.legend(frameon=False, fontsize=6, loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=2)


def _draw_sizes(ax: Axes, found: Survey) -> None:
    sizes, counts = np.unique(np.bincount(found.labels), return_counts=True)
    ax.plot(sizes, counts, "o", ms=3, color=_BLUE)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(0.6, 2 * counts.max())
    ax.set_xlabel("features of a component")
    ax.set_ylabel("components")


def _draw_course(ax: Axes, found: Survey) -> None:
    course = found.filtration
    for values, color, name in (
        (course.isolated, MUTED, "alone"),
        (course.largest, _ORANGE, "in the largest"),
        (course.components, _BLUE, "components"),
    ):
        ax.plot(course.thresholds, np.where(values > 0, values, np.nan), color=color, lw=1, label=name)
    ax.set_yscale("log")
    ax.set_xlabel("threshold")
    ax.legend(frameon=False, fontsize=6, labelcolor=INK, loc="best")
