"""The executors by name."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tegum.empirical.executors.attempt import Execute, serial
from tegum.theory.checks import choice, whole
from tegum.theory.errors import InputError

EXECUTORS = ("serial", "processes", "dask")


def executor(
    name: str = "serial", workers: int | None = None, scheduler: str | None = None, slurm: Sequence[str] | None = None
) -> Execute:
    """An executor of this name.

    Args:
        name: "serial", "processes" (local) or "dask".
        workers: how many processes; unless given, as many as this machine has cores.
        scheduler: address of a Dask scheduler, which has workers of its own.
        slurm: KEY=VALUE options of `slurm.Job`, for workers that are SLURM jobs.

    Raises:
        InputError: an unknown name, or options that do not go together; or the library is not installed.
    """
    choice("executor", name, EXECUTORS)
    if name != "dask" and (scheduler is not None or slurm is not None):
        raise InputError(f"a scheduler's address and slurm are for the executor dask, not {name}")
    if workers is not None and (name == "serial" or scheduler is not None):
        raise InputError("a number of workers is for processes, and for dask without a scheduler's address")
    count = whole("workers", workers, 1, 10**4) if workers is not None else os.cpu_count() or 1
    if name == "serial":
        return serial
    if name == "processes":
        from tegum.empirical.executors.processes import processes

        return partial(processes, workers=count)
    return _dask(count, scheduler, slurm)


def _dask(workers: int, scheduler: str | None, slurm: Sequence[str] | None) -> Execute:
    from tegum.empirical.executors.cluster import local_cluster, on_cluster

    if scheduler is not None and slurm is not None:
        raise InputError("a scheduler's address has workers of its own; slurm makes new ones: give one of them")
    where: Callable[[], Any] = partial(local_cluster, workers)
    if scheduler is not None:
        where = partial(str, scheduler)
    if slurm is not None:
        from tegum.empirical.executors.slurm import job_from, slurm_cluster

        where = partial(slurm_cluster, job_from(slurm), workers)
    return partial(on_cluster, where=where)
