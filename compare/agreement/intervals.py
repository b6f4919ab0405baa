"""Confidence intervals of shares."""

from __future__ import annotations

from math import sqrt

#: Two-sided 95 % quantile of the normal distribution.
_Z95 = 1.959963984540054


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a share, by Wilson's score.

    (k + z²/2 ± z √(k (n - k) / n + z²/4)) / (n + z²)

    Args:
        hits: k, from 0 to n.
        trials: n, at least 1.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209.  Validity: independent trials; any k, 0 and n included.  Where
    the trials' chances differ, as those of several cells do, the share varies less than the interval supposes.

    >>> [round(end, 3) for end in wilson_interval(16, 16)]
    [0.806, 1.0]
    """
    middle = hits + _Z95**2 / 2
    half = _Z95 * sqrt(hits * (trials - hits) / trials + _Z95**2 / 4)
    low, high = (middle - half) / (trials + _Z95**2), (middle + half) / (trials + _Z95**2)
    return max(low, 0.0), min(high, 1.0)
