"""The integer program of mixtures finds what an exact dynamic program finds, and refuses what cannot be."""

from math import inf

import numpy as np
import pytest

from tegum.theory.mixture.program import least_cost


def by_dynamic_program(costs, takes, dimensions, available, room) -> float:
    """least[n, m]: cost of the best multiset of pieces with n features in at most m dimensions; one class."""
    least = np.full((available + 1, room + 1), inf)
    least[0] = 0.0
    for n in range(1, available + 1):
        for m in range(room + 1):
            for cost, k, d in zip(costs, takes, dimensions, strict=True):
                if k <= n and d <= m:
                    least[n, m] = min(least[n, m], least[n - k, m - d] + cost)
    return float(least[available, room])


@pytest.mark.parametrize("seed", range(40))
def test_the_integer_program_equals_the_dynamic_program(seed):
    random = np.random.default_rng(seed)
    pieces, available, room = int(random.integers(2, 9)), int(random.integers(1, 30)), int(random.integers(0, 10))
    takes = np.concatenate([[1], random.integers(1, 7, pieces)])
    dimensions = np.concatenate([[0], random.integers(1, 5, pieces)])
    costs = np.concatenate([[1.0], takes[1:] * random.uniform(0, 1, pieces)])
    found = least_cost(costs, takes[None], dimensions, np.array([available]), room)
    assert found.gap == 0.0
    assert found.cost == pytest.approx(by_dynamic_program(costs, takes, dimensions, available, room), rel=1e-12)


def test_classes_are_filled_one_by_one():
    takes = np.array([[1, 0, 2, 1], [0, 1, 0, 1]])
    found = least_cost(np.array([1.0, 5.0, 0.5, 0.1]), takes, np.array([0, 0, 1, 1]), np.array([4, 1]), 2)
    assert found.counts.tolist() == [1, 0, 1, 1]


def test_what_cannot_be_filled_is_refused():
    with pytest.raises(ArithmeticError, match="could not be proved"):
        least_cost(np.array([1.0]), np.array([[2]]), np.array([1]), np.array([3]), 5)
