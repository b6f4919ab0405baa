"""Candidates are critical points of the full loss, add up over their factors, and are judged rightly."""

import numpy as np
import pytest

from tegum.theory.candidates.assignment import assignments
from tegum.theory.candidates.candidates import candidate, candidates, fitted
from tegum.theory.errors import InputError
from tegum.theory.geometry.critical import CRITICAL_TOLERANCE
from tegum.theory.geometry.factor import polygon, simplex
from tegum.theory.geometry.identify import identify
from tegum.theory.geometry.tegum import geometries, parse_geometry
from tegum.theory.geometry.tegum import name as name_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.optimum import optimum
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

SETTINGS = [
    Setting(5, 2, 0.05),
    Setting(5, 2, 0.3),
    Setting(6, 3, 0.1),
    Setting(4, 3, 0.02),
    Setting(3, 2, 0.2, (1.0, 0.8, 0.6)),
    Setting(5, 2, (0.05, 0.05, 0.05, 0.05, 0.1)),
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_candidates_are_critical_points_with_their_own_name_and_loss(setting):
    found = candidates(setting)
    assert len(found) > 2
    assert [one.loss for one in found] == sorted(one.loss for one in found)
    for one in found:
        assert identify(one.weights.W, tolerance=CRITICAL_TOLERANCE).geometry == one.geometry
        exact = population_loss(one.weights, setting)
        assert abs(exact.loss - one.loss) <= exact.error + 1e-14
        assert one.gradient_norm < 1e-11, one.geometry


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_best_stable_candidate_is_what_the_global_search_finds(setting):
    best, found = candidates(setting)[0], optimum(setting, 64)
    assert best.stable
    assert best.geometry == found.geometry
    assert best.loss == pytest.approx(found.loss, rel=1e-10)


def test_tegum_products_add_up():
    def loss(name, count, hidden):
        return candidate(name, Setting(count, hidden, 0.17)).loss

    parts = loss("pentagon", 5, 2) + loss("triangle", 3, 2) + loss("digon", 2, 1) + loss("dropped", 1, 1)
    assert loss("pentagon + triangle + digon + dropped", 11, 5) == pytest.approx(parts, rel=1e-14)


def test_closed_forms_of_dropped_and_dedicated():
    p = 0.37
    assert candidate("3*dropped", Setting(3, 1, p)).loss == pytest.approx(3 * (p / 3 - p**2 / 4), rel=1e-15)
    assert candidate("2*dedicated", Setting(2, 2, p)).loss == pytest.approx(0, abs=1e-16)


def test_one_hot_limit_of_polygons_and_their_order():
    """L(k-gon with dropped)/p -> (h_k + n - k)/3 as p -> 0, h_5 = 0.23738, h_6 = 0.86746 (Chen et al. 2023)."""
    p = 1e-6
    for name, level in (("pentagon + dropped", 0.23738 + 1), ("hexagon", 0.86746), ("2*digon + 2*dropped", 2.0)):
        assert 3 * candidate(name, Setting(6, 2, p)).loss / p == pytest.approx(level, abs=3e-5)


def test_stability_of_known_cases():
    """The antipodal pair turns into a saddle between 0.70 and 0.72; the dedicated feature next to one 0.4 times as
    important becomes a minimum between 0.36 and 0.38."""
    assert candidate("digon", Setting(2, 1, 0.70)).stable
    assert not candidate("digon", Setting(2, 1, 0.72)).stable
    assert not candidate("dedicated + dropped", Setting(2, 1, 0.36, (1.0, 0.4))).stable
    assert candidate("dedicated + dropped", Setting(2, 1, 0.38, (1.0, 0.4))).stable
    assert not candidate("digon + 3*dropped", Setting(5, 2, 0.1)).stable


@pytest.mark.parametrize("density", [0.3, 0.36, 0.38, 0.45])
def test_one_sided_curvature_on_a_kink_is_the_least_of_many_directions(density):
    """At the dedicated feature, b = 0, second differences of the loss along random directions bound it from above."""
    setting, step = Setting(2, 1, density, (1.0, 0.4)), 1e-4
    best = candidate("dedicated + dropped", setting)
    random = np.random.default_rng(17)
    directions = random.normal(size=(20_000, 4)) * 10.0 ** random.uniform(-2, 0, size=(20_000, 4))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    around = Weights(best.weights.W + step * directions[:, None, :2], best.weights.b + step * directions[:, 2:])
    curvatures = 2 * (population_loss(around, setting).loss - best.loss) / step**2
    assert best.hessian_min <= curvatures.min() + 1e-4
    assert best.hessian_min >= curvatures.min() - 5e-3


def test_unlike_features_take_their_best_places():
    setting = Setting(3, 1, 0.3, (0.2, 1.0, 0.9))
    best = candidate("digon + dropped", setting)
    assert sorted(best.features[0]) == [1, 2]
    assert best.features[1] == (0,)


@pytest.mark.parametrize(
    ("count", "best"), [(7, "capped-octahedron"), (8, "square-antiprism"), (9, "triaugmented-triangular-prism")]
)
def test_sparse_features_in_three_dimensions_take_the_best_known_arrangements(count, best):
    """And so does the search over all weights."""
    setting = Setting(count, 3, 0.02)
    named, found = candidate(best, setting), optimum(setting, 24, seed=1)
    assert named is not None
    assert named.stable
    assert named.gradient_norm < 1e-12
    assert found.geometry == best
    assert found.loss == pytest.approx(named.loss, rel=1e-10)
    rivals = (fitted(name_of(one), setting) for one in geometries(count, 3))
    assert min(fit.loss for fit in rivals if fit) == pytest.approx(named.loss, rel=1e-12)


def test_the_most_promising_places_hold_the_best_one(monkeypatch):
    setting = Setting(7, 3, 0.03, (1.0, 1.0, 0.9, 0.9, 0.8, 0.8, 0.8))
    few = fitted("capped-octahedron", setting)
    monkeypatch.setattr("tegum.theory.candidates.candidates.MOST_TRIED", 10**6)
    every = fitted("capped-octahedron", setting)
    assert few is not None
    assert every is not None
    assert few.loss == pytest.approx(every.loss, rel=1e-12)


def test_a_geometry_without_critical_point_is_left_out():
    setting = Setting(2, 1, 0.6, (1.0, 0.1))
    assert candidate("digon", setting) is None
    assert "digon" not in [one.geometry for one in candidates(setting)]


def test_assignments_count_distinct_fillings():
    def count(name, kinds):
        return len(list(assignments(parse_geometry(name).factors, kinds)))

    assert count("pentagon", tuple(range(5))) == 12  # 4!/2 necklaces
    assert count("2*digon + dropped", tuple(range(5))) == 15
    assert count("triangle + 2*dropped", tuple(range(5))) == 10
    assert count("2*digon + dropped", (1,) * 5) == 1
    assert count("hexagon", (0, 1, 1, 1, 1, 1)) == 1
    assert count("hexagon", (0, 0, 1, 1, 1, 1)) == 3
    assert count("tetrahedron", (0, 1, 2, 3)) == 1
    assert count("cube", (0, 0, 0, 0, 0, 0, 1, 1)) == 3  # edge, diagonal of a face, diagonal
    assert count("square-antiprism", tuple(range(6)) + (5, 5)) == 8 * 7 * 6 * 5 * 4 // 16
    assert count("capped-octahedron", (0, 1, 1, 1, 1, 1, 1)) == 3  # one for each orbit
    assert count("triangular-prism", tuple(range(6))) == 720 // 12
    assert [f.vertices for f in (simplex(3), polygon(6))] == [4, 6]


@pytest.mark.parametrize("name", ["pentagon", "2*pentagon", "3*dedicated + 2*dropped", "blob + dropped", ""])
def test_geometries_that_do_not_fit_are_refused(name):
    with pytest.raises(InputError, match="geometry"):
        candidate(name, Setting(4 if name == "pentagon" else 5, 2, 0.1))


def test_factors_keep_their_dimensions_apart():
    best = candidate("pentagon + digon", Setting(7, 3, 0.1))
    G = best.weights.W.T @ best.weights.W
    np.testing.assert_allclose(G[:5, 5:], 0, atol=0)
