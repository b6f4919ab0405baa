"""The shipped atlas made anew: the table of factors and the sweeps, source by source, so that it can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tegum.compare.atlas.chart import charted
from tegum.compare.atlas.entry import Arrangement, Atlas, Entry, Point
from tegum.compare.atlas.file import read_atlas, write_atlas
from tegum.compare.atlas.learned import ensemble_charted, sweep_source
from tegum.compare.atlas.merge import merge_atlases
from tegum.compare.atlas.point import block_of, point_of, shape_of
from tegum.compare.atlas.shipped import FILE
from tegum.compare.atlas.sighting import Sighting
from tegum.compare.atlas.spans import with_spans
from tegum.compare.atlas.sweeps import shipped_plans
from tegum.compare.atlas.table import table_charted, table_source
from tegum.empirical.plan import Plan, plan_id
from tegum.empirical.sweep.ensembles import sweep_ensemble
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import claim_folder
from tegum.theory.table.shipped import Table, factor_table

#: Told the stage, the work done and the work there is.
Progress = Callable[[str, int, int], object]
COMMAND = "tegum atlas --build DIR"


def built(
    folder: str | Path,
    plans: list[Plan] | None = None,
    table: Table | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Atlas:
    """The atlas of a table of factors and of sweeps; run again on the same folder to resume.

    Args:
        folder: keeps the sweeps, every derived point in ``points``, an atlas of each source in ``parts``, and the
            whole in ``atlas.json``.
        plans: of the sweeps; `sweeps.shipped_plans` unless given.
        table: of factors; the shipped one unless given.
        progress: told the stage ("training", "sources", "spans"), the work done and the work there is.

    Raises:
        InputError: the folder cannot be written to, or a file in it is damaged; or training failed.
    """
    folder, plans = claim_folder(folder), shipped_plans() if plans is None else plans
    table = factor_table() if table is None else table
    whole = _part(folder, "table", partial(_of_table, folder, table))
    for done, plan in enumerate(plans):
        progress("sources", done, len(plans))
        part = _part(folder, f"sweep-{plan_id(plan)}", partial(_of_sweep, folder, plan, whole, progress))
        whole = merge_atlases(whole, part)
    progress("sources", len(plans), len(plans))
    whole = with_spans(whole, table, lambda done, total: progress("spans", done, total))
    write_atlas(folder / FILE, whole)
    return whole


def _part(folder: Path, name: str, made: Callable[[], Atlas]) -> Atlas:
    """The atlas of one source, read if it is there."""
    path = folder / "parts" / f"{name}.json"
    if not path.exists():
        write_atlas(path, made())
    return read_atlas(path)


def _of_table(folder: Path, table: Table) -> Atlas:
    return charted(table_charted(table), table_source(table), Atlas(), partial(_kept, folder))


def _kept(folder: Path, one: Sighting) -> Point:
    """The point of a sighting, read if it is there: some take minutes."""
    name, density, loss = one.key
    path = folder / "points" / f"{name}-{density!r}-{loss}.json"
    if not path.exists():
        made = Arrangement(*shape_of(block_of(one)), "", (point_of(one),))
        write_atlas(path, Atlas((Entry(name, one.form, (made,), (), ()),)))
    (entry,) = read_atlas(path).entries
    return entry.points[0]


def _of_sweep(folder: Path, plan: Plan, known: Atlas, progress: Progress) -> Atlas:
    runs = folder / "sweeps" / plan_id(plan)
    status = sweep(plan, runs, progress=progress)
    if status.failed:
        raise InputError(status.reason)
    found = ensemble_charted(sweep_ensemble(runs, sweep_in(runs)))
    return charted(found, sweep_source(plan, COMMAND), known, partial(_kept, folder))
