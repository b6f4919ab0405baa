"""Boundaries: proved digits, independent routes to the same crossing, and limits of fixed ansatz known in print."""

from fractions import Fraction

import numpy as np
import pytest
from cases import exact_loss
from flint import arb, ctx

from tegum.theory.candidates.candidates import candidate
from tegum.theory.certify import BallLaw, certified_loss
from tegum.theory.errors import InputError
from tegum.theory.phases import _bracket, _Pair, _PlainBranch, boundary
from tegum.theory.setting import Setting

PENTAGON_TO_PAIRS = ("pentagon", "2*digon + dropped")


def test_pentagon_to_pairs_has_proved_digits_inside_its_enclosure():
    found = boundary(Setting(5, 2, 0.1), PENTAGON_TO_PAIRS, "density", 0.1, 0.4)
    assert found.lower <= found.value <= found.upper
    assert found.upper - found.lower < 1e-15
    assert (found.below, found.above, found.order) == (*PENTAGON_TO_PAIRS, 1)
    more = boundary(Setting(5, 2, 0.1), PENTAGON_TO_PAIRS, "density", 0.2, 0.3, digits=40)
    assert more.decimal.startswith("0.22487544936365838780")
    assert Fraction(found.lower) <= Fraction(more.decimal) <= Fraction(found.upper)


def test_the_crossing_is_where_scipy_puts_it_on_losses_minimised_by_scipy():
    """An independent route: two scalars minimised by SciPy, the crossing bracketed on those losses."""
    from scipy.optimize import brentq, minimize

    from tegum.theory.loss.population import population_loss
    from tegum.theory.weights import Weights

    angle = 2 * np.pi * np.arange(5) / 5
    ring = np.array([np.cos(angle), np.sin(angle)])

    def fitted(p, directions):
        def loss(theta):
            setting = Setting(directions.shape[1], directions.shape[0], p)
            return population_loss(Weights(theta[0] * directions, np.full(len(directions.T), theta[1])), setting).loss

        return minimize(loss, [1.0, -0.1], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15}).fun

    def difference(p):
        return fitted(p, ring) - 2 * fitted(p, np.array([[1.0, -1.0]])) - (p / 3 - p**2 / 4)

    assert brentq(difference, 0.2, 0.25, xtol=1e-10) == pytest.approx(0.2248754493636584, abs=1e-8)


def test_certified_loss_encloses_exact_rational_losses_nearby():
    """L* lies below the exact loss of any weights of its type, and within the enclosure of those at the optimum."""
    setting = Setting(2, 1, 0.3)
    found = candidate("digon", setting)
    p = Fraction(0.3)
    g, b = Fraction(float(found.weights.W[0, 0] ** 2)), Fraction(float(found.weights.b[0]))
    above = 2 * exact_loss([g, -g], b, [p, p], 1, 0)
    with ctx.workprec(400):
        ball = certified_loss(found, BallLaw([arb(0.3)] * 2, [arb(1)] * 2), arb(10) ** -40)
        top = arb(above.numerator) / arb(above.denominator)
        assert ball.rad() < arb(10) ** -35
        assert ball < top + arb(10) ** -35
        assert ball > top - arb(10) ** -20


def test_boundary_over_importance_agrees_with_the_one_over_density():
    setting = Setting(2, 1, 0.1, (1.0, 0.4))
    over_density = boundary(setting, ("digon", "dedicated + dropped"), "density", 0.1, 0.5)
    at = Setting(2, 1, over_density.value, (1.0, 0.4))
    over_importance = boundary(at, ("dedicated + dropped", "digon"), "importance[1]", 0.35, 0.5)
    assert over_importance.value == pytest.approx(0.4, abs=1e-12)
    assert (over_density.below, over_density.above) == ("digon", "dedicated + dropped")
    assert (over_importance.below, over_importance.above) == ("dedicated + dropped", "digon")


def test_scale_of_importance_does_not_move_a_boundary():
    one = boundary(Setting(5, 2, 0.1), PENTAGON_TO_PAIRS, "density", 0.1, 0.4)
    scaled = boundary(Setting(5, 2, 0.1, 7.0), PENTAGON_TO_PAIRS, "density", 0.1, 0.4)
    assert scaled.value == pytest.approx(one.value, rel=1e-15)


@pytest.mark.parametrize(
    ("between", "over", "start", "stop", "digits", "culprit"),
    [
        (PENTAGON_TO_PAIRS, "density", 0.01, 0.1, 15, "no crossing"),
        (PENTAGON_TO_PAIRS, "density", 0.4, 0.1, 15, "from = 0.4"),
        (PENTAGON_TO_PAIRS, "importance[0]", 0.1, float("inf"), 15, "to = inf"),
        (PENTAGON_TO_PAIRS, "sparsity", 0.1, 0.4, 15, "sparsity"),
        (PENTAGON_TO_PAIRS, "density", 0.1, 1.4, 15, "density"),
        (("pentagon", "hexagon"), "density", 0.1, 0.4, 15, "hexagon"),
        (("pentagon", "pentagon"), "density", 0.1, 0.4, 15, "twice"),
        (PENTAGON_TO_PAIRS, "density", 0.1, 0.4, 0, "digits = 0"),
        (PENTAGON_TO_PAIRS, "importance[9]", 0.1, 0.4, 15, r"importance\[9\]"),
    ],
)
def test_bad_questions_are_refused_in_one_line(between, over, start, stop, digits, culprit):
    with pytest.raises(InputError, match=culprit) as refusal:
        boundary(Setting(5, 2, 0.1), between, over, start, stop, digits)
    assert "\n" not in str(refusal.value)


class Drawn(_PlainBranch):
    """A branch whose loss is a formula."""

    def loss(self, value: float) -> float:
        return {"flat": 0.0, "rising": value - 0.5, "touching": (value - 0.5) ** 2}[self.geometry]


def test_a_crossing_at_a_scanned_value_is_found():
    """Losses that agree to the last bit where the scan looks, and losses that only touch there."""
    flat, rising, touching = (Drawn(one, Setting(2, 1, 0.1), "density") for one in ("flat", "rising", "touching"))
    low, high = _bracket(_Pair("density", rising, flat), 0.0, 1.0)
    assert low <= 0.5 <= high
    with pytest.raises(InputError, match="no crossing"):
        _bracket(_Pair("density", touching, flat), 0.0, 1.0)
