"""Figure of the norms: how long each feature's vector is, coloured by how strongly the others project on it."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from tegum.empirical.pictures.style import MUTED, PAGE
from tegum.empirical.pictures.subject import Subject
from tegum.theory.diagnostics import superposition
from tegum.theory.geometry.critical import feature_vectors

#: Dark for a direction of its own, bright for one that others use; in this order for readers with any colour vision.
_COLORS = colormaps["cividis"]
_LEFT, _RIGHT, _HEAD, _FOOT, _HIGH = 0.45, 0.75, 0.12, 0.36, 1.4
_NUMBERED = 40


def norms_figure(one: Subject) -> Figure:
    """‖W_i‖ for each feature, factor by factor; colour Σ_{j≠i} (Ŵ_i·W_j)²."""
    W = feature_vectors(one.weights)[:, list(one.order)]
    norms, shared = np.linalg.norm(W, axis=0), superposition(W)
    count = len(norms)
    across = float(np.clip(0.2 * count, 1.4, PAGE - _LEFT - _RIGHT))
    width, height = _LEFT + across + _RIGHT, _HEAD + _HIGH + _FOOT
    figure = Figure(figsize=(width, height))
    ax = figure.add_axes((_LEFT / width, _FOOT / height, across / width, _HIGH / height))
    scale = Normalize(0.0, max(1.0, float(shared.max())))
    ax.bar(np.arange(count), norms, 0.75, color=_COLORS(scale(shared)))
    ax.axhline(1.0, color=MUTED, lw=0.5, ls=(0, (2, 2)), zorder=0)
    step = -(-count // _NUMBERED)
    ax.set_xticks(np.arange(count)[::step], one.names[::step])
    ax.set_xlim(-0.6, count - 0.4)
    ax.set_xlabel("feature")
    ax.set_ylabel("$\\|W_i\\|$")
    bar = figure.add_axes(((_LEFT + across + 0.12) / width, _FOOT / height, 0.08 / width, _HIGH / height))
    figure.colorbar(ScalarMappable(scale, _COLORS), cax=bar, label="$\\sum_{j\\neq i} (\\hat{W}_i\\cdot W_j)^2$")
    return figure
