"""Statistics of agreement: what many runs say of their predictions, however the runs came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tegum.compare.agreement.intervals import wilson_interval

#: Shares of the runs at whose gaps a distribution is told: its ends, the middle half and the middle nine tenths.
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class Record:
    """One run against its prediction.

    Attributes:
        predicted, learned: geometries of the optimum and of the critical point that the run was close to.
        matches: whether they are the same up to rotation and relabelling of like features, with the same loss.
        gap: exact loss of the run minus the optimum's.
        optimum: the optimum's loss.
    """

    predicted: str
    learned: str
    matches: bool
    gap: float
    optimum: float


def statistics(records: Sequence[Record]) -> dict[str, Any]:
    """All statistics of some runs, ready for JSON.

    Args:
        records: at least one; of one cell or of many.

    Returns:
        ``hit_rate``, ``confusion``, ``basins``, ``gaps``: see the functions of these names.
    """
    return {
        "hit_rate": hit_rate(one.matches for one in records),
        "confusion": confusion(records),
        "basins": basins(records),
        "gaps": gaps(records),
    }


def hit_rate(matches: Iterable[bool]) -> dict[str, Any]:
    """How many trials hit: ``trials``, ``hits``, their ``share``, and its 95 % Wilson ``interval``."""
    found = list(matches)
    return _share(sum(found), len(found), "hits", "trials")


def confusion(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Predicted against learned geometry.

    Returns:
        For each pair that occurs ``predicted``, ``learned``, ``runs``, and how many of them are ``matching``: not all
        where a geometry is the predicted one with other features at its vertices.  In the order of the predicted
        geometry's runs, then of the pair's, most first, ties by name.
    """
    found = list(records)
    rows = Counter(one.predicted for one in found)
    pairs = Counter((one.predicted, one.learned) for one in found)
    matching = Counter((one.predicted, one.learned) for one in found if one.matches)
    order = sorted(pairs, key=lambda pair: (-rows[pair[0]], pair[0], -pairs[pair], pair[1]))
    return [
        {"predicted": pair[0], "learned": pair[1], "runs": pairs[pair], "matching": matching[pair]} for pair in order
    ]


def basins(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Into which geometries the runs fell.

    Returns:
        For each ``geometry`` how many ``runs`` of all ``trials``, their ``share`` and its 95 % Wilson ``interval``;
        most first, ties by name.
    """
    counts = Counter(one.learned for one in records)
    trials = sum(counts.values())
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return [{"geometry": name, **_share(counts[name], trials, "runs", "trials")} for name in order]


def gaps(records: Iterable[Record]) -> dict[str, Any]:
    """Distribution of the gaps between the runs' exact losses and their optima's.

    Returns:
        ``shares`` of the runs, and at each of them the quantile of the ``gap`` and of the ``relative_gap``, the gap
        divided by the optimum's loss; None where an optimum's loss is zero.  Quantiles are runs' own gaps, none between
        two: the least one that so many runs do not exceed.
    """
    found = list(records)
    relative = [one.gap / one.optimum for one in found if one.optimum > 0]
    return {
        "shares": list(QUANTILES),
        "gap": _quantiles([one.gap for one in found]),
        "relative_gap": _quantiles(relative) if len(relative) == len(found) else None,
    }


def _quantiles(values: Sequence[float]) -> list[float]:
    return np.quantile(np.array(values), QUANTILES, method="inverted_cdf").tolist()


def _share(hits: int, trials: int, hit_key: str, trial_key: str) -> dict[str, Any]:
    return {
        hit_key: hits,
        trial_key: trials,
        "share": hits / trials,
        "interval": list(wilson_interval(hits, trials)),
    }
