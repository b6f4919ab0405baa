"""Schedule: the steps after which the weights are kept."""

from __future__ import annotations

import numpy as np

from tegum.theory.checks import shown
from tegum.theory.errors import InputError

#: More snapshots than this are a mistake: each is a file.
MOST_SNAPSHOTS = 100_000
_FORMS = "linear:COUNT, log:COUNT or a list of steps such as 0,10,100"


def snapshot_steps(schedule: str, steps: int) -> tuple[int, ...]:
    """The numbers of optimiser steps after which the weights are kept, rising; 0 and the last step are among them.

    "linear:COUNT": COUNT equal intervals; "log:COUNT": steps 1 to `steps` at COUNT equal ratios; "0,10,100": these.
    Neighbours that round to the same step count once.

    Args:
        schedule: one of these forms.
        steps: of the whole training.

    Raises:
        InputError: another form, no or too many snapshots, or a step beyond the last one.

    >>> snapshot_steps("linear:4", 100), snapshot_steps("log:4", 1000), snapshot_steps("5,50", 100)
    ((0, 25, 50, 75, 100), (0, 1, 10, 100, 1000), (0, 5, 50, 100))
    """
    form, _, count = schedule.partition(":")
    if form == "linear" and count:
        found = np.linspace(0, steps, _count(schedule, count, 1) + 1)
    elif form == "log" and count:
        found = np.geomspace(1, steps, _count(schedule, count, 2))
    else:
        found = np.array(_listed(schedule, steps))
    return tuple(sorted({0, *found.round().astype(int).tolist(), steps}))


def _count(schedule: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:9]) <= MOST_SNAPSHOTS:
        raise InputError(f"snapshots = {shown(schedule)}: the count must lie in [{least}, {MOST_SNAPSHOTS}]")
    return int(text)


def _listed(schedule: str, steps: int) -> list[int]:
    parts = [part.strip() for part in schedule.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(f"snapshots = {shown(schedule)} is unknown; allowed: {_FORMS}")
    found = [int(part[:19]) for part in parts]
    if max(found) > steps or len(found) > MOST_SNAPSHOTS:
        raise InputError(f"snapshots = {shown(schedule)}: at most {MOST_SNAPSHOTS} steps, none beyond steps = {steps}")
    return found
