"""On Dask's workers a sweep is the same, a dead worker's shard is done again, and jobs ask SLURM for what was asked."""

import math
import os
import signal
import stat
import subprocess
import sys
import time
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest
from sweeps import SMALL, contents

from tegum.empirical.executors.attempt import serial
from tegum.empirical.executors.cluster import local_cluster, on_cluster
from tegum.empirical.executors.named import executor
from tegum.empirical.executors.slurm import Job, job_from, slurm_cluster
from tegum.empirical.sweep.sweep import sweep
from tegum.theory.errors import InputError

distributed = pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

LOCAL = partial(local_cluster, 2)


def slow_square(item: int) -> int:
    time.sleep(0.05)
    if item == 13:
        raise ValueError("unlucky\nnumber")
    return item * item


def test_killed_workers_of_a_local_cluster_cost_nothing():
    results, killed = {}, 0
    for item, result in on_cluster(slow_square, iter(range(60)), LOCAL):
        results[item] = result
        if len(results) in (5, 30):
            os.kill(active_children()[0].pid, signal.SIGKILL)
            killed += 1
    assert killed == 2
    assert results.pop(13).reason == "unlucky number"
    assert results == {item: item**2 for item in range(60) if item != 13}
    assert not active_children()


def test_a_sweep_on_dask_has_the_bits_of_one_here(tmp_path):
    sweep(SMALL, tmp_path / "here", serial, size=3)
    sweep(SMALL, tmp_path / "there", executor("dask", 1), size=3)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


@pytest.fixture
def scheduler():
    """A Dask scheduler with one worker of two threads, as somebody else would run it."""
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0")
    with cluster:
        yield cluster


def in_this_thread(item: int) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(0.01)
    return began, time.monotonic()


def test_workers_of_a_given_address_do_one_item_at_a_time(scheduler):
    execute = executor("dask", scheduler=scheduler.scheduler_address)
    spans = sorted(span for _, span in execute(in_this_thread, range(10)))
    assert len(spans) == 10
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))


def test_a_lost_scheduler_is_said(scheduler):
    results = on_cluster(slow_square, range(20), partial(str, scheduler.scheduler_address))
    next(results)
    scheduler.close()
    with pytest.raises(InputError, match="scheduler is gone"):
        list(results)


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch):
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}):
        with pytest.raises(InputError, match="tcp://127.0.0.1:9 does not answer"):
            next(on_cluster(slow_square, range(2), partial(str, "tcp://127.0.0.1:9")))
    with pytest.raises(InputError, match="nowhere does not answer"):
        next(on_cluster(slow_square, range(2), partial(str, "nowhere")))


@pytest.mark.parametrize("module", ["distributed", "dask_jobqueue"])
def test_a_missing_library_is_asked_for_by_its_command(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r'not installed: pip install "tegum\[cluster\]"$'):
        next(executor("dask", 1, slurm=["cores=1"])(slow_square, range(2)))


PAIRS = ["cores=4", "memory=8GB", "walltime=02:00:00", "partition=gpu", "account=abc", "directive=--gres=gpu:1"]
ASKED = ["-J tegum-sweep", "-p gpu", "-A abc", "-n 1", "--cpus-per-task=4", "--mem=8G", "-t 02:00:00", "--gres=gpu:1"]


def test_the_job_script_asks_for_what_was_asked(tmp_path):
    with slurm_cluster(job_from([*PAIRS, "python=/opt/bin/python", f"logs={tmp_path}"]), 0) as cluster:
        lines = cluster.job_script().splitlines()
    assert lines[0].startswith("#!")
    assert {f"#SBATCH {option}" for option in ASKED} <= set(lines)
    assert {f"export {name}_NUM_THREADS=1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")} <= set(lines)
    command = lines[-1]
    assert command.startswith("/opt/bin/python -m distributed.cli.dask_worker tcp://")
    assert "--nthreads 1 " in command
    assert "--nworkers 4 " in command


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        (["gpus=1"], '"gpus=1" is not KEY=VALUE with a key of cores, memory'),
        (["cores"], "is not KEY=VALUE"),
        (["cores=many"], 'cores = "many" is not a whole number'),
        (["cores=0"], "cores = 0 is outside"),
        (["account=abc\n#SBATCH --uid=0"], "does not fit in one line"),
        (["python=/bin/sh\nrm"], "does not fit in one line"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(pairs, named):
    with pytest.raises(InputError, match=named):
        job_from(pairs)


SBATCH = """#!/bin/sh
# A batch system of one machine: it keeps the script, and the job begins at once, in the background.
cp "$1" "{logs}/job.sh"
setsid sh "{logs}/job.sh" > "{logs}/job.log" 2>&1 &
echo "$!" >> "{logs}/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -- "-$1"
"""


@pytest.fixture
def batch_system(tmp_path, monkeypatch):
    """A folder of logs of jobs that are submitted by `sbatch`."""
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script.format(logs=tmp_path))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    yield tmp_path
    for job in (tmp_path / "jobs").read_text().split():
        subprocess.run(["kill", "-9", "--", f"-{job}"], capture_output=True)


@pytest.mark.skipif(os.name != "posix", reason="a shell stands in for the batch system")
def test_items_are_done_by_jobs_of_the_batch_system(batch_system):
    where = partial(slurm_cluster, Job(memory="1GB"), 1)
    results = dict(on_cluster(math.factorial, range(8), where))
    assert results == {item: math.factorial(item) for item in range(8)}
    (job,) = (batch_system / "jobs").read_text().split()
    until = time.monotonic() + 20
    while Path(f"/proc/{job}").exists():  # cancelled at the end
        assert time.monotonic() < until
        time.sleep(0.05)
