"""Candidates beyond the basic setting: what the search finds is among them, and what they say of themselves is so."""

from dataclasses import replace

import numpy as np
import pytest

from tegum.theory.candidates.candidates import candidate, candidates
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.identify import identify
from tegum.theory.loss.law import structure_of
from tegum.theory.loss.marginal import restricted
from tegum.theory.loss.moments import joint_density
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

PAIRS = {"groups": ((0, 1), (2, 3))}
SETTINGS = {
    "one-hot": Setting(5, 2, law="one-hot"),
    "one-hot, unlike": Setting(4, 2, (0.4, 0.2, 0.2, 0.2), law="one-hot"),
    "correlated": Setting(4, 2, 0.3, law="correlated", **PAIRS),
    "anticorrelated": Setting(4, 2, (0.3, 0.3, 0.2, 0.4), law="anticorrelated", **PAIRS),
    "binary": Setting(5, 2, 0.1, values="binary"),
    "binary, one-hot": Setting(5, 2, law="one-hot", values="binary"),
    "signed": Setting(3, 2, 0.2, values="signed", target="abs"),
    "signed, no bias": Setting(3, 2, 0.3, values="signed", bias=False),
    "no bias": Setting(5, 2, 0.1, bias=False),
    "linear": Setting(3, 2, 0.3, (1.0, 0.8, 0.6), readout="linear"),
}
#: Settings in which the search's optimum is a tegum product of catalogue factors.
PRODUCTS = ["one-hot", "correlated", "anticorrelated", "binary", "signed", "no bias"]


@pytest.fixture(scope="module")
def ranked():
    return {kind: candidates(setting) for kind, setting in SETTINGS.items()}


@pytest.mark.parametrize("kind", SETTINGS)
def test_each_has_its_name_and_the_loss_of_its_weights(kind, ranked):
    setting, found = SETTINGS[kind], ranked[kind]
    assert len(found) > 2
    assert [one.loss for one in found] == sorted(one.loss for one in found)
    for one in found:
        assert identify(one.weights.W, tolerance=CRITICAL_TOLERANCE).geometry == one.geometry
        exact = population_loss(one.weights, setting)
        assert abs(exact.loss - one.loss) <= exact.error + 1e-14
        assert one.gradient_norm < 1e-11 or not one.critical
        assert one.stable + one.valley <= one.critical


@pytest.mark.parametrize("kind", SETTINGS)
def test_within_its_factors_nothing_nearby_is_lower(kind, ranked):
    """Changes that leave every factor in its own dimensions and symmetric raise the loss: one scale, one bias."""
    setting, random = SETTINGS[kind], np.random.default_rng(3)
    for one in ranked[kind][:3]:
        for part, place in zip(one.factors, one.features, strict=True):
            for _ in range(4):
                W, b = one.weights.W.copy(), one.weights.b.copy()
                W[:, place] *= 1 + 0.02 * random.normal()
                b[list(place)] += 0.02 * random.normal() * setting.bias
                away = population_loss(Weights(W, b), setting)
                assert away.loss >= one.loss - away.error - 1e-14, (one.geometry, part.factor)


@pytest.mark.parametrize("kind", PRODUCTS)
def test_the_best_is_what_the_search_finds(kind, ranked):
    best, found = ranked[kind][0], optimum(SETTINGS[kind], 32)
    assert best.stable
    assert best.geometry == found.geometry
    assert best.loss == pytest.approx(found.loss, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("kind", SETTINGS)
def test_none_is_better_than_the_search(kind, ranked):
    found = optimum(SETTINGS[kind], 32)
    assert ranked[kind][0].loss >= found.loss - found.error - 1e-12 * abs(found.loss)


def test_a_stable_one_is_lower_than_all_around_it(ranked):
    random = np.random.default_rng(4)
    for kind, setting in SETTINGS.items():
        for one in [one for one in ranked[kind] if one.stable][:2]:
            W = one.weights.W + 1e-3 * random.normal(size=(200, *one.weights.W.shape))
            b = one.weights.b + 1e-3 * random.normal(size=(200, setting.count)) * setting.bias
            around = population_loss(Weights(W, b), setting)
            assert (around.loss > one.loss).all(), (kind, one.geometry)


def test_without_biases_outputs_of_one_factor_may_gain_from_another():
    """And then the product of the two is not critical, though it is with biases."""
    setting = Setting(5, 2, 0.1)
    with_bias, without = (
        candidate("digon + dedicated + 2*dropped", one) for one in (setting, replace(setting, bias=False))
    )
    assert with_bias.critical
    assert not without.critical
    downhill = without.weights.W - 0.1 * population_loss(without.weights, replace(setting, bias=False)).gradient.W
    lower = population_loss(Weights(downhill, without.weights.b), replace(setting, bias=False))
    assert lower.loss < without.loss - lower.error


def test_one_hot_polygons_have_the_levels_in_print(ranked):
    """3 n L = h_5 = 0.23738 (Chen et al. 2023): each of n = 5 features is the one with probability 1/n."""
    assert 3 * 5 * ranked["one-hot"][0].loss == pytest.approx(0.23738, abs=1e-5)


def test_a_silent_output_breaks_at_first_order_if_it_can_gain():
    setting = SETTINGS["no bias"]
    one = candidate("2*digon + dropped", setting)
    assert one.gradient_norm < 1e-11
    assert not one.critical
    W = np.repeat(one.weights.W[None], 2, axis=0)
    W[0, :, one.features[-1][0]] = 1e-4
    W[1, :, one.features[-1][0]] = 2e-4
    gained = one.loss - population_loss(Weights(W, np.zeros((2, 5))), setting).loss
    assert gained[1] == pytest.approx(2 * gained[0], rel=1e-2)
    assert gained[0] > 1e-7


@pytest.mark.parametrize("law", ["independent", "correlated", "anticorrelated", "one-hot"])
def test_the_law_of_some_features_is_their_marginal_one(law):
    groups = ((0, 3, 4), (1, 2)) if law in ("correlated", "anticorrelated") else ()
    density = (0.2, 0.1, 0.1, 0.2, 0.2, 0.2) if law == "correlated" else (0.2, 0.1, 0.1, 0.2, 0.3, 0.1)
    setting = Setting(6, 2, density, law=law, groups=groups)
    whole = joint_density(np.array([setting.density]), structure_of(setting))[0]
    for places in ((4, 1, 0), (5,), (2, 1, 3), (0, 3, 4), (5, 4, 3, 2, 1, 0)):
        part = restricted(structure_of(setting), places, 6)
        given = np.array([[setting.density[i] for i in places]])
        np.testing.assert_allclose(joint_density(given, part)[0], whole[np.ix_(places, places)], rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"tied": False}, "tied = False is not supported by candidates; supported: True"),
        ({"activation": "relu", "values": "binary"}, "activation = 'relu' is not supported by candidates"),
        ({"l1": 0.1, "values": "signed"}, "values = 'signed' is not supported by candidates with l1 > 0"),
    ],
)
def test_models_that_do_not_split_are_refused(change, culprit):
    with pytest.raises(InputError, match=culprit):
        candidates(Setting(3, 2, 0.2, **change))
