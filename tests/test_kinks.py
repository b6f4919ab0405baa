"""Dedicated features: minimum or saddle on the kink of zero bias, one side at a time, and where that changes."""

import numpy as np
import pytest
from flint import arb, ctx
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

from tegum.theory.balls.critical import enclosed_fit
from tegum.theory.balls.kink import kinks
from tegum.theory.balls.numbers import ball_law
from tegum.theory.candidates.candidates import candidate, candidates
from tegum.theory.certify import certify
from tegum.theory.loss.population import population_loss
from tegum.theory.setting import Setting, with_axis
from tegum.theory.stability.branch import Branch
from tegum.theory.stability.broken import broken_optimum
from tegum.theory.stability.limit import limit_between
from tegum.theory.weights import Weights

#: A dedicated and a dropped feature of importances 1 and 0.4, over the density.
LEANING = Branch("dedicated + dropped", Setting(2, 1, 0.5, (1.0, 0.4)), "density")


@pytest.mark.parametrize(
    ("geometry", "setting"),
    [
        ("dedicated + dropped", Setting(2, 1, 0.3, (1.0, 0.4))),
        ("digon + dedicated", Setting(3, 2, 0.55)),
        ("triangle + dedicated", Setting(4, 3, 0.2, (1.0, 0.5, 0.5, 0.5))),
        ("digon + dedicated + dropped", Setting(4, 2, 0.4)),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_second_order_loss_is_what_second_differences_of_the_enumerated_loss_are(geometry, setting):
    """Random overlaps and mean output; the feature's norm and the other biases answer as the form says they do."""
    found = candidate(geometry, setting)
    W, b = found.weights.W, found.weights.b
    with ctx.workprec(128):
        kink = kinks(enclosed_fit(found, ball_law(setting), setting.hidden, 60), ball_law(setting))[0]
    others = [j for j in range(setting.count) if j != kink.feature]
    axis, density, random = W[:, kink.feature], np.array(setting.density), np.random.default_rng(0)
    for _ in range(4):
        c, y = random.normal(), random.normal(size=len(others))
        away_W, away_b = np.zeros_like(W), np.zeros_like(b)
        away_W[:, others], away_b[others] = np.outer(axis, y), -y * density[kink.feature] / 2
        away_W[:, kink.feature], away_b[kink.feature] = -0.75 * c * axis, c - y @ density[others] / 2
        step = 1e-4
        ends = [float(population_loss(Weights(W + s * away_W, b + s * away_b), setting).loss) for s in (0.0, step)]
        expected = float(kink.value([arb(c), *(arb(x) for x in y)]))
        assert (ends[1] - ends[0]) / step**2 == pytest.approx(expected, abs=2e-3 * max(1.0, abs(expected)))


def test_the_two_sides_of_a_kink_are_the_least_values_there():
    setting = Setting(3, 2, 0.56)
    found = candidate("digon + dedicated", setting)
    with ctx.workprec(128):
        (kink,) = kinks(enclosed_fit(found, ball_law(setting), 2, 60), ball_law(setting))
        leans, decisive = kink.leans()
        assert decisive
        assert kink.sign == -1
        random = np.random.default_rng(1)
        for lean in leans:
            for _ in range(5):
                across = float(random.normal()) * np.array([1.0, -1.0])
                y = [x + arb(float(d)) for x, d in zip(lean.y, across, strict=True)]
                assert kink.value([lean.c + arb(float(random.normal())), *y]) > lean.value
            assert kink.value([lean.c, *lean.y]) - lean.value < 1e-20


@pytest.mark.parametrize("setting", [Setting(3, 2, 0.5), Setting(4, 2, 0.5, (1.0, 0.8, 0.3, 0.2))], ids=["like", "un"])
def test_every_geometry_with_dedicated_features_gets_the_verdict_of_its_curvatures(setting):
    verdicts = set()
    for density in (0.1, 0.35, 0.7, 0.9):
        at = with_axis(setting, "density", density)
        for one in candidates(at):
            if "dedicated" in one.geometry:
                kind = certify(one, at).kind
                assert kind == ("minimum" if one.hessian_min > 0 else "saddle"), (one.geometry, density)
                verdicts.add(kind)
    assert verdicts == {"minimum", "saddle"}


def test_digits_of_a_one_sided_limit_by_quadrature():
    """The dropped feature leans away, y = -1: T + min over c of p c²/4 + (1 - p) E(c - x + p/2)_+² = 0."""
    found = limit_between(LEANING, 0.35, 0.39, digits=20)

    def least(p):
        spread = p / 3 - p**2 / 4

        def cost(c):
            on = quad(lambda x: max(c - x + p / 2, 0.0) ** 2, 0, 1, points=[min(max(c + p / 2, 0.0), 1.0)])[0]
            return p * c**2 / 4 + (1 - p) * (p * on + (1 - p) * max(c + p / 2, 0.0) ** 2)

        return (
            spread * (p - 0.4) + minimize_scalar(cost, bounds=(-1, 1), method="bounded", options={"xatol": 1e-12}).fun
        )

    assert brentq(least, 0.35, 0.39, xtol=1e-12) == pytest.approx(found.value, abs=1e-9)
    assert (found.kind, found.stable) == ("one-sided", "above")
    assert broken_optimum(found, LEANING.setting).confirmed


def test_a_second_dedicated_feature_does_not_move_the_limit():
    """Between dedicated features nothing is shared that could lower the loss."""
    beside = Branch("2*dedicated + dropped", Setting(3, 2, 0.5, (1.0, 1.0, 0.4)), "density")
    alone, both = (limit_between(branch, 0.35, 0.39, digits=18) for branch in (LEANING, beside))
    assert alone.decimal == both.decimal


def test_what_breaks_beside_a_dedicated_feature_breaks_where_it_does_alone():
    alone = Branch("digon + dropped", Setting(3, 1, 0.5), "density")
    beside = Branch("digon + dedicated", Setting(3, 2, 0.5, (9.0, 1.0, 1.0)), "density")
    limits = [limit_between(branch, 0.7, 0.725, digits=15) for branch in (alone, beside)]
    assert limits[0].decimal == limits[1].decimal
    assert limits[1].kind == "continuous"


def test_nothing_is_confirmed_on_the_stable_side_of_a_kink():
    limit = limit_between(LEANING, 0.35, 0.39, digits=15)
    wrong = type(limit)(**{**vars(limit), "stable": "below", "value": 0.5})
    assert not broken_optimum(wrong, LEANING.setting).confirmed
