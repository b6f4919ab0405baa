"""The mixture is the best sum of known factors: by enumeration, by global search, under every symmetry of a setting."""

import numpy as np
import pytest

from tegum import Setting, candidates, mixture, optimum, population_loss
from tegum.theory.candidates.factors import fitted_factors
from tegum.theory.errors import InputError
from tegum.theory.geometry.entries import ENTRIES
from tegum.theory.geometry.factor import entry
from tegum.theory.mixture.hull import hull, least_loss_per_feature, mixed
from tegum.theory.mixture.like import BEYOND_THE_TABLE, like_pieces
from tegum.theory.mixture.mixture import assembled, predicted_dimensionality
from tegum.theory.table.shipped import factor_table


@pytest.mark.parametrize(("count", "hidden", "density"), [(7, 3, 0.33), (8, 2, 0.12), (6, 4, 0.6)])
def test_no_catalogued_geometry_and_no_searched_one_is_better(count, hidden, density):
    setting = Setting(count=count, hidden=hidden, density=density)
    found, best = mixture(setting), optimum(setting, starts=32)
    ranked = [one.loss for one in candidates(setting)]
    assert found.loss <= min(ranked) * (1 + 1e-10)
    assert found.loss == pytest.approx(best.loss, rel=1e-9)


def test_its_loss_is_the_population_loss_of_its_weights():
    for importance in (1.0, [2.0] * 4 + [1.0] * 3 + [0.1] * 4):
        setting = Setting(count=11, hidden=4, density=0.3, importance=importance)
        found = mixture(setting)
        exact = population_loss(assembled(found), setting)
        assert abs(found.loss - exact.loss) <= found.error + exact.error
        assert found.gap == 0.0


def test_the_order_of_features_and_the_scale_of_importance_do_not_matter():
    importance = np.array([1.0, 0.2, 0.6, 0.2, 1.0, 0.6, 0.2, 1.0])
    one = mixture(Setting(count=8, hidden=3, density=0.3, importance=importance))
    other = mixture(Setting(count=8, hidden=3, density=0.3, importance=3 * importance[::-1]))
    assert other.loss == pytest.approx(3 * one.loss, rel=1e-9)
    assert other.geometry == one.geometry


def test_unlike_features_are_at_least_as_good_as_the_search_finds():
    setting = Setting(count=6, hidden=3, density=0.3, importance={"geometric": 0.8})
    assert mixture(setting).loss <= optimum(setting, starts=32).loss * (1 + 1e-9)


def test_dimensionalities_of_digons_are_one_half():
    shares, overall = predicted_dimensionality(mixture(Setting(count=60, hidden=8, density=0.3)))
    assert np.round(np.sort(shares), 9).tolist() == [0.0] * 44 + [0.5] * 16
    assert shares.sum() == pytest.approx(8)
    assert 0.3 < overall < 0.7


def test_the_hull_is_the_limit_of_the_integer_program():
    found, largest = hull(0.3), max(one.loss for one in like_pieces(0.3))
    for ratio in (0.05, 0.3, 0.7):
        limit = least_loss_per_feature(found, ratio)
        for count in (200, 2000):
            loss = mixture(Setting(count=count, hidden=round(ratio * count), density=0.3)).loss / count
            assert -1e-12 <= loss - limit <= 2 * largest / count
        assert sum(share for _, share in mixed(found, ratio)) == pytest.approx(1)
        held = sum(share * one.dimension / one.vertices for one, share in mixed(found, ratio))
        assert held == pytest.approx(ratio)


def test_every_known_piece_lies_on_or_above_the_hull():
    found = hull(0.1)
    assert all(y >= least_loss_per_feature(found, x) - 1e-12 for x, y, _ in found.points)


@pytest.mark.slow
@pytest.mark.parametrize("density", [0.005, 0.1])
def test_the_catalogue_left_out_lies_above_the_hull(density):
    found, plan = hull(density), factor_table().plan
    for name, one in ENTRIES.items():
        if name in BEYOND_THE_TABLE or (one.vertices <= plan.most_vertices and one.dimension <= plan.most_dimensions):
            continue
        alike = np.full((1, one.vertices), density), np.ones((1, one.vertices))
        [fit] = fitted_factors(entry(name), *alike)
        if fit is not None:
            height = least_loss_per_feature(found, one.dimension / one.vertices)
            assert fit.loss / one.vertices > height, name


def test_a_setting_of_another_law_is_refused():
    with pytest.raises(InputError, match="values = 'signed' is not in the table of factors"):
        mixture(Setting(count=4, hidden=2, density=0.1, values="signed"))


@pytest.mark.slow
def test_full_optimisation_of_sixty_features_in_eight_dimensions_finds_nothing_better():
    from scipy.optimize import minimize

    from tegum.theory.loss.transform import transformed_rows

    setting = Setting(count=60, hidden=8, density=0.3)
    found = mixture(setting)
    weights = assembled(found)
    law = np.full((1, 60), 0.3), np.ones((1, 60))

    def loss(theta):
        W, b = theta[: 8 * 60].reshape(8, 60), theta[8 * 60 :]
        rows = transformed_rows((W.T @ W)[None], b[None], *law, 1e-8)
        by_overlap = rows.gradient[0, :, :60]
        gradient = np.concatenate([(W @ (by_overlap + by_overlap.T)).ravel(), rows.gradient[0, :, 60]])
        return float(rows.loss.sum()), gradient

    start = np.concatenate([weights.W.ravel(), weights.b])
    start += 0.02 * np.random.default_rng(0).normal(size=start.size)
    settled = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    assert loss(start)[0] > found.loss * 1.0005
    assert settled.fun == pytest.approx(found.loss, rel=1e-4)
    assert settled.fun >= found.loss * (1 - 1e-6)
