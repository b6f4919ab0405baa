"""What an ensemble needs at its peak, known before it is trained."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

from tegum.empirical.exact import EXACT_BYTES
from tegum.empirical.kernels import Kernel
from tegum.empirical.models import shapes
from tegum.empirical.plan import Training
from tegum.theory.errors import InputError
from tegum.theory.setting import Setting

#: Part of the memory that can be had which training takes at most.
_SHARE = 0.5
#: Bytes for each parameter of a run while it trains: it, its two moments and the copies that a piece works on.
_TRAINED = 64
#: Bytes for each parameter of a run that is kept: in double precision, and copies made while runs are put together.
_KEPT = 24
_MIB = 2**20


@dataclass(frozen=True)
class Memory:
    """Memory of an ensemble.

    Attributes:
        peak: bytes that training takes at most beyond what Python and its libraries need themselves.
        at_once: runs that train side by side; fewer than all where these would not fit.
    """

    peak: int
    at_once: int


def memory_needed(setting: Setting, training: Training, kernel: Kernel, runs: int, limit: int | None = None) -> Memory:
    """The memory of an ensemble that is split where it would not fit.

    Args:
        training: with the device and the kernel that are used.
        limit: bytes; half of what can be had unless given.

    Raises:
        InputError: not even one run at a time, or the result itself does not fit.
    """
    limit = int(available_bytes() * _SHARE) if limit is None else limit
    _check_device(setting, training, kernel)
    parameters = sum(math.prod(shape) for shape in shapes(setting).values())
    each = parameters * _TRAINED
    fixed = runs * parameters * _KEPT + _fixed(setting, training, kernel)
    at_once = min(runs, (limit - fixed) // each)
    if at_once < 1:
        raise InputError(
            f"training.runs = {runs} needs {(fixed + each) / _MIB:.0f} MiB at least, {limit / _MIB:.0f} MiB can be had;"
            " fewer runs or smaller batches need less, and a sweep writes runs as it goes"
        )
    return Memory(fixed + at_once * each, at_once)


def available_bytes() -> int:
    """Memory that can be had without swapping: the system's, or what is left of the container's share."""
    page = os.sysconf("SC_PAGE_SIZE")
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():  # not Linux
        return os.sysconf("SC_PHYS_PAGES") * page
    fields = dict(line.split(":") for line in meminfo.read_text().splitlines())
    system = int(fields["MemAvailable"].split()[0]) * 1024
    most, used = (Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory.current"))
    if not most.exists() or most.read_text().strip() == "max":
        return system
    return min(system, int(most.read_text()) - int(used.read_text()))


def _check_device(setting: Setting, training: Training, kernel: Kernel) -> None:
    """Refuse a step that a GPU has no room for; what the kernel holds there does not grow with the runs."""
    if training.device == "cpu":
        return
    import torch

    free, _ = torch.cuda.mem_get_info(training.device)
    needed = kernel.workspace(setting, training)
    if needed > free:
        raise InputError(
            f"training.batch_size = {training.batch_size} needs {needed / _MIB:.0f} MiB on {training.device},"
            f" {free / _MIB:.0f} MiB are free; smaller batches need less"
        )


def _fixed(setting: Setting, training: Training, kernel: Kernel) -> int:
    exact = EXACT_BYTES if training.tolerance or training.stop_loss else 0
    return max(exact, kernel.workspace(setting, training))
