"""Critical and tricritical points: where Landau coefficients vanish, two minima become one, and transitions change."""

import numpy as np
import pytest
from scipy.optimize import root

from tegum.theory.candidates.candidates import candidate
from tegum.theory.diagram import degenerate
from tegum.theory.diagram.branches import Known, distance
from tegum.theory.diagram.crossing import crossing
from tegum.theory.diagram.degenerate import degenerate_near, degenerate_point
from tegum.theory.diagram.diagram import phase_diagram
from tegum.theory.diagram.first_order import first_order_curve
from tegum.theory.diagram.frame import frame, turned, zeros
from tegum.theory.diagram.landau import Landau, landau, still_minimum
from tegum.theory.diagram.limit import is_fold, limit
from tegum.theory.diagram.limit_curve import limit_curve
from tegum.theory.diagram.merging import merging
from tegum.theory.diagram.pieces import CONTINUOUS, FIRST_ORDER, METASTABILITY
from tegum.theory.diagram.plane import Plane, parse_axis
from tegum.theory.loss.law import law_of
from tegum.theory.loss.objective import expansion_at, overlaps, parameters, tied_weights
from tegum.theory.setting import Setting

PAIR = Setting(2, 1, 0.1)
AXES = "density:0.01:0.99", "importance[1]/importance[0]:0.1:10"


def plane(setting=PAIR, x=AXES[0], y=AXES[1]):
    return Plane(setting, parse_axis(x), parse_axis(y))


def shares(where, x, y):
    return np.array([where.x.shares(x), where.y.shares(y)])


def limit_of(geometry, where, x, y):
    point = shares(where, x, y)
    weights = candidate(geometry, where.setting_at(point)).weights
    return limit(where, point, parameters(weights.W[None], weights.b[None])[0])


def eliminated(theta, fixed, law):
    """Slopes ∂L/∂θ·fixed where all other directions have come to rest: Newton's method within what is orthogonal."""
    fixed = fixed / np.linalg.norm(fixed)
    others = np.linalg.svd(fixed[:, None], full_matrices=True)[0][:, 1:]
    for _ in range(30):
        at = expansion_at(theta, law)
        step = np.linalg.solve(others.T @ at.hessian @ others, (others.T @ at.gradient[..., None]))
        theta = theta - (others @ step)[..., 0]
    assert np.abs(at.gradient @ others).max() < 1e-13
    return at.gradient @ fixed


def onset_of_the_dropped_feature(density, ratio):
    """λ and c of the reduced loss λ w²/2 + c |w|³/6 + ..., w the second of two weights: all else at its minimum."""
    w = 0.02 * np.arange(1, 9) / 8
    law = law_of(Setting(2, 1, float(density), (1.0, float(ratio))), len(w))
    start = np.stack([np.ones(8), -w, 0.1 * w, np.full(8, density / 2)], axis=1)
    slopes = eliminated(start, np.array([0.0, -1.0, 0.0, 0.0]), law)
    series = np.linalg.lstsq(np.vander(w, 6, increasing=True), slopes / w, rcond=None)[0]
    return series[0], 2 * series[1]


@pytest.mark.parametrize("guess", [(0.5, 0.55), (0.85, 0.9)])
def test_tricritical_points_are_where_curvature_and_cubic_of_the_eliminated_loss_vanish(guess):
    """An independent route: numerical elimination at finite weights, without modes or one-sided Hessians."""
    where = plane()
    found = degenerate_near(where, limit_of("dedicated + dropped", where, *guess))
    exact = root(lambda at: onset_of_the_dropped_feature(*at), guess)
    assert np.abs(exact.fun).max() < 1e-8
    np.testing.assert_allclose(where.values(found.point), exact.x, atol=1e-6)
    assert found.error < 1e-8
    assert not is_fold(where, found)


def test_the_cubic_coefficient_is_that_of_the_eliminated_loss():
    """Along v instead of w the coefficient is v_w³ of that by w; and one of the wrong sign would be seen."""
    where = plane()
    for x, y in ((0.42, 0.45), (0.65, 0.7)):
        spot = limit_of("dedicated + dropped", where, x, y)
        curvature, cubic = onset_of_the_dropped_feature(*where.values(spot.point))
        assert curvature == pytest.approx(0, abs=1e-9)
        found = landau(where, spot)
        assert found.cubic == pytest.approx(cubic * np.abs(spot.direction[:2]).max() ** 3, rel=1e-4)
        assert still_minimum(where, spot) == (x > 0.6) == (cubic > 0)


def test_the_quartic_coefficient_of_the_symmetric_pair_is_that_of_the_eliminated_loss():
    where = plane(y="importance:0.5:2")
    spot = limit_of("digon", where, 0.7, 1.0)
    found = landau(where, spot)
    assert found.symmetric
    t = 0.01 * np.arange(1, 9)
    law = where.law(np.tile(spot.point, (8, 1)))
    slopes = eliminated(spot.theta[0] + t[:, None] * spot.direction, spot.direction, law)
    series = np.linalg.lstsq(np.vander(t**2, 4, increasing=True), slopes / t, rcond=None)[0]
    assert series[0] == pytest.approx(0, abs=1e-8)
    assert found.quartic == pytest.approx(6 * series[1], rel=1e-4)
    assert found.quartic < 0
    assert not still_minimum(where, spot)


def test_where_symmetry_makes_the_cubic_coefficient_zero_the_quartic_one_leads(monkeypatch):
    """With a made-up quartic coefficient: over these axes that of the pair is the same all along its limit."""
    where = plane(y="importance:0.5:2")
    curve = limit_curve(where, limit_of("digon", where, 0.7, 1.0))

    def pretended(_, spot):
        height = spot.point[1] - 0.37
        return Landau(0.0, 1e-12, height + height**2, 0.0)

    monkeypatch.setattr(degenerate, "landau", pretended)
    found = degenerate_point(where, curve.spots[2], curve.spots[8])
    assert found.point[1] == pytest.approx(0.37, abs=1e-10)


def test_the_folds_of_the_pair_meet_in_a_cusp_where_it_is_symmetric():
    """Both folds end there, each traced by itself; the symmetric pair's own limit is a third route."""
    where = plane()
    symmetric = plane(y="importance:0.5:2")
    own = symmetric.values(limit_of("digon", symmetric, 0.7, 1.0).point)[0]
    for ratio in (0.9, 1 / 0.9):
        fold = limit_of("digon", where, 0.64, ratio)
        assert is_fold(where, fold)
        cusp = next(end for end in limit_curve(where, fold).ends if end.why == "cusp")
        assert cusp.error < 1e-9
        np.testing.assert_allclose(where.values(cusp.point), (own, 1.0), atol=1e-9)


#: Where both have the same loss, rounded.
TRIANGLES = (
    (0.52772001, 0.60509689),
    [0.41527689, -0.96598231, 0.2153982, 0.92978657, 0.32223613, -0.48970543, 0.06825877, 0.06825877, 0.35964385],
    [0.26747284, 0.97298347, -0.16794388, -0.97682702, 0.28113328, 0.09418913, 0.01826015, 0.01826015, 0.32633601],
)


def test_two_triangles_become_one_in_a_critical_point():
    """Their distance, followed from outside, shrinks like a square root and leads to the point that Newton finds."""
    where = plane(Setting(3, 2, 0.1), y="importance[2]/importance[0]:0.1:10")
    start = crossing(where, shares(where, *TRIANGLES[0]), np.array(TRIANGLES[1:]))
    nothing = np.zeros((0, 2)), np.zeros((0, 9))
    curve, _ = first_order_curve(where, Known(start.point[None], start.theta[:1], *nothing), start)
    end, spots = min((curve.ends[0], curve.spots[::-1]), (curve.ends[1], curve.spots), key=lambda one: one[0].why)
    assert end.why == "critical"
    assert end.error < 1e-8
    apart = np.array([distance(spot.theta[:1], spot.theta[1:], 3)[0] for spot in spots])[-12:]
    points = np.array([spot.point for spot in spots])[-12:]
    outside = np.linalg.solve(np.vander(apart[::4], 3, increasing=True), points[::4])[0]
    further = np.linalg.norm(outside - points[-1])
    assert np.linalg.norm(outside - end.point) < further < 1e-3
    away = np.log(np.linalg.norm(points - end.point, axis=1)) - 2 * np.log(apart)
    assert np.ptp(away) < 0.2


def test_minima_that_stay_apart_do_not_merge():
    where = plane()
    setting = where.setting_at(shares(where, 0.4361, 0.4))
    both = [candidate(one, setting).weights for one in ("digon", "dedicated + dropped")]
    theta = np.concatenate([parameters(one.W[None], one.b[None]) for one in both])
    spots = [crossing(where, shares(where, 0.4361 + step, 0.4), theta) for step in (0.0, 1e-3, 2e-3)]
    assert merging(where, spots).why == "lost"


@pytest.mark.slow
def test_a_diagram_joins_first_order_and_continuous_transitions_in_a_tricritical_point():
    found = phase_diagram(PAIR, "density:0.8:0.9:4", "importance[1]/importance[0]:0.88:0.95:4")
    ends = {one.kind: [end for end in one.ends if end.why == "tricritical"] for one in found.boundaries}
    assert {kind: len(one) for kind, one in ends.items()} == {FIRST_ORDER: 1, CONTINUOUS: 1, METASTABILITY: 1}
    points = np.array([one[0].point for one in ends.values()])
    np.testing.assert_allclose(points, np.tile(points[0], (3, 1)), atol=1e-8)
    for one in found.boundaries:
        assert np.abs(one.points - found.plane.values(points[0])).max(axis=1).min() < 1e-8


def test_an_end_far_from_where_tracing_stops_is_located():
    """On a narrow plane, where minima that are about to merge are told apart only up to a quarter of it away."""
    where = plane(x="density:0.5:0.54", y="importance[1]/importance[0]:0.55:0.62")
    both = np.array([[-1.00042497, 0.00337008, 0.00029327, 0.25672878], [-1.0, 0.0, 0.0, 0.25586902]])
    start = crossing(where, shares(where, 0.51173803, 0.56413137), both)
    nothing = np.zeros((0, 2)), np.zeros((0, 4))
    curve, _ = first_order_curve(where, Known(start.point[None], start.theta[:1], *nothing), start)
    end = next(end for end in curve.ends if end.why == "tricritical")
    np.testing.assert_allclose(where.values(end.point), (0.5202477, 0.5740419), atol=1e-6)
    assert np.linalg.norm(end.point - curve.points, axis=1).min() > 0.1


@pytest.mark.parametrize("geometry", ["digon + dedicated", "2*dedicated + dropped", "triangle"])
def test_frames_keep_overlaps_and_turn_zero_overlaps_into_zero_weights(geometry):
    weights = candidate(geometry, Setting(3, 2, 0.4)).weights
    angle = np.random.default_rng(5).uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    theta = parameters((rotation @ weights.W)[None], weights.b[None])[0]
    inside = turned(theta, frame(theta, 3), 3)
    W = tied_weights(inside[None], 3)[0]
    np.testing.assert_allclose(overlaps(W)[0], weights.W.T @ weights.W, atol=1e-13)
    expected = {"digon + dedicated": 3, "2*dedicated + dropped": 4, "triangle": 0}[geometry]
    assert zeros(inside, 3)[:6].sum() == expected
    np.testing.assert_allclose(frame(inside, 3), np.eye(2), atol=1e-13)


@pytest.mark.parametrize(
    ("geometry", "x", "y"), [("2*dedicated + dropped", 0.6, 0.66), ("digon + dedicated", 0.7, 3.0)]
)
def test_limits_do_not_depend_on_the_frame(geometry, x, y):
    where = plane(Setting(3, 2, 0.1), y="importance[2]/importance[0]:0.1:10")
    point = shares(where, x, y)
    weights = candidate(geometry, where.setting_at(point)).weights
    found = []
    for angle in (0.0, 0.4, 2.0):
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        found.append(limit(where, point, parameters((rotation @ weights.W)[None], weights.b[None])[0]))
    np.testing.assert_allclose([one.point for one in found], np.tile(found[0].point, (3, 1)), atol=1e-9)
