"""The numbers of `stream`, drawn on the device where they are used."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int, UInt64

from tegum.empirical.stream import STEP

_MULTIPLIERS, _WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
_ROUNDS, _LOW = 10, 0xFFFFFFFF


def torch_words(
    keys: UInt64[np.ndarray, " runs"], step: int, count: int, purpose: int, device: torch.device
) -> Int[torch.Tensor, "runs count"]:
    """`stream.words`, the same to the bit, as 64-bit integers on a device.

    A product of two 32-bit words wraps around in a signed 64-bit integer, but its bits are right.
    """
    k0, k1 = (torch.tensor(half.astype(np.int64), device=device)[:, None] for half in (keys & _LOW, keys >> 32))
    c0 = torch.arange(-(-count // 4), device=device).expand(len(keys), -1)
    c1, c2, c3 = (torch.full_like(c0, word) for word in (purpose, step & _LOW, step >> 32))
    for w0, w1 in _weyl():
        even, odd = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1 = (odd >> 32) & _LOW ^ c1 ^ (k0 + w0) & _LOW, odd & _LOW
        c2, c3 = (even >> 32) & _LOW ^ c3 ^ (k1 + w1) & _LOW, even & _LOW
    return torch.stack([c0, c1, c2, c3], dim=2).view(len(keys), -1)[:, :count]


def torch_uniforms(
    keys: UInt64[np.ndarray, " runs"], step: int, count: int, device: torch.device, purpose: int = STEP
) -> Float[torch.Tensor, "runs count"]:
    """`stream.uniforms`, the same to the bit."""
    rounded = torch_words(keys, step, count, purpose, device).to(torch.float32) * 2.0**-32
    return rounded.clamp_(max=1 - 2.0**-24)


def _weyl() -> Iterator[tuple[int, int]]:
    return ((i * _WEYL[0], i * _WEYL[1]) for i in range(_ROUNDS))
