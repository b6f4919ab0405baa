"""One layer of ReLU units that hear few features each, from which all pairwise ANDs are read off."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool, Float

#: Units that are run at a time.
_BLOCK = 4096


def errors_by_enumeration(
    heard: Bool[np.ndarray, "units features"], on: int, threshold: float = 1.0
) -> Float[np.ndarray, " cases"]:
    """Mean error of the ANDs that are read off, with both, one and none of a pair's features on.

    Over all inputs with exactly so many features on, the units are (Σ_{i heard} x_i - threshold)_+, and the AND of i
    and j is read off by their mean over the units that hear both.

    Args:
        heard: which features each unit hears; each pair must be heard by some unit.
        on: features on at a time, at least 3: otherwise one of the cases is none or is answered without error.
        threshold: minus the units' bias.
    """
    units, features = heard.shape
    inputs = np.zeros((features, comb(features, on)), dtype=np.float32)
    for column, ones in enumerate(combinations(range(features), on)):
        inputs[list(ones), column] = 1
    first, second = np.triu_indices(features, 1)
    summed = np.zeros((len(first), inputs.shape[1]))
    for start in range(0, units, _BLOCK):
        block = heard[start : start + _BLOCK].astype(np.float32)
        summed += (block[:, first] * block[:, second]).T @ np.maximum(block @ inputs - np.float32(threshold), 0)
    read = summed / (heard[:, first] & heard[:, second]).sum(axis=0)[:, None]
    known = inputs[first] + inputs[second]
    return np.array([np.abs(read - (known == 2))[known == case].mean() for case in (2, 1, 0)])


def worst_error(heard: Bool[np.ndarray, "units features"], on: int) -> float:
    """Largest error of any AND that is read off, over all inputs with at most so many features on, at threshold 1.

    With S_i the units that hear i, it is  max_{i ≠ j} Σ |S_i ∩ S_j ∩ S_k| / |S_i ∩ S_j|  over the on - 1 features k
    with the largest terms: i is on with them and j is off.  With both on, one term fewer adds to the error; with
    neither, a unit answers no more than it would with i on in place of one that it hears.  A pair that no unit hears
    has the error 1 at least; infinity stands for it.
    """
    features = heard.shape[1]
    worst = 0.0
    for i in range(features):
        units = heard[heard[:, i]].astype(np.float32)
        shared = units.T @ units
        alone = np.delete(np.diagonal(shared), i)
        if not alone.all():
            return float("inf")
        shared[:, i] = 0
        np.fill_diagonal(shared, 0)
        terms = np.delete(shared, i, axis=0) / alone[:, None]
        worst = max(worst, float(np.partition(terms, 1 - on, axis=1)[:, 1 - on :].sum(axis=1).max()))
    return worst
