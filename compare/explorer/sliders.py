"""Sliders: the settings around a given one at which everything on the page is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tegum.theory.checks import number, numbers, whole
from tegum.theory.errors import InputError
from tegum.theory.loss.law import require_basic
from tegum.theory.setting import Setting

#: Features and hidden dimensions that the sliders may reach: beyond, a page takes minutes and a drawing says little.
MOST_FEATURES, MOST_HIDDEN = 8, 3
#: Positions of the other sliders; the setting's own density, ratio and λ are always among them.
DENSITIES, POINTS = (0.01, 0.8), 24
RATIOS = (0.5, 1.0, 2.0)
L1 = (0.0, 0.02)
_MOST_POINTS = 200


@dataclass(frozen=True)
class Slice:
    """What all sliders but the density's say.

    Attributes:
        count, hidden: features and dimensions.
        ratio: importance of the last feature, as a multiple of the first one's.
        l1: λ, the weight of E‖h‖₁.
    """

    count: int
    hidden: int
    ratio: float
    l1: float


@dataclass(frozen=True)
class Sliders:
    """Positions of the sliders.

    Attributes:
        setting: the one in whose neighbourhood they lie; where they start.
        densities: in rising order.
        slices: every combination of the other sliders.
    """

    setting: Setting
    densities: tuple[float, ...]
    slices: tuple[Slice, ...]

    @property
    def start(self) -> Slice:
        """Where the sliders start."""
        return slice_of(self.setting)


def sliders_around(
    setting: Setting,
    *,
    densities: tuple[float, float] = DENSITIES,
    points: int = POINTS,
    ratios: Sequence[float] = RATIOS,
    l1: Sequence[float] = L1,
    features: tuple[int, int] | None = None,
    hidden: tuple[int, int] | None = None,
) -> Sliders:
    """The sliders' positions around a setting, itself one of them.

    (p, I_n/I_1, λ) × (n, m) with m < n; other λ than the setting's are for its own n and m only.

    Args:
        setting: independent uniform features of one density, tied weights, ReLU readout, with or without an L1 term.
        densities: ends of the density's slider.
        points: how many positions it has, evenly spaced on a logarithmic scale; the setting's own is one more.
        ratios: importance of the last feature, as multiples of the first one's.
        l1: values of λ.
        features, hidden: first and last count; one less and one more than the setting's unless given.

    Returns:
        `Sliders`, which `explore` takes.

    Raises:
        InputError: a setting or a range that is not supported, in one line.

    Validity: at most `MOST_FEATURES` features in `MOST_HIDDEN` dimensions.

    Source: the settings of `candidates`; relative importance and density are the axes of Elhage et al. 2022,
    "Superposition as a phase change".
    """
    _check(setting)
    low, high = (number("density", end, 1e-4, 1.0) for end in densities)
    if not low < high:
        raise InputError(f"density from {low:g} to {high:g}: the first must be below the second")
    grid = np.geomspace(low, high, whole("points", points, 2, _MOST_POINTS))
    here = slice_of(setting)
    counts = _span("features", features, setting.count, 2, MOST_FEATURES)
    widths = _span("hidden", hidden, setting.hidden, 1, MOST_HIDDEN)
    own = setting.count, setting.hidden
    shapes = [(n, m) for n in counts for m in widths if (m < n and _has_importances(setting, n)) or (n, m) == own]
    weights = _with_own(numbers("l1", list(l1), len(l1), 0), setting.l1)
    return Sliders(
        setting,
        _with_own(np.clip(grid, low, high).tolist(), setting.density[0]),
        tuple(
            Slice(n, m, ratio, weight)
            for n, m in shapes
            for ratio in _with_own(numbers("ratios", list(ratios), len(ratios), 0), here.ratio)
            for weight in (weights if (n, m) == own else _with_own((), setting.l1))
        ),
    )


def slice_of(setting: Setting) -> Slice:
    """The slice that a setting lies in."""
    return Slice(setting.count, setting.hidden, setting.importance[-1] / setting.importance[0], setting.l1)


def setting_at(setting: Setting, where: Slice, density: float) -> Setting:
    """The setting at a position of the sliders: the first features keep their importances, the last has its own."""
    first = setting.importance[0]
    others = setting.importance[: where.count - 1]
    others += (first,) * (where.count - 1 - len(others))
    importance = (*others, where.ratio * first)
    return replace(setting, count=where.count, hidden=where.hidden, density=density, importance=importance, l1=where.l1)


def _check(setting: Setting) -> None:
    require_basic(replace(setting, l1=0.0), "explore")
    whole("count", setting.count, 2, MOST_FEATURES)
    whole("hidden", setting.hidden, 1, min(MOST_HIDDEN, setting.count))
    if min(setting.density) != max(setting.density):
        raise InputError("density differs between features; explore has one slider for the density of all")
    number("density", setting.density[0], 1e-4, 1.0)
    if not setting.importance[0] > 0:
        raise InputError("importance of the first feature is 0; explore measures the last one's by it")


def _has_importances(setting: Setting, count: int) -> bool:
    """Whether it is known how important the features of a larger or smaller setting are."""
    return count <= setting.count or len(set(setting.importance[:-1])) == 1


def _span(name: str, ends: tuple[int, int] | None, own: int, least: int, most: int) -> range:
    low, high = ends or (max(own - 1, least), min(own + 1, most))
    low, high = whole(name, low, least, most), whole(name, high, least, most)
    if not low <= own <= high:
        raise InputError(f"{name} from {low} to {high} leaves out the setting's own, {own}")
    return range(low, high + 1)


def _with_own(values: Sequence[float], own: float) -> tuple[float, ...]:
    return tuple(sorted({*values, own}))
