"""The law of cosines between independent random directions, which a dictionary without structure would follow.

Source: c² of two independent uniform directions of R^m follows Beta(1/2, (m-1)/2); Muirhead, Aspects of Multivariate
Statistical Theory (1982), theorem 1.5.7.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv

from tegum.theory.errors import InputError


def tail(cosine: float | np.ndarray, hidden: int) -> np.ndarray:
    """Probability that |cosine| of two random directions exceeds a value: 1 - I_{c²}(1/2, (m-1)/2).

    Args:
        cosine: in [0, 1].
        hidden: dimensions m ≥ 2.

    Returns:
        The probability, of the same shape, with full relative precision far out in the tail.
    """
    squares = np.square(np.clip(cosine, 0.0, 1.0))
    return np.asarray(betainc((hidden - 1) / 2, 0.5, 1 - squares))


def bin_probabilities(edges: np.ndarray, hidden: int) -> np.ndarray:
    """Probability of a cosine in each bin between rising edges in [-1, 1]; small ones keep their relative precision."""
    beyond = tail(np.abs(edges), hidden) / 2  # of one sign
    low, high = beyond[:-1], beyond[1:]
    return np.where(edges[1:] <= 0, high - low, np.where(edges[:-1] >= 0, low - high, 1 - low - high))


def limit_of_one_false_pair(pairs: int, hidden: int, expected: float = 1.0) -> float:
    """The |cosine| that so many pairs of random directions exceed ``expected`` times on average.

    t with pairs · P(|c| > t) = expected: the union bound (Bonferroni), which is exact for the mean number.

    Raises:
        InputError: fewer than two dimensions, in which every cosine is ±1.
    """
    if hidden < 2:
        raise InputError("has one dimension, in which all features are parallel; at least 2 are needed")
    if pairs <= expected:
        return 0.0
    return float(np.sqrt(1 - betaincinv((hidden - 1) / 2, 0.5, expected / pairs)))


def moments(hidden: int) -> tuple[float, float, float]:
    """Mean 0, variance 1/m and excess kurtosis -6/(m+2) of the cosine."""
    return 0.0, 1 / hidden, -6 / (hidden + 2)


def welch_bound(count: int, hidden: int) -> float:
    """No arrangement of ``count`` unit vectors has all |cosines| below √((n-m) / (m(n-1))) (Welch 1974)."""
    return float(np.sqrt(max(count - hidden, 0) / (hidden * (count - 1))))
