"""The overlap matrix of a dictionary, one tile at a time, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np

Answer = TypeVar("Answer")
#: Does something with the tile of cosines, in fixed point, of the features that begin at two places.
Visit = Callable[[np.ndarray, int, int], Answer]
Told = Callable[[int, int], None]

#: Features along each side of a tile: 8 MiB in double precision, which the cores' caches hold in part.
SIDE = 1024


def over_tiles(units: np.ndarray, visit: Visit[Answer], told: Told, side: int = SIDE) -> Iterator[Answer]:
    """What ``visit`` makes of every tile on or above the diagonal, in a fixed order; a few tiles are held at a time."""
    starts = range(0, len(units), side)
    places = [(i, j) for i in starts for j in starts if j >= i]
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def work(place: tuple[int, int]) -> Answer:
        i, j = place
        return visit(units[i : i + side] @ units[j : j + side].T, i, j)

    executor = ThreadPoolExecutor(threads)
    try:
        left = iter(places)
        waiting: list[Future[Answer]] = [executor.submit(work, place) for place in islice(left, 2 * threads)]
        for done in range(len(places)):
            answer = waiting.pop(0).result()
            waiting += [executor.submit(work, place) for place in islice(left, 1)]
            told(done + 1, len(places))
            yield answer
    finally:  # also when interrupted: what is not begun is not waited for
        executor.shutdown(cancel_futures=True)
