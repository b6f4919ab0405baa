"""Figure of a diagnosis: how long each feature's vector is, and what its loss is made of."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import COLUMN, INK, MUTED, PAGE, drawing
from tegum.theory.diagnostics import Split, superposition
from tegum.theory.files.atomic import write_atomically
from tegum.theory.weights import Weights

_OWN, _RECEIVED, _CAUSED = "#0072b2", "#d55e00", "#009e73"
#: Inches for each feature, above the width that the margins take.
_PER_FEATURE, _MARGIN = 0.22, 1.1
#: Vectors below this times the longest one have no direction worth drawing.
_NO_LENGTH = 1e-6


def write_diagnosis(path: str, weights: Weights, split: Split) -> None:
    """Draw one model's diagnosis and write it, as SVG or PDF by the path's ending."""
    found = diagnosis_picture(weights, split)
    write_atomically(path, found.pdf if os.fspath(path).endswith(".pdf") else found.svg)


def diagnosis_picture(weights: Weights, split: Split) -> Picture:
    """Two panels over the features: ‖w_i‖ with the superposition it suffers, and the split of its loss."""
    with drawing():
        features = len(split.loss)
        figure = Figure(figsize=(float(np.clip(_MARGIN + _PER_FEATURE * features, COLUMN, PAGE)), 3.2))
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_norms(above, weights)
        _draw_split(below, split)
        figure.tight_layout()
        return picture(
            figure,
            "diagnosis",
            f"Bars for each of {features} features: length of its vector, and representation error, interference "
            "received and interference caused.",
            "Above, the length of each feature's vector, and how strongly the others project on its direction. Below, "
            "its exact loss as representation error and interference received, beside the interference it causes.",
        )


def _draw_norms(ax: Axes, weights: Weights) -> None:
    places, norms = np.arange(weights.W.shape[1]), np.linalg.norm(weights.W, axis=0)
    ax.bar(places, norms, 0.7, color=_OWN, label="$\\|w_i\\|$")
    has_direction = norms > _NO_LENGTH * norms.max(initial=0.0)
    shown = np.where(has_direction, superposition(weights.W), np.nan)
    ax.plot(places, shown, "o", color=INK, ms=3, label="superposition")
    _finish(ax, "length, projections")


def _draw_split(ax: Axes, split: Split) -> None:
    places, half = np.arange(len(split.loss)), 0.35
    style: dict[str, Any] = {"width": half}
    left, right = places - half / 2, places + half / 2
    received_from = np.where(split.received >= 0, split.representation, split.representation + split.received)
    ax.bar(left, split.representation, color=_OWN, label="representation", **style)
    ax.bar(left, np.abs(split.received), bottom=received_from, color=_RECEIVED, label="received", alpha=0.8, **style)
    ax.bar(right, split.caused, color=_CAUSED, label="caused", **style)
    ax.plot(left, split.loss, "_", color=INK, ms=5, label="loss")
    ax.axhline(0, color=MUTED, lw=0.5)
    ax.set_xlabel("feature")
    if len(places) <= 30:
        ax.set_xticks(places)
    _finish(ax, "exact loss")


def _finish(ax: Axes, label: str) -> None:
    ax.set_ylabel(label)
    ax.legend(frameon=False, fontsize=6, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
