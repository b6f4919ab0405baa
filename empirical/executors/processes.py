"""Local processes: one item each at a time; a worker that dies is replaced, and its item is done again."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any

from tegum.empirical.executors.attempt import Failure, Results, attempt

#: An item is given up when it has lost so many workers: it is what kills them, as no chance would so often.
MOST_DEATHS = 10
#: Read by the numerical libraries when they are loaded, so they are set before a worker starts.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass
class _Job:
    item: Any
    deaths: int = 0


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: _Job


def processes(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Results:
    """The executor of `workers` local processes, started anew ("spawn"), with one thread each.

    A pool of our own, because the standard one is lost as a whole when one of its workers is killed, and leaves its
    workers behind when its owner is.
    """
    waiting = map(_Job, items)
    again: deque[_Job] = deque()
    crew: dict[Connection, _Worker] = {}
    try:
        while True:
            while len(crew) < workers and (job := _next(again, waiting)):
                worker = _hired(function, job)
                crew[worker.pipe] = worker
            if not crew:
                return
            for pipe in wait(list(crew)):
                worker = crew.pop(pipe)  # type: ignore[call-overload]
                job = worker.job
                try:
                    result = worker.pipe.recv()
                except (EOFError, OSError):
                    _end(worker)
                    job.deaths += 1
                    if job.deaths < MOST_DEATHS:
                        again.append(job)
                        continue
                    code = worker.process.exitcode
                    result = Failure(f"its worker died {MOST_DEATHS} times, at last with exit code {code}")
                else:
                    if following := _next(again, waiting):
                        crew[worker.pipe] = _given(worker, following)
                    else:
                        _end(worker)
                yield job.item, result
    finally:
        for worker in crew.values():
            _end(worker)


def _next(again: deque[_Job], waiting: Iterator[_Job]) -> _Job | None:
    return again.popleft() if again else next(waiting, None)


def _hired(function: Callable[[Any], Any], job: _Job) -> _Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, function), daemon=True)
    with _environment(ONE_THREAD):
        process.start()
    theirs.close()  # the worker's is then the only one, and its death is the end of the pipe
    return _given(_Worker(process, ours, job), job)


def _given(worker: _Worker, job: _Job) -> _Worker:
    worker.job = job
    with suppress(OSError):  # it is dead: the end of its pipe will say so, and the job goes to another
        worker.pipe.send(job.item)
    return worker


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """What a worker does until its pipe ends; Ctrl-C, which reaches it too, is its owner's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_owner, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(attempt(function, pipe.recv()))


def _end_with_owner() -> None:
    """An owner that was killed wants no result any more, and must not leave a worker computing."""
    owner = parent_process()
    assert owner is not None
    wait([owner.sentinel])
    os._exit(1)
