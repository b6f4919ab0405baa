"""How the compiled kernel draws and multiplies the inputs of a setting: the cheapest way, fixed by the setting."""

from typing import NamedTuple

from tegum.empirical.kernels.drawing import Words, words_of_law
from tegum.empirical.kernels.gaps import Gaps, gaps_of_law
from tegum.empirical.kernels.tiles import Objective, objective_of
from tegum.theory.setting import Setting

# Nanoseconds of one core, measured on one of 256 GFLOP/s: for each number drawn, for each feature drawn by gaps, and
# for a multiplication with an addition in products of tiles, of the square matrix of overlaps, and with its rows.
_NUMBER, _GAP, _IN_TILES, _IN_SQUARE, _IN_ROWS = 0.33, 6.0, 0.016, 0.016, 0.05
_INPUT = 30.0  # for each input that is worked on by itself


class Route(NamedTuple):
    """The law in both its forms, the objective, and which way is taken.

    Attributes:
        by_gaps: inputs are drawn by the gaps between features that are on.
        by_rows: and multiplied feature by feature, with the rows of the overlaps.
    """

    words: Words
    gaps: Gaps
    objective: Objective
    by_gaps: bool
    by_rows: bool


def route_of(setting: Setting, batch_size: int) -> Route:
    """The route with the lowest cost a step; the constants are of one machine, the choice is the same on all."""
    words, gaps = words_of_law(setting), gaps_of_law(setting)
    n, m = setting.count, setting.hidden
    on = sum(setting.density)
    trials = (len(gaps.first) - 1) * gaps.most  # that are not passed over
    drawn_by_gaps = _GAP * trials
    tiles = 5 * n * m * _IN_TILES
    rows = 2 * n * on * _IN_ROWS + _INPUT * min(1.0, on) + 3 * n * n * m * _IN_SQUARE / batch_size
    by_rows = setting.activation == "none" and drawn_by_gaps + rows < min(_NUMBER * n, drawn_by_gaps) + tiles
    by_gaps = by_rows or drawn_by_gaps < _NUMBER * n
    return Route(words, gaps, objective_of(setting, batch_size), bool(by_gaps), bool(by_rows))
