"""Where a loss is computed: by NumPy and compiled kernels on the CPU, or by PyTorch's tensors on a named device."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tegum.theory.errors import InputError

#: Memory that rows are worked in at once on each kind of device: few large steps, since every step has its own cost.
MOST_BYTES = {"cpu": 2**27, "cuda": 2**30}


def device_named(name: str) -> Any:
    """The `torch.device` of a name.

    Raises:
        InputError: neither "cpu", "cuda" nor "cuda:N", or a CUDA device that is not there.
    """
    import torch

    if not re.fullmatch(r"cpu|cuda(:[0-9]{1,3})?", name):
        raise InputError(f"device = {name!r} is unknown; allowed: cpu, cuda[:N]")
    kind, _, index = name.partition(":")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cuda" and int(index or 0) >= there:
        raise InputError(f"device = {name!r} is not there; number of CUDA devices: {there}")
    return torch.device(name)


def library(device: str | None) -> tuple[Any, Any]:
    """The array library for a device, and the device as that library takes it: NumPy's "cpu" for None, or PyTorch's.

    Formulas for both keep to the functions and methods that the two share.

    Raises:
        InputError: there is no such device.
    """
    if device is None:
        return np, "cpu"
    import torch

    return torch, device_named(device)


def on_cpu(values: Any) -> np.ndarray:
    """An array of either library as NumPy's."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
