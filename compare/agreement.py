"""Agreement: at each value of a study's axis, how often training finds the predicted optimum, and how closely."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from tegum.compare.study import Study
from tegum.compare.verdict import Comparison
from tegum.theory.phases import Boundary

#: A value this close to a boundary, relatively, is near it: two geometries' losses differ by too little there for a
#: mismatch to say much.
NEAR = 0.05
#: Two-sided 95 % quantile of the normal distribution.
_Z95 = 1.959963984540054


def agreement(study: Study) -> list[dict[str, Any]]:
    """What was predicted and what was learned at each value of the axis, in the order of the plan.

    Returns:
        One dict for each value, ready for JSON, with the keys

        - ``value``; ``predicted``: geometry of the optimum; ``optimum``, ``error``: its exact loss and the bound on it;
          ``hits``, ``starts``: of the search for it;
        - ``best``, ``best_loss``, ``best_verdict``: geometry, exact loss and verdict of the run with the lowest exact
          loss; ``best_matches``: whether it is the predicted optimum;
        - ``gap``, ``relative_gap``: best run's exact loss minus the optimum's, and that divided by the optimum's (None
          where the optimum's is zero);
        - ``runs``, ``matching``, ``fraction``: how many models were trained, how many are the predicted optimum, and
          their share; ``interval``: 95 % Wilson interval of the share;
        - ``near_boundary``: whether the value is within `NEAR`, relatively, of a boundary.
    """
    return [
        _cell(value, comparison, study.boundaries)
        for value, comparison in zip(study.plan.axes[0].values, study.comparisons, strict=True)
    ]


def wilson_interval(hits: int, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a share, by Wilson's score.

    (k + z²/2 ± z √(k (n - k) / n + z²/4)) / (n + z²)

    Args:
        hits: k, from 0 to n.
        trials: n, at least 1.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209.  Validity: independent trials; any k, 0 and n included.

    >>> [round(end, 3) for end in wilson_interval(16, 16)]
    [0.806, 1.0]
    """
    middle = hits + _Z95**2 / 2
    half = _Z95 * sqrt(hits * (trials - hits) / trials + _Z95**2 / 4)
    low, high = (middle - half) / (trials + _Z95**2), (middle + half) / (trials + _Z95**2)
    return max(low, 0.0), min(high, 1.0)


def _cell(value: float, comparison: Comparison, boundaries: Sequence[Boundary]) -> dict[str, Any]:
    optimum, best = comparison.optimum, comparison.best
    runs, matching = len(comparison.verdicts), sum(verdict.matches for verdict in comparison.verdicts)
    return {
        "value": value,
        "predicted": optimum.geometry,
        "best": best.geometry,
        "fraction": matching / runs,
        "interval": list(wilson_interval(matching, runs)),
        "gap": best.gap,
        "relative_gap": best.gap / optimum.loss if optimum.loss > 0 else None,
        "runs": runs,
        "matching": matching,
        "best_matches": best.matches,
        "best_verdict": best.kind,
        "best_loss": best.loss,
        "optimum": optimum.loss,
        "error": optimum.error,
        "hits": optimum.hits,
        "starts": optimum.starts,
        "near_boundary": any(abs(value - one.value) <= NEAR * abs(one.value) for one in boundaries),
    }
