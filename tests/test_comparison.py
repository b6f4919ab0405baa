"""Learned against predicted: verdicts are right, invariant, and never a match by accident."""

import numpy as np
import pytest

from tegum.compare.polish import polish
from tegum.compare.verdict import VERDICTS, compare, compare_all, judged
from tegum.theory.candidates.candidates import candidate
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify_ensemble
from tegum.theory.geometry.isomorphism import is_isomorphism
from tegum.theory.geometry.overlap import overlap_graph
from tegum.theory.loss.law import law_of
from tegum.theory.search.curvature import least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.search.starts import random_starts
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTING = Setting(5, 2, 0.1)
OPTIMUM = optimum(SETTING)


def learned(W, b, noise=0.01, seed=0) -> Weights:
    """Weights as training leaves them: near a critical point."""
    random = np.random.default_rng(seed)
    return Weights(W + noise * random.normal(size=W.shape), b + noise * random.normal(size=b.shape))


def only_verdict(weights, setting=SETTING, best=OPTIMUM):
    return compare_all([setting], [weights], [best])[0].verdicts[0]


def test_a_noisy_optimum_matches_with_a_certificate():
    weights = learned(OPTIMUM.weights.W, OPTIMUM.weights.b)
    found = compare_all([SETTING], [weights], [OPTIMUM])[0]
    verdict = found.verdicts[0]
    assert (verdict.kind, verdict.geometry, verdict.matches) == ("optimum", "pentagon", True)
    assert 0 < verdict.gap < 0.02 * OPTIMUM.loss
    assert verdict.gap == verdict.loss - OPTIMUM.loss
    assert 0.005 < verdict.moved < 0.1
    assert verdict.polished_loss == pytest.approx(OPTIMUM.loss, rel=1e-10)
    graphs = [overlap_graph(W, CRITICAL_TOLERANCE) for W in (found.polished.W[0], OPTIMUM.weights.W)]
    assert is_isomorphism(verdict.vertex_map, *graphs)


def test_verdicts_are_invariant_under_rotation_and_permutation():
    random = np.random.default_rng(31)
    weights = learned(OPTIMUM.weights.W, OPTIMUM.weights.b)
    base = only_verdict(weights)
    turned = []
    for _ in range(200):
        turn, order = np.linalg.qr(random.normal(size=(2, 2)))[0], random.permutation(5)
        turned.append(((turn @ weights.W)[:, order], weights.b[order]))
    ensemble = Weights(np.stack([W for W, _ in turned]), np.stack([b for _, b in turned]))
    found = compare_all([SETTING], [ensemble], [OPTIMUM])[0]
    assert found.fraction == 1.0
    for verdict in found.verdicts:
        assert verdict.kind == base.kind
        assert verdict.geometry == base.geometry
        assert verdict.loss == pytest.approx(base.loss, rel=1e-12)
        assert verdict.polished_loss == pytest.approx(base.polished_loss, rel=1e-11)
        assert verdict.moved == pytest.approx(base.moved, rel=1e-4)


def test_a_local_optimum_is_named_and_does_not_match():
    pairs = candidate("2*digon + dropped", SETTING).weights
    verdict = only_verdict(learned(pairs.W, pairs.b))
    assert (verdict.kind, verdict.geometry) == ("local optimum", "2*digon + dropped")
    assert not verdict.matches
    assert verdict.gap > 0.3 * OPTIMUM.loss
    assert verdict.vertex_map is None


def test_weights_far_from_rest_are_unconverged():
    random = np.random.default_rng(32)
    verdict = only_verdict(Weights(0.3 * random.normal(size=(2, 5)), np.zeros(5)))
    assert verdict.kind == "unconverged"


def test_a_saddle_is_called_a_saddle():
    setting = Setting(2, 1, 0.75)
    symmetric = candidate("digon", setting).weights
    verdict = compare_all([setting], [symmetric], [optimum(setting)])[0].verdicts[0]
    assert verdict.kind == "saddle"
    assert verdict.hessian_min < 0


def test_an_unnamed_minimum_is_unidentified():
    """Two features on one ray, one opposite, and a digon: a minimum that training finds and no catalogue names."""
    rest = descend(*random_starts(SETTING, 300, seed=3), law_of(SETTING, 300))
    names = [one.geometry for one in identify_ensemble(rest.W, tolerance=CRITICAL_TOLERANCE)]
    least = least_curvatures(rest.W, rest.b, law_of(SETTING, 300))
    found = [k for k, name in enumerate(names) if name.startswith("unknown-") and least[k] > 1e-3]
    assert found
    verdict = only_verdict(Weights(rest.W[found[0]], rest.b[found[0]]))
    assert (verdict.kind, verdict.geometry) == ("unidentified", names[found[0]])
    assert verdict.geometry.endswith(" + digon")


def test_better_than_predicted_is_reported_as_such():
    """A prediction that is too high (here on purpose) is contradicted, not matched, unless it is searched for again."""
    from dataclasses import replace

    wrong = replace(OPTIMUM, loss=1.2 * OPTIMUM.loss)
    weights = learned(OPTIMUM.weights.W, OPTIMUM.weights.b)
    ensemble = Weights(weights.W[None], weights.b[None])
    there = polish(ensemble, law_of(SETTING))
    assert judged(SETTING, ensemble, there, wrong).verdicts[0].kind == "better"
    assert only_verdict(weights, best=wrong).kind == "optimum"


def test_perfect_reconstruction_is_matched_too():
    """Where the optimum's loss is zero no ratio of losses says anything."""
    setting = Setting(2, 2, 0.3)
    best = optimum(setting)
    assert abs(best.loss) < 1e-15
    assert best.hits > 30
    assert only_verdict(learned(np.eye(2), np.zeros(2), noise=1e-3), setting, best).kind == "optimum"
    assert only_verdict(learned(np.eye(2), np.zeros(2), noise=0.2), setting, best).kind == "unconverged"


def test_unlike_features_may_not_be_exchanged():
    setting = Setting(3, 1, 0.3, (1.0, 1.0, 0.2))
    best = optimum(setting)
    assert best.geometry == "digon + dropped"
    swapped = polish(Weights(best.weights.W[None][..., [2, 1, 0]], best.weights.b[None][:, [2, 1, 0]]), law_of(setting))
    verdict = compare_all([setting], [swapped.weights], [best])[0].verdicts[0]
    assert verdict.geometry == best.geometry
    assert not verdict.matches
    assert verdict.kind == "local optimum"


def test_compare_searches_for_itself_and_takes_single_models_and_ensembles():
    single = learned(OPTIMUM.weights.W, OPTIMUM.weights.b)
    alone = compare(single, SETTING)
    both = compare(Weights(np.stack([single.W] * 2), np.stack([single.b] * 2)), SETTING)
    assert len(alone.verdicts) == 1
    assert len(both.verdicts) == 2
    assert both.verdicts[0].loss == both.verdicts[1].loss == alone.best.loss
    assert alone.optimum.loss == OPTIMUM.loss


def test_weights_of_another_shape_are_refused_before_the_search():
    with pytest.raises(InputError, match="count = 5"):
        compare(Weights(np.ones((2, 4)), np.zeros(4)), SETTING)


def test_every_verdict_has_its_explanation():
    judged_by_place = {"optimum", "local optimum", "saddle", "unconverged", "unidentified", "better"}
    assert set(VERDICTS) == {*judged_by_place, "diverged"}
