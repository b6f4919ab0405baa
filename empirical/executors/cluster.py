"""Dask: a local cluster, any scheduler's workers, or a batch system's; what a dead worker had is done again."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Any

from tegum.empirical.executors.attempt import Failure, Results, attempt
from tegum.empirical.executors.processes import MOST_DEATHS
from tegum.empirical.extras import needed
from tegum.theory.errors import InputError

_TURN = Lock()


def on_cluster(function: Callable[[Any], Any], items: Iterable[Any], where: Callable[[], Any]) -> Results:
    """The executor of a Dask cluster; results come back here, so that its workers need not see our files.

    Args:
        where: returns the address of a scheduler, or makes a cluster, which is closed at the end.

    Raises:
        InputError: Dask is not installed, or the scheduler does not answer or is lost.
    """
    distributed = needed("distributed", "cluster", "the executor dask")
    waiting = iter(items)
    item_of: dict[Any, Any] = {}
    with _client(distributed, where) as client:
        ended = distributed.as_completed(raise_errors=False)

        def fill() -> None:
            # Two for each thread there is now: workers come and go, and each should find its next item at hand.
            room = 2 * max(1, sum(client.nthreads().values())) - len(item_of)
            for item in islice(waiting, max(0, room)):
                future = client.submit(_in_turn, function, item, pure=False)
                item_of[future] = item
                ended.add(future)

        fill()
        while item_of:
            future = next(ended)
            item, result = item_of.pop(future), _result(future)
            fill()
            yield item, result


def local_cluster(workers: int) -> Any:
    """A cluster of processes of this machine, one thread each."""
    distributed = needed("distributed", "cluster", "the executor dask")
    with needed("dask", "cluster", "the executor dask").config.set(SCHEDULER):
        return distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=logging.ERROR
        )


#: Of a scheduler that is ours: an item that has lost so many workers is given up, as with local processes.
SCHEDULER = {"distributed.scheduler.allowed-failures": MOST_DEATHS - 1}


@contextmanager
def _client(distributed: Any, where: Callable[[], Any]) -> Iterator[Any]:
    place = where()
    try:
        try:
            client = distributed.Client(place)
        except (OSError, ValueError) as error:
            raise InputError(f"the Dask scheduler at {place} does not answer: {error}") from error
        with client:
            yield client
    finally:
        if not isinstance(place, str):
            place.close()


def _in_turn(function: Callable[[Any], Any], item: Any) -> Any:
    """One item at a time in a worker of several threads: training is a process's own, with its one set of threads."""
    with _TURN:
        return attempt(function, item)


def _result(future: Any) -> Any:
    if future.status == "finished":
        return future.result()
    if future.status == "error":  # its workers died, or could not read what they were sent
        return Failure(" ".join(str(future.exception()).split()))
    raise InputError("the Dask scheduler is gone; what was finished is kept, run again to resume")
