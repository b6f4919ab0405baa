"""Dense codes are what they claim to be, and one row of a transitive one stands for all."""

import numpy as np
import pytest

from tegum import Setting, Weights, population_loss
from tegum.theory.codes import (
    fitted_code,
    hadamard_code,
    hadamard_matrix,
    hadamard_order,
    harmonic_code,
    projection_code,
)
from tegum.theory.errors import InputError


@pytest.mark.parametrize("order", [1, 2, 4, 8, 12, 16, 20, 24, 32, 400])
def test_hadamard_matrices_are_orthogonal(order):
    H = hadamard_matrix(order)
    assert np.array_equal(H @ H.T, order * np.eye(order))
    assert set(np.unique(H)) <= {-1.0, 1.0}


def test_orders_are_the_least_constructed():
    assert [hadamard_order(least) for least in (3, 5, 9, 13, 17, 390)] == [4, 8, 12, 16, 20, 400]


@pytest.mark.parametrize(("count", "hidden"), [(12, 4), (15, 5), (40, 6), (16, 7)])
def test_harmonic_codes_are_tight_and_cyclic(count, hidden):
    V = harmonic_code(count, hidden).vectors
    assert V @ V.T == pytest.approx(count / hidden * np.eye(hidden), abs=1e-12)
    G = V.T @ V
    assert np.diagonal(G) == pytest.approx(np.ones(count))
    assert np.roll(G, (1, 1), axis=(0, 1)) == pytest.approx(G, abs=1e-12)


@pytest.mark.parametrize("code", [harmonic_code(10, 4), hadamard_code(8, 3, seed=1), projection_code(9, 3)])
def test_the_loss_is_that_of_all_rows(code):
    hidden, count = code.vectors.shape
    fitted = fitted_code(code, 0.2, most_rows=100)
    weights = Weights(np.sqrt(fitted.gain) * code.vectors, np.full(count, fitted.bias))
    exact = population_loss(weights, Setting(count=count, hidden=hidden, density=0.2), "enumeration")
    assert abs(fitted.loss - exact.loss) <= fitted.error + exact.error
    assert fitted.slope < 1e-7


def test_gain_and_bias_are_optimal():
    code = harmonic_code(14, 4)
    fitted = fitted_code(code, 0.1)
    setting = Setting(count=14, hidden=4, density=0.1)
    for gain, bias in ((1.02, 0.0), (0.98, 0.0), (1.0, 0.01), (1.0, -0.01)):
        weights = Weights(np.sqrt(gain * fitted.gain) * code.vectors, np.full(14, fitted.bias + bias))
        assert population_loss(weights, setting).loss > fitted.loss


def test_bad_sizes_are_refused():
    with pytest.raises(InputError, match="hidden = 9"):
        harmonic_code(8, 9)
    with pytest.raises(InputError, match="hidden = 4"):
        hadamard_code(4, 4)
    with pytest.raises(InputError, match="seed = -1"):
        projection_code(4, 2, seed=-1)
