"""Pictures of the atlas: one entry's arrangement, and all that are best somewhere on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tegum.compare.atlas.entry import Atlas, Entry, Point
from tegum.empirical.pictures.arrangement import arrangement_figure, draw_arrangement
from tegum.empirical.pictures.picture import Picture, inches_axes, picture
from tegum.empirical.pictures.style import INK, MUTED, PAGE, drawing, palette
from tegum.empirical.pictures.subject import subject
from tegum.empirical.pictures.views import view
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import write_atomically
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Arrangements in a row of the sheet; inches of a side, and of the lines of words below it.
_ACROSS, _WORDS = 6, 0.36
_LINE = 0.1


def entry_picture(entry: Entry) -> Picture:
    """The vectors of an entry's first point."""
    point = drawn_point(entry)
    shown = subject(_weights(point), _setting(point))
    words = f"{entry.name} ({entry.description}) at density {point.density:g}"
    with drawing():
        return picture(arrangement_figure(shown), entry.name, f"Feature vectors of {words}.", f"{words}.")


def sheet_picture(atlas: Atlas) -> Picture:
    """Every entry that is the best known somewhere, by size."""
    shown = sheet_entries(atlas)
    with drawing():
        return picture(
            _sheet(shown),
            "atlas",
            alt=f"Arrangements of {len(shown)} uncatalogued geometries.",
            caption="Uncatalogued geometries that are the best known for their own k features in d dimensions at some "
            "density, drawn at one of them; above three dimensions three principal components.",
        )


def sheet_entries(atlas: Atlas) -> list[Entry]:
    """Entries with a span and a point, smallest first."""
    found = [one for one in atlas.entries if one.spans and one.points]
    return sorted(found, key=lambda one: (len(drawn_point(one).W), one.vertices, one.spans[0].low, one.name))


def write_picture(path: str | Path, drawn: Picture) -> None:
    """Write a picture's SVG.

    Raises:
        InputError: another suffix than .svg, or the file cannot be written there.
    """
    if Path(path).suffix.lower() != ".svg":
        raise InputError(f"picture = {str(path)!r} has another suffix than .svg")
    write_atomically(path, drawn.svg)


def drawn_point(entry: Entry) -> Point:
    """The point that stands for an entry: certified if there is one, within a span if there is one.

    Raises:
        InputError: it has no points.
    """
    if not entry.points:
        raise InputError(f"{entry.name} has no critical point to draw")
    return min(entry.points, key=lambda one: (not one.certified, not _in_span(entry, one), one.density, one.decimal))


def _in_span(entry: Entry, point: Point) -> bool:
    return any(span.low <= point.density <= span.high and span.dimension == len(point.W) for span in entry.spans)


def _sheet(shown: Sequence[Entry]) -> Figure:
    side = PAGE / _ACROSS
    rows = -(-len(shown) // _ACROSS)
    figure = Figure(figsize=(PAGE, rows * (side + _WORDS)))
    ax = inches_axes(figure)
    for place, entry in enumerate(shown):
        row, column = divmod(place, _ACROSS)
        top = (rows - row) * (side + _WORDS)
        _draw(ax, entry, np.array([(column + 0.5) * side, top - side / 2]), side)
    return figure


def _draw(ax: Axes, entry: Entry, centre: np.ndarray, side: float) -> None:
    point = drawn_point(entry)
    shown = view(np.array(point.W))
    draw_arrangement(ax, shown, tuple(palette(1) * entry.vertices), centre, 0.86 * side, numbered=False)
    x, y = centre[0], centre[1] - side / 2
    ax.text(x, y, entry.name, size=5, ha="center", va="center", color=INK)
    for line, words in enumerate(
        (_shortened(entry.description), f"k = {entry.vertices}, d = {len(point.W)}, p = {point.density:g}")
    ):
        ax.text(x, y - (line + 1) * _LINE, words, size=4.2, ha="center", va="center", color=MUTED)


def _shortened(words: str, most: int = 38) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _weights(point: Point) -> Weights:
    return Weights(np.array(point.W), np.array(point.b))


def _setting(point: Point) -> Setting:
    return Setting(count=len(point.b), hidden=len(point.W), density=point.density)
