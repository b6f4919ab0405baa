"""Colour refinement of large signed graphs: a necessary condition of isomorphism, never a proof."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from jaxtyping import UInt64
from scipy.sparse import csr_array

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def refined_digest(signs: csr_array) -> str:
    """Eight hexadecimal digits of the stable colouring: equal for isomorphic signed graphs, whatever their labels.

    Each vertex takes the colour (its own, the multisets of its positive and of its negative neighbours') until no
    class of vertices splits any more.

    Args:
        signs: [vertices, vertices], symmetric, entries 1 and -1.

    Returns:
        The digits; equal ones do not prove the graphs isomorphic (all strongly regular graphs of equal parameters
        have the same).

    Source: Weisfeiler and Leman 1968; multisets are hashed by sums, mod 2^64, of mixed colours.
    """
    colors = np.zeros(signs.shape[0], dtype=np.uint64)
    classes = 0
    while (found := len(np.unique(colors))) > classes:
        classes = found
        colors = _refined(signs, colors)
    return sha256(np.sort(colors).tobytes()).hexdigest()[:8]


def _refined(signs: csr_array, colors: UInt64[np.ndarray, " vertices"]) -> UInt64[np.ndarray, " vertices"]:
    heard = _mixed(colors[signs.indices] + (signs.data > 0).astype(np.uint64) * _ODD[0])
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(heard, dtype=np.uint64)])
    return _mixed(_mixed(colors) + (sums[signs.indptr[1:]] - sums[signs.indptr[:-1]]))


def _mixed(values: np.ndarray) -> np.ndarray:
    """SplitMix64: every bit of the result depends on every bit of the value."""
    values = values + _ODD[0]
    values = (values ^ (values >> np.uint64(30))) * _ODD[1]
    values = (values ^ (values >> np.uint64(27))) * _ODD[2]
    return values ^ (values >> np.uint64(31))
