"""Deadlines: long derivations stop at their next small step once their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import thread_time

_END: ContextVar[float] = ContextVar("end", default=inf)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let what runs inside raise `TimeoutError` once so many seconds are over; an earlier deadline outside stays.

    Args:
        seconds: of this thread's processor time, so that a busy machine decides as an idle one does.  What runs asks
            between its steps, so that a step in progress is finished first.
    """
    token = _END.set(min(_END.get(), thread_time() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def check_time() -> None:
    """Raise `TimeoutError` if the deadline is over.

    Raises:
        TimeoutError: it is.
    """
    if thread_time() >= _END.get():
        raise TimeoutError("the time for this step is over")
