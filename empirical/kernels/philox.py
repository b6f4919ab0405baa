"""Philox4x32-10 compiled: the words of `stream.words`, many at a time.

The numbers are held in 64 bits with the upper half empty, which is the form that vector multiplications take, and the
rounds are written out one inside the other, since a compiler that meets a loop here gives up on vectors.

Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.
"""

import numpy as np
from numba import njit, uint32, uint64

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


@njit(cache=True, nogil=True)
def fill_words(key, step, purpose, block, out):
    """Words of consecutive blocks of a step's stream, from number `block` on.

    Args:
        key: of the run, 64 bits; step, purpose, block: as in `stream.words`.
        out: uint32 [rows, 4, blocks]; word j of block `block + r blocks + i` comes to [r, j, i].
    """
    k0, k1 = uint64(key) & _LOW, uint64(key) >> _HALF
    low, high = uint64(step) & _LOW, uint64(step) >> _HALF
    blocks = out.shape[2]
    for row in range(out.shape[0]):
        start = uint64(block + row * blocks)
        for i in range(blocks):
            counter = (start + uint64(i)) & _LOW, uint64(purpose), low, high
            c0, c1, c2, c3 = philox(counter, k0, k1)
            out[row, 0, i] = uint32(c0)
            out[row, 1, i] = uint32(c1)
            out[row, 2, i] = uint32(c2)
            out[row, 3, i] = uint32(c3)


@njit(cache=True, nogil=True, forceinline=True)
def philox(counter, k0, k1):
    """Ten rounds on a counter of four numbers, with the two halves of a key."""
    five = _five_rounds(counter, k0, k1)
    return _five_rounds(five, k0 + uint64(5) * _WEYL[0], k1 + uint64(5) * _WEYL[1])


@njit(cache=True, nogil=True, forceinline=True)
def _five_rounds(counter, k0, k1):
    w0, w1 = _WEYL
    two = _round(_round(counter, k0, k1), k0 + w0, k1 + w1)
    four = _round(_round(two, k0 + w0 + w0, k1 + w1 + w1), k0 + w0 + w0 + w0, k1 + w1 + w1 + w1)
    return _round(four, k0 + uint64(4) * w0, k1 + uint64(4) * w1)


@njit(cache=True, nogil=True, forceinline=True)
def _round(counter, k0, k1):
    c0, c1, c2, c3 = counter
    even, odd = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
    return (odd >> _HALF) ^ c1 ^ (k0 & _LOW), odd & _LOW, (even >> _HALF) ^ c3 ^ (k1 & _LOW), even & _LOW
