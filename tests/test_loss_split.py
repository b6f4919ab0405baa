"""A feature's loss is split so that everything adds up exactly, and shared as Shapley's axioms demand."""

from itertools import permutations

import numpy as np
import pytest
from cases import random_cases

from tegum.theory.diagnostics import loss_split
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import polygon, regular_vectors
from tegum.theory.limits import dropped_loss
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def losses_with(weights, setting, on) -> np.ndarray:
    """ℓ of every feature where only some features can be on."""
    density = tuple(p if i in on else 0.0 for i, p in enumerate(setting.density))
    return population_loss(weights, Setting(setting.count, setting.hidden, density, setting.importance)).per_feature


def shapley(weights, setting) -> np.ndarray:
    """Shares by their definition: the mean over all orders of what each adds when it joins."""
    n, shares = setting.count, np.zeros((setting.count, setting.count))
    for i in range(n):
        orders = list(permutations([j for j in range(n) if j != i]))
        for order in orders:
            on, before = {i}, losses_with(weights, setting, {i})[i]
            for j in order:
                on = on | {j}
                after = losses_with(weights, setting, on)[i]
                shares[i, j] += (after - before) / len(orders)
                before = after
    return shares


def test_everything_adds_up_for_all_kinds_of_weights():
    for label, weights, setting in random_cases(61, 3):
        found, exact = loss_split(weights, setting), population_loss(weights, setting)
        scale = exact.loss + 1e-300
        np.testing.assert_allclose(found.loss, exact.per_feature, rtol=1e-11, atol=1e-13 * scale, err_msg=label)
        for one, other in (
            (found.representation + found.received, found.loss),
            (found.interference.sum(axis=1), found.received),
            (found.interference.sum(axis=0), found.caused),
        ):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * scale, err_msg=label)
        assert (found.error < 1e-10 * scale).all()
        assert found.received.sum() == pytest.approx(found.caused.sum(), rel=0, abs=1e-10 * scale)
        assert (np.diagonal(found.interference) == 0).all()


def test_shares_are_shapley_values_by_their_definition():
    cases = [case for case in random_cases(62, 1, most_features=4) if case[2].count == 4]
    assert cases
    for label, weights, setting in cases:
        expected = shapley(weights, setting)
        np.testing.assert_allclose(
            loss_split(weights, setting).interference, expected, rtol=1e-9, atol=1e-12, err_msg=label
        )


@pytest.mark.parametrize("p", [0.05, 0.4, 1.0])
def test_antipodal_pair_with_fixed_weights_receives_all_of_its_loss(p):
    found = loss_split(Weights(np.array([[1.0, -1.0]]), np.zeros(2)), Setting(2, 1, p))
    np.testing.assert_allclose(found.representation, 0.0, atol=1e-15)
    np.testing.assert_allclose(found.received, p**2 / 6, rtol=1e-13)
    np.testing.assert_allclose(found.caused, p**2 / 6, rtol=1e-13)


def test_monosemantic_weights_have_no_interference():
    W = np.diag([1.0, 0.7, 1.2])
    found = loss_split(Weights(W, np.array([0.0, 0.1, -0.2])), Setting(3, 3, (0.1, 0.5, 0.9), (1.0, 2.0, 0.3)))
    assert (found.interference == 0).all()
    np.testing.assert_array_equal(found.representation, found.loss)
    assert found.representation[0] == pytest.approx(0.0, abs=1e-16)


def test_dropped_features_neither_receive_nor_cause():
    p, W = 0.3, np.array([[1.0, -1.0, 0.0]])
    found = loss_split(Weights(W, np.array([0.0, 0.0, p / 2])), Setting(3, 1, p))
    assert found.representation[2] == pytest.approx(dropped_loss(p), rel=1e-14)
    assert found.received[2] == found.caused[2] == 0.0


def test_symmetric_features_share_alike_and_antipodes_cause_each_others_loss():
    ring = Weights(regular_vectors(polygon(5)), np.full(5, -0.1))
    found = loss_split(ring, Setting(5, 2, 0.2))
    for values in (found.representation, found.received, found.caused):
        np.testing.assert_allclose(values, values[0], rtol=1e-11)
    np.testing.assert_allclose(found.received, found.caused, rtol=1e-11)


def test_invariances_under_permutation_rotation_and_importance():
    random = np.random.default_rng(63)
    W, b, density = random.normal(size=(2, 4)), -0.1 * random.random(4), tuple(random.uniform(0.1, 0.9, 4))
    importance = (1.0, 0.5, 2.0, 1.5)
    one = loss_split(Weights(W, b), Setting(4, 2, density, importance))
    turn, order = np.array([[0.6, -0.8], [0.8, 0.6]]), np.array([2, 0, 3, 1])
    turned = loss_split(Weights(turn @ W, b), Setting(4, 2, density, importance))
    np.testing.assert_allclose(turned.interference, one.interference, rtol=1e-9, atol=1e-13)
    permuted = Setting(4, 2, tuple(np.array(density)[order]), tuple(np.array(importance)[order]))
    moved = loss_split(Weights(W[:, order], b[order]), permuted)
    np.testing.assert_allclose(moved.interference, one.interference[np.ix_(order, order)], rtol=1e-9, atol=1e-14)
    # A share is additive in the losses: the row of a feature scales with its importance, nothing else does.
    heavy = loss_split(Weights(W, b), Setting(4, 2, density, (1.0, 0.5, 6.0, 1.5)))
    np.testing.assert_allclose(heavy.interference, one.interference * [[1], [1], [3], [1]], rtol=1e-12, atol=1e-16)


def test_beyond_enumeration_the_transform_takes_over_and_still_adds_up():
    n, W = 17, np.eye(17)
    W[:, 0] = np.random.default_rng(64).normal(size=n) / 2  # one feature overlaps with all others, they with it only
    setting, weights = Setting(n, n, 0.2), Weights(W, np.full(n, -0.1))
    found = loss_split(weights, setting)
    np.testing.assert_allclose(found.loss, population_loss(weights, setting).per_feature, atol=1e-9)
    np.testing.assert_allclose(found.interference.sum(axis=1), found.received, atol=1e-9)
    assert (found.error < 1e-8).all()


@pytest.mark.parametrize(
    ("weights", "setting", "culprit"),
    [
        (Weights(np.ones((1, 1, 2)), np.zeros((1, 2))), Setting(2, 1, 0.1), "ensemble"),
        (Weights(np.ones((1, 2)), np.zeros(2)), Setting(3, 1, 0.1), "hidden, features"),
        (Weights(np.ones((1, 2)), np.zeros(2)), Setting(2, 1, 0.1, values="signed"), "signed"),
        (Weights(np.ones((1, 80)), np.zeros(80)), Setting(80, 1, 0.1), "79 others"),
    ],
)
def test_what_cannot_be_split_is_refused(weights, setting, culprit):
    with pytest.raises(InputError, match=culprit):
        loss_split(weights, setting)
