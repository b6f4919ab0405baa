"""Side-by-side work on parts of a batch, on threads (the compiled kernels release the interpreter's lock)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from os import cpu_count

_FEWEST, _PARTS = 4, 32


def in_chunks(models: int, work: Callable[[slice], object], chunk: int) -> None:
    """Call ``work`` on slices of at most ``chunk`` models that cover 0 … models - 1."""
    parts = [slice(start, min(start + chunk, models)) for start in range(0, models, chunk)]
    if len(parts) == 1:
        work(parts[0])
    else:
        list(_threads().map(work, parts))


def in_parts(count: int, work: Callable[[slice], object]) -> None:
    """Call ``work`` on slices of things that differ in cost: many small ones, yet not so small that it shows."""
    in_chunks(count, work, max(_FEWEST, count // _PARTS))


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cpu_count() or 1, thread_name_prefix="tegum-loss")
