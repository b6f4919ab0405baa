"""The axis of a study as it is drawn: a slot for each value, ticks that people read, and its name."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log, log10
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tegum.empirical.axes import Axis
from tegum.theory.setting import axis_parts

#: An axis that spans at least this factor is drawn on a logarithmic scale.
_DECADE = 10
_SYMBOLS = {"density": "p", "importance": "I", "l1": "λ"}
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Scale:
    """An axis as drawn.

    Attributes:
        key: the setting's number that varies.
        values: in rising order.
        order: place in the plan of each of them.
        logarithmic: whether the scale is.
        low, high: ends of the drawn axis; evenly spaced values each have the middle of an equal slot.
    """

    key: str
    values: tuple[float, ...]
    order: tuple[int, ...]
    logarithmic: bool
    low: float
    high: float


def scale_of(axis: Axis, logarithmic: bool | None = None) -> Scale:
    """How an axis is drawn; logarithmic where it spans a decade, unless said otherwise."""
    order = tuple(int(place) for place in np.argsort(axis.values, kind="stable"))
    values = tuple(axis.values[place] for place in order)
    first, last = values[0], values[-1]
    if logarithmic is None:
        logarithmic = first > 0 and last / first >= _DECADE
    if len(values) == 1:
        margin = 0.1 * abs(first) or 0.1
        return Scale(axis.key, values, order, False, first - margin, last + margin)
    half = 0.5 / (len(values) - 1)
    if logarithmic:
        widening = (last / first) ** half
        return Scale(axis.key, values, order, True, first / widening, last * widening)
    return Scale(axis.key, values, order, False, first - half * (last - first), last + half * (last - first))


def share(scale: Scale, value: float) -> float:
    """Where a value lies on the drawn axis, from 0 at its left end to 1 at its right."""
    if scale.logarithmic:
        return log(value / scale.low) / log(scale.high / scale.low)
    return (value - scale.low) / (scale.high - scale.low)


def applied(ax: Axes, scale: Scale, vertical: bool = False) -> None:
    """Give the axes this horizontal or vertical scale, with plain numbers at its ticks."""
    one, name = (ax.yaxis, "y") if vertical else (ax.xaxis, "x")
    ends: dict[str, Any] = {f"{name}lim": (scale.low, scale.high)}
    ax.set(**ends | {f"{name}label": axis_name(scale.key, math=True)})
    if scale.logarithmic:
        ax.set(**{f"{name}scale": "log"})
        one.set_major_locator(FixedLocator(_round_numbers(scale.low, scale.high)))
        one.set_minor_locator(NullLocator())
        one.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set(**ends)


def axis_name(key: str, math: bool = False) -> str:
    """`density p`, `importance I₁`, `l1 weight λ`."""
    field = axis_parts(key)[0]
    return f"{'l1 weight' if field == 'l1' else field} {axis_symbol(key, math)}"


def axis_symbol(key: str, math: bool = False) -> str:
    """`p`, `I₁` or `λ`; or the same for matplotlib's mathematics."""
    field, feature = axis_parts(key)
    number = "" if feature is None else str(feature)
    if math:
        return f"${_SYMBOLS[field]}_{{{number}}}$" if number else f"${_SYMBOLS[field]}$"
    return _SYMBOLS[field] + number.translate(_LOWERED)


def value_names(values: tuple[float, ...]) -> list[str]:
    """The values with as few digits as keep them apart, two at least."""
    for digits in range(2, 17):
        names = [f"{value:.{digits}g}" for value in values]
        if len(set(names)) == len(names):
            return names
    return [repr(value) for value in values]


def _round_numbers(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten; powers alone where the axis is long."""
    steps = (1, 2, 5) if high / low < 1e4 else (1,)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
