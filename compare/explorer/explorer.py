"""Explore: the interactive page of a setting and its neighbourhood."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tegum.compare.explorer.learned import MOST_RUNS, dots
from tegum.compare.explorer.page import page, page_data
from tegum.compare.explorer.panels import DECIMALS, panel
from tegum.compare.explorer.sliders import Sliders
from tegum.empirical.ensemble import Ensemble
from tegum.empirical.executors.attempt import Execute, Failure, serial
from tegum.theory.checks import whole
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder, file_place, write_atomically

#: Told the stage, the work done and the work there is.
Progress = Callable[[str, int, int], object]


def explore(
    sliders: Sliders,
    path: str | os.PathLike[str],
    *,
    runs: Ensemble | None = None,
    command: str = "",
    execute: Execute = serial,
    progress: Progress = lambda stage, done, total: None,
) -> Path:
    """Write one page with sliders: exact losses of competing geometries, the lowest one drawn, learned runs as dots.

    At each position (p, I_n/I_1, λ, n, m) of the sliders: L(geometry) of every catalogue candidate, its weights, and
    whether it is a local minimum; over p the boundaries between the lowest ones.

    Args:
        sliders: the positions (see `sliders_around`).
        path: of the file, replaced atomically.
        runs: learned runs; those at positions of the sliders are shown.
        command: what was typed, for the reader.
        execute: where the slices are computed.
        progress: told the stage ("theory", "learned runs"), the work done and the work there is.

    Returns:
        The path.  The file asks for nothing from any network; opened from a disk it is complete.

    Raises:
        InputError: a file that cannot be written, too many runs, or as `candidates`.

    Validity: every number shown was computed at that position; between positions arrangements are interpolated for the
    eye alone.  The lowest of the catalogue's candidates is the optimum only where no other arrangement lies lower;
    where it is no local minimum, the page says so.

    Source: the comparison of arrangements over sparsity of Elhage et al. 2022, "The geometry of superposition".
    """
    place = Path(file_place(path))
    if place.is_dir():
        raise InputError(f"{place} is a folder; explore writes a file")
    claim_folder(place.parent)
    if runs is not None:
        whole("runs", len(runs.runs), 1, MOST_RUNS)
    panels = _panels(sliders, execute, progress)
    learned = dots(runs, sliders, panels, partial(progress, "learned runs")) if runs else []
    data = page_data(sliders, panels, learned, DECIMALS)
    write_atomically(place, page(sliders, data, command, len(runs.runs) if runs else 0))
    return place


def _panels(sliders: Sliders, execute: Execute, progress: Progress) -> list[dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    progress("theory", 0, len(sliders.slices))
    # The largest shapes first: they take longest, and nobody should wait for the last one alone.
    for where, result in execute(
        partial(panel, sliders), sorted(sliders.slices, key=lambda one: (-one.hidden * (1 + (one.l1 > 0)), -one.count))
    ):
        if isinstance(result, Failure):
            raise InputError(result.reason)
        found[where] = result
        progress("theory", len(found), len(sliders.slices))
    return [found[where] for where in sliders.slices]
