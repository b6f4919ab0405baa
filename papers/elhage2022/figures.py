"""Elhage et al.'s figures; here the arrangements of five features, one of them denser or sparser than the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GUIDE, INK, MUTED, PAGE, drawing, palette
from tegum.papers.elhage2022.figure_learning import learning
from tegum.papers.elhage2022.figure_phases import phases
from tegum.papers.elhage2022.figure_polytopes import dimensionalities


def pictures(records: Mapping[str, Mapping[str, Any]]) -> list[Picture]:
    """Phase diagrams, dimensionalities, learning and the row of arrangements, each where its records are there."""
    drawn = []
    if {"EL10a", "EL12b"} <= records.keys():
        drawn.append(phases([records["EL10a"], records["EL12b"]]))
    if "EL14" in records:
        drawn.append(dimensionalities(records["EL14"]["details"]))
    if {"EL28", "EL29"} <= records.keys():
        drawn.append(learning(records["EL28"]["details"], records["EL29"]["details"]))
    if "EL20a" in records:
        drawn.append(_arrangements(records["EL20a"]["details"]))
    return drawn


def _arrangements(details: Mapping[str, Any]) -> Picture:
    ratios, optima = details["ratio"], details["optima"]
    with drawing():
        figure = Figure(figsize=(PAGE, PAGE / len(ratios) + 0.35))
        for ax, ratio, best in zip(np.ravel(figure.subplots(1, len(ratios))), ratios, optima, strict=True):
            _draw(ax, np.array(best["W"]), f"{ratio:g}", best["geometry"])
        figure.tight_layout(pad=0.3)
        return picture(
            figure,
            "sparser-feature",
            "Best arrangements of five features in two dimensions, one of them denser or sparser than the others.",
            "Best weights of five features of density 0.05 in two dimensions; the coloured one's density is the number "
            "above times that. Grey: unit circle.",
        )


def _draw(ax: Axes, W: np.ndarray, title: str, geometry: str) -> None:
    own = W[:, -1] if np.linalg.norm(W[:, -1]) > 0.05 else W[:, 0]
    turn = np.pi / 2 - np.arctan2(own[1], own[0])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    ring = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(ring), np.sin(ring), color=GUIDE, lw=0.8)
    for i, (x, y) in enumerate((rotation @ W).T):
        color = palette(2)[1] if i == W.shape[1] - 1 else INK
        ax.plot([0, x], [0, y], color=color, lw=1.1)
        ax.scatter([x], [y], s=14, color=color, linewidths=0, zorder=3)
    ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal")
    ax.set_title(f"× {title}", size=7, color=INK)
    ax.text(0.5, -0.02, geometry, size=5.5, color=MUTED, ha="center", va="top", transform=ax.transAxes)
    ax.axis("off")
