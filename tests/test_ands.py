"""All ANDs are read off one layer with the errors that sets of units give, by enumeration and by their sizes."""

from itertools import combinations

import numpy as np
import pytest

from tegum.papers.haenni2024.ands import errors_by_enumeration, worst_error


def layer(units, features, chance, seed):
    return np.random.default_rng(seed).random((units, features)) < chance


def read_off(heard, ones):
    """The ANDs of all pairs, read off the layer's answer to an input with these features on."""
    x = np.isin(np.arange(heard.shape[1]), ones)
    answers = np.maximum(heard @ x.astype(float) - 1, 0)
    pairs = combinations(range(heard.shape[1]), 2)
    return {(i, j): answers[heard[:, i] & heard[:, j]].mean() for i, j in pairs}


def errors(heard, on):
    """Errors of every AND on every input with so many features on, by how many of the pair are on."""
    found = {0: [], 1: [], 2: []}
    for ones in combinations(range(heard.shape[1]), on):
        for pair, value in read_off(heard, ones).items():
            known = len(set(pair) & set(ones))
            found[known].append(abs(value - (known == 2)))
    return found


@pytest.mark.parametrize("on", [3, 4])
def test_means_are_those_of_one_input_at_a_time(on):
    heard = layer(5000, 6, 0.3, 0)  # more units than one block
    by_hand = [np.mean(errors(heard, on)[case]) for case in (2, 1, 0)]
    np.testing.assert_allclose(errors_by_enumeration(heard, on), by_hand, rtol=1e-5)


@pytest.mark.parametrize("on", [2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_the_worst_error_is_the_largest_of_all(on, seed):
    heard = layer(150, 7, 0.4, seed)
    largest = max(max(map(max, filter(None, errors(heard, k).values()))) for k in range(on + 1))
    assert worst_error(heard, on) == pytest.approx(largest, rel=1e-6)


def test_expected_errors_are_p_twice_p_and_three_p_squared():
    """Of the other feature on, of either of the two others, and E (Bin(3, p) - 1)_+ = 3 p² - p³."""
    p = 0.2
    found = errors_by_enumeration(layer(20_000, 10, p, 1), 3)
    np.testing.assert_allclose(found, [p, 2 * p, 3 * p**2 - p**3], rtol=0.02)


def test_without_a_bias_one_feature_is_taken_for_two():
    found = errors_by_enumeration(layer(20_000, 10, 0.2, 1), 3, threshold=0.0)
    assert found[1] > 1


def test_a_pair_that_no_unit_hears_is_no_and():
    heard = layer(200, 6, 0.5, 0)
    heard[:, 1] &= ~heard[:, 0]
    assert worst_error(heard, 2) == np.inf


def test_units_of_their_own_make_no_error():
    pairs = list(combinations(range(6), 2))
    own = np.array([np.isin(np.arange(6), pair) for pair in pairs])
    assert worst_error(own, 5) == 0.0
    np.testing.assert_array_equal(errors_by_enumeration(own, 3), 0.0)
