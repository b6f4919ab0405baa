"""Where training beats a prediction the search is repeated, and every outcome is told from the others."""

from dataclasses import replace

import numpy as np
import pytest

from tegum.compare import second_search
from tegum.compare.polish import polish
from tegum.compare.report import write_comparison_report
from tegum.compare.report.data import comparison_data
from tegum.compare.second_search import MORE_STARTS, resolution, searched_again
from tegum.compare.verdict import compare_all
from tegum.compare.verify.verify import verified_data
from tegum.theory.files.kept import kept
from tegum.theory.files.seal import digest
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import optimum
from tegum.theory.search.tables import optimum_from_tables, optimum_tables
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTING = Setting(count=5, hidden=2, density=0.05)
BEST = optimum(SETTING, 8)


def bad_optimum(setting=SETTING, above=1.01):
    """What a search with a single start finds in a bad basin."""
    found = (optimum(setting, starts=1, seed=seed) for seed in range(50))
    return next(one for one in found if one.loss > above * BEST.loss and one.hessian_min > 0)


BAD = bad_optimum()


def forbidden(*_, **__):
    raise AssertionError("searched again")


def learned(noise=0.001, runs=2):
    random = np.random.default_rng(3)
    W = BEST.weights.W + noise * random.normal(size=(runs, 2, 5))
    return Weights(W, BEST.weights.b + noise * random.normal(size=(runs, 5)))


@pytest.fixture(scope="module")
def beaten():
    """Runs that found the pentagon where a bad search predicted something else."""
    return compare_all([SETTING], [learned()], [BAD])[0]


def test_a_missed_optimum_is_a_discovery_and_becomes_the_prediction(beaten):
    found = beaten.resolution
    assert (found.outcome, found.count) == ("discovery", 2)
    assert found.before == BAD
    assert (found.starts, found.seed) == (MORE_STARTS * BAD.starts, BAD.seed + 1)
    assert found.loss + found.error < BAD.loss - BAD.error
    assert beaten.optimum.geometry == "pentagon"
    assert beaten.optimum.loss == pytest.approx(BEST.loss, rel=1e-12)
    assert [verdict.kind for verdict in beaten.verdicts] == ["optimum"] * 2


def test_a_right_prediction_is_not_searched_again(monkeypatch):
    monkeypatch.setattr(second_search, "optimum", forbidden)
    found = compare_all([SETTING], [learned()], [BEST])[0]
    assert found.resolution is None
    assert found.optimum is BEST


def there(weights):
    return polish(weights, law_of(SETTING, len(weights.b)))


def test_rounding_is_called_numerical():
    """The prediction's loss is off by more than its bounds, but by less than any two minima differ."""
    at_rest = Weights(BEST.weights.W[None], BEST.weights.b[None])
    off = replace(BEST, loss=BEST.loss * (1 + 1e-11))
    after, found = searched_again(SETTING, at_rest, there(at_rest), off)
    assert after is off
    assert found.outcome == "numerical"


def test_routes_that_disagree_are_an_error(monkeypatch):
    exact = second_search.second_loss

    def wrong(weights, setting):
        loss, bound = exact(weights, setting)
        return 1.1 * loss, bound

    monkeypatch.setattr(second_search, "second_loss", wrong)
    weights = learned()
    assert resolution(SETTING, weights, there(weights), BAD, BEST).outcome == "error"


def test_what_no_search_reaches_is_unresolved():
    weights = learned()
    assert resolution(SETTING, weights, there(weights), BAD, BAD).outcome == "unresolved"


def test_weights_given_besides_are_followed_but_are_no_hits():
    """A single bad start, and the pentagon besides: it wins, and no start is said to have found it."""
    found = optimum(SETTING, BAD.starts, BAD.seed, also=learned(runs=1))
    assert found.geometry == "pentagon"
    assert (found.hits, found.starts, found.converged) == (0, 1, 1)


def test_a_saddle_given_besides_is_left():
    """The square of digons at the centre of nothing: all weights zero are a saddle, from which the search departs."""
    zero = Weights(np.zeros((1, 2, 5)), np.full((1, 5), 0.025))
    assert optimum(SETTING, 1, BAD.seed, also=zero).hessian_min > 0


def test_an_optimum_survives_its_file(tmp_path):
    tables = kept(tmp_path, "one", lambda: optimum_tables(BEST))
    found = optimum_from_tables(SETTING, tables)
    assert optimum_tables(found) == optimum_tables(BEST)
    assert found.identity == BEST.identity


def test_a_second_search_is_kept(tmp_path, monkeypatch):
    def keep(name, compute):
        return kept(tmp_path, name, compute)

    weights = learned()
    first = searched_again(SETTING, weights, there(weights), BAD, keep)
    monkeypatch.setattr(second_search, "optimum", forbidden)
    again = searched_again(SETTING, weights, there(weights), BAD, keep)
    assert optimum_tables(first[0]) == optimum_tables(again[0])
    assert first[1].outcome == again[1].outcome


def test_the_report_lists_both_losses_and_the_outcome(beaten, tmp_path):
    page = write_comparison_report(beaten, tmp_path, "tegum compare").read_text()
    assert "Where training beat the prediction" in page
    assert "<strong>discovery</strong>" in page
    assert all(factor in page for factor in BAD.geometry.split(" + "))


def changed(data, change):
    found = {**data, "resolution": {**data["resolution"], "before": {**data["resolution"]["before"]}}}
    change(found["resolution"])
    return found | {"sha256": digest({key: value for key, value in found.items() if key != "sha256"})}


def test_a_resolution_verifies_and_a_changed_digit_does_not(beaten):
    data = comparison_data(beaten, "tegum compare")
    assert verified_data(data).verified
    for key, value in (("loss", BEST.loss * (1 + 1e-9)), ("outcome", "numerical"), ("run", 7), ("seed", 5)):
        found = changed(data, lambda one, key=key, value=value: one.update({key: value}))
        assert not verified_data(found).verified
    W = np.array(BAD.weights.W)
    W[0, 0] += 1e-6
    found = changed(data, lambda one: one["before"].update(W=W.tolist()))
    assert any(one["place"].startswith("resolution.before") for one in verified_data(found).differences)


def test_a_resolution_cannot_be_left_out():
    """A report that hides that training beat its prediction does not verify."""
    data = comparison_data(compare_all([SETTING], [learned()], [BEST])[0], "tegum compare")
    worse = comparison_data(replace(compare_all([SETTING], [learned()], [BEST])[0], optimum=BAD), "tegum compare")
    body = data | {"optimum": worse["optimum"]}
    assert any(one["place"] == "resolution" for one in verified_data(body).differences)
