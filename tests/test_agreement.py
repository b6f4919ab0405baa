"""Agreement counts what it says it counts, with intervals that cover as they claim, and says why runs differ."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from tegum.compare.agreement import NEAR, statistics, why, wilson_interval
from tegum.compare.agreement.distance import boundary_distance
from tegum.compare.agreement.statistics import QUANTILES, Record, basins, confusion, gaps, hit_rate
from tegum.compare.agreement.why import REASONS
from tegum.compare.report.reasons import why_words
from tegum.compare.verdict import compare_all
from tegum.theory.candidates.candidates import candidate
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

#: Predicted, learned, whether they match, gap, optimum's loss: a known confusion.
KNOWN = [("A", "A", True, 0.1, 1.0)] * 5 + [("A", "B", False, 0.5, 1.0)] * 2 + [("A", "A", False, 0.3, 1.0)]
KNOWN += [("B", "B", True, 0.2, 2.0)] * 3 + [("B", "C", False, 4.0, 2.0)]
RECORDS = [Record(*one) for one in KNOWN]


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


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 24), (24, 24), (7, 24), (1692, 2304)])
def test_the_interval_is_that_of_another_library(hits, trials):
    other = binomtest(hits, trials).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(hits, trials), (other.low, other.high), rtol=1e-12, atol=1e-15)


def test_the_interval_narrows_as_the_root_of_the_trials():
    widths = [np.ptp(wilson_interval(trials // 4, trials)) for trials in (10**4, 10**6)]
    assert widths[0] / widths[1] == pytest.approx(10, rel=1e-3)


def test_a_known_confusion_is_counted():
    found = [tuple(row.values()) for row in confusion(RECORDS)]
    assert found == [("A", "A", 6, 5), ("A", "B", 2, 0), ("B", "B", 3, 3), ("B", "C", 1, 0)]


def test_basins_share_out_all_runs_whatever_their_order():
    found = basins(RECORDS)
    assert [(one["geometry"], one["runs"]) for one in found] == [("A", 6), ("B", 5), ("C", 1)]
    assert sum(one["share"] for one in found) == pytest.approx(1)
    assert found[0]["interval"] == list(wilson_interval(6, 12))
    assert statistics(RECORDS[::-1]) == statistics(RECORDS)


def test_the_hit_rate_counts_matches_and_not_names():
    assert hit_rate(one.matches for one in RECORDS)["hits"] == 8
    assert hit_rate([False] * 3) == {"hits": 0, "trials": 3, "share": 0.0, "interval": list(wilson_interval(0, 3))}


def test_quantiles_of_gaps_are_runs_own_gaps():
    random = np.random.default_rng(1)
    values = random.exponential(size=200)
    found = gaps([Record("A", "A", True, gap, 4.0) for gap in values.tolist()])
    assert set(found["gap"]) <= set(values.tolist())
    for share, gap in zip(QUANTILES, found["gap"], strict=True):
        assert np.mean(values <= gap) == pytest.approx(max(share, 1 / 200), abs=1e-12)
    np.testing.assert_allclose(found["relative_gap"], np.array(found["gap"]) / 4, rtol=1e-15)
    assert gaps([Record("A", "A", True, 0.1, 0.0)])["relative_gap"] is None


@pytest.mark.parametrize("axes", [1, 2])
def test_the_distance_is_the_least_over_all_points_of_a_curve(axes):
    random = np.random.default_rng(axes)
    at = random.uniform(0.5, 2, size=axes)
    curves = [random.uniform(0.5, 2, size=(5 if axes > 1 else 1, axes)) for _ in range(3)]
    shares = np.linspace(0, 1, 20_001)[:, None]
    lines = [[(points[k], points[min(k + 1, len(points) - 1)]) for k in range(len(points))] for points in curves]
    dense = [np.concatenate([a + shares * (b - a) for a, b in line]) for line in lines]
    brute = min(np.linalg.norm(points / at - 1, axis=1).min() for points in dense)
    assert boundary_distance(at.tolist(), curves) == pytest.approx(brute, abs=1e-7)
    scale = random.uniform(0.1, 10, size=axes)  # relative: units do not matter
    moved = boundary_distance((scale * at).tolist(), [scale * points for points in curves])
    assert moved == pytest.approx(brute, abs=1e-7)


def test_there_is_no_distance_without_a_boundary_or_at_zero():
    assert boundary_distance([0.1], []) is None
    assert boundary_distance([0.0, 1.0], [np.ones((2, 2))]) is None


SETTING = Setting(count=5, hidden=2, density=0.05)
PENTAGON, DIGONS = (candidate(name, SETTING).weights for name in ("pentagon", "2*digon + dropped"))


def compared(models, noise=0.0, **changes):
    """A comparison of models as training leaves them with the pentagon, changed in what is said of its search."""
    random = np.random.default_rng(0)
    W, b = np.stack([one.W for one in models]), np.stack([one.b for one in models])
    weights = Weights(W + noise * random.normal(size=W.shape), b + noise * random.normal(size=b.shape))
    return compare_all([SETTING], [weights], [replace(optimum(SETTING, 8), **changes)])[0]


SOME_HITS = {"starts": 64, "structured": 16, "structured_hits": 16}


def test_a_match_needs_no_reason():
    assert why(compared([PENTAGON, DIGONS], 1e-4), None) is None


@pytest.mark.parametrize(
    ("hits", "distance", "reason"),
    [(17, 1.0, "small basin"), (40, 1.0, "training"), (40, NEAR / 2, "boundary"), (17, None, "small basin")],
)
def test_a_missed_optimum_is_explained_by_its_share_of_the_search(hits, distance, reason):
    found = compared([DIGONS] * 8, 1e-4, hits=hits, **SOME_HITS)
    facts = why(found, distance)
    assert facts["reason"] == reason
    share = (hits - 16) / 48
    assert facts["search_share"] == pytest.approx(share)
    assert facts["miss_chance"] == pytest.approx((1 - share) ** 8)
    gap = candidate("2*digon + dropped", SETTING).loss - found.optimum.loss
    assert facts["loss_difference"] == pytest.approx(gap, rel=1e-6)
    assert REASONS[reason] in why_words(facts, 0, 8)


def test_a_matching_run_above_another_basin_is_noise():
    """The pentagon is found, but left further above its minimum than the digons' minimum lies above it."""
    far = Weights(1.06 * PENTAGON.W, PENTAGON.b)
    found = compared([far, DIGONS], 0.0)
    near_tie = replace(found, verdicts=(replace(found.verdicts[0], kind="optimum", loss=1.0), found.verdicts[1]))
    facts = why(near_tie, 1.0)
    assert facts["reason"] == "noise"
    assert facts["matching_excess"] == 1.0 - found.optimum.loss


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "unconverged"}, "unconverged"),
        ({"kind": "better"}, "beaten"),
        ({"kind": "saddle"}, "saddle"),
        ({"kind": "local optimum", "polished_loss": None}, "degenerate"),
    ],
)
def test_other_reasons_follow_the_verdict(change, reason):
    found = compared([DIGONS], 1e-4)
    if "polished_loss" in change:
        change = change | {"polished_loss": found.optimum.loss * (1 + 1e-12)}
    facts = why(replace(found, verdicts=(replace(found.verdicts[0], **change),)), 1.0)
    assert facts["reason"] == reason
    assert why_words(facts, 0, 1).startswith(REASONS[reason])


def test_a_curve_ends_where_its_points_do():
    """The cell lies on the line through both points, and beyond them."""
    assert boundary_distance([1.0, 1.0], [np.array([[2.0, 2.0], [3.0, 3.0]])]) == pytest.approx(np.sqrt(2))
    assert boundary_distance([1.0, 1.0], [np.array([[0.5, 0.5], [0.2, 0.2]])]) == pytest.approx(np.sqrt(0.5))
