"""The sweeps behind the shipped atlas: every size of the table of factors, trained at the table's densities."""

from __future__ import annotations

from dataclasses import replace

from tegum.empirical.axes import Axis
from tegum.empirical.plan import Plan, Training
from tegum.theory.setting import Setting
from tegum.theory.table.search import DENSITIES

#: Largest sizes trained.
MOST_FEATURES, MOST_HIDDEN = 12, 4
#: Long enough that polishing starts in the basin that training chose.
_TRAINING = Training(steps=4000, batch_size=256, learning_rate=0.01, schedule="cosine", seed=0, device="cpu")
#: Runs at each density: many enough to meet rarer basins, fewer where polishing a run costs much more.
_RUNS, _WIDE_RUNS, _WIDE = 64, 16, 9


def shipped_plans() -> list[Plan]:
    """One sweep over density for each n <= 12 features in each m <= 4, m < n, hidden units."""
    sizes = [(n, m) for n in range(2, MOST_FEATURES + 1) for m in range(1, min(MOST_HIDDEN, n - 1) + 1)]
    return [_plan(n, m) for n, m in sizes]


def _plan(count: int, hidden: int) -> Plan:
    training = replace(_TRAINING, runs=_WIDE_RUNS if count >= _WIDE else _RUNS)
    return Plan(Setting(count, hidden, DENSITIES[0]), (Axis("density", DENSITIES),), training)
