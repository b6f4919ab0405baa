"""The agreement table counts what it says it counts, with an interval that covers as often as it claims."""

import numpy as np
import pytest

from tegum.compare.agreement import wilson_interval


def coverage(interval, share, trials, repeats=4000, seed=0):
    """How often an interval from simulated trials holds the true share."""
    hits = np.random.default_rng(seed).binomial(trials, share, size=repeats)
    ends = np.array([interval(k, trials) for k in range(trials + 1)])
    return float(np.mean((ends[hits, 0] <= share) & (share <= ends[hits, 1])))


def wald_interval(hits, trials):
    """The interval that Wilson's replaces: it collapses to a point where all trials agree."""
    share = hits / trials
    half = 1.96 * np.sqrt(share * (1 - share) / trials)
    return share - half, share + half


@pytest.mark.parametrize(("share", "trials"), [(0.5, 16), (0.9, 24), (0.2, 24), (0.97, 64)])
def test_the_interval_covers_the_share(share, trials):
    # The coverage of any interval of a discrete share oscillates around 95 %.
    assert 0.91 < coverage(wilson_interval, share, trials) < 0.995


def test_the_simulation_tells_a_bad_interval():
    assert coverage(wald_interval, 0.97, 24) < 0.8


@pytest.mark.parametrize("trials", [1, 5, 24])
def test_the_interval_holds_the_observed_share_and_stays_within_bounds(trials):
    for hits in range(trials + 1):
        low, high = wilson_interval(hits, trials)
        assert 0 <= low <= hits / trials <= high <= 1
        assert low < high
