"""What the chapter is checked with: directions around a circle, states, polygons, and the widest packings."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from tegum.papers.tsugrii2025.angles import WIDEST_ON_SPHERE, around_circle, bend, neighbour_gaps
from tegum.papers.tsugrii2025.descent import since
from tegum.papers.tsugrii2025.occasions import occasions
from tegum.papers.tsugrii2025.patterns import answer, in_order
from tegum.papers.tsugrii2025.slider import neighbour_angles, polygons
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def circle(*degrees):
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


def turned(W, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]]) @ W


def binary(count, density, hidden=2):
    return Setting(count, hidden, density, values="binary")


def widest(count, starts=12):
    """Least angle of points on the sphere, made as large as it can be: min c with u_i · u_j <= c."""
    pairs = np.array(list(combinations(range(count), 2))).T

    def slack(theta):
        unit = theta[:-1].reshape(count, 3)
        return theta[-1] - (unit[pairs[0]] * unit[pairs[1]]).sum(axis=1)

    rules = [
        {"type": "ineq", "fun": slack},
        {"type": "eq", "fun": lambda theta: (theta[:-1].reshape(count, 3) ** 2).sum(axis=1) - 1},
    ]
    random, least = np.random.default_rng(0), 1.0
    for _ in range(starts):
        unit = random.normal(size=(count, 3))
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        found = minimize(lambda theta: theta[-1], [*unit.ravel(), 1.0], method="SLSQP", constraints=rules)
        least = min(least, found.x[-1]) if found.success else least
    return np.degrees(np.arccos(least))


@pytest.mark.parametrize(("count", "known"), WIDEST_ON_SPHERE.items())
def test_known_packings_are_the_widest(count, known):
    assert widest(count) == pytest.approx(known, abs=1e-3)


def test_gaps_go_once_around_and_do_not_see_turns_or_lengths():
    W = circle(10.0, 100.0, 130.0, 300.0) * [0.5, 1.0, 2.0, 3.0]
    assert neighbour_gaps(W) == pytest.approx([90.0, 30.0, 170.0, 70.0])
    assert sorted(neighbour_gaps(turned(W[:, ::-1], 77.0))) == pytest.approx([30.0, 70.0, 90.0, 170.0])
    assert bend(W) == pytest.approx(80.0)
    assert bend(np.stack([turned(circle(0, 72, 144, 216, 288), 5.0), circle(0, 70, 144, 216, 288)])) == pytest.approx(
        [0.0, 2.0], abs=1e-9
    )


def test_features_are_met_around_the_circle():
    W = circle(200.0, 20.0, 110.0, 290.0)
    assert around_circle(W) == [1, 2, 0, 3]
    ordered = in_order(Weights(W, np.arange(4.0)))
    assert ordered.b.tolist() == [1.0, 2.0, 0.0, 3.0]
    assert neighbour_gaps(ordered.W) == pytest.approx(90.0)


@pytest.mark.parametrize(("active", "cosines"), [([0], [0]), ([0, 1], [0, 1]), ([0, 2], [0, 2])])
def test_a_pentagon_answers_as_its_angles_say(active, cosines):
    g, b = 1.4, -0.4
    model = Weights(np.sqrt(g) * circle(*72 * np.arange(5.0)), np.full(5, b))
    reached = sum(np.cos(np.radians(72 * (np.arange(5) - i))) for i in active)
    assert answer(model, binary(5, 0.1), active) == pytest.approx(np.maximum(g * reached + b, 0.0))


@pytest.mark.parametrize("density", [0.05, 0.3])
def test_the_loss_is_that_of_all_occasions_and_of_the_dropped_features(density):
    setting = binary(5, density)
    best = optimum(setting, 16).weights
    seen = occasions(best, setting)
    dropped = setting.count - seen.errors.shape[1]
    assert seen.probability.sum() == pytest.approx(1.0)
    together = float(seen.probability @ seen.losses) + dropped * density * (1 - density)
    assert together == pytest.approx(population_loss(best, setting).loss, rel=1e-9)
    assert seen.on.max() == seen.errors.shape[1]


def test_polygons_are_of_every_size_and_regular():
    starts = polygons(binary(6, 0.1))
    sizes = [int((np.linalg.norm(W, axis=0) > 0).sum()) for W in starts.W]
    assert sizes == [3, 4, 5, 6]
    assert [float(bend(W[:, :k])) for k, W in zip(sizes, starts.W, strict=True)] == pytest.approx([0.0] * 4, abs=1e-9)


def test_one_more_feature_costs_no_more_than_to_drop_it():
    density, counts = 0.15, [4, 5, 6, 7]
    found = neighbour_angles(binary(5, density), counts, starts=2).details["optima"]
    losses = [one["loss"] for one in found]
    assert np.all(np.diff(losses) <= density * (1 - density) + 1e-9)
    assert np.all(np.diff(losses) > 0)


def test_since_when_a_run_has_settled():
    true = np.array([[0, 1, 1, 0], [1, 1, 0, 1], [1, 1, 1, 0]], dtype=bool)
    assert since(true).tolist() == [1, 0, 2, 3]
