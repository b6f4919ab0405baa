"""The sweep: whatever of a plan is not in its folder yet is trained, shard by shard."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from tegum.empirical.ensemble import all_diverged
from tegum.empirical.executors.attempt import Execute, Failure, serial
from tegum.empirical.plan import Plan
from tegum.empirical.sweep.folder import begun, claimed, is_claimed
from tegum.empirical.sweep.sealed import (
    failed,
    is_intact,
    read_diverged,
    read_failure,
    sealed,
    write_failure,
    write_shard,
)
from tegum.empirical.sweep.shards import Sweep, runs_of, shard
from tegum.empirical.sweep.trained import trained
from tegum.theory.errors import InputError
from tegum.theory.files.atomic import StrPath

_LATEST = 32  # shards over which the rate is taken
#: Told the stage ("checking", "training"), the runs done and the runs there are.
Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Status:
    """How far a sweep is.

    Attributes:
        done: runs that are trained and sealed.
        total: runs of the plan.
        failed: runs of shards that could not be done when they were last tried.
        reason: of the first of these, one line; empty where there is none.
        diverged: runs, of those done, that diverged; their weights are not results.
        running: whether a driver is at work.
        rate: runs a second over the shards finished lately; None where fewer than two are.
    """

    done: int
    total: int
    failed: int = 0
    reason: str = ""
    diverged: int = 0
    running: bool = False
    rate: float | None = None


def sweep(
    plan: Plan,
    folder: StrPath,
    execute: Execute = serial,
    size: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Status:
    """Train what of a plan a folder does not hold yet; run again to resume, after whatever end.

    Args:
        plan: a grid of settings and how each is trained.
        folder: the sweep's own; see `folder`.
        execute: does the shards, see `attempt.Execute`; results are the same bits with any.
        size: runs per shard, fixed when a sweep begins; unless given, of some seconds of work.
        progress: see `Progress`.

    Returns:
        `Status`, `failed` and `reason` telling of the shards that could not be done; they are tried anew next time.

    Raises:
        InputError: a folder of another plan, in use by another driver or that cannot be written to, a full disk, or
            a plan of which nothing at all can be done or all runs diverge. All shards finished until then are kept.

    Validity: the finished sweep has the same bits however often it was interrupted, on one kind of device and kernel.

    Source: content-addressed shards, written by a temporary file and a rename.
    """
    with claimed(folder):
        cut = begun(folder, plan, size)
        finished = _checked(folder, cut, progress)
        done = sum(len(runs_of(cut, index)) for index in finished)
        if done < cut.total:
            progress("training", done, cut.total)
        missing = (shard(cut, index) for index in range(cut.shards) if index not in finished)
        with closing(execute(trained, missing)) as results:
            for part, result in results:
                if isinstance(result, Failure):
                    write_failure(folder, cut, part.index, result.reason)
                    continue
                write_shard(folder, cut, part.index, result)
                done += len(part.runs)
                progress("training", done, cut.total)
    status = sweep_status(folder, cut)
    if status.failed == status.total:
        raise InputError(status.reason)
    if status.diverged == status.total:
        raise InputError(all_diverged(plan.training, status.total))
    return status


def sweep_status(folder: StrPath, cut: Sweep) -> Status:
    """How far a sweep is, without reading its arrays: a shard that was damaged since still counts.

    Raises:
        InputError: the folder cannot be read.
    """
    finished, given_up = sealed(folder, cut), failed(folder, cut)
    given_up = {index: when for index, when in given_up.items() if index not in finished}
    return Status(
        done=sum(len(runs_of(cut, index)) for index in finished),
        total=cut.total,
        failed=sum(len(runs_of(cut, index)) for index in given_up),
        reason=read_failure(folder, cut, min(given_up)) if given_up else "",
        diverged=sum(read_diverged(folder, cut, index) for index in finished),
        running=is_claimed(folder),
        rate=_rate(cut, finished),
    )


def _checked(folder: StrPath, cut: Sweep, progress: Progress) -> set[int]:
    """The shards that need not be done: sealed, and as they were sealed."""
    found = sorted(sealed(folder, cut))
    finished = set()
    for place, index in enumerate(found):
        if is_intact(folder, cut, index):
            finished.add(index)
        progress("checking", place + 1, len(found))
    return finished


def _rate(cut: Sweep, finished: dict[int, float]) -> float | None:
    """Runs a second, from the times at which the latest shards were finished."""
    latest = sorted(finished, key=lambda index: finished[index])[-_LATEST:]
    if len(latest) < 2 or finished[latest[-1]] <= finished[latest[0]]:
        return None
    runs = sum(len(runs_of(cut, index)) for index in latest[1:])
    return runs / (finished[latest[-1]] - finished[latest[0]])
