"""Chen et al.'s levels of polygons beside dead features, descent that rests at them, and the Bayesian transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import GHOST, INK, PAGE, drawing, palette
from tegum.papers.chen2023.figure_stages import stages

#: Claims that hold the levels of so many features.
_LEVELS = {5: ("CH05",), 6: ("CH04",), 7: ("CH09",), 8: ("CH09a",)}


def pictures(records: Mapping[str, Mapping[str, Any]]) -> list[Picture]:
    """The levels, the courses of descent, the transition and a notebook's stages, from the records that there are."""
    known = {c: [records[one] for one in ids] for c, ids in _LEVELS.items() if all(one in records for one in ids)}
    levels = [_levels(known)] if known else []
    courses = [_courses(records["CH12"]["details"])] if "CH12" in records else []
    transition = [_transition(records)] if {"CH11", "CH11a"} <= set(records) else []
    staged = [stages(records["CH15"]["details"]["most stages"])] if "CH15" in records else []
    return levels + courses + transition + staged


def _levels(known: Mapping[int, list[Mapping[str, Any]]]) -> Picture:
    with drawing():
        figure = Figure(figsize=(PAGE * 0.75, 2.8))
        ax = figure.subplots()
        for place, (_, records) in enumerate(sorted(known.items())):
            for record in records:
                _draw(ax, place, record)
        ax.set_xticks(range(len(known)), [f"{count} features" for count in sorted(known)])
        ax.set(ylabel="loss level", xlim=(-0.5, len(known) - 0.35), ylim=(0, None))
        figure.tight_layout()
        return picture(
            figure,
            "levels",
            "Loss levels of polygons of one-hot features, printed and computed, for five to eight features.",
            "Levels of k-gons beside dead features (a plus for each dead feature whose bias is at its best): computed, "
            "as lines, over the printed values, as grey bars.",
        )


def _courses(details: Mapping[str, Any]) -> Picture:
    with drawing():
        figure = Figure(figsize=(PAGE * 0.75, 2.8))
        ax = figure.subplots()
        for name, level in details["levels"].items():
            ax.axhline(level, color=GHOST, lw=2.5, zorder=1)
            ax.text(details["epochs"][-1] * 1.015, level, name, size=6, va="center", color=INK)
        for course, color in zip(details["courses"], palette(len(details["courses"])), strict=True):
            ax.plot(details["epochs"], course, color=color, lw=0.9, zorder=2)
        ax.set(xlabel="epoch", ylabel="loss", xlim=(0, details["epochs"][-1]))
        figure.tight_layout()
        return picture(
            figure,
            "descent",
            "Loss of models of six one-hot features along stochastic gradient descent from a 4-gon.",
            "Exact loss along descent from a 4-gon and a little noise, the runs that pass most levels, in colours; the "
            "levels of k-gons beside dead features as grey bars.",
        )


def _transition(records: Mapping[str, Mapping[str, Any]]) -> Picture:
    full, bare = (records[claim] for claim in ("CH11", "CH11a"))
    with drawing():
        figure = Figure(figsize=(PAGE * 0.75, 2.8))
        energies, differences = figure.subplots(1, 2)
        _energies(energies, full)
        for record, label, color in zip((full, bare), ("with priors", "without"), palette(4)[2:], strict=True):
            _difference(differences, record, label, color)
        differences.axhline(0, color=GHOST, lw=0.8, zorder=1)
        differences.legend(frameon=False, fontsize=6)
        figure.tight_layout()
        return picture(
            figure,
            "transition",
            "Free energies of a pentagon and a hexagon of six one-hot features over the number of samples, crossing.",
            "Left: free energies n L + λ log n + |w|²/2 of a pentagon beside a dead feature and of a hexagon. Right: "
            f"the hexagon's less the pentagon's, which is negative from {full['value']:.0f} samples on, and from "
            f"{bare['value']:.0f} where the priors' |w|²/2 is left out.",
        )


def _energies(ax: Axes, record: Mapping[str, Any]) -> None:
    details, root = record["details"], record["value"]
    for (name, energy), color in zip(details["free energies"].items(), palette(2), strict=True):
        ax.plot(details["samples"], energy, color=color, lw=1.2, label=f"{name}-gon")
    height = float(np.interp(root, details["samples"], details["free energies"]["5"]))
    ax.plot(root, height, "o", color=INK, ms=4, zorder=3)
    ax.annotate(f"n = {root:.0f}", (root, height), (6, -11), textcoords="offset points", size=7, color=INK)
    ax.set(xlabel="samples n", ylabel="free energy")
    ax.legend(frameon=False, fontsize=6)


def _difference(ax: Axes, record: Mapping[str, Any], label: str, color: str) -> None:
    details, root = record["details"], record["value"]
    pentagon, hexagon = (np.array(details["free energies"][name]) for name in ("5", "6"))
    ax.plot(details["samples"], hexagon - pentagon, color=color, lw=1.2, label=label)
    ax.plot(root, 0, "o", color=color, ms=4, zorder=3)
    side, align = ((5, 4), "left") if label == "with priors" else ((-5, -11), "right")
    ax.annotate(f"n = {root:.0f}", (root, 0), side, textcoords="offset points", size=7, color=INK, ha=align)
    ax.set(xlabel="samples n", ylabel="free energy of 6-gon less 5-gon")


def _draw(ax: Axes, place: int, record: Mapping[str, Any]) -> None:
    names, claim = record["claim"]["arguments"]["names"], record["claim"]["predicate"]
    levels = zip(names, record["value"], claim["of"], palette(len(names)), strict=True)
    for rank, (name, value, printed, color) in enumerate(sorted(levels, key=lambda level: level[1])):
        ax.plot([place - 0.32, place + 0.18], [printed, printed], color=GHOST, lw=4, solid_capstyle="butt", zorder=1)
        ax.plot([place - 0.32, place + 0.18], [value, value], color=color, lw=1.2, zorder=2)
        side, align = ((0.21, "left"), (-0.35, "right"))[rank % 2]  # neighbours may be too close for words
        ax.text(place + side, value, name, size=6, va="center", ha=align, color=INK)
