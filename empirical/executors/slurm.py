"""SLURM: Dask workers as jobs of a batch system."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from tegum.empirical.executors.cluster import SCHEDULER
from tegum.empirical.executors.processes import ONE_THREAD
from tegum.empirical.extras import needed
from tegum.theory.checks import shown, whole
from tegum.theory.errors import InputError


@dataclass(frozen=True)
class Job:
    """What each job asks for; it runs as many workers as it has cores, one thread each.

    Args:
        cores: of a job; memory: of a job, as in "8GB"; walltime: as in "01:30:00".
        partition, account: where it goes and who pays; the cluster's default if empty.
        directive: one more line of the job script after `#SBATCH`, as in "--gres=gpu:1".
        python: the interpreter with this package on the nodes.
        logs: folder for what jobs print; the present one if empty.

    Raises:
        InputError: a value that is not a line of printable characters, or no number of cores.
    """

    cores: int = 1
    memory: str = "2GB"
    walltime: str = "01:00:00"
    partition: str = ""
    account: str = ""
    directive: str = ""
    python: str = sys.executable
    logs: str = ""

    def __post_init__(self) -> None:
        whole("slurm cores", self.cores, 1, 4096)
        for name, value in vars(self).items():
            if not str(value).isprintable():
                raise InputError(f"slurm {name} = {shown(value)} does not fit in one line of a job script")


def job_from(pairs: Sequence[str]) -> Job:
    """The job that a command line describes as KEY=VALUE.

    Raises:
        InputError: an unknown key, or something else than KEY=VALUE.
    """
    allowed = [field.name for field in fields(Job)]
    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in allowed:
            raise InputError(f"slurm {shown(pair)} is not KEY=VALUE with a key of {', '.join(allowed)}")
        given[key] = value
    if "cores" in given:
        if not given["cores"].isdecimal():
            raise InputError(f"slurm cores = {shown(given['cores'])} is not a whole number")
        given["cores"] = int(given["cores"])
    return Job(**given)


def slurm_cluster(job: Job, workers: int) -> Any:
    """A Dask cluster whose workers, at least so many, are SLURM jobs; they begin when the batch system lets them.

    Raises:
        InputError: dask-jobqueue is not installed, or jobs cannot be submitted from here.
    """
    jobqueue = needed("dask_jobqueue", "cluster", "slurm")
    with needed("dask", "cluster", "slurm").config.set(SCHEDULER):
        cluster = jobqueue.SLURMCluster(
            job_name="tegum-sweep",
            cores=job.cores,
            processes=job.cores,
            memory=job.memory,
            walltime=job.walltime,
            queue=job.partition or None,
            account=job.account or None,
            python=job.python,
            job_extra_directives=[job.directive] if job.directive else [],
            job_script_prologue=[f"export {name}={value}" for name, value in ONE_THREAD.items()],
            log_directory=job.logs or None,
            scheduler_options={"dashboard_address": ":0"},
        )
    cluster.scale(n=workers)
    return cluster
