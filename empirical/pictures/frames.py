"""Frames: one run's vectors at chosen snapshots, side by side as a strip, or one after another as an animation."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tegum.empirical.dynamics.course import Course
from tegum.empirical.pictures.arrangement import draw_arrangement, extent
from tegum.empirical.pictures.numerals import brief
from tegum.empirical.pictures.picture import inches_axes
from tegum.empirical.pictures.style import INK, MUTED, PAGE, palette
from tegum.empirical.pictures.trajectory import draw_jumps, draw_losses, level_name
from tegum.empirical.pictures.views import View, view
from tegum.theory.geometry.critical import feature_vectors

#: Most frames of a strip, those in a row, and most of an animation.
_MOST, _IN_A_ROW, MOST_FRAMES = 16, 8, 48
_WORDS = 0.38
#: Size of the animation in inches, its dots per inch, milliseconds of a frame and of the last one.
_SIZE, _DPI, _FRAME, _LAST = (5.6, 2.5), 100, 150, 2000
_COLORS = 64


def strip_snapshots(course: Course, run: int) -> tuple[int, ...]:
    """Places of the frames of a strip: the start, each stay, the middle of each jump, the end."""
    one, last = course.itineraries[run], len(course.history.steps) - 1
    middles = [(jump.steepest[0] + jump.steepest[1] + 1) // 2 for jump in one.jumps]
    found = sorted({0, last, *(stay.snapshot for stay in one.stays), *middles})
    return tuple(found[k] for k in _spread(len(found), _MOST))


def _spread(count: int, most: int) -> list[int]:
    """Places from 0 to count - 1, evenly spread, the first and the last among them."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()


def strip_figure(course: Course, run: int) -> Figure:
    """The vectors of one run before, at and after each jump, with step and exact loss, and the level where it stays."""
    places = strip_snapshots(course, run)
    columns = min(_IN_A_ROW, len(places))
    rows = -(-len(places) // columns)
    slot = min(PAGE / columns, 1.3)
    figure = Figure(figsize=(slot * columns, rows * (slot + _WORDS)))
    ax = inches_axes(figure)
    reach = _reach(course, run)
    names = {stay.snapshot: level_name(stay).rpartition(",")[0] for stay in course.itineraries[run].stays}
    for k, place in enumerate(places):
        row, column = divmod(k, columns)
        x, top = slot * (column + 0.5), (rows - row) * (slot + _WORDS)
        draw_vectors(ax, course, run, place, np.array([x, top - slot / 2]), slot, reach)
        words = f"step {course.history.steps[place]}, $L$ = {brief(float(course.loss[place, run]))}"
        ax.text(x, top - slot - 0.08, words, size=5.4, ha="center", va="center", color=INK)
        ax.text(x, top - slot - 0.2, _folded(names.get(place, "")), size=5.0, ha="center", va="top", color=MUTED)
    return figure


def draw_vectors(ax: Axes, course: Course, run: int, place: int, centre: np.ndarray, side: float, reach: float) -> None:
    """One run's vectors at one snapshot, each feature in its own colour, seen like those at the end."""
    features = course.history.b.shape[2]
    draw_arrangement(ax, _view(course, run, place), tuple(palette(features)), centre, side, reach)


def animation(course: Course, run: int) -> bytes:
    """A GIF of one run: its vectors beside the exact loss, with a dot where it is; at most `MOST_FRAMES` snapshots."""
    from PIL import Image

    figure, curve = animation_stage(course, run)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    empty, reach = canvas.copy_from_bbox(figure.bbox), _reach(course, run)
    images = []
    for place in _spread(len(course.history.steps), MOST_FRAMES):
        canvas.restore_region(empty)
        for artist in animation_actors(figure, curve, course, run, place, reach):
            artist.draw(canvas.get_renderer())
            artist.remove()
        images.append(
            Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
        )
    durations = [_FRAME] * (len(images) - 1) + [_LAST]
    data = BytesIO()
    images[0].save(data, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0, disposal=1)
    return data.getvalue()


def animation_stage(course: Course, run: int) -> tuple[Figure, Axes]:
    """What stays as it is: the loss on the right, and room for the vectors on the left."""
    width, height = _SIZE
    figure = Figure(figsize=_SIZE, dpi=_DPI)
    left = height + 0.2
    curve = figure.add_axes((left / width, 0.4 / height, (width - left - 0.15) / width, (height - 0.55) / height))
    draw_losses(curve, course, run)
    draw_jumps(curve, course, run)
    curve.set_xlabel("optimiser step")
    return figure, curve


def animation_actors(
    figure: Figure, curve: Axes, course: Course, run: int, place: int, reach: float
) -> tuple[Artist, Artist]:
    """What moves: the vectors with step and loss above them, and the dot on the curve."""
    height = _SIZE[1]
    side = height - 0.35
    ax = inches_axes(figure)
    draw_vectors(ax, course, run, place, np.array([side / 2, side / 2]), side, reach)
    words = f"step {course.history.steps[place]}    $L$ = {brief(float(course.loss[place, run]))}"
    ax.text(side / 2, height - 0.16, words, size=7, ha="center", va="center", color=INK)
    (dot,) = curve.plot(course.history.steps[place], course.loss[place, run], "o", color=INK, ms=4, zorder=6)
    return ax, dot


def _view(course: Course, run: int, place: int) -> View:
    vectors = [feature_vectors(course.history.model(k, run)) for k in (place, len(course.history.steps) - 1)]
    return view(vectors[0], like=vectors[1])


def _reach(course: Course, run: int) -> float:
    """Length of the longest vector of any snapshot, as it is drawn."""
    return max(extent(_view(course, run, place)) for place in range(len(course.history.steps)))


def _folded(words: str) -> str:
    return words.replace(" + ", "\n+ ")
