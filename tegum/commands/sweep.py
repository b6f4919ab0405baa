"""`tegum sweep`: train a grid of settings × seeds; run again to resume."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from tegum.commands.answers import Answer, Progress
from tegum.theory.errors import InputError

if TYPE_CHECKING:
    from tegum.empirical.plan import Plan
    from tegum.empirical.sweep.sweep import Status


def options(command: ArgumentParser) -> None:
    command.add_argument("plan", metavar="PLAN", help="plan file (TOML)")
    command.add_argument("--out", required=True, metavar="DIR", help="folder of the sweep, and of nothing else")
    command.add_argument(
        "--executor", metavar="NAME", help="serial, processes or dask (default: serial; dask with the last two options)"
    )
    command.add_argument("--workers", type=int, metavar="N", help="processes (default: as many as there are cores)")
    command.add_argument("--runs-per-shard", type=int, metavar="N", help="runs that are saved at a time")
    command.add_argument("--status", action="store_true", help="only say how far the sweep is")
    command.add_argument("--export", metavar="FILE", help="all results as one .nc file or .zarr folder, once finished")
    command.add_argument("--scheduler", metavar="ADDRESS", help="Dask scheduler with workers, as in tcp://host:8786")
    command.add_argument(
        "--slurm",
        nargs="+",
        metavar="KEY=VALUE",
        help="workers as SLURM jobs: cores, memory, walltime, partition, account, directive, python, logs",
    )


def run(arguments: Namespace) -> Answer:
    from tegum.empirical.plan import read_plan

    plan = read_plan(arguments.plan)
    status = _status(arguments, plan) if arguments.status else _swept(arguments, plan)
    return asdict(status), _text(status)


def _status(arguments: Namespace, plan: Plan) -> Status:
    from tegum.empirical.sweep.folder import sweep_for
    from tegum.empirical.sweep.sweep import sweep_status

    if arguments.export:
        raise InputError("--status only looks; leave it out to export")
    return sweep_status(arguments.out, sweep_for(arguments.out, plan, arguments.runs_per_shard))


def _swept(arguments: Namespace, plan: Plan) -> Status:
    from tegum.empirical.executors.named import executor
    from tegum.empirical.sweep.export import check_export, export
    from tegum.empirical.sweep.sweep import sweep

    dask = arguments.scheduler is not None or arguments.slurm is not None
    name = arguments.executor or ("dask" if dask else "serial")
    execute = executor(name, arguments.workers, arguments.scheduler, arguments.slurm)
    if arguments.export:
        check_export(arguments.export)
    with Progress() as progress:
        status = sweep(plan, arguments.out, execute, arguments.runs_per_shard, progress)
        if arguments.export:
            export(arguments.out, arguments.export, progress)
    if status.failed:
        raise InputError(f"{arguments.plan}: {_text(status)}; the others are kept in {arguments.out}")
    return status


def _text(status: Status) -> str:
    text = f"{status.done} of {status.total} runs done"
    if status.failed:
        text += f", {status.failed} could not be: {status.reason}"
    if status.diverged:
        text += f", {status.diverged} of them diverged"
    if status.running:
        text += ", a sweep is at work"
    if status.rate is not None:
        text += f", {status.rate:.3g} runs a second"
    return text
