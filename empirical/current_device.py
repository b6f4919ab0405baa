"""The device on which Triton starts its programs."""

from contextlib import AbstractContextManager, nullcontext

import torch


def current_device(device: torch.device) -> AbstractContextManager:
    """Makes a GPU the current one for a while; of a CPU there is but one."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
