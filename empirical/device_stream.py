"""The random stream on a device: a GPU draws the same numbers itself, so that they need not travel to it."""

from importlib.util import find_spec

import numpy as np
import torch
from jaxtyping import Float, UInt64

from tegum.empirical.current_device import current_device
from tegum.empirical.stream import STEP, uniforms
from tegum.empirical.torch_stream import torch_uniforms

_BLOCK = 256  # counters of a program, four numbers each


def uniforms_on(
    device: torch.device, keys: UInt64[np.ndarray, " runs"], step: int, count: int, purpose: int = STEP
) -> Float[torch.Tensor, "runs count"]:
    """`stream.uniforms` on a device: a GPU takes one program of Triton's for it, or a hundred of PyTorch's without."""
    if device.type == "cpu":
        return torch.from_numpy(uniforms(keys, step, count, purpose))
    if find_spec("triton") is None:
        return torch_uniforms(keys, step, count, device, purpose)
    return uniforms_by_triton(device, keys, step, count, purpose)


def uniforms_by_triton(
    device: torch.device, keys: UInt64[np.ndarray, " runs"], step: int, count: int, purpose: int = STEP
) -> Float[torch.Tensor, "runs count"]:
    """The same, bit for bit, drawn by the device."""
    from tegum.empirical.kernels.stream_program import uniforms_program

    u = torch.empty(len(keys), count, device=device)
    on_device = torch.from_numpy(keys.view(np.int64)).to(device)
    parts = -(-count // (4 * _BLOCK))
    with current_device(device):
        uniforms_program[(len(keys) * parts,)](u, on_device, step, purpose, parts, count, _BLOCK)
    return u
