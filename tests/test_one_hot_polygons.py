"""What is claimed of polygons of one-hot features holds by a second route: levels, jumps, stages, coefficients."""

import numpy as np
import pytest

from tegum.papers.chen2023 import courses, notebook
from tegum.papers.chen2023.polygons import named_polygon, one_hot, ring
from tegum.papers.chen2023.quantities import bayesian_crossing, jumps
from tegum.papers.chen2023.sampling import Coefficient, one_hot_losses
from tegum.theory.limits import one_hot_loss
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


@pytest.mark.parametrize(("name", "alive", "on"), [("5", 5, 0), ("5+", 5, 1), ("4++", 4, 2), ("6", 6, 0)])
def test_a_name_says_who_is_alive_and_whose_bias_answers(name, alive, on):
    weights = named_polygon(name, 6, silent=-0.5)
    np.testing.assert_array_equal(np.linalg.norm(weights.W, axis=0) > 0, np.arange(6) < alive)
    assert (weights.b > 0).sum() == on
    assert (weights.b[alive + on :] == -0.5).all()


def test_a_plus_is_the_best_bias_of_a_dead_feature():
    best = population_loss(named_polygon("5+", 6), one_hot(6)).loss
    others = [population_loss(named_polygon("5+", 6, dead=dead), one_hot(6)).loss for dead in (0.08, 0.09)]
    assert min(others) > best


@pytest.mark.parametrize("count", [4, 6, 9])
def test_the_4_gons_curvature_jumps_as_the_lemma_says(count):
    """Past 0, three halves of b² more for each of the c - 2 outputs that a bias of 0 holds just silent."""
    found = jumps(count, "4", [0])
    np.testing.assert_allclose(found.values, [0.0, 2 * (count - 2) / count], atol=found.error)


def test_jumps_are_those_of_differences_of_losses():
    def loss(b):
        moved = named_polygon("4", 6)
        return one_hot_loss(Weights(moved.W, moved.b + b * np.eye(6)[0]))

    sides = [(loss(2 * h) - 2 * loss(h) + loss(0.0)) / h**2 for h in (-1e-3, 1e-3)]
    assert jumps(6, "4", [0]).values[1] == pytest.approx(sides[1] - sides[0], rel=1e-2)


def test_a_dead_bias_of_zero_is_an_edge():
    """On one side the output is 0, on the other the bias: its slope is -2 E x = -1/c."""
    assert jumps(6, "5", [5], silent=0.0).values[0] == pytest.approx(1 / 6, abs=1e-5)
    assert max(jumps(6, "5", [5], silent=-0.01).values) == 0.0


@pytest.mark.parametrize("prior", [True, False])
def test_free_energies_cross_at_the_root(prior):
    found = bayesian_crossing("5", "6", 6, 1.5, prior)
    first, second = (np.array(one) for one in found.details["free energies"].values())
    n = np.array(found.details["samples"])
    np.testing.assert_array_equal(first < second, n < found.value)
    gain = n * found.details["loss"] - 1.5 * np.log(n) - found.details["prior"]
    np.testing.assert_allclose(first - second, gain, rtol=1e-9)


def test_a_loss_belongs_to_the_level_next_to_it():
    heights = np.array(courses._heights())
    np.testing.assert_array_equal(courses._levels(heights + 2e-4, 3e-4), np.arange(6))
    np.testing.assert_array_equal(courses._levels(heights - 4e-4, 3e-4), np.full(6, -1))
    exact = [population_loss(named_polygon(name, 6), one_hot(6)).loss for name in courses._PASSED]
    np.testing.assert_allclose(heights, exact, rtol=1e-12)


def test_coefficients_mirror_the_loss_where_chains_forget_their_start():
    """At few samples λ̂ differs between checkpoints by n β ΔL alone: what is claimed of them is no local property."""
    found = courses.coefficients_on_levels(["4", "4+"], seeds=4, steps=400)
    heights = found.details["n beta L"]
    assert max(found.errors) < 0.25, "the cap on the test's own noise"
    rise = found.values[1] - found.values[0]
    assert rise == pytest.approx(heights["4"] - heights["4+"], abs=sum(found.errors))


def test_the_error_of_a_mean_is_the_larger_of_two():
    def coefficient(error):
        return Coefficient(0.0, error, 0.5, 0.0, 0.0)

    assert courses._mean([1.0, 3.0], [coefficient(0.1)] * 2) == pytest.approx((2.0, 2.0))
    assert courses._mean([2.0, 2.0], [coefficient(0.6)] * 2) == pytest.approx((2.0, 0.6 / np.sqrt(2)))
    assert courses._mean([2.0], [coefficient(0.6)]) == pytest.approx((2.0, 0.6))


def test_a_course_begins_at_the_4_gon():
    points = courses._course(3, 40, 1000, 20)
    assert points.shape == (3, 18)
    start = np.pad(ring(4), ((0, 0), (0, 2))).ravel()
    assert np.abs(points[0, :12] - start).max() < 0.05
    assert one_hot_losses(points)[0][-1] < one_hot_losses(points)[0][0]


def polygon_of_value_one(k, biases, shares):
    """Eight features of value 1, k of them a polygon that answers without loss: l² (1 - cos 2π/k) = 1, b = 1 - l²."""
    square = 1 / (1 - np.cos(2 * np.pi / k))
    W = np.pad(np.sqrt(square) * ring(k), ((0, 0), (0, 8 - k)))
    b = np.concatenate([np.full(k, 1 - square), biases])
    return notebook._Run(W[None], np.maximum(W.T @ W + b[:, None], 0)[None], b[None], shares), Weights(W, b)


@pytest.mark.parametrize(("k", "biases"), [(5, [-1.0, -1.0, 1 / 8]), (6, [1 / 8, 1 / 8]), (8, []), (4, [-1.0] * 4)])
def test_polygons_of_value_one_are_at_their_level(k, biases):
    run, weights = polygon_of_value_one(k, biases, np.full(8, 1 / 8))
    np.testing.assert_array_equal(notebook._vertices(run)[0], np.arange(8) < k)
    assert notebook._at_level(run, 1.0, 1.0).all()
    if k < 8:
        assert not notebook._at_level(run, 1 / 2, 1 / 3).any(), "levels of uniform values are others"
    dropped = sum(7 / 64 if bias > 0 else 1 / 8 for bias in biases)
    setting = Setting(8, 2, law="one-hot", values="binary")
    assert population_loss(weights, setting).loss == pytest.approx(dropped, abs=1e-12)


def test_weights_between_levels_are_at_none():
    run, _ = polygon_of_value_one(5, [-1.0, -1.0, 1 / 4], np.full(8, 1 / 8))
    assert not notebook._at_level(run, 1.0, 1.0).any()


def test_a_run_starts_as_the_notebook_does_and_learns():
    run = notebook._run(1, 200)
    assert run.answers.shape == (101, 8, 8)
    assert run.shares.sum() == pytest.approx(1.0)
    assert np.abs(run.b[0]).max() > 3, "biases begin with a standard deviation of 10"
    losses = notebook._loss(run)
    assert losses[-1] < 1 < losses[0]


def test_a_run_is_shown_by_the_last_of_each_polygon():
    run = notebook._run(1, 1000)
    shown = notebook._shown(run, 50)
    counts = notebook._vertices(run).sum(axis=1)[50:]
    assert [sum(one["vertices"]) for one in shown["polygons"]] == list(dict.fromkeys(counts.tolist()))
    assert shown["polygons"][-1]["step"] == shown["steps"][-1] == 10_000
