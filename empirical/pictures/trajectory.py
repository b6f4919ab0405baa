"""Figure of a training: exact loss of all runs with the levels of one, and the dimensionality of its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tegum.empirical.dynamics.course import Course
from tegum.empirical.dynamics.itinerary import Stay
from tegum.empirical.pictures.labels import text_width
from tegum.empirical.pictures.numerals import brief
from tegum.empirical.pictures.style import GHOST, GUIDE, INK, MUTED, PAGE, palette

_LEVEL, _RUN = "#d55e00", "#0072b2"
#: Inches: margins, the two frames, the room between them, and a line of words.
_LEFT, _HEAD, _FOOT, _LOSS, _SHARES, _GAP, _LINE = 0.5, 0.12, 0.36, 2.0, 1.45, 0.16, 0.12
#: Words of the levels, points.
_WORDS = 6.0
#: Features that get a colour and a name each, and the shares of a dimension that are drawn as guides.
_NAMED = 12
_GUIDES = {1.0: "1", 1 / 2: "1/2", 2 / 5: "2/5", 1 / 3: "1/3"}
#: The axis is logarithmic where half of the snapshots lie in this first part of the steps, or of the losses' range.
_EARLY, _WIDE = 0.1, 30.0


def shown_run(course: Course) -> int:
    """The run told in detail: the one with most jumps, of those the one that ends lowest; none that diverged."""
    jumps, ends = [len(one.jumps) for one in course.itineraries], course.loss[-1]
    return min(np.flatnonzero(~course.history.diverged).tolist(), key=lambda run: (-jumps[run], ends[run]))


def trajectory_figure(course: Course, run: int) -> Figure:
    """Above, exact losses; below, the dimensionality of each feature of one run, both over the optimiser's steps."""
    names = [level_name(stay) for stay in course.itineraries[run].stays]
    right = 0.2 + max([text_width(name, _WORDS) for name in names], default=0.0) + 0.1
    width, height = PAGE, _HEAD + _LOSS + _GAP + _SHARES + _FOOT
    figure = Figure(figsize=(width, height))
    across = (width - _LEFT - right) / width
    above = figure.add_axes((_LEFT / width, (_FOOT + _SHARES + _GAP) / height, across, _LOSS / height))
    below = figure.add_axes((_LEFT / width, _FOOT / height, across, _SHARES / height), sharex=above)
    draw_losses(above, course, run)
    _draw_level_names(above, course.itineraries[run].stays, names)
    _draw_shares(below, course, run)
    above.tick_params(labelbottom=False)
    for ax in (above, below):
        draw_jumps(ax, course, run)
    return figure


def draw_losses(ax: Axes, course: Course, run: int) -> None:
    """All runs thin, one of them broad, and the levels at which it stayed, each over its plateau."""
    steps = np.array(course.history.steps)
    early = steps[len(steps) // 2] < _EARLY * steps[-1]
    seen = steps > 0 if early else steps >= 0
    for other in range(course.loss.shape[1]):
        if other != run:
            ax.plot(steps[seen], course.loss[seen, other], color=GHOST, lw=0.6, zorder=2)
    ax.plot(steps[seen], course.loss[seen, run], color=_RUN, lw=1.4, zorder=4)
    for stay in course.itineraries[run].stays:
        energy = stay.loss if stay.level is None else stay.level.loss
        ax.axhline(energy, color=_LEVEL, lw=0.5, ls=(0, (1, 2)), zorder=1)
        ends = steps[[stay.plateau.first, stay.plateau.last]]
        ax.plot(ends, [energy, energy], color=_LEVEL, lw=2.4, alpha=0.7, solid_capstyle="butt", zorder=3)
        ax.plot(steps[stay.snapshot], stay.loss, "D", color=_LEVEL, ms=3.2, zorder=5)
    if early:
        ax.set_xscale("log")
    low, high = float(np.nanmin(course.loss[seen])), float(np.nanmax(course.loss[seen]))
    if low > 0 and high > _WIDE * low:
        ax.set_yscale("log")
    ax.set_xlim(steps[seen][0], steps[-1])
    ax.set_ylabel("exact loss $L$")
    handles = [Line2D([], [], color=_RUN, lw=1.4, label=f"run {run}")]
    if course.loss.shape[1] > 1:
        handles.append(Line2D([], [], color=GHOST, lw=0.6, label="other runs"))
    if course.itineraries[run].stays:
        handles.append(
            Line2D([], [], color=_LEVEL, lw=0.5, ls=(0, (1, 2)), marker="D", ms=3.2, label="energy level, and its stay")
        )
    ax.legend(handles=handles, frameon=False, fontsize=6, loc="upper right")


def draw_jumps(ax: Axes, course: Course, run: int) -> None:
    """A band over the steepest part of each jump."""
    steps = course.history.steps
    for jump in course.itineraries[run].jumps:
        ax.axvspan(steps[jump.steepest[0]], steps[jump.steepest[1]], color=GUIDE, lw=0, zorder=0)


def level_name(stay: Stay) -> str:
    """What stands beside a level: geometry and energy, and whether it is a saddle."""
    if stay.level is None:
        return f"{stay.geometry}, {brief(stay.loss)}"
    kind = " (saddle)" if stay.level.least_curvature < 0 else ""
    return f"{stay.level.geometry}, {brief(stay.level.loss, 4)}{kind}"


def _draw_level_names(ax: Axes, stays: Sequence[Stay], names: Sequence[str]) -> None:
    """To the right of the frame at the height of each level, moved apart where two are close."""
    energies = [stay.loss if stay.level is None else stay.level.loss for stay in stays]
    heights = ax.transData.transform([(ax.get_xlim()[1], energy) for energy in energies] or np.zeros((0, 2)))[:, 1]
    inches = (heights - ax.bbox.y0) / ax.figure.dpi
    for place, energy, name in zip(_apart(inches), inches, names, strict=True):
        share, true = place / _LOSS, energy / _LOSS
        ax.plot([1.0, 1.015], [true, share], transform=ax.transAxes, color=_LEVEL, lw=0.6, clip_on=False)
        ax.text(1.02, share, name, transform=ax.transAxes, size=_WORDS, color=INK, va="center", ha="left")


def _apart(places: np.ndarray) -> np.ndarray:
    """The same places in their order, a line of words at least between two, as near as pushing upwards keeps them."""
    found, floor = np.array(places, dtype=float), -np.inf
    for k in np.argsort(places, kind="stable"):
        found[k] = floor = max(places[k], floor + _LINE)
    return found


def _draw_shares(ax: Axes, course: Course, run: int) -> None:
    steps, shares = np.array(course.history.steps), course.dimensionality[:, run]
    features = shares.shape[1]
    for value in _GUIDES:
        ax.axhline(value, color=GUIDE, lw=0.6, zorder=0)
    named = features <= _NAMED
    colors = palette(features) if named else [MUTED] * features
    for feature in range(features):
        dashes = "-" if feature < 6 else (0, (3, 1))
        label = f"{feature}" if named else None
        ax.plot(steps, shares[:, feature], color=colors[feature], lw=1.0, ls=dashes, label=label, zorder=2)
    ax.set_ylim(0, 1.05)
    ax.set_yticks(list(_GUIDES), list(_GUIDES.values()))
    ax.set_ylabel("dimensionality $D_i$")
    ax.set_xlabel("optimiser step")
    if named:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.02), "borderaxespad": 0.0}
        ax.legend(title="feature", title_fontsize=6, fontsize=6, frameon=False, ncols=-(-features // 6), **place)
