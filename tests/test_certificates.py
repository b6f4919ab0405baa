"""Certificates: enclosures hold the exact numbers, wrong points are refused, signatures are the true ones."""

from fractions import Fraction

import numpy as np
import pytest
from cases import exact_row, random_cases
from flint import arb, arb_mat, ctx

from tegum.theory.balls.cosines import exact_cosines
from tegum.theory.balls.critical import enclosed_fit
from tegum.theory.balls.inertia import inertia
from tegum.theory.balls.numbers import ball_law
from tegum.theory.balls.regular import symmetric_gradient, symmetric_hessian, symmetric_loss
from tegum.theory.balls.rows import ball_row
from tegum.theory.balls.weights import gradient_of, rows_of
from tegum.theory.candidates.candidates import candidate, candidates
from tegum.theory.certify import MOST_FREE, certify
from tegum.theory.errors import InputError
from tegum.theory.geometry.factor import polygon, regular_cosines, simplex
from tegum.theory.loss.enumeration import enumerated_rows
from tegum.theory.loss.law import law_of
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights


def _ball(number: Fraction) -> arb:
    return arb(number.numerator) / arb(number.denominator)


def test_rows_in_balls_contain_exact_rational_rows_near_degenerate_ones_included():
    """Second route: every term of the box integrals in rational numbers, no pruning, no moments."""
    with ctx.workprec(300):
        for name, weights, setting in random_cases(seed=5, of_each=3, most_features=4):
            G = weights.W.T @ weights.W
            for i in range(setting.count):
                found = ball_row(i, [arb(x) for x in G[i].tolist()], arb(float(weights.b[i])), ball_law(setting), 1)
                density, importance = ([float(x) for x in law] for law in (setting.density, setting.importance))
                loss, slopes = exact_row(G[i].tolist(), float(weights.b[i]), density, importance[i], i)
                assert found.loss.overlaps(_ball(loss)), name
                assert found.loss.rad() < 1e-60, name
                assert all(one.overlaps(_ball(slope)) for one, slope in zip(found.gradient, slopes, strict=True)), name


def test_row_hessians_in_balls_agree_with_double_precision():
    with ctx.workprec(200):
        for name, weights, setting in random_cases(seed=6, of_each=2, most_features=5):
            G, law = weights.W.T @ weights.W, law_of(setting)
            rows = enumerated_rows(G[None], weights.b[None], law.density, law.importance, order=2)
            for i in range(setting.count):
                if weights.b[i] == 0:
                    continue  # the Hessian is one-sided there
                found = ball_row(i, [arb(x) for x in G[i].tolist()], arb(float(weights.b[i])), ball_law(setting))
                hessian = np.array([[float(x.mid()) for x in row] for row in found.hessian])
                scale = np.abs(hessian).max()
                np.testing.assert_allclose(rows.hessian[0, i], hessian, atol=1e-12 * scale, err_msg=name)


def test_balls_of_weights_contain_the_rows_of_the_weights_in_them():
    """An enclosure over a box holds the value at random points of the box."""
    random = np.random.default_rng(3)
    with ctx.workprec(120):
        for name, weights, setting in random_cases(seed=8, of_each=2, most_features=4):
            if "zero" in name or "tiny" in name or "almost" in name or "dropped" in name:
                continue  # signs that the box leaves open
            G, width = weights.W.T @ weights.W, 1e-9
            box = ball_row(
                0, [arb(x, width) for x in G[0].tolist()], arb(float(weights.b[0]), width), ball_law(setting)
            )
            for _ in range(5):
                off = random.uniform(-width, width, size=setting.count + 1)
                at = ball_row(
                    0, [arb(x) for x in (G[0] + off[1:]).tolist()], arb(float(weights.b[0] + off[0])), ball_law(setting)
                )
                assert box.loss.contains(at.loss)
                assert all(one.contains(y) for one, y in zip(box.gradient, at.gradient, strict=True))


@pytest.mark.parametrize("factor", [simplex(2), simplex(6), polygon(5), polygon(8), polygon(12)], ids=lambda f: f.name)
def test_exact_cosines_are_those_of_geometry(factor):
    """They are solved for, not typed: a polygon's must be cos 2πj/k, a simplex's -1/d."""
    with ctx.workprec(300):
        found = exact_cosines(regular_cosines(factor).copy())
        assert found is not None
        for j, cosine in enumerate(found[0]):
            angle = arb(2 * j) / factor.vertices
            known = arb.cos_pi(angle) if factor.dimension == 2 and factor.vertices > 3 else arb(-1) / factor.dimension
            assert cosine.overlaps(known if j else arb(1))
            assert cosine.rad() < 1e-80


def test_an_arrangement_that_is_not_regular_has_no_exact_cosines():
    bent = np.array([[1.0, -0.3, -0.4], [-0.3, 1.0, -0.5], [-0.4, -0.5, 1.0]])
    assert exact_cosines(bent) is None


def test_scalar_derivatives_are_difference_quotients_of_the_scalar_loss():
    with ctx.workprec(400):
        cosines = exact_cosines(regular_cosines(polygon(5)).copy())
        assert cosines is not None
        law, h = ball_law(Setting(5, 2, 0.3)), arb(10) ** -40
        at = [arb(0.9), arb(-0.05)]
        slopes = symmetric_gradient(cosines[0], *at, law)
        second = symmetric_hessian(cosines[0], *at, law)
        for k in range(2):
            up, down = ([x + sign * h * (k == j) for j, x in enumerate(at)] for sign in (1, -1))
            difference = symmetric_loss(cosines[0], *up, law) - symmetric_loss(cosines[0], *down, law)
            assert abs(difference / (2 * h) - slopes[k]) < 1e-30
            change = [
                a - b for a, b in zip(*(symmetric_gradient(cosines[0], *x, law) for x in (up, down)), strict=True)
            ]
            assert all(abs(change[j] / (2 * h) - second[j, k]) < 1e-30 for j in range(2))


@pytest.mark.parametrize("geometry", ["pentagon", "2*digon + dropped", "triangle + digon"])
def test_the_symmetric_critical_point_is_critical_for_all_weights(geometry):
    """Two scalars against all weights: the full gradient vanishes to the digits of the enclosure."""
    setting = Setting(5, 3 if "triangle" in geometry else 2, 0.17)
    fit = candidate(geometry, setting)
    assert fit is not None
    with ctx.workprec(300):
        point = enclosed_fit(fit, ball_law(setting), setting.hidden, 200)
        slopes = gradient_of(point.at, rows_of(point.at, ball_law(setting), 1))
        assert all(slope.contains(0) and slope.rad() < 1e-55 for slope in slopes)


@pytest.mark.parametrize("seed", range(6))
def test_certificates_of_optima_and_saddles_agree_with_double_precision(seed):
    """Minima of the search, and every candidate, saddles among them: signature against eigenvalues in doubles."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 6))
    setting = Setting(
        count,
        int(random.integers(1, min(count, 3))),
        random.uniform(0.05, 0.5),
        random.uniform(0.5, 1.5, count).tolist(),
    )
    best = optimum(setting, 8, seed)
    proved = certify(best, setting)
    assert proved.lower <= proved.loss <= proved.upper
    assert abs(best.loss - proved.loss) <= best.error
    assert proved.kind == "minimum"
    assert proved.distance < 1e-9
    for one in candidates(setting):
        found = certify(one, setting)
        assert abs(found.loss - one.loss) < 1e-13
        assert found.kind in ("undecided", "minimum" if one.stable else "saddle"), one.geometry
        assert found.kind != "undecided" or found.dedicated


def test_digits_refine_and_enclosures_are_nested():
    setting = Setting(5, 2, 0.1)
    found = candidate("pentagon", setting)
    assert found is not None
    proofs = [certify(found, setting, digits) for digits in (5, 15, 40, 80)]
    decimals = [Fraction(one.decimal) for one in proofs]
    for digits, one, two in zip((5, 15, 40), decimals[:-1], decimals[1:], strict=True):
        assert abs(one - two) <= two * Fraction(10) ** (1 - digits)
        assert one != two
    for one, two in zip(proofs[:-1], proofs[1:], strict=True):
        assert one.lower <= two.lower <= Fraction(proofs[-1].decimal) <= two.upper <= one.upper
        assert two.radius < one.radius


def test_weights_and_candidate_are_certified_alike():
    """All weights free against factor by factor: the same loss and signature to thirty digits."""
    setting = Setting(5, 3, 0.2)
    for geometry in ("triangle + digon", "2*digon + dedicated"):
        one = candidate(geometry, setting)
        assert one is not None
        proved, free = certify(one, setting, 30), certify(one.weights, setting, 30)
        assert abs(Fraction(proved.decimal) - Fraction(free.decimal)) < Fraction(1, 10**28)
        assert (proved.positive, proved.negative, proved.zero) == (free.positive, free.negative, free.zero)
        assert proved.dedicated == free.dedicated
    spare = candidate("pentagon", setting)
    assert spare is not None
    assert certify(spare, setting).negative == certify(spare.weights, setting).negative
    assert certify(spare, setting).zero == 3


def test_a_wrong_point_is_refused():
    setting = Setting(5, 2, 0.1)
    right = candidate("pentagon", setting)
    assert right is not None
    certify(Weights(right.weights.W * (1 + 1e-7), right.weights.b), setting)
    with pytest.raises(ArithmeticError, match="no critical point within"):
        certify(Weights(right.weights.W * 1.01, right.weights.b), setting)
    with pytest.raises(ArithmeticError):
        certify(Weights(np.random.default_rng(0).normal(size=(2, 5)), np.full(5, -0.1)), setting)


def test_one_sided_hessians_prove_a_dedicated_feature_only_where_both_sides_do():
    """Double precision puts the limit between densities 0.36 and 0.38; far from it the proof must agree with it."""
    far = Setting(2, 1, 0.6, (1.0, 0.1))
    one = candidate("dedicated + dropped", far)
    assert one is not None
    proved = certify(one, far)
    assert (proved.kind, proved.dedicated) == ("minimum", (0,))
    assert proved.lower <= 0.1 * (0.6 / 3 - 0.36 / 4) <= proved.upper
    for density in (0.3, 0.36):
        near = Setting(2, 1, density, (1.0, 0.4))
        saddle = candidate("dedicated + dropped", near)
        assert saddle is not None
        assert certify(saddle, near).kind != "minimum"


def test_inertia_is_that_of_the_construction():
    random = np.random.default_rng(1)
    for positive, negative in ((3, 2), (0, 4), (5, 0)):
        size = positive + negative
        signs = np.diag(np.concatenate([np.ones(positive), -(10.0 ** -random.uniform(0, 12, negative))]))
        A = random.integers(-5, 6, size=(size, size)) + 10 * np.eye(size)
        with ctx.workprec(200):
            M = arb_mat(A.tolist())
            assert inertia(M * arb_mat(signs.tolist()) * M.transpose()) == (positive, negative)
    with pytest.raises(ArithmeticError, match="told from zero"):
        inertia(arb_mat([[1, 1], [1, 1]]))


def test_bad_input_is_refused_in_one_line():
    setting = Setting(2, 1, 0.1)
    pair = candidate("digon", setting)
    assert pair is not None
    many = Setting(MOST_FREE + 1, 1, 0.1)
    cases = [
        ((pair, setting, 0), "digits = 0"),
        ((pair, Setting(3, 1, 0.1)), "W is"),
        ((Weights(np.zeros((1, MOST_FREE + 1)), np.zeros(MOST_FREE + 1)), many), "too large"),
        ((Weights(np.zeros((4, 1, 2)), np.zeros((4, 2))), setting), "ensemble"),
    ]
    for arguments, culprit in cases:
        with pytest.raises(InputError, match=culprit):
            certify(*arguments)
