"""What an ensemble needs at its peak, known before it is trained."""

import math
import os

from tegum.empirical.kernels import Kernel
from tegum.empirical.models import shapes
from tegum.empirical.plan import Training
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

#: Part of the memory that is free which training takes at most.
_SHARE = 0.5
#: Bytes for each parameter of a run while it trains: it and two moments in double precision, on the host and a device.
_TRAINED = 48
#: Bytes for each parameter of a run that is kept: it in double precision, and a copy while arrays are put together.
_KEPT = 24


def peak_bytes(setting: Setting, training: Training, kernel: Kernel, runs: int, at_once: int) -> int:
    """Most memory that training takes beyond what Python and its libraries need themselves."""
    of_one = _parameters(setting)
    return runs * of_one * _KEPT + at_once * of_one * _TRAINED + kernel.workspace(setting, training)


def runs_at_once(setting: Setting, training: Training, kernel: Kernel, runs: int, available: int | None = None) -> int:
    """How many of the runs fit in memory side by side.

    Args:
        available: bytes; half of what is free unless given.

    Raises:
        InputError: not even one at a time, or the result itself does not fit.
    """
    limit = available_bytes() if available is None else available
    left = limit - peak_bytes(setting, training, kernel, runs, 0)
    at_once = min(runs, left // (_parameters(setting) * _TRAINED))
    if at_once < 1:
        needed = peak_bytes(setting, training, kernel, runs, 1)
        raise InputError(
            f"{runs} runs need {needed / 2**20:.0f} MiB at least, {limit / 2**20:.0f} MiB can be had;"
            " fewer runs, or a sweep, which writes them as it goes, need less"
        )
    return at_once


def available_bytes() -> int:
    """The share of the free memory that training may take."""
    return int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * _SHARE)


def _parameters(setting: Setting) -> int:
    return sum(math.prod(shape) for shape in shapes(setting).values())
