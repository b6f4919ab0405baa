"""Unlike features end up in the right parts, whichever parts the starts put them in."""

from itertools import combinations

import numpy as np
import pytest

from tegum.theory.loss.law import Law, law_of
from tegum.theory.loss.population import population_loss
from tegum.theory.search.descent import Descent, descend
from tegum.theory.search.exchanges import Exchanges, lowest_by_exchanges
from tegum.theory.search.optimum import optimum, same_loss
from tegum.theory.search.parts import parts_of
from tegum.theory.search.starts import starting_points
from tegum.theory.setting import Setting
from tegum.theory.weights import Weights

PAIRED = ((0, 1), (2, 3), (4, 5))


def digons(pairs, setting):
    """Digons of the given pairs, the other features dropped."""
    W, b = np.zeros((setting.hidden, setting.count)), np.array(setting.density) / 2
    for row, (i, j) in enumerate(pairs):
        W[row, [i, j]], b[[i, j]] = (1.0, -0.9), 0.0
    return W, b


def exchanges_of(setting):
    return Exchanges(np.array(setting.density), np.array(setting.importance))


def pair_losses(setting):
    """Loss of each pair of features alone in one dimension."""
    pairs = list(combinations(range(setting.count), 2))
    places = np.array(pairs)
    law = Law(np.array(setting.density)[places], np.array(setting.importance)[places])
    rest = descend(np.tile([[[1.0, -0.9]]], (len(pairs), 1, 1)), np.zeros((len(pairs), 2)), law)
    return dict(zip(pairs, rest.loss.tolist(), strict=True))


def disjoint_pairs(features, count):
    """Every way to choose so many disjoint pairs."""
    if count == 0:
        yield ()
        return
    for i, j in combinations(features, 2):
        for others in disjoint_pairs([k for k in features if k > i and k != j], count - 1):
            yield ((i, j), *others)


@pytest.mark.parametrize("hidden", [2, 3])
@pytest.mark.parametrize(("density", "ratio"), [(0.2, 0.8), (0.3, 0.9), (0.3, 0.7)])
def test_mispaired_digons_end_up_as_the_best_of_all_pairings(hidden, density, ratio):
    setting = Setting(6, hidden, density, {"geometric": ratio})
    of_pair = pair_losses(setting)
    dropped = [weight * (density / 3 - density**2 / 4) for weight in setting.importance]

    def loss(pairs):
        left = set(range(6)) - {i for pair in pairs for i in pair}
        return sum(of_pair[pair] for pair in pairs) + sum(dropped[i] for i in left)

    best = min(loss(pairs) for pairs in disjoint_pairs(list(range(6)), hidden))
    start = PAIRED[-hidden:]
    found = exchanges_of(setting).lowered(*digons(start, setting))
    assert loss(start) > best * (1 + 1e-6)
    assert found.exhausted
    assert found.exchanges >= 1
    assert found.rest.loss <= best * (1 + 1e-12)
    if max(len(part.features) for part in parts_of(found.rest.W, found.rest.b)) == 2:
        assert found.rest.loss == pytest.approx(best, rel=1e-12)


def test_no_two_columns_of_the_result_are_better_exchanged():
    """By the whole model's loss, without parts."""
    setting = Setting(6, 3, 0.1, {"geometric": 0.75})
    found = exchanges_of(setting).lowered(*digons(PAIRED, setting)).rest
    orders = np.tile(np.arange(6), (15, 1))
    for order, (i, j) in zip(orders, combinations(range(6), 2), strict=True):
        order[[i, j]] = j, i
    W, b = np.stack([found.W[:, order] for order in orders]), np.stack([found.b[order] for order in orders])
    rest = descend(W, b, law_of(setting, 15), reach=0.5)
    assert rest.loss.min() >= found.loss * (1 - 1e-12)


def test_the_search_reaches_one_loss_from_any_seed_where_its_starts_do_not():
    setting = Setting(8, 3, 0.05, {"geometric": 0.8})
    races = [descend(*starting_points(setting, 16, seed), law_of(setting, 16)) for seed in (0, 1)]
    found = [optimum(setting, 16, seed) for seed in (0, 1)]
    assert races[0].loss.min() != pytest.approx(races[1].loss.min(), rel=1e-5)
    assert found[0].loss == pytest.approx(found[1].loss, rel=1e-12)
    for race, best in zip(races, found, strict=True):
        assert best.loss < race.loss[race.converged].min() * (1 - 1e-6)
        assert best.exchanges >= 1
        assert best.hits == same_loss(race.loss[race.converged], best.loss, setting).sum() == 0
        assert best.gradient_norm < 1e-12
        assert best.hessian_min > 0


@pytest.mark.parametrize("setting", [Setting(5, 2, 0.05, {"geometric": 0.8}), Setting(6, 3, (0.1, 0.2) * 3),
                                     Setting(7, 3, 0.3, {"geometric": 0.6})])  # fmt: skip
def test_exchanges_never_end_above_the_race_and_tell_the_loss_of_their_weights(setting):
    law = law_of(setting, 12)
    race = descend(*starting_points(setting, 12, 5), law)
    exchanges = exchanges_of(setting)
    for W, b, loss in zip(race.W[race.converged], race.b[race.converged], race.loss[race.converged], strict=True):
        found = exchanges.lowered(W, b)
        if found is None:
            continue
        assert found.rest.loss <= loss * (1 + 1e-12)
        assert (found.exchanges == 0) or found.rest.loss < loss * (1 - 1e-9)
        exact = population_loss(Weights(found.rest.W, found.rest.b), setting)
        assert abs(found.rest.loss - exact.loss) <= exact.error + 1e-14
    best = optimum(setting, 12, 5)
    assert best.loss <= race.loss[race.converged].min() * (1 + 1e-12)
    assert best.loss == pytest.approx(population_loss(best.weights, setting).loss, rel=1e-15)


def test_alike_features_have_nothing_to_exchange():
    setting = Setting(6, 3, 0.2)
    race = descend(*starting_points(setting, 4, 0), law_of(setting, 4))
    assert lowest_by_exchanges(race, law_of(setting)) is None
    assert optimum(setting, 8).exchanges == 0
    found = exchanges_of(setting).lowered(*digons(PAIRED, setting))
    assert (found.exchanges, found.exhausted) == (0, True)


def test_a_dropped_feature_takes_up_an_unused_dimension():
    setting = Setting(4, 3, 0.3, (1.0, 0.8, 0.6, 0.4))
    found = exchanges_of(setting).lowered(*digons(((0, 1),), setting))
    assert found.exchanges >= 2
    assert not [part for part in parts_of(found.rest.W, found.rest.b) if not len(part.W)]


def test_a_race_of_one_mispaired_rest_is_brought_down_deterministically():
    setting = Setting(6, 3, 0.2, {"geometric": 0.8})
    W, b = digons(PAIRED, setting)
    at = descend(W[None], b[None], law_of(setting), reach=0.1)
    race = Descent(at.W, at.b, at.loss, at.gradient_norm, at.converged, at.iterations)
    one, again = (lowest_by_exchanges(race, law_of(setting)) for _ in range(2))
    assert one.rest.loss < at.loss[0] * (1 - 1e-6)
    np.testing.assert_array_equal(one.rest.W, again.rest.W)


@pytest.mark.parametrize("change", [{"values": "signed"}, {"readout": "linear"}, {"tied": False}, {"bias": False}])
def test_other_settings_are_left_as_the_race_leaves_them(change):
    assert optimum(Setting(4, 2, 0.1, {"geometric": 0.7}, **change), 8).exchanges == 0


@pytest.mark.slow
def test_twenty_unlike_features_come_to_one_loss_from_different_seeds():
    found = [optimum(Setting(20, 5, 0.2, {"geometric": 0.7}), 12, seed) for seed in (0, 2)]
    assert found[0].loss == pytest.approx(found[1].loss, rel=1e-9)
    assert max(best.exchanges for best in found) >= 1
    assert all(best.gradient_norm < 1e-9 for best in found)
