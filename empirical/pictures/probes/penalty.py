"""Figure of the penalty probe: exact losses over the penalty, coloured by geometry, with the proved crossings."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import INK, MUTED, PAGE, Look, drawing, is_named, looks, shown_name
from tegum.empirical.probes.penalty import Penalty


def penalty_picture(found: Penalty) -> Picture:
    """Predicted optimum as a line with its geometries, every model's rest as a dot, crossings with their digits."""
    with drawing():
        figure = Figure(figsize=(PAGE * 0.7, 3.0))
        ax = figure.subplots()
        names = [point.predicted for point in found.points] + [one for point in found.points for one in point.learned]
        known = looks(name for name in names if is_named(name))
        _draw_points(ax, found, known)
        _draw_changes(ax, found)
        _draw_legend(ax, [shown_name(name, known) for name in names], known)
        figure.tight_layout()
        return picture(
            figure,
            "penalty",
            "Loss over the L1 penalty, predicted and learned, coloured by geometry; vertical lines where it changes.",
            "Line and ring: loss of the optimum at each penalty, in the colour of its geometry. Dots: every model "
            "where it comes to rest, in the colour of its geometry. Vertical lines: where the losses of two predicted "
            "geometries cross, with proved digits. Band: between which two penalties the best learned geometry "
            "changes.",
        )


def _draw_points(ax: Axes, found: Penalty, known: dict[str, Look]) -> None:
    penalties = [point.l1 for point in found.points]
    ax.plot(penalties, [point.loss for point in found.points], color=MUTED, lw=0.8, zorder=1)
    for point in found.points:
        best = known[shown_name(point.predicted, known)]
        ring: dict[str, Any] = {"facecolors": "none", "edgecolors": best.color, "linewidths": 1.1}
        ax.scatter([point.l1], [point.loss], s=42, zorder=2, **ring)
        for name, loss in zip(point.learned, point.rest_loss.tolist(), strict=True):
            look = known[shown_name(name, known)]
            ax.scatter([point.l1], [loss], s=9, color=look.color, marker=look.marker, linewidths=0, zorder=3)
    ax.set_xlabel("penalty $\\lambda$ on $E\\|h\\|_1$")
    ax.set_ylabel("exact loss")


def _draw_changes(ax: Axes, found: Penalty) -> None:
    for one in found.learned:
        ax.axvspan(one.start, one.stop, color=MUTED, alpha=0.12, lw=0, zorder=0)
    for one in found.predicted:
        if one.value is not None:
            ax.axvline(one.value, color=INK, lw=0.8, zorder=0.5)
            words: dict[str, Any] = {"size": 6, "ha": "center", "va": "bottom", "color": INK}
            ax.text(one.value, 1.01, f"$\\lambda$ = {one.decimal}", transform=ax.get_xaxis_transform(), **words)


def _draw_legend(ax: Axes, names: list[str], known: dict[str, Look]) -> None:
    shown = {name: known[name] for name in dict.fromkeys(names)}
    handles = [
        Line2D([], [], ls="", marker=look.marker, color=look.color, ms=4, label=name) for name, look in shown.items()
    ]
    ax.legend(handles=handles, frameon=False, fontsize=6, loc="lower right")
