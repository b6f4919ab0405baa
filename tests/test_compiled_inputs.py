"""The compiled kernel's inputs follow the feature law exactly, whether drawn number by number or by gaps."""

import numpy as np
import pytest
from scipy.stats import kstest

from tegum.empirical.kernels import compiled
from tegum.empirical.kernels.route import route_of
from tegum.empirical.plan import Training
from tegum.empirical.stream import run_key
from tegum.theory.setting import LAWS, Setting

WAYS = {"words": False, "gaps": True}
BATCH, STEPS = 20_000, 10
STANDARD_ERRORS = 4.5  # 7e-6 for each of some hundred deviations
GROUPS = ((0, 3), (1, 4))


@pytest.fixture(params=WAYS)
def drawn(request, monkeypatch):
    """Inputs of one run, [samples, features], drawn in one of the two ways."""
    by_gaps = WAYS[request.param]
    monkeypatch.setattr(compiled, "route", lambda setting, batch: route_of(setting, batch)._replace(by_gaps=by_gaps))

    def draw(setting: Setting, run: int = 0) -> np.ndarray:
        keys = np.array([run_key(setting, run, 0)], dtype=np.uint64)
        training = Training(batch_size=BATCH, device="cpu")
        steps = [compiled.inputs([setting], keys, training, step)[0].T for step in range(STEPS)]
        return np.concatenate(steps).astype(float)

    return draw


def setting_of(law: str, **changes) -> Setting:
    """Six features, two groups of two; the densities of a correlated group are equal."""
    density = {
        "independent": [0.03, 0.2, 0.7, 0.5, 0.1, 0.3],
        "correlated": [0.1, 0.4, 0.7, 0.1, 0.4, 0.02],
        "anticorrelated": [0.1, 0.3, 0.6, 0.4, 0.7, 0.02],
        "one-hot": [0.1, 0.3, 0.25, 0.2, 0.05, 0.1],
    }
    groups = {"groups": GROUPS} if law in ("correlated", "anticorrelated") else {}
    return Setting(count=6, hidden=2, law=law, density=density[law], **groups, **changes)


def joint_probabilities(setting: Setting) -> np.ndarray:
    """P(i and j are on), from the definition of each law."""
    density = np.array(setting.density)
    joint = np.outer(density, density)
    exclusive = {"anticorrelated": setting.groups, "one-hot": (tuple(range(setting.count)),)}.get(setting.law, ())
    together = setting.groups if setting.law == "correlated" else ()
    for groups, value in ((exclusive, np.zeros(6)), (together, density)):
        for group in groups:
            joint[np.ix_(group, group)] = value[list(group)]
    np.fill_diagonal(joint, density)
    return joint


def joint_deviations(x: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Joint frequencies less probabilities, in standard errors; what cannot happen counts in full."""
    on = (x != 0).astype(float)
    found = on.T @ on / len(x)
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / len(x))
    return (found - expected) / error


@pytest.mark.parametrize("law", LAWS)
def test_features_are_on_together_as_the_law_says(drawn, law):
    setting = setting_of(law)
    x, expected = drawn(setting), joint_probabilities(setting)
    assert np.abs(joint_deviations(x, expected)).max() < STANDARD_ERRORS
    # Densities a tenth off are told apart, and so are features that are independent of each other.
    assert np.abs(np.diag(joint_deviations(x, 1.1 * expected))).min() > STANDARD_ERRORS
    if law != "independent":
        independent = np.outer(setting.density, setting.density)
        assert np.abs(joint_deviations(x, independent)[0, 3]) > STANDARD_ERRORS


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("values", "low"), [("uniform", 0.0), ("signed", -1.0)])
def test_magnitudes_are_uniform_and_independent_of_what_else_is_on(drawn, law, values, low):
    x = drawn(setting_of(law, values=values))
    for i in range(6):
        on = x[:, i] != 0
        unit = (x[on, i] - low) / (1 - low)
        assert on.sum() > 3000
        assert kstest(unit, "uniform").pvalue > 1e-4
        assert kstest(unit**1.15, "uniform").pvalue < 1e-4  # a law this near is noticed
        others = np.delete(x[on], i, axis=1)
        varying = others[:, others.std(axis=0) > 0]
        for part in (varying, (varying != 0) @ np.arange(1.0, 1 + varying.shape[1])[:, None]):
            if part.size and (part.std(axis=0) > 0).all():
                assert np.abs(correlations(unit[:, None], part)).max() < STANDARD_ERRORS


def correlations(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Correlations of columns in standard errors; 1/sqrt(samples) where the columns are independent."""
    count = left.shape[1]
    return np.corrcoef(left, right, rowvar=False)[:count, count:] * np.sqrt(len(left))


@pytest.mark.parametrize("apart", [1, 2, 64, 128, 256, 512, BATCH])
def test_inputs_and_steps_are_independent(drawn, apart):
    x = drawn(setting_of("independent"))
    assert np.abs(correlations(x[:-apart], x[apart:])).max() < STANDARD_ERRORS
    some = np.random.default_rng(0).random((len(x), 1)) < 0.05
    copied = np.where(some, np.roll(x, apart, axis=0), x)
    assert np.abs(np.diag(correlations(copied[:-apart], copied[apart:]))).min() > STANDARD_ERRORS


def test_runs_are_independent(drawn):
    setting = setting_of("independent")
    assert np.abs(correlations(drawn(setting), drawn(setting, run=1))).max() < STANDARD_ERRORS


def test_binary_features_are_exactly_one(drawn):
    x = drawn(setting_of("correlated", values="binary"))
    assert set(np.unique(x)) == {0.0, 1.0}


@pytest.mark.parametrize("values", ["uniform", "signed", "binary"])
def test_density_zero_is_never_on_and_density_one_always(drawn, values):
    x = drawn(Setting(count=3, hidden=1, density=[0.0, 1.0, 1e-60], values=values))
    assert np.isfinite(x).all()
    assert (x[:, [0, 2]] == 0).all()
    assert (x[:, 1] != 0).mean() > 1 - 1e-6
    assert (drawn(Setting(count=2, hidden=1, density=0.0, values=values)) == 0).all()


def test_exactly_one_feature_is_on_under_the_one_hot_law(drawn):
    setting = Setting(count=7, hidden=2, law="one-hot", density=[0.0, 0.3, 0.2, 0.0, 0.1, 0.4, 0.0])
    x = drawn(setting)
    assert ((x != 0).sum(axis=1) == 1).all()
    assert (x[:, [0, 3, 6]] == 0).all()


def test_gaps_are_geometric_at_densities_far_below_a_word():
    setting = Setting(count=400, hidden=2, density=1e-5)
    keys = np.array([run_key(setting, 0, 0)], dtype=np.uint64)
    assert compiled.route(setting, BATCH).by_gaps
    on = [compiled.inputs([setting], keys, Training(batch_size=BATCH), step)[0].T.ravel() != 0 for step in range(30)]
    gaps = np.diff(np.flatnonzero(np.concatenate(on)))
    assert len(gaps) == pytest.approx(30 * 400 * BATCH * 1e-5, abs=5 * np.sqrt(2400))
    exponential = -np.expm1(-1e-5 * gaps)
    assert kstest(exponential, "uniform").pvalue > 1e-4
    assert kstest(exponential**1.2, "uniform").pvalue < 1e-4
