"""Export: a finished sweep as one NetCDF file or one Zarr folder, its axes as dimensions."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from tegum.empirical.extras import needed
from tegum.empirical.plan import plan_tables
from tegum.empirical.sweep.boxes import boxes
from tegum.empirical.sweep.folder import sweep_in
from tegum.empirical.sweep.sealed import failed, read_shard, sealed
from tegum.empirical.sweep.shards import Sweep, runs_of
from tegum.empirical.sweep.stores import LIBRARIES, STORES, Layout
from tegum.empirical.sweep.trained import diverged, layout
from tegum.theory.errors import InputError, located
from tegum.theory.files.atomic import StrPath, claim_folder

_MEANINGS = {
    "diverged": "1 where the run diverged in the step after its steps, and has the weights of its start; else 0",
    "W": "input weights, as trained",
    "b": "biases, as trained",
    "W_out": "output weights, as trained",
    "batch_loss": "mean loss of the last batches, noisy",
    "steps": "optimiser steps taken",
    "loss": "population loss",
    "error": "bound on the numerical error of loss",
    "gradient_norm": "Euclidean norm of the gradient of the population loss",
}
_DIVERGED = {"diverged": (np.dtype(np.bool_), ())}
_OF_A_MODEL = {"W": ("hidden", "feature"), "b": ("feature",), "W_out": ("feature", "hidden")}


def check_export(path: StrPath) -> None:
    """See that a sweep could be exported to this path, before it is trained.

    Raises:
        InputError: a suffix other than .nc and .zarr, a folder that is there already, a place that cannot be written
            to, or a library that is not installed.
    """
    path = Path(path)
    with located(path):
        if path.suffix not in STORES:
            raise InputError(f"suffix {path.suffix!r} is unknown; allowed: {', '.join(STORES)}")
        if path.is_dir():
            raise InputError("is there already; choose another name or remove it")
    for library in LIBRARIES[path.suffix]:
        needed(library, "export", f"a {path.suffix} file")
    claim_folder(path.resolve().parent)


def export(
    folder: StrPath, path: StrPath, progress: Callable[[str, int, int], object] = lambda stage, done, total: None
) -> None:
    """Write all results of a finished sweep to one file that xarray opens.

    Its variables are the arrays of `trained.trained` over the dimensions: each axis of the plan, by its key; run;
    hidden; feature; and `diverged`. All are real, runs that could not be trained NaN; of a run that diverged, loss,
    error, gradient_norm and batch_loss are. It is written shard by shard, and appears when
    complete.

    Args:
        folder: of the sweep.
        path: a .nc file (NetCDF-4) or a .zarr folder.

    Raises:
        InputError: see `check_export`; a sweep that is not finished, a damaged shard, a full disk.
    """
    check_export(path)
    sweep = sweep_in(folder)
    finished = sorted(sealed(folder, sweep))
    missing = sweep.shards - len(failed(folder, sweep).keys() | finished)
    if missing:
        raise InputError(f"{folder}: {missing} of {sweep.shards} shards are missing; run the sweep to its end first")
    with located(path), _store(path, sweep) as store:
        for place, index in enumerate(finished):
            arrays = read_shard(folder, sweep, index)
            _copy(arrays | {"diverged": diverged(arrays)}, runs_of(sweep, index), store, _grid(sweep))
            progress("export", place + 1, len(finished))


def _copy(arrays: dict[str, np.ndarray], runs: range, store: Any, grid: dict[str, int]) -> None:
    shape = list(grid.values())
    for first, last, box in boxes(runs.start, runs.stop, shape):
        lengths = [side.stop - side.start for side in box]
        for name, array in arrays.items():
            part = array[first - runs.start : last - runs.start]
            whole = tuple(slice(0, length) for length in array.shape[1:])
            store[name][(*box, *whole)] = part.reshape(*lengths, *array.shape[1:])


def _grid(sweep: Sweep) -> dict[str, int]:
    return {axis.key: len(axis.values) for axis in sweep.plan.axes} | {"run": sweep.plan.training.runs}


def _store(path: StrPath, sweep: Sweep) -> AbstractContextManager[Any]:
    grid, setting = _grid(sweep), sweep.plan.setting
    variables = {
        name: ((*grid, *_OF_A_MODEL.get(name, ())), np.result_type(dtype, np.float32), _MEANINGS[name])
        for name, (dtype, _) in (layout(setting, sweep.plan.training) | _DIVERGED).items()
    }
    plain = Layout(
        sizes=grid | {"hidden": setting.hidden, "feature": setting.count},
        coordinates={axis.key: np.array(axis.values) for axis in sweep.plan.axes},
        variables=variables,
        attributes={"title": "tegum sweep", "sweep": sweep.id, "plan": json.dumps(_compact(sweep))},
    )
    return STORES[Path(path).suffix](path, plain)


def _compact(sweep: Sweep) -> dict[str, Any]:
    """The plan without the axes' values, which are the coordinates, and can be a million."""
    tables = plan_tables(sweep.plan)
    return tables | {"axes": [axis.key for axis in sweep.plan.axes]}
