"""The kernels: modules that take runs some optimiser steps forward, all by the same steps, and the choice of one.

A kernel offers what `Kernel` describes. One that draws inputs also offers `inputs(settings, keys, training, step)`, an
array [runs, features, batch] of the very numbers that its step takes, so that the reference can be fed with them.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt64

from tegum.empirical.models import Models
from tegum.empirical.plan import Training
from tegum.theory.errors import InputError
from tegum.theory.loss.stale import forget_stale_kernels
from tegum.theory.setting import Setting

forget_stale_kernels(Path(__file__).parent)

#: Kernels that "auto" tries on each kind of device, the fastest first.
PREFERRED = {"cpu": ("compiled", "batched"), "cuda": ("fused", "batched")}


@runtime_checkable
class Kernel(Protocol):
    """What a kernel's module offers; `training.device` is one that is there, never "auto".

    A run's arithmetic must not depend on the runs beside it, and all randomness of a step is a function of the run's
    key, the step's number and a position: the same run gives the same bits in any company, and after a resume.
    """

    def advance(
        self,
        models: Models,
        settings: Sequence[Setting],
        keys: UInt64[np.ndarray, " runs"],
        training: Training,
        first: int,
        count: int,
    ) -> Float[np.ndarray, " runs"]:
        """Take `count` steps from step number `first`, in place; the mean batch_loss of each run over these steps."""

    def workspace(self, setting: Setting, training: Training) -> int:
        """Bytes that `advance` needs at most beyond the models, for as many runs as there are."""

    def supports(self, setting: Setting, training: Training) -> bool:
        """Whether it takes runs of this setting's shape."""


def kernel_name(setting: Setting, training: Training) -> str:
    """The kernel that `training.kernel` stands for, on a device that is there.

    Raises:
        InputError: the kernel that is asked for does not take this.
    """
    if training.data == "population":
        if training.kernel not in ("auto", "population"):
            raise InputError(f'training.kernel = "{training.kernel}" draws inputs; data = "population" needs "auto"')
        return "population"
    kind = training.device.partition(":")[0]
    if training.kernel == "auto":
        return next(name for name in PREFERRED[kind] if kernel_named(name).supports(setting, training))
    if not kernel_named(training.kernel).supports(setting, training):
        missing = training.kernel == "fused" and find_spec("triton") is None
        why = "; it needs Triton, which is not installed" if missing else ""
        raise InputError(f'training.kernel = "{training.kernel}" does not take this setting, data or device{why}')
    return training.kernel


def kernel_named(name: str) -> Kernel:
    """The module of a kernel; imported only here, since some need compilers."""
    return cast(Kernel, import_module(f"tegum.empirical.kernels.{name}"))
