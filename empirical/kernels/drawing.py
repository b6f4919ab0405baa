"""Inputs drawn number by number: every feature of every input takes one random word, or shares its group's.

A word w, uniform on 0 ... 2³² - 1, decides and measures at once: feature i is on where w - low_i <= last_i, and given
that, w - low_i is uniform on 0 ... last_i, so that the magnitude is independent of the decision.

What breaks: a density is rounded to a multiple of 2⁻³², and a magnitude takes 2³² p different values. `gaps` draws
features that are rarely on without that limit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import float32, njit, uint32

from tegum.empirical.kernels.philox import fill_words
from tegum.empirical.stream import STEP
from tegum.theory.setting import Setting

_WORDS = 2.0**32


class Words(NamedTuple):
    """The feature law in terms of words, its features in an order that begins every group with its leader.

    Attributes:
        feature: [features], the features in that order.
        role: [features], LEADS (its word decides), FOLLOWS (on with its leader, by a word of its own how much) or
            SHARES (its leader's word decides, in an interval of its own).
        low, last: [features], the interval low ... low + last of the deciding word.
        offset, slope: [features], what turns words into values: x = offset + slope (w - low).
    """

    feature: np.ndarray
    role: np.ndarray
    low: np.ndarray
    last: np.ndarray
    offset: np.ndarray
    slope: np.ndarray


LEADS, FOLLOWS, SHARES = range(3)


def words_of_law(setting: Setting) -> Words:
    """The tables from which inputs of this setting are drawn."""
    rows = [row for group in groups_of(setting) for row in _rows_of_group(setting, group)]
    feature, role, low, last, offset, slope = zip(*rows, strict=True)
    intervals = (np.array(ends, dtype=np.uint32) for ends in (low, last))
    lines = (np.array(line, dtype=np.float32) for line in (offset, slope))
    return Words(np.array(feature), np.array(role), *intervals, *lines)


def groups_of(setting: Setting) -> Sequence[tuple[int, ...]]:
    """The features that are decided together; one that stands alone is a group of one."""
    if setting.law == "one-hot":
        return [tuple(range(setting.count))]
    grouped = {feature for group in setting.groups for feature in group}
    return [*setting.groups, *((feature,) for feature in range(setting.count) if feature not in grouped)]


def _rows_of_group(setting: Setting, group: tuple[int, ...]) -> list[tuple[int, int, int, int, float, float]]:
    together = setting.law == "correlated"
    ends = _ends([setting.density[i] for i in group[: 1 if together else None]], setting.law == "one-hot")
    rows = []
    for place, feature in enumerate(group):
        low, end = (0, ends[0]) if together else (ends[place - 1] if place else 0, ends[place])
        own = together and place > 0
        role = LEADS if place == 0 else FOLLOWS if own else SHARES
        rows.append((feature, role, low % 2**32, max(end - low - 1, 0), *_scale(setting.values, end - low, own)))
    return rows


def _ends(density: Sequence[float], always: bool) -> list[int]:
    ends = [min(round(end * _WORDS), 2**32) for end in np.cumsum(density)]
    return [end + (2**32 - ends[-1]) * (end == ends[-1]) for end in ends] if always else ends


def _scale(values: str, width: int, own: bool) -> tuple[float, float]:
    # A feature that is never on has an interval of one word all the same, on which its value is 0.
    unit = (0.0 if width == 0 else 1 / width) if not own else (width > 0) / _WORDS
    if values == "binary":
        return float(width > 0), 0.0
    return (0.5 * unit, unit) if values == "uniform" else (unit - (width > 0), 2 * unit)


@njit(cache=True, nogil=True, fastmath={"contract"})
def draw_tile(law, key, step, tile, words, x):
    """Fill x [features, width] with the inputs of a tile; words [features, 4, width / 4] is scratch.

    The words of feature i are those of the width/4 blocks from number (features tile + i) width/4 of the step.
    """
    fill_words(key, step, STEP, tile * (x.size // 4), words)
    leader = 0
    for row in range(law.feature.size):
        feature, low = law.feature[row], law.low[row]
        if law.role[row] == LEADS:
            leader = feature
        decides = words[leader].reshape(x.shape[1])
        if law.role[row] == FOLLOWS:
            measures = words[feature].reshape(x.shape[1])
            _features(decides, measures, low, uint32(0), law.last[row], law.offset[row], law.slope[row], x[feature])
        else:
            _features(decides, decides, low, low, law.last[row], law.offset[row], law.slope[row], x[feature])


@njit(cache=True, nogil=True, inline="always")
def _features(decides, measures, low, base, last, offset, slope, x):
    for t in range(x.size):
        value = offset + slope * float32(uint32(measures[t] - base))
        x[t] = value if uint32(decides[t] - low) <= last else float32(0.0)
