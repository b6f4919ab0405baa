"""Chart: what the figure of the losses shows, as numbers relative to the empty model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tegum.compare.report.axis import Scale, scale_of
from tegum.compare.study import Curve, Study
from tegum.empirical.pictures.style import Look, shown_name
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

#: The frame ends this far above the highest curve; runs beyond it are drawn at its edge.
_HEADROOM = 1.12
#: Curves of geometries that are minima but neither predicted nor learned anywhere: at most so many are drawn.
_MOST_OTHERS = 6


@dataclass(frozen=True)
class Line:
    """A candidate's curve: where it is a local minimum, and where no other candidate lies below it."""

    geometry: str
    values: Float[np.ndarray, " points"]
    ratio: Float[np.ndarray, " points"]
    stable: Bool[np.ndarray, " points"]
    lowest: Bool[np.ndarray, " points"]


@dataclass(frozen=True)
class Dots:
    """Every run: axis value, loss, name of its look, and whether it is the best of its cell."""

    values: Float[np.ndarray, " runs"]
    ratio: Float[np.ndarray, " runs"]
    names: tuple[str, ...]
    best: Bool[np.ndarray, " runs"]

    def of(self, name: str) -> Bool[np.ndarray, " runs"]:
        """Which runs bear this name."""
        return np.array([one == name for one in self.names], dtype=bool)


@dataclass(frozen=True)
class Chart:
    """The figure's numbers; losses are divided by that of the empty model, L(W = 0, b = 0) = Σ_i I_i E x_i².

    Attributes:
        scale: of the horizontal axis.
        lines: curves of the candidates that are predicted or learned somewhere, then of the best other minima.
        predicted: (axis value, loss, geometry) of each cell's optimum.
        dots: the runs.
        top: upper end of the vertical axis.
    """

    scale: Scale
    lines: tuple[Line, ...]
    predicted: tuple[tuple[float, float, str], ...]
    dots: Dots
    top: float


def chart(study: Study, known: Mapping[str, Look]) -> Chart:
    """The numbers of the figure of the losses."""
    values = study.plan.axes[0].values
    empty = _empty(study, values)
    optima = np.array([one.optimum.loss for one in study.comparisons]) / empty
    names = [one.optimum.geometry for one in study.comparisons]
    lines = _lines(study)
    ours = [line for line in lines if line.geometry in known]
    top = _HEADROOM * float(np.nanmax(np.concatenate([optima, *(line.ratio for line in ours)]), initial=0)) or 1.0
    others = [line for line in lines if line.geometry not in known and (line.ratio[line.stable] < top).any()]
    return Chart(
        scale=scale_of(study.plan.axes[0]),
        lines=(*ours, *others[:_MOST_OTHERS]),
        predicted=tuple(zip(values, optima.tolist(), names, strict=True)),
        dots=_dots(study, empty, known),
        top=top,
    )


def empty_loss(setting: Setting) -> float:
    """L(W = 0, b = 0), the loss of a model that answers nothing."""
    nothing = Weights(np.zeros((setting.hidden, setting.count)), np.zeros(setting.count))
    return float(population_loss(nothing, setting).loss)


def _empty(study: Study, values: Sequence[float]) -> Float[np.ndarray, " values"]:
    axis = study.plan.axes[0].key
    empty = np.array([empty_loss(with_axis(study.plan.setting, axis, value)) for value in values])
    return np.where(empty > 0, empty, np.nan)


def _lines(study: Study) -> list[Line]:
    if not study.curves:
        return []
    empty = _empty(study, study.curves[0].values)
    losses = np.array([curve.losses for curve in study.curves])
    lowest = losses == np.nanmin(np.where(np.isfinite(losses), losses, np.inf), axis=0)
    return [_line(curve, here, empty) for curve, here in zip(study.curves, lowest, strict=True)]


def _line(curve: Curve, lowest: np.ndarray, empty: np.ndarray) -> Line:
    ratio = np.array(curve.losses) / empty
    return Line(curve.geometry, np.array(curve.values), ratio, np.array(curve.stable, dtype=bool), lowest)


def _dots(study: Study, empty: np.ndarray, known: Mapping[str, Look]) -> Dots:
    values, ratios, names, best = [], [], [], []
    for value, scale, comparison in zip(study.plan.axes[0].values, empty, study.comparisons, strict=True):
        first = comparison.best
        for verdict in comparison.verdicts:
            values.append(value)
            ratios.append(verdict.loss / scale)
            names.append(shown_name(verdict.geometry, known))
            best.append(verdict is first)
    return Dots(np.array(values), np.array(ratios), tuple(names), np.array(best, dtype=bool))
