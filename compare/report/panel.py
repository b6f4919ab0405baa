"""Panel: one learned model laid over the prediction, ready to draw in the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tegum.compare.report.alignment import Vectors, aligned, flat
from tegum.compare.report.axis import scale_of, value_names
from tegum.compare.study import Study
from tegum.compare.verdict import Comparison
from tegum.empirical.pictures.sticks import Colors, factor_colors
from tegum.empirical.pictures.style import Look, shown_name
from tegum.empirical.pictures.views import Flat
from tegum.theory.geometry.critical import feature_vectors
from tegum.theory.geometry.identify import Identity


@dataclass(frozen=True)
class Panel:
    """One learned model over the prediction, in the plane.

    Attributes:
        places: predicted feature that each learned feature is laid over.
        predicted, learned: the vectors, in the order of the learned features, in all dimensions.
        flat_predicted, flat_learned: likewise, in the plane.
        expected, found: geometries of the two.
        predicted_colors, learned_colors: of the vectors, by factor.
        reach: length of the longest vector.
        linear: whether there is one hidden dimension.
        same: whether an isomorphism lays the one over the other.
        title, note: two lines of words below.
        group: predicted geometry.
    """

    places: tuple[int, ...]
    predicted: Vectors
    learned: Vectors
    flat_predicted: Flat
    flat_learned: Flat
    expected: Identity
    found: Identity
    predicted_colors: Colors
    learned_colors: Colors
    reach: float
    linear: bool
    same: bool
    title: str
    note: str
    group: str


def panel(comparison: Comparison, run: int, title: str, note: str, known: Mapping[str, Look]) -> Panel:
    """One run of a comparison, turned onto the prediction."""
    optimum, verdict, setting = comparison.optimum, comparison.verdicts[run], comparison.setting
    kinds = tuple(zip(setting.density, setting.importance, strict=True))
    vectors, own = (feature_vectors(one, setting.activation) for one in (optimum.weights, comparison.weights[run]))
    pair = aligned(vectors, own, verdict.vertex_map, kinds)
    factors = [factor.features for factor in optimum.identity.factors if factor.dimension]
    predicted, learned = flat(pair, factors)
    expected = factor_colors(optimum.identity, range(setting.count), known[optimum.geometry].color)
    color = known[shown_name(verdict.geometry, known)].color
    return Panel(
        places=pair.places,
        predicted=pair.predicted,
        learned=pair.learned,
        flat_predicted=predicted,
        flat_learned=learned,
        expected=optimum.identity,
        found=verdict.identity,
        predicted_colors=tuple(expected[place] for place in pair.places),
        learned_colors=factor_colors(verdict.identity, pair.places, color),
        reach=float(np.linalg.norm(np.concatenate([pair.predicted, pair.learned], axis=1), axis=0).max()),
        linear=setting.hidden == 1,
        same=verdict.vertex_map is not None,
        title=title,
        note=note,
        group=optimum.geometry,
    )


def best_panels(study: Study, known: Mapping[str, Look]) -> list[Panel]:
    """The best run at each value of the axis, in rising order."""
    scale = scale_of(study.plan.axes[0])
    found = []
    for name, place in zip(value_names(scale.values), scale.order, strict=True):
        one = study.comparisons[place]
        note = f"{sum(verdict.matches for verdict in one.verdicts)}/{len(one.verdicts)}"
        found.append(panel(one, one.verdicts.index(one.best), name, note, known))
    return found
