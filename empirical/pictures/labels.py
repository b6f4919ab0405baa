"""Where words go in a figure: beside their curve where there is most room, and never on top of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

#: Room beyond which more is no better, and distances of a label from its own curve, in inches.
_ENOUGH, _BESIDE = 0.09, (0.035, 0.075, 0.13, 0.2, 0.3)
#: Room that a label gives up to be an inch nearer to its curve, and room below which it touches something.
_NEARNESS, _TOUCH = 0.5, 0.02
#: Room that labels keep from the frame, inches.
_EDGE = 0.05

Points = Float[np.ndarray, "_ 2"]


def text_width(text: str, size: float) -> float:
    """Width in inches of a text in the figures' font, without drawing it."""
    return float(TextPath((0, 0), text, size=size, prop=FontProperties()).get_extents().width) / 72


def levels(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The lowest level for each span, in order, on which it meets no earlier one."""
    found: list[int] = []
    for k, (left, right) in enumerate(spans):
        busy = {found[j] for j in range(k) if spans[j][0] < right and left < spans[j][1]}
        found.append(next(level for level in range(k + 1) if level not in busy))
    return found


def label_spots(
    curves: Sequence[Points], sizes: Sequence[tuple[float, float]], others: Points, frame: tuple[float, float]
) -> list[tuple[float, float]]:
    """The middle of each curve's label: beside the curve, as far from everything else as can be.

    Args:
        curves: points of each curve, at least one, in inches from the frame's lower left corner.
        sizes: width and height of each label, inches.
        others: points that labels should keep clear of.
        frame: width and height of the frame, inches.
    """
    taken = np.concatenate([others, *(_dense(curve) for curve in curves)])
    spots = []
    for curve, size in zip(curves, sizes, strict=True):
        taken = np.unique(taken.round(2), axis=0)  # a hundredth of an inch is nothing to the eye
        spot = _best_spot(curve, size, taken, frame)
        spots.append(spot)
        taken = np.concatenate([taken, _filled(spot, size)])
    return spots


def _best_spot(
    curve: Points, size: tuple[float, float], taken: Points, frame: tuple[float, float]
) -> tuple[float, float]:
    steps, far = _steps(size)
    spots, far = (curve[:, None] + steps).reshape(-1, 2), np.tile(far, len(curve))
    margin = np.array(size) / 2 + _EDGE
    inside = ((spots >= margin) & (spots <= np.array(frame) - margin)).all(axis=1)
    if not inside.any():
        x, y = np.clip(spots[0], margin, np.maximum(np.array(frame) - margin, margin))
        return float(x), float(y)
    spots, far = spots[inside], far[inside]
    apart = np.maximum(np.abs(spots[:, None] - taken) - np.array(size) / 2, 0.0)
    room = np.sqrt((apart**2).sum(axis=2)).min(axis=1)
    x, y = spots[int(np.argmax(np.minimum(room, _ENOUGH) - _NEARNESS * far - (room < _TOUCH)))]
    return float(x), float(y)


def _steps(size: tuple[float, float]) -> tuple[Points, Float[np.ndarray, " _"]]:
    """From a point of the curve to the middle of a label beside it, and how far its nearest edge then is."""
    width, height = size
    beside = [(0.0, side * (height / 2 + far), far) for far in _BESIDE for side in (1, -1)]
    ends = [(side * (width / 2 + 0.08), up, abs(up) + 0.08) for side in (-1, 1) for up in (0.0, 0.08, -0.08, 0.2, -0.2)]
    steps = np.array(beside + ends)
    return steps[:, :2], steps[:, 2]


def _dense(curve: Points) -> Points:
    """Points so close that no label fits between two of them."""
    along, fine = np.arange(len(curve)), np.linspace(0, len(curve) - 1, 4 * len(curve))
    return np.column_stack([np.interp(fine, along, curve[:, k]) for k in (0, 1)])


def _filled(spot: tuple[float, float], size: tuple[float, float]) -> Points:
    x, y = (np.linspace(-0.5, 0.5, 5) * extent + at for extent, at in zip(size, spot, strict=True))
    return np.array(np.meshgrid(x, y)).reshape(2, -1).T
