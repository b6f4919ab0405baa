"""Ball arithmetic for every feature law: rows hold the exact ones, certificates and boundaries what doubles find."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from definition import defined_losses, random_setting, random_weights
from flint import arb, ctx, fmpq

from tegum.theory.balls.critical import enclosed_factor
from tegum.theory.balls.numbers import ball_law
from tegum.theory.balls.rows import ball_row
from tegum.theory.candidates.candidates import assembled, fitted
from tegum.theory.certify import certified_loss, certify
from tegum.theory.errors import InputError
from tegum.theory.loss.objective import overlaps
from tegum.theory.loss.population import population_loss
from tegum.theory.phases import boundary
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting, with_axis

VALUES, LAWS = ("uniform", "signed", "binary"), ("independent", "correlated", "anticorrelated", "one-hot")
PAIRS = ((0, 1), (2, 3))


def plain_setting(random, features, **kind) -> Setting:
    return replace(random_setting(random, features, **kind), l1=0.0)


def rows_of(weights, setting, order=1):
    G, b = overlaps(weights.W[None])[0], weights.b
    return [
        ball_row(i, [arb(x) for x in G[i].tolist()], arb(float(b[i])), ball_law(setting), order)
        for i in range(setting.count)
    ]


@pytest.mark.parametrize("target", ["identity", "abs"])
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("law", LAWS)
def test_rows_hold_the_loss_by_its_definition_and_the_derivatives_of_doubles(values, law, target):
    random = np.random.default_rng([VALUES.index(values), LAWS.index(law), len(target)])
    for tiny in (False, True):
        setting = plain_setting(random, 3 if values == "signed" else 4, values=values, law=law, target=target)
        weights = random_weights(random, setting, tiny=tiny)
        found = population_loss(weights, setting, order=2)
        with ctx.workprec(300):
            rows = rows_of(weights, setting, 2)
        losses, _ = defined_losses(weights, setting)
        for i, row in enumerate(rows):
            assert row.loss.rad() < 1e-60
            assert abs(float(row.loss.mid()) - found.per_feature[i]) <= found.error
            # Overlaps are rounded products: the definition's own are those of the weights.
            assert abs(Fraction(float(row.loss.mid())) - losses[i]) <= 1e-13
        by_weight = np.array([[float(x.mid()) for x in row.gradient] for row in rows])
        D = by_weight[:, :-1]
        assert np.abs(weights.W @ (D + D.T) - found.gradient.W).max() <= found.gradient_error + 1e-15
        assert np.abs(by_weight[:, -1] - found.gradient.b).max() <= found.gradient_error + 1e-15


@pytest.mark.parametrize("values", VALUES)
def test_second_derivatives_are_difference_quotients(values):
    random = np.random.default_rng(5)
    for law in LAWS:
        setting = plain_setting(random, 3, values=values, law=law, target="abs")
        G, b = random.normal(size=3), float(random.normal() / 3)
        with ctx.workprec(400):
            step = arb(10) ** -30
            place = [arb(float(x)) for x in G] + [arb(b)]
            exact = ball_row(1, place[:3], place[3], ball_law(setting)).hessian
            for k in range(4):
                moved = [[x + sign * step * (k == j) for j, x in enumerate(place)] for sign in (1, -1)]
                up, down = (ball_row(1, one[:3], one[3], ball_law(setting), 1).gradient for one in moved)
                for n in range(4):
                    quotient = (up[n] - down[n]) / (2 * step)
                    assert abs(float((quotient - exact[k][n]).mid())) < 1e-25, (law, k, n)


@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_overlaps_that_may_vanish_are_held_whatever_they_are(values):
    random = np.random.default_rng(6)
    for law in LAWS:
        setting = plain_setting(random, 3, values=values, law=law)
        wide = [arb(0.7, 1e-9), arb(0, 1e-9), arb(0, 1e-9)]
        held = ball_row(0, wide, arb(-0.1, 1e-9), ball_law(setting), 1)
        for _ in range(5):
            inside = [arb(float(x)) for x in np.array([0.7, 0, 0]) + random.uniform(-1e-9, 1e-9, 3)]
            row = ball_row(0, inside, arb(-0.1), ball_law(setting), 1)
            assert held.loss.contains(row.loss)
            assert all(one.contains(other) for one, other in zip(held.gradient, row.gradient, strict=True))


@pytest.mark.parametrize(
    "setting",
    [
        Setting(5, 2, law="one-hot"),
        Setting(5, 2, 0.1, values="binary"),
        Setting(4, 2, 0.3, law="anticorrelated", groups=((0, 1, 2),)),
        Setting(4, 2, 0.2, values="signed"),
    ],
    ids=lambda one: f"{one.law} {one.values}",
)
def test_optima_are_certified_as_minima(setting):
    found = optimum(setting, 32)
    proof = certify(found, setting, 20)
    assert proof.kind == "minimum"
    assert (proof.positive, proof.negative, proof.zero) == (setting.count * 3 - 1, 0, 1)
    assert proof.lower - found.error <= found.loss <= proof.upper + found.error
    assert proof.gradient < 1e-15


BOUNDARIES = [
    (Setting(5, 2, 0.1, values="binary"), ("pentagon", "2*digon + dropped"), "density", 0.1, 0.4),
    (Setting(4, 2, 0.3, law="correlated", groups=PAIRS), ("2*digon", "2*merged-2"), "density", 0.1, 0.9),
    (Setting(3, 2, 0.1, values="signed", target="abs"), ("triangle", "2*dedicated + dropped"), "density", 0.05, 0.4),
    pytest.param(
        Setting(5, 2, law="one-hot"),
        ("2*digon + dropped", "pentagon"),
        "importance[4]",
        0.01,
        0.9,
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize(("setting", "between", "over", "start", "stop"), BOUNDARIES)
def test_boundaries_are_where_the_weights_losses_cross(setting, between, over, start, stop):
    found = boundary(setting, between, over, start, stop, 20)
    assert (found.below, found.above) == between
    assert 0 < found.upper - found.lower <= 4e-16
    for value, side in ((found.value - 1e-5, -1), (found.value, 0), (found.value + 1e-5, 1)):
        at = with_axis(setting, over, value)
        one, other = (population_loss(assembled(fitted(name, at), at), at) for name in between)
        noise = one.error + other.error + 1e-14
        assert (one.loss - other.loss) * side > noise if side else abs(one.loss - other.loss) <= noise


def test_features_never_on_together_are_answered_without_loss_if_none_points_their_way():
    setting = Setting(4, 2, (0.3, 0.1, 0.2, 0.1), law="anticorrelated", groups=((0, 1, 2),))
    for name, place in (("digon + 2*dropped", (0, 2)), ("triangle + dropped", (0, 1, 2))):
        fit = fitted(name, setting)
        part = fit.factors[0]
        assert fit.features[0] == place
        with ctx.workprec(200):
            exact = enclosed_factor(part, ball_law(setting).of(place), 100)
        assert exact.loss.is_zero()
        assert abs(part.loss) < 1e-15
    acute = Setting(5, 2, law="one-hot")
    with ctx.workprec(200):
        assert certified_loss(fitted("pentagon", acute), ball_law(acute), arb(2) ** -100) > 0.01


def test_features_always_on_together_are_answered_by_their_mean():
    setting = Setting(3, 1, 0.3, law="correlated", groups=((0, 1, 2),))
    fit = fitted("merged-3", setting)
    with ctx.workprec(200):
        exact = certified_loss(fit, ball_law(setting), arb(2) ** -100)
        assert exact.contains(arb(0.3) * (1 - arb(1) / 3) / 4)
    assert fit.loss == pytest.approx(0.3 * 3 * (1 / 12) * (2 / 3), rel=1e-12)
    assert exact.overlaps(arb(fmpq(3, 10)) * fmpq(1, 6)) or abs(float(exact) - 0.05) < 1e-16


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"bias": False}, "bias = False"),
        ({"readout": "linear"}, "readout = 'linear'"),
        ({"tied": False}, "tied = False"),
    ],
)
def test_what_balls_do_not_take_is_refused(change, culprit):
    setting = Setting(3, 2, 0.3, **change)
    with pytest.raises(InputError, match=f"{culprit} is not supported by a boundary"):
        boundary(setting, ("triangle", "digon + dedicated"), "density", 0.1, 0.9)
    with pytest.raises(InputError, match=f"{culprit} is not supported by a certificate"):
        certify(random_weights(np.random.default_rng(0), setting), setting)
