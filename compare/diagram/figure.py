"""The figure of a phase diagram: regions by geometry, curves by kind, and the published boundaries beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tegum.compare.diagram.fixed import FixedBoundary
from tegum.empirical.pictures.picture import Picture, picture
from tegum.empirical.pictures.style import INK, MUTED, PAPER, drawing, is_named, looks, shown_name
from tegum.theory.diagram.diagram import PhaseDiagram
from tegum.theory.diagram.pieces import CONTINUOUS, FIRST_ORDER, METASTABILITY
from tegum.theory.diagram.plane import Plane, PlaneAxis

#: How much of a geometry's colour its region shows: curves must stay readable on it.
_STRENGTH = 0.45
_FIXED = "#b00020"
_DOT: dict[str, Any] = {"marker": "o", "ms": 3.6, "mfc": PAPER, "mec": INK, "mew": 0.9}
_DIAMOND: dict[str, Any] = {"marker": "D", "ms": 1.9, "mfc": INK, "mec": INK, "mew": 0.9}
LINES: dict[str, dict[str, Any]] = {
    FIRST_ORDER: {"color": INK, "lw": 1.4, "ls": "-"},
    CONTINUOUS: {"color": INK, "lw": 1.2, "ls": (0, (3, 1.5))},
    METASTABILITY: {"color": MUTED, "lw": 0.7, "ls": (0, (1, 1.2))},
}
WORDS = {
    FIRST_ORDER: "first-order: losses of two minima cross",
    CONTINUOUS: "continuous: the optimum destabilises",
    METASTABILITY: "metastability limit of a losing minimum",
}
_SIZE = (5.6, 3.6)
_TICKS = 6


def diagram_picture(diagram: PhaseDiagram, published: Sequence[FixedBoundary]) -> Picture:
    """The figure of a phase diagram, saved in both formats, with the words that go with it."""
    with drawing():
        return picture(_figure(diagram, published), "phases", _alt(diagram), _caption(diagram, published))


def _figure(diagram: PhaseDiagram, published: Sequence[FixedBoundary]) -> Figure:
    figure = Figure(figsize=_SIZE)
    ax = figure.add_axes((0.09, 0.12, 0.5, 0.83))
    names = [name for name, _ in Counter(one for row in diagram.geometry for one in row).most_common()]
    known = looks(name for name in names if is_named(name))
    shown = {name: known[shown_name(name, known)].color for name in names}
    ax.imshow(_regions(diagram, shown), origin="lower", extent=_extent(diagram.plane), aspect="auto", zorder=0)
    _draw_curves(ax, diagram, published)
    _apply(ax, diagram.plane)
    regions = {shown_name(name, known): color for name, color in shown.items()}
    patches = [Patch(facecolor=pale(color), label=name) for name, color in regions.items()]
    figure.legend(
        handles=[*patches, *_line_handles(diagram, published)],
        loc="center left",
        bbox_to_anchor=(0.61, 0.55),
        frameon=False,
        fontsize=6,
    )
    return figure


def _regions(diagram: PhaseDiagram, colors: dict[str, str]) -> np.ndarray:
    return np.array([[to_rgb(pale(colors[name])) for name in row] for row in diagram.geometry])


def pale(color: str) -> str:
    red, green, blue = (_STRENGTH * part + 1 - _STRENGTH for part in to_rgb(color))  # on white
    return to_hex((red, green, blue))


def _extent(plane: Plane) -> tuple[float, float, float, float]:
    """Each cell's square lies around its point."""
    across, up = (0.5 / (axis.count - 1) for axis in (plane.x, plane.y))
    return -across, 1 + across, -up, 1 + up


def _draw_curves(ax: Axes, diagram: PhaseDiagram, published: Sequence[FixedBoundary]) -> None:
    plane = diagram.plane
    for one in published:
        ax.plot(*_shares(plane, one.points), color=_FIXED, lw=1.0, ls=(0, (5, 1.5, 1, 1.5)), zorder=2)
    for kind in (METASTABILITY, CONTINUOUS, FIRST_ORDER):
        for boundary in diagram.boundaries:
            if boundary.kind == kind:
                ax.plot(*_shares(plane, boundary.points), zorder=3, **LINES[kind])
    points = [_shares(plane, one.point[None])[:, 0] for one in diagram.triple_points]
    for x, y in points:
        ax.plot(x, y, zorder=4, **_DOT)
    for x, y in _critical_points(diagram):
        ax.plot(x, y, zorder=4, **_DIAMOND)


def _critical_points(diagram: PhaseDiagram) -> list[np.ndarray]:
    """Ends of first-order curves at which two minima become one, as shares of the axes."""
    ends = [end for one in diagram.boundaries if one.kind == FIRST_ORDER for end in one.ends]
    return [end.point for end in ends if end.why in ("critical", "tricritical")]


def _shares(plane: Plane, values: np.ndarray) -> np.ndarray:
    return np.array([plane.x.shares(values[:, 0]), plane.y.shares(values[:, 1])])


def _apply(ax: Axes, plane: Plane) -> None:
    left, right, bottom, top = _extent(plane)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_xlabel(axis_label(plane.x))
    ax.set_ylabel(axis_label(plane.y))
    for one, axis in ((ax.xaxis, plane.x), (ax.yaxis, plane.y)):
        ticks = np.array(_ticks(axis))
        one.set_major_locator(FixedLocator(axis.shares(ticks).tolist()))
        one.set_minor_locator(NullLocator())
        one.set_major_formatter(FuncFormatter(lambda share, _, axis=axis: f"{float(axis.values(share)):.4g}"))


def _ticks(axis: PlaneAxis) -> list[float]:
    """Round numbers inside the axis, a handful."""
    if axis.scale == "log":
        powers = range(int(np.floor(np.log10(axis.start))), int(np.ceil(np.log10(axis.stop))) + 1)
        candidates = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        return [one for one in candidates if axis.start * (1 - 1e-9) <= one <= axis.stop * (1 + 1e-9)]
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(_TICKS).tick_values(axis.start, axis.stop)
    return [float(one) for one in ticks if axis.start <= one <= axis.stop]


def axis_label(axis: PlaneAxis) -> str:
    """`density p = 1 − S`, `relative importance I₁/I₀`, ... ; S is the sparsity of the published figures."""
    key = axis.key.replace("density", "p").replace("importance", "I")
    symbols = "/".join(f"{part[0]}_{{{part[2:-1]}}}" if "[" in part else part for part in key.split("/"))
    if axis.field == "density":
        return f"density ${symbols} = 1 - S$"
    return f"relative importance ${symbols}$" if "/" in axis.key else f"importance ${symbols}$"


def _line_handles(diagram: PhaseDiagram, published: Sequence[FixedBoundary]) -> list[Line2D]:
    kinds = {boundary.kind for boundary in diagram.boundaries}
    handles = [Line2D([], [], label=WORDS[kind], **LINES[kind]) for kind in LINES if kind in kinds]
    if diagram.triple_points:
        handles.append(Line2D([], [], ls="", label="three minima of equal loss", **_DOT))
    if _critical_points(diagram):
        handles.append(Line2D([], [], ls="", label="critical or tricritical point:\ntwo minima become one", **_DIAMOND))
    if published:
        words = "fixed unit weights (published): losses\nof unit vectors and their pairs cross"
        handles.append(Line2D([], [], color=_FIXED, lw=1.0, ls=(0, (5, 1.5, 1, 1.5)), label=words))
    return handles


def _alt(diagram: PhaseDiagram) -> str:
    names = ", ".join(dict.fromkeys(name for row in diagram.geometry for name in row))
    return (
        f"Phase diagram of {diagram.plane.setting.count} features in {diagram.plane.setting.hidden} dimensions over "
        f"{diagram.plane.x.key} and {diagram.plane.y.key}: regions of {names}."
    )


def _caption(diagram: PhaseDiagram, published: Sequence[FixedBoundary]) -> str:
    text = f"{_alt(diagram)} Regions are coloured by the geometry of the optimum of each cell."
    if published:
        text += " Dash-dotted: boundaries between solutions whose weights are fixed unit vectors, as published."
    return text
