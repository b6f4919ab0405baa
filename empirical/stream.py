"""Counter-based random numbers: every number is a function of a run's key, a step and a position alone."""

from hashlib import blake2b

import numpy as np
from jaxtyping import Float, UInt32, UInt64

from tegum.theory.setting import Setting, content_id

#: What numbers are for; each has a stream of its own.
STEP, START, DATASET, GAPS, MAGNITUDES = range(5)

_ROUNDS = 10
_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)
_LOW = np.uint64(0xFFFFFFFF)


def run_key(setting: Setting, run: int, seed: int) -> int:
    """64 bits that depend on the seed and on the run's own identity, its setting's content and its index."""
    identity = f"{seed}:{content_id(setting)}:{run}".encode()
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), "big")


def words(
    keys: UInt64[np.ndarray, " runs"], step: int, count: int, purpose: int = STEP
) -> UInt32[np.ndarray, "runs count"]:
    """The first `count` words of a step of each run, uniform on 0 ... 2³² - 1.

    Philox4x32-10 at the counter (block, purpose, low and high half of the step); word 4 k + j is word j of block k.

    Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    blocks = -(-count // 4)
    counter = np.zeros((4, len(keys), blocks), dtype=np.uint64)
    counter[0], counter[1], counter[2], counter[3] = np.arange(blocks), purpose, step & 0xFFFFFFFF, step >> 32
    key = np.stack([keys & _LOW, keys >> np.uint64(32)])[:, :, None]
    for _ in range(_ROUNDS):
        even, odd = counter[0] * _MULTIPLIERS[0], counter[2] * _MULTIPLIERS[1]
        counter = np.stack(
            [
                (odd >> np.uint64(32)) ^ counter[1] ^ key[0],
                odd & _LOW,
                (even >> np.uint64(32)) ^ counter[3] ^ key[1],
                even & _LOW,
            ]
        )
        key = (key + _WEYL[:, None, None]) & _LOW
    return counter.transpose(1, 2, 0).reshape(len(keys), -1)[:, :count].astype(np.uint32)


def uniforms(
    keys: UInt64[np.ndarray, " runs"], step: int, count: int, purpose: int = STEP
) -> Float[np.ndarray, "runs count"]:
    """`words` as numbers in [0, 1), single precision.

    P(u < p) = p to 2⁻²⁴ of itself or 2⁻³², whichever is more: small numbers keep all the bits of their word.
    """
    rounded = words(keys, step, count, purpose).astype(np.float32) * np.float32(2.0**-32)
    return np.minimum(rounded, np.float32(1 - 2.0**-24))
