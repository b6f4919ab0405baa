"""Inputs drawn at low density: only the features that are on, by the gaps between them.

Groups of features (most of one feature) are trials, input after input. With the largest probability q of a group to be
on, the number of trials passed over is geometric, floor(E / -log(1 - q)) for an exponential E, and a group of
probability p is then taken with probability p/q: each group is on with its own p, independent of all others.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import float32, int64, njit

from tegum.empirical.kernels.drawing import groups_of
from tegum.empirical.kernels.philox import fill_words
from tegum.empirical.stream import GAPS, MAGNITUDES
from tegum.theory.setting import Setting

_CHUNK = 64  # blocks drawn at a time
_WORD = 2.0**-32
_LOG_2 = math.log(2)
_ROOT_HALF = 0x3FE6A09E667F3BCD  # the bits of √½ in double precision
_FRACTION = 2**52 - 1


class Gaps(NamedTuple):
    """The feature law in terms of trials.

    Attributes:
        first: [groups + 1], where each group's features begin in `feature` and `last`.
        feature: [features], group after group.
        last: [features], last word at which this feature, or one before it in the group, is on.
        most: q; scale: -1 / log(1 - q), 0 where q = 1 and infinite where q = 0.
        together: whether all features of a group are on together, or one of them.
        offset, slope: what turns a word into a value that is not 0: x = offset + slope w.
    """

    first: np.ndarray
    feature: np.ndarray
    last: np.ndarray
    most: float
    scale: float
    together: bool
    offset: np.float32
    slope: np.float32


def gaps_of_law(setting: Setting) -> Gaps:
    """The tables from which inputs of this setting are drawn at low density."""
    together = setting.law == "correlated"
    groups = groups_of(setting)
    ends = [np.cumsum([setting.density[i] for i in group]) for group in groups]
    if together:
        ends = [np.full(len(group), setting.density[group[0]]) for group in groups]
    most = min(max(float(end[-1]) for end in ends), 1.0)
    most = 1.0 if setting.law == "one-hot" else most
    last = np.rint(np.concatenate(ends) / (most or 1.0) / _WORD).astype(np.int64) - 1
    if setting.law == "one-hot":
        last[last == last[-1]] = 2**32 - 1
    first = np.cumsum([0, *map(len, groups)])
    scale = math.inf if most == 0 else -1 / math.log1p(-most) if most < 1 else 0.0
    line = {"uniform": (0.5 * _WORD, _WORD), "signed": (_WORD - 1, 2 * _WORD), "binary": (1.0, 0.0)}
    return Gaps(first, np.concatenate(groups), last, most, scale, together, *map(np.float32, line[setting.values]))


class Active(NamedTuple):
    """The features of a tile that are on, input after input.

    Attributes:
        first: [inputs + 1], where each input's features begin.
        feature, value: one of each for every feature that is on, and room for all that could be.
    """

    first: np.ndarray
    feature: np.ndarray
    value: np.ndarray


def active_of(features: int, width: int) -> Active:
    """Room for a tile in which everything is on."""
    most = features * width
    return Active(np.zeros(width + 1, np.int64), np.empty(most, np.int32), np.empty(most, np.float32))


@njit(cache=True, nogil=True)
def draw_active(law, key, step, tile, width, active):
    """Fill `active` with what is on in a tile of `width` inputs; room is needed for every feature of every input.

    Each trial that is not passed over takes half a block of the stream of gaps, each feature that is on a word of the
    stream of magnitudes; a tile has as many of them to itself as it could take at most.
    """
    words = np.empty((1, 4, _CHUNK), np.uint32)
    gaps, logs = np.empty(_CHUNK, np.int64), np.empty(_CHUNK)
    groups = law.first.size - 1
    trials, inverse = groups * width, 1 / groups
    block = tile * (active.value.size // 2 + _CHUNK)
    position, found = int64(-1), 0
    active.first[:] = 0
    while position < trials:
        fill_words(key, step, GAPS, block, words)
        block += _CHUNK
        for half in range(2):
            fill_gaps(words[0, 2 * half], law.scale, logs, gaps)
            for i in range(_CHUNK):
                position += 1 + gaps[i]
                if position >= trials:
                    break
                place = int64((position + 0.5) * inverse)  # several times faster than a division
                found = _take(law, position - place * groups, words[0, 2 * half + 1, i], active.feature, found)
                active.first[place + 1] = found
    for place in range(width):
        active.first[place + 1] = max(active.first[place + 1], active.first[place])
    block = tile * (active.value.size // 4 + _CHUNK)
    _draw_values(law, key, step, block, words, active.value[:found])


@njit(cache=True, nogil=True)
def scatter(active, x):
    """Fill x [features, width] with the tile's inputs, most of them 0."""
    x[:] = 0
    for t in range(active.first.size - 1):
        for place in range(active.first[t], active.first[t + 1]):
            x[active.feature[place], t] = active.value[place]


@njit(cache=True, nogil=True, error_model="numpy")  # a check for division by zero would keep it from vectors
def fill_gaps(words, scale, logs, gaps):
    """Trials passed over, floor(-log(u) scale) for u = (w + 1/2)/2³² but at most 10¹⁵; logs is scratch.

    log u = e log 2 + 2 (s + s³/3 + ... + s¹³/13) with u = m 2ᵉ, m from √½ to √2 and s = (m - 1)/(m + 1): right to
    10⁻¹², the same on every machine, and computed eight at a time.
    """
    for i in range(words.size):
        logs[i] = (words[i] + 0.5) * _WORD
    mantissa = logs.view(np.int64)
    for i in range(words.size):
        above = mantissa[i] - _ROOT_HALF
        gaps[i] = above >> 52
        mantissa[i] = (above & _FRACTION) + _ROOT_HALF
    for i in range(words.size):
        s = (logs[i] - 1) / (logs[i] + 1)
        q = s * s
        series = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13))))))
        gap = (gaps[i] * _LOG_2 + 2 * s * series) * -scale
        gaps[i] = int64(gap if gap < 1e15 else 1e15)


@njit(cache=True, nogil=True, inline="always")
def _take(law, group, word, feature, found):
    """Append what is on of a group, now that its word is known; the number found so far."""
    start, stop = law.first[group], law.first[group + 1]
    if word > law.last[stop - 1]:
        return found
    if law.together:
        for place in range(start, stop):
            feature[found] = law.feature[place]
            found += 1
        return found
    while start + 1 < stop:  # halve what holds the first place with word <= last
        middle = (start + stop) // 2
        if word <= law.last[middle - 1]:
            stop = middle
        else:
            start = middle
    feature[found] = law.feature[start]
    return found + 1


@njit(cache=True, nogil=True, inline="always")
def _draw_values(law, key, step, block, words, value):
    flat = words.reshape(words.size)
    for start in range(0, value.size, flat.size):
        fill_words(key, step, MAGNITUDES, block + start // 4, words)
        for i in range(min(flat.size, value.size - start)):
            value[start + i] = law.offset + law.slope * float32(flat[i])
