"""Geometries under an L1 term: limits, slopes, the rotation the term prefers, and proved crossings over it."""

import numpy as np
import pytest
from flint import arb, ctx

from tegum.theory.balls.numbers import ball_law
from tegum.theory.balls.penalised import penalised_loss
from tegum.theory.candidates.candidates import candidate, candidates, fitted
from tegum.theory.errors import InputError
from tegum.theory.loss.law import law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.phases import boundary
from tegum.theory.search.descent import descend
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis
from tegum.theory.weights import Weights

PENTAGON_TO_PAIRS = ("pentagon", "2*digon + dropped")
FIVE = Setting(5, 2, 0.1)
ALIKE_AND_UNLIKE = [
    ("pentagon", FIVE),
    ("2*digon + dropped", FIVE),
    ("2*dedicated + 3*dropped", FIVE),
    ("digon", Setting(2, 1, 0.1, (1.0, 0.9))),
]


@pytest.mark.parametrize(("geometry", "setting"), ALIKE_AND_UNLIKE)
def test_without_the_term_the_loss_is_the_plain_fits(geometry, setting):
    """L*(λ) = L* + λ min over rotations of E‖h‖₁ + O(λ²) (of rotations, since all have the same plain loss)."""
    plain = fitted(geometry, setting).loss
    once, twice = (candidate(geometry, with_axis(setting, "l1", l1)).loss for l1 in (1e-4, 2e-4))
    assert once > plain
    assert 2 * once - twice == pytest.approx(plain, abs=1e-8)


@pytest.mark.parametrize(("geometry", "setting"), ALIKE_AND_UNLIKE)
def test_the_loss_grows_with_the_term_as_fast_as_the_mean_size_of_the_hidden_layer(geometry, setting):
    """dL*/dλ = E‖h‖₁: the weights are at rest, so that only the term's own factor counts."""
    step, l1 = 1e-5, 0.05
    low, here, high = (candidate(geometry, with_axis(setting, "l1", x)) for x in (l1 - step, l1, l1 + step))
    slope = (high.loss - low.loss) / (2 * step)
    draw = np.random.default_rng(0)
    x = draw.random((400_000, setting.count)) * (draw.random((400_000, setting.count)) < np.array(setting.density))
    size = np.abs(x @ here.weights.W.T).sum(axis=1)
    assert slope == pytest.approx(size.mean(), abs=5 * size.std() / np.sqrt(size.size))
    exact = [population_loss(here.weights, with_axis(setting, "l1", one)).loss for one in (0.0, l1)]
    assert slope == pytest.approx((exact[1] - exact[0]) / l1, rel=1e-7)


def test_the_term_turns_the_pentagon_and_a_turned_one_held_there_is_worse():
    setting = with_axis(FIVE, "l1", 0.05)
    best = candidate("pentagon", setting)
    assert (best.weights.W == 0.0).sum() == 1
    assert best.stable
    assert best.loss == pytest.approx(optimum(setting, 16).loss, rel=1e-9)
    angles = np.linspace(0.02, np.pi / 2, 40)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    same = population_loss(Weights(turns @ best.weights.W, np.tile(best.weights.b, (40, 1))), setting).loss
    quarter = 39  # a quarter turn exchanges the two hidden units
    assert same[quarter] == pytest.approx(best.loss, rel=1e-12)
    assert (same[:quarter] > best.loss * (1 + 1e-6)).all()


@pytest.mark.parametrize("geometry", PENTAGON_TO_PAIRS)
def test_the_enclosed_loss_is_the_exact_loss_at_rest_and_below_it_around(geometry):
    setting = with_axis(FIVE, "l1", 0.08)
    found = candidate(geometry, setting).weights
    with ctx.workprec(220):
        ball = penalised_loss(found.W, found.b, ball_law(setting), arb(setting.l1), 120)
        assert ball.rad() < arb(10) ** -30
        exact = population_loss(found, setting)
        assert abs(float(ball.mid()) - exact.loss) <= exact.error + 1e-15
    free = found.W != 0.0
    draw = np.random.default_rng(3)
    W = found.W + 1e-3 * draw.normal(size=(200, *found.W.shape)) * free
    around = population_loss(Weights(W, found.b + 1e-3 * draw.normal(size=(200, 5))), setting)
    assert (around.loss > float(ball.mid())).all()


def test_weights_that_do_not_rest_at_zero_are_not_proved():
    setting = with_axis(FIVE, "l1", 0.05)
    found = candidate("pentagon", setting).weights
    W = found.W.copy()
    W[np.unravel_index(np.abs(np.where(W == 0.0, 9.0, W)).argmin(), W.shape)] = 0.0  # one that is free
    rest = descend(W[None], found.b[None], law_of(setting))
    assert rest.converged[0]
    with ctx.workprec(160), pytest.raises(ArithmeticError, match="not proved to rest at zero"):
        penalised_loss(rest.W[0], rest.b[0], ball_law(setting), arb(setting.l1), 60)


@pytest.fixture(scope="module")
def crossing():
    return boundary(FIVE, PENTAGON_TO_PAIRS, "l1", 0.0, 0.2)


def test_the_optimum_changes_where_the_losses_cross(crossing):
    assert (crossing.below, crossing.above, crossing.order) == (*PENTAGON_TO_PAIRS, 1)
    assert crossing.lower <= crossing.value <= crossing.upper
    assert crossing.upper - crossing.lower < 1e-15
    for factor, geometry in zip((0.97, 1.03), PENTAGON_TO_PAIRS, strict=True):
        assert optimum(with_axis(FIVE, "l1", factor * crossing.value), 16).geometry == geometry


def test_the_crossing_is_where_the_losses_of_the_candidates_cross(crossing):
    """λ grown from zero for each value by itself, losses by the general routine."""
    sides = []
    for l1 in (crossing.value - 1e-9, crossing.value + 1e-9):
        setting = with_axis(FIVE, "l1", l1)
        first, second = (population_loss(candidate(one, setting).weights, setting) for one in PENTAGON_TO_PAIRS)
        assert abs(first.loss - second.loss) > first.error + second.error
        sides.append(first.loss < second.loss)
    assert sides == [True, False]


def test_the_boundary_over_density_under_the_term_meets_the_one_over_the_term():
    unlike, between = Setting(2, 1, 0.1, (1.0, 0.4)), ("digon", "dedicated + dropped")
    over_term = boundary(unlike, between, "l1", 0.0, 0.3, digits=12)
    over_density = boundary(with_axis(unlike, "l1", over_term.value), between, "density", 0.05, 0.15, digits=12)
    assert over_density.value == pytest.approx(0.1, rel=1e-10)
    assert (over_term.below, over_term.above) == (over_density.below, over_density.above) == between


def test_candidates_under_the_term_are_at_rest_and_the_best_is_the_optimum():
    setting = with_axis(FIVE, "l1", 0.12)
    found = candidates(setting)
    assert [one.loss for one in found] == sorted(one.loss for one in found)
    assert {"pentagon", "2*digon + dropped", "2*dedicated + 3*dropped", "5*dropped"} <= {one.geometry for one in found}
    for one in found:
        exact = population_loss(one.weights, setting)
        assert one.loss == pytest.approx(exact.loss, rel=1e-12)
        assert sorted(feature for place in one.features for feature in place) == list(range(5))
        assert one.gradient_norm < 1e-12
    assert found[0].loss == pytest.approx(optimum(setting, 32).loss, rel=1e-9)
    assert candidate("pentagon", with_axis(FIVE, "l1", 3.0)) is None  # such a term leaves no weights


def test_a_dedicated_feature_shrinks_as_by_hand():
    """One feature: L(w, b) by moments at b > 0, (w² - 1) x + b everywhere active; λ E|h| = λ w p/2."""
    p, l1 = 0.3, 0.05
    found = candidate("dedicated", Setting(1, 1, p, l1=l1))
    # With b = (1 - w²) p/2 the loss is (1 - w²)² V + λ w p/2, V the variance p/3 - p²/4.
    V, w = p / 3 - p**2 / 4, abs(float(found.weights.W[0, 0]))
    assert 4 * V * w * (1 - w**2) == pytest.approx(l1 * p / 2, rel=1e-12)
    assert found.weights.b[0] == pytest.approx((1 - w**2) * p / 2, rel=1e-12)
    assert found.loss == pytest.approx((1 - w**2) ** 2 * V + l1 * w * p / 2, rel=1e-13)


@pytest.mark.parametrize(
    ("setting", "between", "over", "start", "stop", "culprit"),
    [
        (FIVE, PENTAGON_TO_PAIRS, "l1", 0.0, 0.05, "no crossing"),
        (FIVE, PENTAGON_TO_PAIRS, "l1", -0.1, 0.05, "l1 = -0.1"),
        (FIVE, PENTAGON_TO_PAIRS, "l1", 2.0, 4.0, "do not exist side by side"),
        (FIVE, ("pentagon", "hexagon"), "l1", 0.0, 0.2, "hexagon"),
        (Setting(5, 2, 0.1, values="signed", l1=0.1), PENTAGON_TO_PAIRS, "l1", 0.05, 0.2, "signed"),
        (Setting(5, 2, 0.1, tied=False, l1=0.1), PENTAGON_TO_PAIRS, "density", 0.1, 0.2, "tied"),
    ],
)
def test_bad_questions_are_refused_in_one_line(setting, between, over, start, stop, culprit):
    with pytest.raises(InputError, match=culprit) as refusal:
        boundary(setting, between, over, start, stop)
    assert "\n" not in str(refusal.value)
