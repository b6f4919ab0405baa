"""Every setting that the search takes is compared, reported and verified; no other setting's weights are an optimum."""

import json
from functools import cache
from itertools import product

import numpy as np
import pytest
from definition import defined_losses

from tegum.compare.polish import polish
from tegum.compare.report import write_comparison_report
from tegum.compare.report.data import comparison_data, study_data
from tegum.compare.report.summary import doubts, study_doubts
from tegum.compare.study import study
from tegum.compare.verdict import compare, compare_all
from tegum.compare.verify import verify
from tegum.compare.verify.verify import verified_data
from tegum.compare.wiring import wiring
from tegum.empirical.plan import Axis, Plan, Training
from tegum.theory.errors import InputError
from tegum.theory.geometry.balance import asymmetry, balanced
from tegum.theory.geometry.isomorphism import is_isomorphism
from tegum.theory.loss.law import law_of
from tegum.theory.search.curvature import curvature_tolerance, least_curvatures
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum, same_loss
from tegum.theory.search.starts import starting_points
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

VALUES, LAWS = ("uniform", "signed", "binary"), ("independent", "correlated", "anticorrelated", "one-hot")
GROUPS = ((0, 1), (2, 3))
#: Relabellings that every law of four alike features in two groups allows.
ALIKE = ((0, 1, 2, 3), (1, 0, 2, 3), (2, 3, 0, 1), (3, 2, 1, 0))


def four(law="independent", **kind) -> Setting:
    groups = GROUPS if law in ("correlated", "anticorrelated") else ()
    return Setting(4, 2, None if law == "one-hot" else 0.3, law=law, groups=groups, **kind)


#: Its loss falls for ever, towards 0.02 at density 0.1, as its weights grow.
WITHOUT_MINIMUM = four(values="binary", tied=False)
GRID = [
    setting
    for law, values, tied, readout in product(LAWS, VALUES, (True, False), ("relu", "linear"))
    if (setting := four(law, values=values, tied=tied, readout=readout)) != WITHOUT_MINIMUM
]
OTHERS = [
    four(l1=0.05),
    four(values="signed", l1=0.05),
    four("correlated", l1=0.05),
    four(readout="linear", l1=0.05),
    four(bias=False),
    four(bias=False, tied=False),
    four(values="signed", target="abs"),
    four(values="signed", target="abs", tied=False),
    four(values="binary", activation="relu"),
    Setting(3, 6, 0.3, values="binary", activation="relu", tied=False),
    Setting(4, 2, (0.3, 0.3, 0.3, 0.2), (1, 1, 0.5, 1), tied=False),
    Setting(4, 2, 0.3, (1, 0.9, 0.8, 0.7), readout="linear"),
    Setting(4, 2, 0.3, (1, 0.9, 0.8, 0.7), readout="linear", tied=False),
    Setting(4, 2, 0.3, (1, 1, 1, 0)),
]


@cache
def best_of(setting):
    return optimum(setting, 24)


def learned(weights: Weights, setting: Setting, noise=0.003, models=2, seed=0) -> Weights:
    """Weights as training leaves them: near a critical point."""
    random = np.random.default_rng(seed)

    def near(array, free=True):
        return np.stack([array + free * noise * random.normal(size=array.shape) for _ in range(models)])

    W_out = None if setting.tied else near(weights.outward)
    return Weights(near(weights.W), near(weights.b, setting.bias), W_out)


def turned(weights: Weights, setting: Setting, order, seed=0) -> Weights:
    """The same model written otherwise: relabelled, and its hidden layer rotated, stretched or permuted."""
    random, hidden = np.random.default_rng(seed), setting.hidden
    if setting.l1 or setting.activation == "relu":
        turn = np.eye(hidden)[random.permutation(hidden)]
        if not setting.tied:
            turn *= np.exp(random.normal(size=hidden))
    elif setting.tied:
        turn = np.linalg.qr(random.normal(size=(hidden, hidden)))[0]
    else:
        turn = random.normal(size=(hidden, hidden)) + 1000 * np.eye(hidden)
    outward = None if setting.tied else (weights.outward @ np.linalg.inv(turn))[..., list(order), :]
    return Weights((turn @ weights.W)[..., list(order)], weights.b[..., list(order)], outward)


@pytest.mark.parametrize("setting", GRID + OTHERS)
def test_weights_near_the_optimum_are_the_optimum(setting):
    best = best_of(setting)
    found = compare_all([setting], [learned(best.weights, setting)], [best])[0]
    for run, verdict in enumerate(found.verdicts):
        assert verdict.kind == "optimum"
        assert verdict.matches
        assert same_loss(np.array([verdict.polished_loss]), best.loss, setting).all()
        assert 0 < verdict.moved < 0.2
        assert verdict.gap == verdict.loss - best.loss
        if verdict.vertex_map is None:
            assert verdict.valley  # otherwise an isomorphism proves the match
            continue
        graphs = wiring(found.polished[run], setting), wiring(best.weights, setting)
        sorts = [graph.vertex_colors for graph in graphs]
        for feature, place in enumerate(verdict.vertex_map):
            assert sorts[0][feature] == sorts[1][place]
        groups = {tuple(sorted(verdict.vertex_map[feature] for feature in group)) for group in setting.groups}
        assert groups == set(setting.groups)
        if setting.tied and setting.activation == "none":
            assert is_isomorphism(_with_groups(verdict.vertex_map, setting), *graphs)
            np.testing.assert_array_equal(
                graphs[0].signs[:4, :4], graphs[1].signs[np.ix_(verdict.vertex_map, verdict.vertex_map)]
            )


def _with_groups(features, setting):
    """A vertex map with the places of the groups that it carries the groups to."""
    carried = [tuple(sorted(features[feature] for feature in group)) for group in setting.groups]
    return (*features, *(setting.count + setting.groups.index(group) for group in carried))


@pytest.mark.parametrize("setting", GRID + OTHERS)
def test_verdicts_do_not_depend_on_how_a_model_is_written(setting):
    best = best_of(setting)
    weights = learned(best.weights, setting, models=1)
    alike = len(set(setting.density)) == len(set(setting.importance)) == 1
    orders = ALIKE if alike and setting.count == 4 else (range(setting.count),) * 4
    written = [turned(weights, setting, order, seed) for seed, order in enumerate(orders)]
    settings = [setting] * len(written)
    base = compare_all([setting], [weights], [best])[0].verdicts[0]
    for comparison in compare_all(settings, written, [best] * len(written)):
        (verdict,) = comparison.verdicts
        assert verdict.kind == base.kind == "optimum"
        assert verdict.loss == pytest.approx(base.loss, rel=1e-9, abs=1e-14)
        assert verdict.polished_loss == pytest.approx(base.polished_loss, rel=1e-9, abs=1e-13)
        assert verdict.learned.geometry == base.learned.geometry
        if not verdict.valley:
            assert verdict.geometry == base.geometry
            assert verdict.moved == pytest.approx(base.moved, rel=1e-5)
            assert verdict.asymmetry == pytest.approx(base.asymmetry, abs=1e-8)


def local_minima(setting: Setting) -> Weights:
    """Strict minima above the optimum."""
    W, b = starting_points(setting, 60, 1)
    law = law_of(setting, len(b))
    rest = descend(W, b, law, W_out=None if setting.tied else W.swapaxes(1, 2).copy())
    least = least_curvatures(rest.W, rest.b, law, rest.W_out)
    above = rest.loss > best_of(setting).loss + 1e-5
    chosen = rest.converged & (least > 10 * curvature_tolerance(law)) & above
    return Weights(rest.W, rest.b, rest.W_out)[chosen]


LOCAL, NAMELESS = "local optimum", "unidentified"


@pytest.mark.parametrize(
    ("setting", "kinds"),
    [
        (four(), {LOCAL}),
        (four(tied=False), {LOCAL}),
        (four(values="signed"), {LOCAL}),
        (four(values="binary"), {LOCAL, NAMELESS}),
        (four("correlated"), {LOCAL, NAMELESS}),
        (four("correlated", values="signed"), {LOCAL, NAMELESS}),
        (four("correlated", values="signed", tied=False), {LOCAL, NAMELESS}),
        (four("anticorrelated"), {NAMELESS}),
        (four("anticorrelated", values="signed", tied=False), {LOCAL, NAMELESS}),
        (four("anticorrelated", values="binary", tied=False), {LOCAL}),
        (four("one-hot", values="signed"), {NAMELESS}),
        (four("one-hot", values="signed", tied=False), {NAMELESS}),
        (four(values="signed", target="abs"), {LOCAL, NAMELESS}),
        (four(bias=False), {NAMELESS}),
    ],
)
def test_a_local_optimum_is_told_from_the_optimum_and_its_gap_is_exact(setting, kinds):
    best, minima = best_of(setting), local_minima(setting)
    near = Weights(minima.W + 1e-5, minima.b + 1e-5 * setting.bias, None if setting.tied else minima.outward + 1e-5)
    verdicts = compare_all([setting], [near], [best])[0].verdicts
    assert {verdict.kind for verdict in verdicts} == kinds
    assert all((verdict.kind == NAMELESS) == ("unknown-" in verdict.geometry) for verdict in verdicts)
    assert all(verdict.gap > 1e-5 for verdict in verdicts)
    optimal = sum(defined_losses(best.weights, setting)[0])
    for run, verdict in enumerate(verdicts[:2]):
        gap = sum(defined_losses(near[run], setting)[0]) - optimal
        assert verdict.gap == pytest.approx(float(gap), rel=0, abs=verdict.error + best.error)


WEIGHTS = (1, 0.9, 0.8, 0.7)
FALLING, RISING = (Setting(4, 2, 0.3, weights, readout="linear") for weights in (WEIGHTS, WEIGHTS[::-1]))


@pytest.mark.parametrize(
    ("trained_on", "judged_by"),
    [
        (four(), four(values="binary")),
        (four(), four("one-hot")),
        (four(values="binary"), four()),
        (four("correlated"), four("anticorrelated")),
        (four("anticorrelated"), four("correlated")),
        (four("correlated"), four()),
        (four(readout="linear"), four()),
        (four(tied=False), four(values="signed", tied=False)),
        (four(l1=0.05), four("correlated", l1=0.05)),
        (FALLING, RISING),
    ],
)
def test_the_weights_of_another_setting_are_no_optimum(trained_on, judged_by):
    weights = learned(best_of(trained_on).weights, judged_by)
    for verdict in compare_all([judged_by], [weights], [best_of(judged_by)])[0].verdicts:
        assert not verdict.matches
        assert verdict.gap > 1e-3


def test_features_may_not_be_exchanged_across_groups():
    """Two merged pairs of correlated features are the optimum only where the pairs are the groups."""
    setting = four("correlated")
    best = best_of(setting)
    assert best.geometry == "2*merged-2"
    crossed = turned(best.weights, setting, (0, 2, 1, 3))
    verdict = compare_all([setting], [crossed], [best])[0].verdicts[0]
    assert not verdict.matches
    assert verdict.vertex_map is None


def test_the_signs_of_signed_features_are_their_own():
    """Flipping overlaps with signed features changes no loss, so that it changes no verdict either."""
    setting = four("anticorrelated", values="signed")
    runs = [optimum(setting, 24, seed) for seed in range(6)]
    same = [one for one in runs if abs(one.loss - runs[0].loss) < 1e-9]
    assert len({one.geometry for one in same}) > 1
    for one in same:
        verdict = compare_all([setting], [learned(one.weights, setting)], [runs[0]])[0].verdicts[0]
        assert verdict.matches
        assert not verdict.valley


def test_linear_readouts_have_valleys_and_relu_readouts_have_not():
    for setting, valley in ((four(readout="linear"), True), (FALLING, False), (four(), False)):
        best = best_of(setting)
        assert compare_all([setting], [learned(best.weights, setting)], [best])[0].verdicts[0].valley is valley


@pytest.mark.slow
def test_more_features_than_are_enumerated_are_polished_by_the_gradient_alone():
    """Turned and in reverse order, a wide model is the optimum still, and no farther from it."""
    setting = Setting(17, 4, 0.05)
    best = optimum(setting, 4)
    weights = turned(learned(best.weights, setting, models=1), setting, range(16, -1, -1))
    verdict = compare_all([setting], [weights], [best])[0].verdicts[0]
    assert verdict.kind == "optimum"
    assert verdict.vertex_map is not None
    assert verdict.polished_loss == pytest.approx(best.loss, rel=1e-9)
    assert verdict.hessian_min > verdict.hessian_error > 0
    assert verdict.gradient_norm < 1e-10
    assert 0.01 < verdict.moved < 0.1


def test_where_there_is_no_minimum_nothing_is_an_optimum():
    best = best_of(WITHOUT_MINIMUM)
    assert best.hits == 0
    assert best.gradient_norm > 1e-9
    comparison = compare_all([WITHOUT_MINIMUM], [learned(best.weights, WITHOUT_MINIMUM)], [best])[0]
    assert {verdict.kind for verdict in comparison.verdicts} <= {"unconverged", "better"}
    assert any("no critical point" in doubt for doubt in doubts(comparison))


def test_balance_and_asymmetry_know_a_tied_model_in_disguise():
    random = np.random.default_rng(5)
    W, b = random.normal(size=(3, 5)), np.zeros(5)
    turn = random.normal(size=(3, 3))
    disguised = Weights(turn @ W, b, W.T @ np.linalg.inv(turn))
    even = balanced(disguised)
    np.testing.assert_allclose(even.outward @ even.W, W.T @ W, atol=1e-12)
    np.testing.assert_allclose(even.outward, even.W.T, atol=1e-12)
    assert asymmetry(disguised) < 1e-14
    one_sided = Weights(np.eye(2)[:, [0, 1, 1]], b[:3], np.array([[1.0, 0], [0, 1], [0, -1]]))
    assert asymmetry(one_sided) > 0.1
    assert asymmetry(Weights(W, b, -W.T)) == pytest.approx(1.0)
    stretch = np.exp(random.normal(size=3))
    rescaled = Weights(stretch[:, None] * W, b, W.T / stretch)
    assert asymmetry(rescaled, "relu") < 1e-15


def test_polishing_stays_in_the_basin():
    """Long steps would leave a minimum's neighbourhood for a lower one; no polished model gets far."""
    setting = four(tied=False)
    minima = local_minima(setting)
    near = Weights(minima.W + 0.01, minima.b + 0.01, minima.outward + 0.01)
    rest = polish(near, law_of(setting, len(near.b)))
    back = polish(minima, law_of(setting, len(minima.b)))
    np.testing.assert_allclose(rest.loss, back.loss, rtol=1e-9)
    assert rest.moved.max() < 0.2


REPORTED = [
    four("correlated", values="signed", tied=False),
    four(readout="linear", tied=False),
    four("one-hot", values="binary", activation="relu"),
    four(l1=0.05),
]


@pytest.mark.parametrize("setting", REPORTED)
def test_reports_of_other_settings_verify_and_a_changed_weight_does_not(setting):
    best = best_of(setting)
    comparison = compare_all([setting], [learned(best.weights, setting)], [best])[0]
    data = json.loads(json.dumps(comparison_data(comparison, "tegum compare")))
    assert verified_data(data).differences == ()
    names = ("W", "b") if setting.tied else ("W_in", "W_out", "b")
    for name in names[: 1 + (not setting.tied)]:
        changed = json.loads(json.dumps(data))
        changed["runs"][1][name][0][0] += 1e-6
        assert not verified_data(changed).verified
    del data["runs"][0][names[0]]
    with pytest.raises(InputError, match="W or W_in/W_out is missing"):
        verified_data(data)


def test_the_pages_of_an_untied_comparison_are_drawn(tmp_path):
    setting = four("correlated", tied=False)
    best = best_of(setting)
    comparison = compare_all([setting], [learned(best.weights, setting)], [best])[0]
    page = write_comparison_report(comparison, tmp_path, "tegum compare")
    assert best.geometry in page.read_text()
    assert verify(tmp_path / "report.json").verified


def test_a_study_without_candidates_says_so_and_verifies(tmp_path):
    setting = four("independent", tied=False)
    plan = Plan(setting, (Axis("density", (0.3, 0.6)),), Training(runs=1, steps=300, batch_size=64))
    found = study(plan, tmp_path)
    assert found.curves == found.boundaries == ()
    assert any("are left out: tied = False" in doubt for doubt in study_doubts(found))
    assert verified_data(json.loads(json.dumps(study_data(found, "tegum study")))).differences == ()


def test_a_study_of_another_law_has_curves_and_verifies(tmp_path, monkeypatch):
    """Pairs that are never on together are answered without loss: there is no ratio to the best."""
    monkeypatch.setattr("tegum.compare.study._CURVE_POINTS", 3)
    plan = Plan(four("anticorrelated"), (Axis("density", (0.3, 0.4)),), Training(runs=1, steps=300, batch_size=64))
    found = study(plan, tmp_path)
    lowest = min(found.curves, key=lambda curve: curve.losses[0])
    assert lowest.geometry == "2*digon"
    assert all(lowest.stable)
    assert lowest.losses[0] < 1e-15
    assert verified_data(json.loads(json.dumps(study_data(found, "tegum study")))).differences == ()


def test_what_has_no_optimum_or_no_exact_search_is_refused_by_name():
    for change, message in [
        ({"activation": "relu"}, "activation = 'relu' has no exact Hessian"),
        ({"l1": 0.1, "tied": False}, "l1 > 0 with tied = false has no optimum"),
        ({"count": 20, "values": "signed"}, "values = 'signed' is not supported by the search beyond 16 features"),
    ]:
        setting = Setting(**({"count": 4, "hidden": 2, "density": 0.1} | change))
        weights = Weights(np.ones((2, setting.count)), np.zeros(setting.count))
        with pytest.raises(InputError, match=message):
            compare(weights, setting)
